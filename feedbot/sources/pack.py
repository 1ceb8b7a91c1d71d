"""Rule packs: what a site's pages look like, as data (`sites/*.toml`)."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from feedbot.errors import ConfigError

_STRICT = ConfigDict(extra="forbid")
_EMPTY_PAGE = LexborHTMLParser("<p></p>")


@checked(frozen=True, config=_STRICT)
class ListRules:
    """Where a list page keeps its articles.

    `link_pattern` reads a javascript link; its groups fill `link_template` (`{1}`, `{2}` …).
    """

    item: str
    link: tuple[str, ...] = ("@href",)
    link_pattern: str = ""
    link_template: str = ""
    title: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    photo: tuple[str, ...] = ()


@checked(frozen=True, config=_STRICT)
class ArticleRules:
    """Where an article page keeps its fields: each a list of selectors, the first that gives wins."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    date: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    category_pattern: str = ""
    byline: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()
    caption_from_alt: bool = False
    related: tuple[str, ...] = ()
    attachment: tuple[str, ...] = ()
    photo: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@checked(frozen=True, config=_STRICT)
class Pack:
    """One site's rules. `recognise` is a selector that only this site's article pages match."""

    name: str
    article: ArticleRules
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
        problem = error.errors(include_url=False)[0]
        key = ".".join(map(str, problem["loc"]))
        raise ConfigError(f"rule pack {where}: {key}: {problem['msg'].lower()}") from error
    _check(pack, where)
    return pack


def _listed(value: Any, key: str = "") -> Any:
    """Let a single selector stand where a list of them may."""
    singles = {
        "name",
        "recognise",
        "timezone",
        "language",
        "item",
        "link_pattern",
        "link_template",
        "category_pattern",
    }
    if isinstance(value, dict):
        return {name: _listed(inner, name) for name, inner in value.items()}
    return (value,) if isinstance(value, str) and key not in singles else value


def _check(pack: Pack, where: str) -> None:
    for section in (pack.list, pack.article):
        for key, value in vars(section).items() if section else ():
            selectors = value if isinstance(value, tuple) else (value,) if key == "item" else ()
            for selector in selectors:
                _check_selector(split_selector(selector)[0], f"rule pack {where}: {key}")
            if key.endswith("_pattern"):
                _check_pattern(value, f"rule pack {where}: {key}")
    _check_selector(pack.recognise, f"rule pack {where}: recognise")
    if pack.list and bool(pack.list.link_pattern) != bool(pack.list.link_template):
        raise ConfigError(
            f"rule pack {where}: list.link_pattern and list.link_template go together; one is missing"
        )
    try:
        ZoneInfo(pack.timezone or "UTC")
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f'rule pack {where}: timezone: "Asia/Seoul" would be one, not {pack.timezone!r}'
        ) from error


def _check_selector(selector: str, where: str) -> None:
    try:
        if selector:
            _EMPTY_PAGE.css(selector)
    except (SelectolaxError, ValueError) as error:
        raise ConfigError(f"{where}: {selector!r} is no CSS selector") from error


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"{where}: {pattern!r} is no regular expression: {error}") from error


def split_selector(selector: str) -> tuple[str, str | None]:
    """Part `"meta[name=date]@content"` into the CSS selector and the attribute to read."""
    match = re.fullmatch(r"(.*?)@([\w:-]+)", selector)
    return (match[1].strip(), match[2]) if match else (selector, None)


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
