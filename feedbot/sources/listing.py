"""List pages: the articles that a section page, or the JSON in it, names."""

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Kind, ParsedEntry, ParsedFeed, Photo
from feedbot.rules.photo import tidy
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute
from feedbot.sources.density import is_chrome, weight
from feedbot.sources.pack import ListRules, Pack, filled
from feedbot.sources.patterns import date_in
from feedbot.sources.pictures import image_of
from feedbot.sources.selector import find, select, text_of
from feedbot.sources.shallow import shallow

MAX_ITEMS = 1000
_FEWEST_ITEMS = 3
_SHORTEST_TITLE = 12
_MOST_LINKS = 3000
_LARGEST_ITEM = 200
_LONGEST_SUMMARY = 400
_DATED, _MOST_DATED = "time, span, em, p, div, dd, td, font, small, i, li, dt", 60


def parse_list(html: str, url: str, pack: Pack) -> ParsedFeed:
    """The entries of a list page, in its order: address, and title, date, photo and summary where they are
    told. Without [list] in the pack the page's largest row of equally made links is the list.
    """
    tree = LexborHTMLParser(shallow(html))
    root = tree.root
    if root is None:
        return ParsedFeed(kind=Kind.PAGE, link=url, fault="an empty page")
    base = base_of(tree, url)
    rules = pack.list
    items = find(root, rules.item) if rules else guess_list(root, base)
    entries: dict[str, ParsedEntry] = {}
    cut_off = False
    for item in items:
        entry = _list_entry(item, base, rules) if rules else _guessed_entry(item, base)
        if entry and entry.link and entry.link not in entries and not href_is_page(entry.link, url):
            if len(entries) >= MAX_ITEMS:
                cut_off = True
                break
            entries[entry.link] = entry
    where = (
        f"list.item {rules.item!r} of rule pack {pack.name}" if rules else "its links; it needs a rule pack"
    )
    return ParsedFeed(
        title=select(root, ("title",))[0],
        link=url,
        language=pack.language or root.attributes.get("lang"),
        kind=Kind.PAGE,
        next_page=_next_page(root, base, url, rules),
        entries=tuple(entries.values()),
        cut_off=cut_off,
        fault=None if entries else f"no article found by {where}",
    )


def is_list(html: str, url: str, pack: Pack, text: str | None) -> bool:
    """Whether what was read as a page's text is little more than the titles of the articles that it lists."""
    text = fold(text)
    titles = [one.title for one in parse_list(html, url, pack).entries if one.title and one.title in text]
    rest = weight(text) - sum(map(weight, titles))
    return len(titles) >= _FEWEST_ITEMS and rest < len(titles) * _LONGEST_SUMMARY


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """What relative links count from (HTML standard, "base")."""
    base = tree.css_first("base[href]")
    return (absolute(base.attributes.get("href"), url) if base else None) or url


def _list_entry(item: Any, base: str, rules: ListRules) -> ParsedEntry | None:
    link = _link(item, base, rules)
    if link is None:
        return None
    title, title_by = select(item, rules.title)
    date, date_by = select(item, rules.date)
    summary, _ = select(item, rules.summary)
    told = {"title": title_by, "published": date_by}
    return ParsedEntry(
        link=link,
        title=title,
        summary_html=summary,
        published=read_format(date, rules.date_format),
        photos=tidy(_photos(item, base, rules.photo), base),
        provenance={name: rule for name, rule in told.items() if rule},
    )


def _link(item: Any, base: str, rules: ListRules) -> str | None:
    for selector in rules.link:
        for found in find(item, selector):
            href = found.attributes.get("href") if isinstance(found, LexborNode) else text_of(found)
            link = link_of(href or "", base, rules)
            if link and not href_is_page(link, base):
                return link
    return None


def link_of(href: str, base: str, rules: ListRules) -> str | None:
    """The address behind a link, javascript calls included."""
    return absolute(filled(href, rules.link_pattern, rules.link_template) or href, base)


def href_is_page(link: str, url: str) -> bool:
    """Whether a link leads to the page it stands on."""
    return link.partition("#")[0] == url.partition("#")[0]


def _photos(item: Any, base: str, selectors: Iterable[str]) -> list[Photo]:
    for selector in selectors:
        for found in find(item, selector):
            photo = (
                image_of(found, base)
                if isinstance(found, LexborNode)
                else Photo(absolute(text_of(found), base))
            )
            if photo and photo.url:
                return [photo]
    return []


def read_format(text: str | None, date_format: str) -> str | None:
    """A date as ISO 8601, read by the pack's own format where that fits; else as it is written."""
    if not text or not date_format:
        return text
    try:
        read = datetime.strptime(text, date_format)  # noqa: DTZ007 - the source's zone is put in later
    except ValueError:
        return text
    has_clock = any(sign in date_format for sign in ("%H", "%I"))
    return read.isoformat() if has_clock else read.date().isoformat()


