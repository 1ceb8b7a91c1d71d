"""What a page tells its readers only: title, date, byline and section by where and how they are written."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Author, ParsedEntry
from feedbot.rules.dates import parse_date
from feedbot.rules.text import fold, fold_case
from feedbot.sources.density import names_of, weight
from feedbot.sources.labels import byline_authors, is_related_heading, label_of

_MOST = 60
_TOP_LINES = 8
_LONGEST_LINE = 160
_DATES = (
    "[class*='date'], [id*='date'], [class*='time'], [class*='publish'], [class*='Date'],"
    " [class*='posted'], time"
)
_LINES = (
    "[class*='meta'], [class*='info'], [class*='byline'], header p, header div, dd, li, span, em, td, p,"
    " font, div, i, small"
)
_BYLINES = (
    "[rel~='author'], a[href*='/author/'], [class*='byline'], [class*='Byline'], .author-name, .author,"
    " [class*='author'], .writer, .reporter, .journalist, [class*='posted-by'], [class*='submitted'], .fn,"
    " [class*='writer'], [class*='signature']"
)
_SECTIONS = (
    ".cat-links a, [rel~='category'], [class*='category'] a, [class*='category'], [class*='section-name'],"
    " [class*='kicker'], [class*='eyebrow'], .post-categories a, .primary-tag, [class*='section-label'],"
    " [class*='surtitre'], [class*='dachzeile'], [class*='overline']"
)
_CRUMBS = (
    "[class*='breadcrumb'], [class*='Breadcrumb'], [aria-label*='breadcrumb' i], [class*='location'],"
    " [id*='breadcrumb']"
)
_ELSEWHERE = re.compile(
    r"(?:^|[\s_-])(?:related|sidebar|comments?|recommend\w*|popular|nav|latest|trending)(?:$|[\s_-])",
    re.IGNORECASE,
)
_POST = re.compile(r"(?:^|\s)(?:h-?entry|post|node|blog-post|article)(?:$|\s)", re.IGNORECASE)
_FOOTER = re.compile(r"(?:^|[\s_-])footer(?:$|[\s_-])", re.IGNORECASE)
_SECTION_SIGN = re.compile(
    r"^(?:category|categories|section|filed under|posted in|카테고리|분류)\s*[:：]?\s+", re.IGNORECASE
)
_HEAD_WORDS = re.compile(
    r"\b(?:by|written|posted|submitted|reported|published|updated|on|at|in|and|am|pm|min(?:ute)?s?|read|ago|utc|gmt|kst"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b|[\W\d_]+",
    re.IGNORECASE,
)
_UPDATED = (
    r"(?:updated|modified|last\s+(?:edit|update)|수정|최종|stand|aktualisiert|mis\s+à\s+jour|modifié|actualizado|atualizado"
    r"|aggiornato|bijgewerkt|oppdatert|uppdaterad|обновлено|更新)"
)
_FIRST = (
    r"(?:(?:first\s+)?published|posted|date|입력|등록(?:일|일자)?|게시(?:일)?|작성(?:일)?|승인|erstellt|veröffentlicht|publié|publicado"
    r"|pubblicato|gepubliceerd|publicerad|publisert|опубликовано|公開日?|掲載日?|配信|发布(?:时间|日期)?)"
)
_UPDATED_FIRST = re.compile(rf"{_UPDATED}\b.{{0,40}}?(?={_FIRST})", re.IGNORECASE)
_IS_UPDATED = re.compile(rf"\W*{_UPDATED}(?![^\W\d_])", re.IGNORECASE)
_PUBLISHED = re.compile(rf"{_FIRST}\s*[:：]?\s*(.*)", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-]?([01]\d)[/-]?([0-3]\d)(?=[/_-]|\D|$)")
_PARTS = re.compile(r"\s+(?:[|:»«•]|::|[-–—·])\s+|\s*[|»｜]\s*|(?<=[\u3040-\ud7a3])[_–—-](?=[\u3040-\ud7a3])")
_TITLED = "[class*='tit'], [class*='head'], [id*='tit'], font > b, b > font, strong"
_TITLE_CELLS = frozenset({"제목", "title", "subject", "件名", "タイトル", "标题", "標題", "betreff"})


def read_patterns(
    tree: LexborHTMLParser, url: str, scope: LexborNode | None, lines: Iterable[str]
) -> ParsedEntry:
    """What the visible page tells. `scope` is the node of the article's body, near which all of it stands;
    `lines` are the body's own, where a date may stand on top.
    """
    near = _near(scope)
    on_top = next((line for line in islice(lines, _TOP_LINES) if date_in(line, whole=True)), None)
    date = _date(tree, near) or on_top or _date_in_address(url)
    return ParsedEntry(
        title=_title(tree, near),
        authors=_authors(tree) or _signed(near),
        categories=tuple(filter(None, [_section(tree)])),
        language=tree.root.attributes.get("lang") if tree.root else None,
        published=date,
    )


def _near(scope: LexborNode | None) -> LexborNode | None:
    """The article, main part or box around a body."""
    node = scope
    for _ in range(4):
        if node is None or node.parent is None or node.parent.tag in {"body", "html"}:
            return node
        if node.tag in {"article", "main"}:
            return node
        node = node.parent
    return node


def _in_chrome(node: LexborNode) -> bool:
    """Whether a node stands in a menu, a side column or the page's footer; an article's own is none."""
    above = node.parent
    in_footer = False
    for _ in range(12):
        if above is None or above.tag == "body":
            return in_footer
        if above.tag in {"nav", "aside"} or _ELSEWHERE.search(names_of(above)):
            return True
        if above.tag == "article" or _POST.search(names_of(above)):
            return False
        in_footer = in_footer or above.tag == "footer" or _FOOTER.search(names_of(above)) is not None
        above = above.parent
    return in_footer


def _title(tree: LexborHTMLParser, near: LexborNode | None) -> str | None:
    """The heading that the head's title begins with or holds, else the cell beside "Title", else the first
    `h1`, else what else is written large and stands in the head's title, else that title without the site's
    name; a heading over the article where the head names the site alone.
    """
    head = tree.css_first("title")
    named = fold(head.text(deep=True)) if head else ""
    headings = [fold(node.text(deep=True, separator=" ")) for node in tree.css("h1, h2, h3")[:_MOST]]
    whole = fold_case(named)
    matching = [text for text in headings if len(text) > 8 and fold_case(text) in whole]
    if matching:
        return max(matching, key=len)
    if cell := _title_cell(tree):
        return cell
    first = next(
        (
            text
            for node in tree.css("h1")[:5]
            if not _in_chrome(node) and (text := fold(node.text(deep=True)))
        ),
        "",
    )
    if first and (not named or len(first.split()) > 2):
        return first
    bold = (fold(node.text(deep=True, separator=" ")) for node in tree.css(_TITLED)[:_MOST])
    if large := max((text for text in bold if weight(text) > 12 and text in named), key=len, default=""):
        return large
    part = max(_PARTS.split(named), key=len) if named else first
    over = fold(node.text(deep=True)) if near and (node := near.css_first("h2, h3")) else ""
    return over if weight(over) > 12 > weight(part) and not is_related_heading(over) else part or None


def _title_cell(tree: LexborHTMLParser) -> str | None:
    """The cell beside one that says "Title", as boards have it."""
    for node in tree.css("th, dt")[:_MOST]:
        if fold_case(node.text(deep=True)).strip(" :：") in _TITLE_CELLS:
            beside = node.next
            while beside is not None and not beside.is_element_node:
                beside = beside.next
            if beside is not None and beside.tag in {"td", "dd"}:
                return fold(beside.text(deep=True, separator=" ")) or None
    return None


def _date(tree: LexborHTMLParser, near: LexborNode | None) -> str | None:
    """The first date in a place made for one: machine-readable before written, near the body before
    elsewhere, short lines anywhere last.
    """
    places: list[LexborNode] = [node for node in (near, tree.root) if node is not None]
    for place in places:
        for node in _outside_chrome(place.css("time[datetime]")[:_MOST]):
            if _reads(told := node.attributes.get("datetime") or ""):
                return told
    later: str | None = None
    for selector in (_DATES, _LINES):
        for place in places:
            for node in _outside_chrome(place.css(selector)[: _MOST * 5]):
                text = fold(node.text(deep=True, separator=" "))
                if len(text) <= _LONGEST_LINE and (told_date := date_in(text, whole=selector == _LINES)):
                    if not _IS_UPDATED.match(text):
                        return told_date
                    later = later or told_date
    return later


def _outside_chrome(nodes: Iterable[LexborNode]) -> Iterator[LexborNode]:
    return (node for node in nodes if not _in_chrome(node))


def date_in(text: str, *, whole: bool = False) -> str | None:
    """The publishing date in a line; `whole` asks that the line is about little else."""
    text = _UPDATED_FIRST.sub("", text)
    match = _PUBLISHED.search(text)
    told = match[1] if match and _reads(match[1]) else text
    if not _reads(told):
        return None
    digits = sum(map(str.isdigit, text))
    return told if not whole or match or (digits >= 5 and len(text) <= 60) else None


def _reads(text: str) -> bool:
    return any(map(str.isdigit, text)) and parse_date(text, "UTC") is not None


def _date_in_address(url: str) -> str | None:
    match = _IN_ADDRESS.search(urlsplit(url).path)
    told = "-".join(match.groups()) if match else ""
    return told if _reads(told) else None


def _authors(tree: LexborHTMLParser) -> tuple[Author, ...]:
    """The authors that the first element made for a byline names."""
    for node in tree.css(_BYLINES)[:_MOST]:
        text = fold(node.text(deep=True, separator=" "))
        if 2 < len(text) <= _LONGEST_LINE and not _in_chrome(node):
            links = [fold(link.text(deep=True)) for link in node.css("a[rel~='author'], a[href*='author']")]
            names = list(dict.fromkeys(filter(None, links))) or [text]
            if authors := [author for name in names for author in byline_authors(name)]:
                return tuple(dict.fromkeys(authors))
    return ()


def _signed(near: LexborNode | None) -> tuple[Author, ...]:
    """The authors that a line of its own near the body names: "By Kim Nara", "작성자 김나라"."""
    nodes = near.css(_LINES)[: _MOST * 5] if near is not None else []
    for text in (line for node in nodes for line in _lines_of(node)):
        if not 4 < len(text) <= 80:
            continue
        label = label_of(text)
        if label and label.names and not label.credit:
            return tuple(Author(name) for name in label.names)
        if authors := byline_authors(text, strict=True):
            return tuple(authors)
    return ()


def _lines_of(node: LexborNode) -> Iterator[str]:
    """The text of an element, and those of its lines that breaks part."""
    yield fold(node.text(deep=True, separator=" "))
    if node.css_first("br") is not None:
        for part in node.iter(include_text=True):
            if part.is_text_node:
                yield fold(part.text_content)


def _section(tree: LexborHTMLParser) -> str | None:
    for node in tree.css(_SECTIONS)[:_MOST]:
        text = fold(node.text(deep=True, separator=" "))
        if 1 < len(text) <= 40 and not _in_chrome(node):
            return _SECTION_SIGN.sub("", text)
    for node in tree.css(_CRUMBS)[:3]:
        links = [fold(link.text(deep=True)) for link in node.css("a, li, span")[:20]]
        links = [
            text for text in links if 1 < len(text) <= 30 and fold_case(text) not in {"home", "홈", "main"}
        ]
        links = [text for text in links if not re.search(r"[>›»/]", text)]
        if links:
            return links[-1]
    return None


def is_part_of_head(text: str, entry: ParsedEntry) -> bool:
    """Whether a short line above a text repeats what is known: title, section, date, author."""
    if len(text) > _LONGEST_LINE or is_long_sentence(text):
        return False
    told = fold_case(text)
    names = [author.name for author in entry.authors]
    if told in {
        fold_case(one) for one in (entry.title, entry.summary_html, *entry.categories, *names) if one
    }:
        return True
    signed = [author.name for author in byline_authors(text)]
    if date_in(text, whole=True) or (signed and set(signed) <= set(names)):
        return True
    left = told
    for known in sorted(
        (fold_case(one) for one in (*names, *entry.categories) if one), key=len, reverse=True
    ):
        left = left.replace(known, " ")
    is_known = left != told or (len(told) <= 40 and any(map(str.isdigit, told)))
    return is_known and not _HEAD_WORDS.sub("", re.sub(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", " ", left))


def is_long_sentence(text: str) -> bool:
    """Whether a line is running text."""
    return len(text) > 80 and text.endswith((".", "!", "?", "”", '"'))


def is_sentence(text: str) -> bool:
    """Whether a line ends as sentences do, or is too long to be anything else."""
    return len(text) > 100 or text.rstrip("\"'”’»)").endswith((".", "!", "?", "…", "。", "」"))
