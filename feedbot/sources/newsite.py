"""A rule pack to start from: what the fallbacks find on a page, written as selectors where it can be."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import ParsedEntry
from feedbot.rules.dates import parse_date
from feedbot.rules.text import fold, fold_case
from feedbot.sources.density import densest
from feedbot.sources.labels import spelled
from feedbot.sources.listing import base_of, guess_list
from feedbot.sources.pack import Pack
from feedbot.sources.page import parse_article
from feedbot.sources.shallow import shallow

_MOST_NODES = 5000
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*")
_NUMBERED = re.compile(r"\d{2,}|^(?:css|sc|jsx)-")
_GENERIC = frozenset(
    "active clearfix col container content grid inner item left lazy main on page right row text wrap".split()
)


def stub_pack(html: str, url: str, name: str | None = None) -> str:
    """A commented rule pack in TOML for the site of a page, filled in as far as the page can be read without
    one. It parses as it stands; each line that could only be guessed at is a comment. Its name is that of the
    host unless told.
    """
    html = shallow(html)
    tree = LexborHTMLParser(html)
    host = urlsplit(url).hostname or ""
    name = name or re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.")).strip("-") or "new-site"
    entry = parse_article(html, url, Pack(name))
    found = _selectors(tree, entry) if tree.root is not None else {}
    lines = [
        f"# Rules for {host or 'a site'}, guessed from one page: {re.sub(r'[^!-~]', '', url)[:200]}",
        "# Each field is a selector or a list of them. What has none comes from the page's JSON-LD, meta",
        "# elements, microdata or visible text: `feedbot preview ADDRESS --site NAME --json` says which.",
        f"name = {_quoted(name)}",
        f"hosts = [{_quoted(host)}]" if host else '# hosts = ["www.example.org"]',
        f"recognise = {_quoted(found['body'])}" if "body" in found else '# recognise = "#only-on-articles"',
        '# timezone = "Europe/Berlin"      # of dates that name none',
        f"language = {_quoted(entry.language)}" if entry.language else '# language = "en"',
        "",
        *_list_lines(tree, url),
        "",
        "[article]",
        *(_line(field, found.get(field), getattr(entry, known, None)) for field, known in _FIELDS),
        '# date_format = "%d/%m/%Y"',
        '# caption = "figcaption"',
        '# related = ".related a"',
        '# remove = [".share", ".newsletter"]',
    ]
    return "\n".join(lines) + "\n"


_FIELDS = (
    ("title", "title"),
    ("date", "published"),
    ("byline", "authors"),
    ("category", "categories"),
    ("body", "content_text"),
    ("photo", ""),
    ("attachment", ""),
)


def _line(field: str, selector: str | None, told: object) -> str:
    if selector:
        return f"{field} = {_quoted(selector)}"
    without = "the page tells it without a rule" if told else "not found"
    return f'# {field} = ""  # {without}'


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False)


def _list_lines(tree: LexborHTMLParser, url: str) -> list[str]:
    """The [list] section where the page has a row of links made alike, else the same as a comment."""
    items = guess_list(tree.root, base_of(tree, url)) if tree.root is not None else []
    selector = _shared_selector(tree, items)
    if selector is None:
        return [
            "# [list]                           # of a section page",
            '# item = "ul.news > li"',
            '# link = "a@href"',
        ]
    return [
        f"[list]  # {len(items)} links on this page",
        f"item = {_quoted(selector)}",
        'link = "@href"',
        '# title = ".title"',
        '# date = "time@datetime"',
        '# next = "a.next@href"',
    ]


def _shared_selector(tree: LexborHTMLParser, items: list[LexborNode]) -> str | None:
    """The selector that gives most of these links and few others."""
    for item in items[:3]:
        node: LexborNode | None = item
        for _ in range(4):
            if node is None or node.tag in {"body", "html"}:
                break
            if name := _named(node):
                selector = name if node.mem_id == item.mem_id else f"{name} a"
                given = {one.mem_id for one in tree.css(selector)}
                hits = sum(one.mem_id in given for one in items)
                if hits >= len(items) * 0.8 and len(given) <= len(items) * 1.5:
                    return selector
            node = node.parent
    return None


def _selectors(tree: LexborHTMLParser, entry: ParsedEntry) -> dict[str, str]:
    """A selector for each field whose node can be found."""
    title = fold_case(entry.title)
    published = parse_date(entry.published, "UTC")
    names = [fold_case(author.name) for author in entry.authors]
    labels = {fold_case(label) for label in entry.categories}
    start = spelled((entry.content_text or "").split("\n\n")[0])[:60]

    def is_date(node: LexborNode) -> bool:
        told = node.attributes.get("datetime") or _text(node)
        read = parse_date(told, "UTC") if len(told) < 60 and any(map(str.isdigit, told)) else None
        return read is not None and published is not None and read[0].date() == published[0].date()

    def is_byline(node: LexborNode) -> bool:
        told = fold_case(_text(node))
        return bool(names) and len(told) < 120 and all(name in told for name in names)

    found = {
        "title": _find(
            tree, "h1, h2, h3, h4, p, div, span", lambda node: bool(title) and fold_case(_text(node)) == title
        ),
        "date": _find(tree, "time, span, p, div, em, li, dd, td", is_date),
        "byline": _find(tree, "a, span, p, div, li, address, em", is_byline),
        "category": _find(
            tree, "a, span, p, strong, div", lambda node: fold_case(_text(node)) in labels - {""}
        ),
        "body": _body(tree, start),
    }
    return {field: selector for field, selector in found.items() if selector}


def _text(node: LexborNode) -> str:
    return fold(node.text(deep=True, separator=" "))


def _find(tree: LexborHTMLParser, css: str, fits: Callable[[LexborNode], bool]) -> str | None:
    """The selector of the innermost named node that fits."""
    named = [
        (len(node.html or ""), selector)
        for node in tree.css(css)[:_MOST_NODES]
        if len(node.text(deep=True)) < 400 and fits(node) and (selector := _selector(tree, node))
    ]
    return min(named)[1] if named else None


def _body(tree: LexborHTMLParser, start: str) -> str | None:
    node = densest(tree.root) if tree.root is not None else None
    while node is not None and node.tag not in {"body", "html"}:
        if start and start in spelled(node.text(deep=True)[:20_000]) and (selector := _selector(tree, node)):
            return selector
        node = node.parent
    return None


def _selector(tree: LexborHTMLParser, node: LexborNode) -> str | None:
    """The shortest selector whose first node is this one; None where neither it nor its parent has a name."""
    if not _PLAIN_NAME.fullmatch(node.tag or ""):
        return None
    attribute = "@datetime" if node.tag == "time" and node.attributes.get("datetime") else ""
    own, above = _named(node), _named(node.parent) if node.parent is not None else None
    for css in (own, f"{above} {own or node.tag}" if above else None, "h1" if node.tag == "h1" else None):
        first = tree.css_first(css) if css else None
        if css and first is not None and first.mem_id == node.mem_id:
            return css + attribute
    return None


def _named(node: LexborNode) -> str | None:
    """A node by its id or by its classes that mean something."""
    if not _PLAIN_NAME.fullmatch(node.tag or ""):
        return None
    identity = node.attributes.get("id") or ""
    if _PLAIN_NAME.fullmatch(identity) and not _NUMBERED.search(identity):
        return f"#{identity}"
    classes = [name for name in (node.attributes.get("class") or "").split() if _PLAIN_NAME.fullmatch(name)]
    telling = [name for name in classes if not _NUMBERED.search(name) and name.casefold() not in _GENERIC]
    return f"{node.tag}.{'.'.join(telling[:2])}" if telling else None


def record_of(entry: ParsedEntry) -> str:
    """What a page tells, as JSON text: the expected record to keep beside the saved page and to correct."""
    told = {name: value for name, value in asdict(entry).items() if name not in {"guid", "content_html"}}
    told["paragraphs"] = (told.pop("content_text") or "").split("\n\n")
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