def _next_page(root: LexborNode, base: str, url: str, rules: ListRules | None) -> str | None:
    selectors = rules.next if rules else ("link[rel~='next']@href", "a[rel~='next']@href")
    for selector in selectors:
        for found in find(root, selector):
            href = found.attributes.get("href") if isinstance(found, LexborNode) else text_of(found)
            told = filled(href or "", rules.next_pattern, rules.next_template) if rules else None
            link = absolute(told or href, base)
            if link and not href_is_page(link, url):
                return link
    return None


def guess_list(root: LexborNode, base: str) -> list[LexborNode]:
    """The links to articles: of all rows of links that are made alike, the one with the most title text."""
    groups: dict[tuple[str, ...], list[LexborNode]] = {}
    host = urlsplit(base).netloc
    for link in root.css("a[href]")[:_MOST_LINKS]:
        href = absolute(link.attributes.get("href"), base)
        if href and urlsplit(href).netloc == host and _says_title(link) and not _is_in_prose(link):
            made = _made(link)
            if made:
                groups.setdefault(made, []).append(link)
    rows = [
        links
        for links in groups.values()
        if len({one.attributes.get("href") for one in links}) >= _FEWEST_ITEMS
    ]
    return max(rows, key=_title_text, default=[])


def _says_title(link: LexborNode) -> bool:
    return weight(fold(link.text(deep=True))) >= _SHORTEST_TITLE


def _is_in_prose(link: LexborNode) -> bool:
    """Whether a link is part of a sentence: more words stand right beside it than in it."""
    around = link.parent
    if around is None:
        return False
    beside = (one.text_content or "" for one in around.iter(include_text=True) if one.is_text_node)
    return sum(len(text.strip()) for text in beside) > len(fold(link.text(deep=True)))


def _title_text(links: list[LexborNode]) -> int:
    return sum(min(200, weight(fold(link.text(deep=True)))) for link in links)


def _made(link: LexborNode) -> tuple[str, ...]:
    """How the elements around a link are named, up to four of them; empty inside menus and footers."""
    steps: list[str] = []
    node: LexborNode | None = link
    while node is not None and node.tag not in {"body", "html"}:
        if is_chrome(node) and node is not link:
            return ()
        if len(steps) < 4:
            classes = re.sub(r"[\w-]*\d[\w-]*", "", node.attributes.get("class") or "").split()
            steps.append(f"{node.tag}.{'.'.join(sorted(classes)[:2])}")
        node = node.parent
    return tuple(steps)


def _guessed_entry(link: LexborNode, base: str) -> ParsedEntry | None:
    """The entry of a link: title from its heading or text, date and photo from the item around it."""
    item = _item_of(link)
    heading = link.css_first("h1, h2, h3, h4, strong, [class*='title'], [class*='tit']")
    title = fold((heading or link).text(deep=True, separator=" "))
    date = _date_of(item)
    image = item.css_first("img")
    photo = image_of(image, base) if image else None
    return ParsedEntry(
        link=absolute(link.attributes.get("href"), base),
        title=title,
        published=date,
        photos=tidy([photo] if photo else [], base),
        provenance={"title": "text pattern"},
    )


def _is_aside(link: LexborNode) -> bool:
    """Whether a link beside an article's own leads to its author or its section."""
    return (
        re.search(
            r"/(?:authors?|autor|autore|auteur|profile|tags?|category|topics?)/",
            link.attributes.get("href") or "",
        )
        is not None
    )


def _date_of(item: LexborNode) -> str | None:
    """The date in an item, from the shortest text that tells one; of a definition list it stands in the term
    before.
    """
    machine = item.css_first("time[datetime]")
    if machine is not None and (told := machine.attributes.get("datetime")):
        return told
    nodes = list(islice(item.css(_DATED), _MOST_DATED))
    if item.tag == "dd" and (term := item.prev) is not None:
        term = term if term.is_element_node else term.prev
        nodes = [term, *nodes] if term is not None and term.tag == "dt" else nodes
    texts = sorted((fold(node.text(deep=True, separator=" ")) for node in nodes), key=len)
    return next((told for text in texts if len(text) < 60 and (told := date_in(text, whole=True))), None)


def _item_of(link: LexborNode) -> LexborNode:
    """The largest element around a link that holds no other article's link."""
    href = link.attributes.get("href")
    node = link
    for _ in range(5):
        above = node.parent
        if above is None or above.tag in {"body", "html", "ul", "ol", "main"}:
            break
        inside = list(islice(above.traverse(), _LARGEST_ITEM + 1))
        links = (one for one in inside if one.tag == "a" and one.attributes.get("href") not in {None, href})
        if len(inside) > _LARGEST_ITEM or any(_says_title(one) and not _is_aside(one) for one in links):
            break
        node = above
    return node
