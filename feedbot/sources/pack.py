r"""Rule packs: what a site's pages look like, as data (`sites/*.toml`).

    name = "example"
    hosts = ["www.example.org"]      # whose pages these are; a source may also name the pack with `site`
    recognise = "body.example"       # only this site's article pages match it (saved pages have no host)
    timezone = "Asia/Seoul"          # of dates without one
    language = "en"

    [list]                           # a section page
    item = "ul.news > li"            # one article; all other selectors of [list] count from it
    link = "a@href"
    link_pattern = "view\('(\d+)'\)"     # reads a javascript link …
    link_template = "/news/{1}"      # … and builds the address from its groups
    title = ".title"                 # also date, date_format, photo, summary
    next = "a.next@href"             # the list's next page; counts from the page, next_pattern and
                                     # next_template read a javascript link as above

    [article]                        # an article page; each field may be left out, and then falls back
    title = ["#title", "h1"]
    date = "time@datetime"           # date_format = "%d/%m/%Y %H:%M" where it is not found out
    body = "#text"
    # byline, email, category, category_pattern (its group is the section in the address), caption, credit,
    # caption_from_alt, photo (pictures outside the body), related, attachment, summary, remove

**Selectors.** A field is one selector or a list of them; the first that gives a text wins.

- `css`: the text of the first node that has any; for body, caption, credit, related and remove the nodes.
- `css@attribute`: that attribute. `@attribute` alone reads the node (the item) itself.
- `css@json:path`: a value in the JSON that the nodes hold (`<script type="application/json">`, or the first
  object of a script such as `window.state = {...}`). A path is steps with points between: a name, a list
  index, or `*` for all: `script#__NEXT_DATA__@json:props.pageProps.article.title`. A number of seconds or
  milliseconds since 1970 is a time. A body's value is read as HTML if it has tags, else as paragraphs.
- `json:path`: in [list], where `item` gave JSON objects, a value of the item. `link_pattern = "(.+)"` with a
  `link_template` turns a slug into an address.

**Fallbacks.** A field that no selector gives is taken from the page's JSON-LD, then from OpenGraph and other
meta elements, then from microdata, then from how the visible page is written (headings, dates, "By Kim Nara"
lines, the densest text), and a body at last from trafilatura. A byline or e-mail in a line of its own inside
the body comes right after the selectors. `provenance` in `feedbot preview --json` says which it was.

**Patterns** are RE2 (google-re2): no look-around and no back-references, and no page can make them hang.
"""

import tomllib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]  # google-re2 ships no types
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from feedbot.errors import ConfigError
from feedbot.sources.selector import read_selector

_STRICT = ConfigDict(extra="forbid")
_SINGLES = frozenset(
    "name recognise timezone language item link_pattern link_template next_pattern next_template"
    " category_pattern date_format caption_from_alt".split()
)


@checked(frozen=True, config=_STRICT)
class ListRules:
    """Where a list page keeps its articles."""

    item: str
    link: tuple[str, ...] = ("@href",)
    link_pattern: str = ""
    link_template: str = ""
    title: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    date_format: str = ""
    photo: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    next_pattern: str = ""
    next_template: str = ""


@checked(frozen=True, config=_STRICT)
class ArticleRules:
    """Where an article page keeps its fields."""

    title: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    date_format: str = ""
    category: tuple[str, ...] = ()
    category_pattern: str = ""
    byline: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()
    caption_from_alt: bool = False
    credit: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    attachment: tuple[str, ...] = ()
    photo: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@checked(frozen=True, config=_STRICT)
class Pack:
    """One site's rules."""

    name: str
    article: ArticleRules = ArticleRules()
    hosts: tuple[str, ...] = ()
    recognise: str = ""
    timezone: str | None = None
    language: str | None = None
    list: ListRules | None = None


_PACK = TypeAdapter(Pack)


def pack_from_data(data: Any) -> Pack:
    """The pack that was written by `pack_data`."""
    return _PACK.validate_python(data)


def pack_data(pack: Pack) -> Any:
    """The pack as plain JSON values, for its way into the worker."""
    return _PACK.dump_python(pack, mode="json")


