"""HTML becomes text and entities, as a reader of Telegram should see it. Pure.

What the Bot API has no entity for is said with signs: lists with bullets and numbers, tables aligned, notes
with raised figures. Nothing that a reader could see is lost, and no markup is ever sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Span
from feedbot.rules.text import clean, fold, without_direction
from feedbot.telegram.styled import Styled, lawful
from feedbot.telegram.tables import aligned, told

MOST_HTML = 512_000
_LONG_QUOTE = 600  # characters; a longer one is folded until it is tapped
_LONGEST_CELL = 80
_STYLES = {
    **dict.fromkeys("b strong h1 h2 h3 h4 h5 h6 dt th summary legend".split(), "bold"),
    **dict.fromkeys("i em cite dfn var figcaption caption".split(), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
    **dict.fromkeys(("tg-spoiler", "spoiler"), "spoiler"),
    "blockquote": "blockquote",
    "pre": "pre",
}  # fmt: skip
# How many line feeds part a block from its neighbours.
_BLOCKS = {
    **dict.fromkeys(
        "address article aside blockquote body center details dialog dir div dl fieldset figure footer form"
        " h1 h2 h3 h4 h5 h6 header hgroup main menu nav ol p pre section table ul".split(),
        2,
    ),
    **dict.fromkeys("caption dd dt figcaption legend li option summary td th tr".split(), 1),
}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_IN_LISTS = _LISTS | {"p", "div"}
UNSEEN = frozenset(
    "script style noscript template iframe object embed head title textarea select datalist svg math canvas"
    " audio video map area img picture source track input button progress meter col colgroup link meta base"
    " noembed noframes".split()
)
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_RAISED = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")
_LOWERED = str.maketrans("0123456789+-()", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎")
_FIGURES = re.compile(r"[\[(]?[0-9+-]+[\])]?")
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source)-([\w+#-]{1,30})")
_BACK = re.compile(r"[↩⤴↑^\ufe0e\ufe0f\s]+")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_BULLETS = ("•", "◦", "▪")
_LINK = re.compile(r"(?:https?|tg)://[^\s\"<>]+", re.IGNORECASE)


def render(html: str) -> Styled:
    """The text of a fragment of HTML with its entities, blocks parted by one empty line."""
    html = _CDATA.sub(r"\1", html[:MOST_HTML])  # to an HTML parser it is a comment (13.2.5.42)
    body = LexborHTMLParser(html).body
    writer = _Writer()
    if body is not None:
        _walk(body, writer)
    return lawful(writer.text(), writer.marks)


@dataclass(slots=True)
class _List:
    """A list that is being written: the number of its next item, None for bullets."""

    number: int | None
    step: int = 1


@dataclass(slots=True, eq=False)
class _Open:
    """An entity whose end is not there yet; it begins with the next word, a block with its line."""

    type: str
    url: str | None = None
    language: str | None = None
    start: int = -1


@dataclass(slots=True)
class _Writer:
    """Puts words behind each other; what parts them is written when the next word comes."""

    marks: list[Span] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _lines: int = 0  # line feeds that the next word is parted by
    _space: bool = False
    _bullet: str = ""
    _opened: list[_Open] = field(default_factory=list)

    def text(self) -> str:
        """What was written."""
        return "".join(self._parts)

    def open(self, mark: _Open) -> _Open:
        """Begin an entity with the next word."""
        self._opened.append(mark)
        return mark

    def close(self, mark: _Open) -> None:
        """End an entity with the last word; one without a word is none."""
        if mark.start < 0:
            self._opened.remove(mark)
            return
        length, kind = self._length - mark.start, mark.type
        if kind == "blockquote" and length > _LONG_QUOTE:
            kind = "expandable_blockquote"
        self.marks.append(Span(kind, mark.start, length, mark.url, mark.language))

    def _begun(self, *, blocks: bool) -> None:
        for mark in self._opened:
            if mark.start < 0 and (mark.type == "blockquote") == blocks:
                mark.start = self._length
        if not blocks:
            self._opened.clear()

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def part(self, lines: int) -> None:
        """The next word begins a line, or a paragraph."""
        self._lines = max(self._lines, lines)
        self._space = False

    def line(self) -> None:
        """A `br`: one line further, two of them are a paragraph."""
        self._lines = min(2, self._lines + 1)
        self._space = False

    def item(self, bullet: str) -> None:
        """An item of a list begins with the next word."""
        self.part(1)
        self._bullet = bullet

    def say(self, words: str) -> None:
        """Words on a line; white space at their ends parts them from their neighbours."""
        text = _SPACE.sub(" ", without_direction(clean(words)))
        self._space = self._space or text.startswith(" ")
        if not (text := text.strip(" ")):
            return
        self._begin()
        self._put(text)
        self._space = words[-1] in " \t\n\r\f\xa0"

    def verbatim(self, text: str) -> None:
        """Lines as they are."""
        text = without_direction(clean(text)).strip("\n").rstrip()
        if not self._length:
            text = text.lstrip()  # the server cuts off what a message begins with
        if text.strip():
            self._begin()
            self._put(text)

    def _begin(self) -> None:
        """What comes before a word: the line feeds, the indent and the bullet."""
        if self._lines and self._length:
            self._put("\n" * self._lines)
        elif self._space and self._length:
            self._put(" ")
        self._begun(blocks=True)
        if self._lines or not self._length:
            indent = "  " * max(0, len(self.lists) - 1) if self._length else ""
            if self._bullet:
                self._put(f"{indent}{self._bullet} ")
            elif self.lists and self._length:
                self._put(f"{indent}  ")
        self._begun(blocks=False)
        self._lines, self._space, self._bullet = 0, False, ""


def _walk(top: LexborNode, writer: _Writer) -> None:
    """Every node of a tree, however deep it is."""
    stack: list[tuple[Iterator[LexborNode], Callable[[], None]]] = [(_children(top), _nothing)]
    while stack:
        children, leave = stack[-1]
        node = next(children, None)
        if node is None:
            stack.pop()
            leave()
        elif node.is_text_node:
            writer.say(node.text_content or "")
        elif node.is_element_node and (after := _enter(node, writer)) is not None:
            stack.append((_children(node), after))


def _nothing() -> None:
    pass


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _enter(node: LexborNode, writer: _Writer) -> Callable[[], None] | None:
    """Begin an element; what is to be done at its end, None where its children are not walked."""
    tag = node.tag or ""
    if tag in UNSEEN:
        return None
    if (whole := _WHOLE.get(tag)) is not None and whole(node, writer):
        return None
    lines = _BLOCKS.get(tag, 0)
    if lines:
        writer.part(_gap(tag, writer, lines))
    if tag in _LISTS:
        writer.lists.append(_list_of(node))
    elif tag == "li":
        writer.item(_bullet(node, writer))
    elif tag == "q":
        writer.say("“")
    return _leave(node, tag, writer, lines)


def _leave(node: LexborNode, tag: str, writer: _Writer, lines: int) -> Callable[[], None]:
    style, url = _style_of(node, tag), _url_of(node, tag)
    opened = [writer.open(_Open(style))] if style else []
    opened += [writer.open(_Open("text_link", url))] if url else []

    def leave() -> None:
        if tag == "q":
            writer.say("”")
        for mark in opened:
            writer.close(mark)
        if tag in _LISTS:
            writer.lists.pop()
        if lines:
            writer.part(_gap(tag, writer, lines))

    return leave


def _gap(tag: str, writer: _Writer, lines: int) -> int:
    """Within a list there are no empty lines."""
    return 1 if writer.lists and tag in _IN_LISTS else lines


def _attributes(node: LexborNode) -> Mapping[str, str | None]:
    return node.attributes


def _style_of(node: LexborNode, tag: str) -> str | None:
    if tag == "span":
        return "spoiler" if "spoiler" in (_attributes(node).get("class") or "") else None
    return _STYLES.get(tag)


def _url_of(node: LexborNode, tag: str) -> str | None:
    """Where a link leads, if the server makes a link of it."""
    url = (_attributes(node).get("href") or "").strip() if tag == "a" else ""
    return url if _LINK.fullmatch(url) else None


def _list_of(node: LexborNode) -> _List:
    if node.tag != "ol":
        return _List(None)
    told = _attributes(node)
    items = sum(child.tag == "li" for child in _children(node))
    backwards = "reversed" in told
    return _List(_number(told.get("start"), items if backwards else 1), -1 if backwards else 1)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\s*-?[0-9]{1,9}\s*", text, re.ASCII) else otherwise


def _bullet(node: LexborNode, writer: _Writer) -> str:
    if not writer.lists:
        return _BULLETS[0]
    here = writer.lists[-1]
    if here.number is None:
        return _BULLETS[min(len(writer.lists), len(_BULLETS)) - 1]
    number = _number(_attributes(node).get("value"), here.number)
    here.number = number + here.step
    return f"{number}."


# Elements that are written as a whole. Each says whether it was: else their children are walked.


def _br(_node: LexborNode, writer: _Writer) -> bool:
    writer.line()
    return True


def _hr(_node: LexborNode, writer: _Writer) -> bool:
    writer.part(2)
    writer.say("———")
    writer.part(2)
    return True


def _pre(node: LexborNode, writer: _Writer) -> bool:
    """Code keeps its lines; its language is named by a class (HTML 4.5.15)."""
    named = f"{_attributes(node).get('class') or ''} {_class_of_code(node)}"
    language = found[1] if (found := _LANGUAGE.search(named)) else None
    writer.part(2)
    mark = writer.open(_Open("pre", language=language))
    writer.verbatim(node.text() or "")
    writer.close(mark)
    writer.part(2)
    return True


def _class_of_code(node: LexborNode) -> str:
    return next(
        ((_attributes(child).get("class") or "") for child in _children(node) if child.tag == "code"), ""
    )


def _raised(node: LexborNode, writer: _Writer) -> bool:
    return _figures(node, writer, _RAISED)


def _lowered(node: LexborNode, writer: _Writer) -> bool:
    return _figures(node, writer, _LOWERED)


def _figures(node: LexborNode, writer: _Writer, signs: dict[int, int]) -> bool:
    """Raised and lowered figures have signs of their own: notes and formulas."""
    words = fold(node.text())
    if not _FIGURES.fullmatch(words):
        return False
    writer.say(words.strip("[]").translate(signs))
    return True


def _anchor(node: LexborNode, _writer: _Writer) -> bool:
    """The way back from a note leads nowhere in a message."""
    words = node.text() or ""
    return bool(words) and _BACK.fullmatch(words) is not None


def _table(node: LexborNode, writer: _Writer) -> bool:
    """A table of short cells is aligned; one that only lays out a page is walked."""
    rows = [row for row in _rows(node) if any(row)]
    if len(rows) < 1 or max(map(len, rows)) < 2 or node.css_first("table table, td p + p, td ul, td pre"):
        return False
    if any(len(cell) > _LONGEST_CELL * 4 for row in rows for cell in row):
        return False
    heads = node.css_first("th") is not None
    writer.part(2)
    caption = node.css_first("caption")
    if caption is not None and (title := fold(caption.text())):
        mark = writer.open(_Open("bold"))
        writer.say(title)
        writer.close(mark)
        writer.part(1)
    if (text := aligned(rows, heads=heads)) is not None:
        mark = writer.open(_Open("pre"))
        writer.verbatim(text)
        writer.close(mark)
    else:
        for line in told(rows, heads=heads):
            for one in line.split("\n"):
                writer.part(1)
                writer.say(one)
            writer.part(2 if "\n" in line else 1)
    writer.part(2)
    return True


def _rows(node: LexborNode) -> list[list[str]]:
    return [
        [fold(cell.text()) for cell in _children(row) if cell.tag in {"td", "th"}] for row in node.css("tr")
    ]


_WHOLE: Mapping[str, Callable[[LexborNode, _Writer], bool]] = {
    "a": _anchor,
    "br": _br,
    "hr": _hr,
    "pre": _pre,
    "sub": _lowered,
    "sup": _raised,
    "table": _table,
}
