"""HTML becomes text and entities, as a reader of Telegram should see it. Pure.

What the Bot API has no entity for is said with signs: lists with bullets and numbers, tables aligned, notes
with raised figures. Nothing that a reader could see is lost, and no markup is ever sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from selectolax.lexbor import LexborNode

from feedbot.rules.text import fold
from feedbot.telegram.styled import Styled, is_link, lawful
from feedbot.telegram.tables import Cell, aligned, grid, told
from feedbot.telegram.tree import UNSEEN, after, attributes, body_of, children, inside, short
from feedbot.telegram.writer import List, Open, Writer, counted

_LONGEST_CELL = 320
_LONGEST_SIGN = 10
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
_BLOCKS_IN_LAYOUT = _LISTS | {"table", "pre", "blockquote", "dl"}
_IN_LISTS = _LISTS | {"p", "div"}
_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()ni", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₙᵢ")
_FIGURES = re.compile(r"[\[(]?[0-9ni+=−-]+[\])]?")
_LONGEST_FIGURES = 20
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source)-([\w+#-]{1,30})")
_BACK = re.compile(r"[↩⤴↑^\ufe0e\ufe0f\s]+")
_BULLETS = ("•", "◦", "▪")
_AROUND = {"q": ("“", "”"), "rt": ("(", ")")}
_UNFIT = re.compile('[\t\n\r "<>]')  # in an address a browser leaves out the first three (URL 4.4)
_ESCAPED = {" ": "%20", '"': "%22", "<": "%3C", ">": "%3E"}


def render(html: str) -> Styled:
    """The text of a fragment of HTML with its entities, blocks parted by one empty line."""
    body = body_of(html)
    writer = Writer()
    if body is not None:
        _walk(body, writer)
    return lawful(writer.text(), writer.marks)


def _walk(top: LexborNode, writer: Writer) -> None:
    """Every node of a tree, however deep it is."""
    stack: list[tuple[Iterator[LexborNode], Callable[[], None]]] = [(children(top), _nothing)]
    while stack:
        nodes, leave = stack[-1]
        node = next(nodes, None)
        if node is None:
            stack.pop()
            leave()
        elif node.is_text_node:
            writer.say(node.text_content or "")
        elif node.is_element_node and (after := _enter(node, writer)) is not None:
            stack.append((children(node), after))


def _nothing() -> None:
    pass


def _enter(node: LexborNode, writer: Writer) -> Callable[[], None] | None:
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
    elif tag in _AROUND:
        writer.say(_AROUND[tag][0])
    return _leave(node, tag, writer, lines)


def _leave(node: LexborNode, tag: str, writer: Writer, lines: int) -> Callable[[], None]:
    style, url = _style_of(node, tag), _url_of(node, tag)
    opened = [writer.open(Open(style))] if style else []
    opened += [writer.open(Open("text_link", url))] if url else []

    def leave() -> None:
        if tag in _AROUND:
            writer.say(_AROUND[tag][1])
        for mark in opened:
            writer.close(mark)
        if tag in _LISTS:
            writer.lists.pop()
        elif tag == "li":
            writer.item("")
        if lines:
            writer.part(_gap(tag, writer, lines))

    return leave


def _gap(tag: str, writer: Writer, lines: int) -> int:
    """Within a list there are no empty lines."""
    return 1 if writer.lists and tag in _IN_LISTS else lines


def _style_of(node: LexborNode, tag: str) -> str | None:
    if tag == "span":
        return "spoiler" if "spoiler" in (attributes(node).get("class") or "") else None
    return _STYLES.get(tag)


def _url_of(node: LexborNode, tag: str) -> str | None:
    """Where a link leads, if the server makes a link of it."""
    href = attributes(node).get("href") if tag == "a" else None
    if not href:
        return None
    url = _UNFIT.sub(lambda found: _ESCAPED.get(found[0], ""), href.strip())
    return url if is_link(url) else None


def _list_of(node: LexborNode) -> List:
    if node.tag != "ol":
        return List(None)
    told = attributes(node)
    items = sum(child.tag == "li" for child in children(node))
    backwards = "reversed" in told
    first = _number(told.get("start"), items if backwards else 1)
    return List(first, -1 if backwards else 1, told.get("type") or "1")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\s*-?[0-9]{1,9}\s*", text, re.ASCII) else otherwise


def _bullet(node: LexborNode, writer: Writer) -> str:
    if not writer.lists:
        return _BULLETS[0]
    here = writer.lists[-1]
    if here.number is None:
        return _BULLETS[min(len(writer.lists), len(_BULLETS)) - 1]
    number = _number(attributes(node).get("value"), here.number)
    here.number = number + here.step
    return f"{counted(number, here.kind)}."


# Elements that are written as a whole. Each says whether it was: else their children are walked.


def _br(_node: LexborNode, writer: Writer) -> bool:
    writer.line()
    return True


def _hr(_node: LexborNode, writer: Writer) -> bool:
    writer.rule()
    return True


def _input(node: LexborNode, writer: Writer) -> bool:
    """Of what a reader could fill in, only what is ticked says something."""
    if (attributes(node).get("type") or "").lower() == "checkbox":
        writer.say("☑ " if "checked" in attributes(node) else "☐ ")
    return True


def _img(node: LexborNode, writer: Writer) -> bool:
    """A picture in place of a sign, as blogs put emoji; other pictures are no words."""
    alt = attributes(node).get("alt") or ""
    if len(alt) <= _LONGEST_SIGN and not alt.isascii() and not any(map(str.isalpha, alt)):
        writer.say(alt)
    return True


def _pre(node: LexborNode, writer: Writer) -> bool:
    """Code keeps its lines; its language is named by a class (HTML 4.5.15)."""
    named = f"{attributes(node).get('class') or ''} {_class_of_code(node)}"
    language = found[1] if (found := _LANGUAGE.search(named)) else None
    writer.part(2)
    mark = writer.open(Open("pre", language=language))
    writer.verbatim("".join(_lines(node)))
    writer.close(mark)
    writer.part(2)
    return True


def _lines(node: LexborNode) -> Iterator[str]:
    """The words of a block of code with its line feeds, some of which are written `br`."""
    for one in inside(node):
        if one.is_text_node:
            yield one.text_content or ""
        elif one.tag == "br":
            yield "\n"


def _class_of_code(node: LexborNode) -> str:
    return next(
        ((attributes(child).get("class") or "") for child in children(node) if child.tag == "code"), ""
    )


def _raised(node: LexborNode, writer: Writer) -> bool:
    return _figures(node, writer, _RAISED)


def _lowered(node: LexborNode, writer: Writer) -> bool:
    return _figures(node, writer, _LOWERED)


def _figures(node: LexborNode, writer: Writer, signs: dict[int, int]) -> bool:
    """Raised and lowered figures have signs of their own: notes and formulas."""
    words = fold(short(node, _LONGEST_FIGURES))
    if not _FIGURES.fullmatch(words):
        return False
    writer.say(words.strip("[]").translate(signs))
    return True


def _anchor(node: LexborNode, _writer: Writer) -> bool:
    """The way back from a note leads nowhere in a message."""
    words = short(node, _LONGEST_FIGURES)
    return bool(words) and _BACK.fullmatch(words or "") is not None


def _table(node: LexborNode, writer: Writer) -> bool:
    """A table of short cells is aligned; one that only lays out a page is walked."""
    if _is_layout(node):
        return False
    cells = [row for row in map(_cells, _rows(node)) if any(cell.text for cell in row)]
    rows = grid(cells)
    if not rows or max(map(len, rows)) < 2:
        return False
    if any(len(cell.text) > _LONGEST_CELL for row in cells for cell in row):
        return False
    heads = all(cell.is_head for cell in cells[0])
    writer.part(2)
    caption = next((child for child in children(node) if child.tag == "caption"), None)
    if caption is not None and (title := _said(caption)):
        mark = writer.open(Open("bold"))
        writer.say(title)
        writer.close(mark)
        writer.part(1)
    if (text := aligned(rows, heads=heads)) is not None:
        mark = writer.open(Open("pre"))
        writer.verbatim(text)
        writer.close(mark)
    else:
        _tell(told(rows, heads=heads), writer)
    writer.part(2)
    return True


def _tell(lines: list[str], writer: Writer) -> None:
    for line in lines:
        for one in line.split("\n"):
            writer.part(1)
            writer.say(one)
        writer.part(2 if "\n" in line else 1)


def _is_layout(table: LexborNode) -> bool:
    """Whether it holds blocks, as no table of facts does."""
    for one in inside(table):
        if one.tag in _BLOCKS_IN_LAYOUT:
            return True
        if one.tag == "p" and any(child.tag == "p" for child in after(one)):
            return True
    return False


def _rows(table: LexborNode) -> Iterator[LexborNode]:
    for part in children(table):
        if part.tag == "tr":
            yield part
        elif part.tag in {"thead", "tbody", "tfoot"}:
            yield from (row for row in children(part) if row.tag == "tr")


def _cells(row: LexborNode) -> list[Cell]:
    return [
        Cell(
            _said(cell),
            max(1, _number(attributes(cell).get("colspan"), 1)),
            max(1, _number(attributes(cell).get("rowspan"), 1)),
            is_head=cell.tag == "th",
        )
        for cell in children(row)
        if cell.tag in {"td", "th"}
    ]


def _said(node: LexborNode) -> str:
    """What a node says, on one line."""
    writer = Writer()
    _walk(node, writer)
    return fold(writer.text())


_WHOLE: Mapping[str, Callable[[LexborNode, Writer], bool]] = {
    "a": _anchor,
    "br": _br,
    "hr": _hr,
    "img": _img,
    "input": _input,
    "pre": _pre,
    "sub": _lowered,
    "sup": _raised,
    "table": _table,
}