def parse_pack(text: str, where: str) -> Pack:
    """Read a rule pack; raises ConfigError naming file, key and what would be right."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"rule pack {where}: not valid TOML: {error}") from error
    try:
        pack = _PACK.validate_python(_listed(data))
    except ValidationError as error:
        raise ConfigError(f"rule pack {where}: {_problem(error)}") from error
    for section, rules in (("", pack), ("list.", pack.list), ("article.", pack.article)):
        for key, value in vars(rules).items() if rules else ():
            if fault := _fault(key, value):
                raise ConfigError(f"rule pack {where}: {section}{key}: {fault}")
    for prefix in ("link", "next") if pack.list else ():
        _check_template(vars(pack.list), prefix, f"rule pack {where}: list.{prefix}")
    return pack


def _listed(value: Any, key: str = "") -> Any:
    """Let a single selector stand where a list of them may."""
    if isinstance(value, dict):
        return {name: _listed(inner, name) for name, inner in value.items()}
    return (value,) if isinstance(value, str) and key not in _SINGLES else value


def _problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    *above, key = map(str, problem["loc"])
    if problem["type"] == "unexpected_keyword_argument":
        rules: Any = {"list": ListRules, "article": ArticleRules}.get(above[0] if above else "", Pack)
        known = ", ".join(one.name for one in fields(rules))
        return f"{'.'.join([*above, key])}: no such key; there are {known}"
    if problem["type"] == "missing":
        return f"{'.'.join([*above, key])}: is missing"
    expected = (
        "text or a list of texts"
        if problem["type"].startswith(("tuple", "string"))
        else problem["msg"].lower()
    )
    return f"{'.'.join([*above, key])}: should be {expected}, not {problem['input']!r}"


def _fault(key: str, value: Any) -> str | None:
    """What is wrong with one key's value."""
    try:
        if key.endswith("_pattern"):
            compiled(value)
        elif key == "timezone":
            ZoneInfo(value or "UTC")
        elif key in {"item", "recognise"} or (isinstance(value, tuple) and key != "hosts"):
            for selector in (value,) if isinstance(value, str) else value:
                read_selector(selector)
    except ValueError as error:
        return str(error) if key != "timezone" else f'"Asia/Seoul" would be one, not {value!r}'
    except (KeyError, OSError):
        return f'"Asia/Seoul" would be one, not {value!r}'
    return None


def _check_template(rules: dict[str, Any], prefix: str, where: str) -> None:
    pattern, template = rules[f"{prefix}_pattern"], rules[f"{prefix}_template"]
    if bool(pattern) != bool(template):
        raise ConfigError(f"{where}_pattern and {prefix}_template go together; one is missing")
    groups = compiled(pattern).groups if pattern else 0
    for part in re2.findall(r"\{(\d+)\}", template):
        if not 1 <= int(part) <= groups:
            raise ConfigError(f"{where}_template: {{{part}}} has no group; the pattern has {groups}")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """An RE2 pattern; raises ValueError saying what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
        raise ValueError(
            f"{pattern!r} is no RE2 pattern (no look-around, no back-references): {why}"
        ) from error


def filled(text: str, pattern: str, template: str) -> str | None:
    """The template with the groups that the pattern finds in a text (`{1}`, `{2}` …); None where it finds
    nothing.
    """
    match = compiled(pattern).search(text) if pattern else None
    if match is None:
        return None
    for number in range(1, compiled(pattern).groups + 1):
        template = template.replace(f"{{{number}}}", match[number] or "")
    return template


@dataclass(frozen=True, slots=True)
class Packs:
    """All packs by name."""

    by_name: dict[str, Pack] = field(default_factory=dict)

    def get(self, name: str, who: str) -> Pack:
        """The pack of that name; raises ConfigError listing those there are."""
        if name not in self.by_name:
            raise ConfigError(
                f"{who}: site {name!r} has no rule pack; known: {', '.join(sorted(self.by_name))}"
            )
        return self.by_name[name]

    def for_host(self, host: str | None) -> Pack | None:
        """The pack that names this host."""
        return next((pack for pack in self.by_name.values() if host and host in pack.hosts), None)
