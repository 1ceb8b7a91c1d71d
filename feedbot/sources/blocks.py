"""An article's body as a row of blocks: paragraphs, headings, list items, pictures."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import escape

from selectolax.lexbor import LexborNode

from feedbot.model import Photo
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute
from feedbot.sources.pictures import IMAGES, image_of, stem

DEEPEST = 200
MAX_TEXT = 512 * 1024
MAX_BLOCKS = 4000
_MOST_IMAGES = 300
_LONGEST_CELL = 120
_LONGEST_FRAME = 900
SKIPPED = frozenset(
    "script style template iframe object embed form button input select textarea svg canvas"
    " audio video nav aside head title meta link".split()
)
BLOCKS = frozenset(
    "p div section article main header footer figure figcaption table tbody thead tfoot tr td th caption ul"
    " ol li dl dt dd blockquote pre h1 h2 h3 h4 h5 h6 center hr address details summary picture hgroup"
    " fieldset".split()
)
KEPT_TAGS = frozenset("h1 h2 h3 h4 h5 h6 li blockquote pre".split())
_INLINE = {"strong": "b", "b": "b", "em": "i", "i": "i", "u": "u", "s": "s", "del": "s", "strike": "s",
           "sub": "sub", "sup": "sup", "code": "code", "q": "q", "cite": "cite", "a": "a"}  # fmt: skip
_PICTURE_CLASSES = ("fig", "photo", "img", "image", "pic", "wp-caption")
CAPTION_CLASS = re.compile(r"(?:^|[\s_-])(?:[a-z]*caption(?!ed)|cutline)s?(?:$|[\s_-])|Caption\b", re.ASCII)
CREDIT_CLASS = re.compile(r"(?:^|[\s_-])(?:[a-z]*credits?|photographer)(?:$|[\s_-])|Credit\b", re.ASCII)
_CENTERED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block: its text, and the same as inline HTML."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Where:
    """Where in a body a text stands: the element it belongs to, the figure or table around it (`frame`),
    whether a rule or a class calls it caption or credit, and whether it is centred.
    """

    tag: str = "p"
    frame: int | None = None
    caption: bool = False
    credit: bool = False
    centered: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `below`: one line break parts it from the picture it follows in the same element."""

    where: Where = Where()
    lines: tuple[Line, ...] = ()
    photo: Photo | None = None
    links: tuple[tuple[str, str], ...] = ()
    below: bool = False

    @property
    def text(self) -> str:
        """The whole text on one line."""
        return fold(" ".join(line.text for line in self.lines))


@dataclass(slots=True)
class _Reader:
    """Walks a body once. What it holds besides the blocks is the block being read."""

    base: str
    captions: frozenset[int]
    removed: frozenset[int]
    credits_told: frozenset[int]
    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    breaks: int = 0
    pictured: bool = False
    broken: bool = False
    images: int = 0
    depth: int = -1  # of the node whose children are read; that of the body is 0
    room: int = MAX_TEXT

    def read(self, node: LexborNode, where: Where) -> None:
        """Read the children of a node."""
        self.depth += 1
        child = node.child
        while child is not None and self.room > 0 and len(self.blocks) < MAX_BLOCKS:
            if child.is_text_node:
                self.add_text(child.text_content or "")
            elif child.tag not in SKIPPED and child.is_element_node and child.mem_id not in self.removed:
                self.read_element(child, where)
            child = child.next
        self.depth -= 1

    def read_element(self, node: LexborNode, where: Where) -> None:
        name = node.tag or ""
        if name == "br":
            self.break_line(where)
        elif name in IMAGES:
            self.add_image(node, where)
        elif name == "noscript":
            self.add_unscripted(node, where)
        elif self.depth > DEEPEST:
            self.add_text(node.text(deep=True, separator=" "))
        elif name in BLOCKS:
            self.read_block(node, where)
        else:
            self.read_inline(node, where)

    def read_block(self, node: LexborNode, where: Where) -> None:
        name = node.tag or ""
        self.flush(where)
        self.pictured = False
        inner = self.inside(node, where)
        if name == "tr" and inner.frame is None and (cells := _short_cells(node)):
            self.add_text(" | ".join(cells))
        else:
            self.read(node, inner)
        self.flush(inner)
        self.pictured = False

    def inside(self, node: LexborNode, where: Where) -> Where:
        """Where the children of a node stand."""
        name, attributes = node.tag or "", node.attributes
        classes = attributes.get("class") or ""
        is_caption = node.mem_id in self.captions or (
            name != "table" and bool(classes) and CAPTION_CLASS.search(classes) is not None
        )
        centered = name == "center" or attributes.get("align") == "center"
        is_credit = node.mem_id in self.credits_told or (
            bool(classes) and CREDIT_CLASS.search(classes) is not None
        )
        return Where(
            tag=name if name in KEPT_TAGS else where.tag,
            frame=where.frame or (node.mem_id if is_frame(node) else None),
            caption=where.caption or (is_caption and node.css_first("p + p, img") is None),
            credit=where.credit or is_credit,
            centered=where.centered or centered or bool(_CENTERED.search(attributes.get("style") or "")),
            ordered=name == "li" and node.parent is not None and node.parent.tag == "ol",
        )

    def read_inline(self, node: LexborNode, where: Where) -> None:
        inner = where
        if node.mem_id in self.captions or node.mem_id in self.credits_told or node.attributes.get("class"):
            told = self.inside(node, where)
            inner = replace(where, caption=told.caption, credit=told.credit)
        is_apart = (inner.caption, inner.credit) != (where.caption, where.credit)
        if is_apart:
            self.flush(where)
        kept, opening = self.tag_of(node)
        if kept:
            self.open_tags.append((kept, opening))
            self.html.append(opening)
        self.read(node, inner)
        if kept:
            self.open_tags.pop()
            self.html.append(f"</{kept}>")
        if is_apart:
            self.flush(inner)

    def tag_of(self, node: LexborNode) -> tuple[str | None, str]:
        """The inline element that is kept of a node, and its start tag; a link is noted."""
        kept = _INLINE.get(node.tag or "")
        if kept != "a":
            return kept, f"<{kept}>" if kept else ""
        href = node.attributes.get("href") or ""
        url = absolute(href, self.base)
        self.links.append((href, fold(node.text(deep=True))))
        return ("a", f'<a href="{escape(url)}">') if url else (None, "")

    def add_text(self, text: str) -> None:
        if text.strip():
            self.breaks = 0
        self.room -= len(text)
        if self.room < 0:
            text = text[: self.room]
        self.text.append(text)
        self.html.append(escape(text, quote=False))

    def add_image(self, node: LexborNode, where: Where) -> None:
        photo = image_of(node, self.base) if self.images <= _MOST_IMAGES else None
        self.images += 1
        if photo is not None and self.images <= _MOST_IMAGES:
            self.flush(where)
            self.blocks.append(Block(replace(where, tag="figure"), photo=photo))
            self.pictured = True

    def add_unscripted(self, node: LexborNode, where: Where) -> None:
        """What stands in for a picture that a script would load."""
        for image in node.css("img"):
            last = self.blocks[-1].photo if self.blocks else None
            if last is None or not last.url or stem(last.url) != stem(image.attributes.get("src")):
                self.add_image(image, where)

    def break_line(self, where: Where) -> None:
        """One `<br>` ends a line, a second one the paragraph."""
        self.end_line()
        self.broken = self.pictured and not self.lines
        self.breaks += 1
        if self.breaks > 1:
            self.flush(where)
            self.pictured = False

    def end_line(self) -> None:
        closing = "".join(f"</{name}>" for name, _ in reversed(self.open_tags))
        text = fold("".join(self.text)) if self.text else ""
        if text:
            self.lines.append(Line(text, " ".join("".join(self.html).split()) + closing))
        self.text, self.html = [], [opening for _, opening in self.open_tags]

    def flush(self, where: Where) -> None:
        """End the block being read."""
        self.end_line()
        if self.lines:
            below = self.pictured and self.broken and len(self.lines) == 1
            self.blocks.append(Block(where, tuple(self.lines), links=tuple(self.links), below=below))
            self.pictured = self.broken = False
        elif self.links:
            self.blocks.append(Block(replace(where, tag="a"), links=tuple(self.links)))
        self.lines, self.links, self.breaks = [], [], 0


def _short_cells(row: LexborNode) -> list[str]:
    """The texts of a row of data; empty for a row that only arranges pictures, links or paragraphs."""
    if row.css_first("img, a, table, script, style") is not None:
        return []
    cells = [fold(cell.text(deep=True, separator=" ")) for cell in row.iter() if cell.tag in {"td", "th"}]
    is_data = sum(map(bool, cells)) > 1 and max(map(len, cells)) <= _LONGEST_CELL
    return cells if is_data else []


def is_frame(node: LexborNode) -> bool:
    """Whether a node frames a picture: a figure, or a table, list or div made for one."""
    if node.tag == "figure":
        return True
    if node.tag not in {"table", "div", "dl", "center"}:
        return False
    classes = (node.attributes.get("class") or "").casefold()
    framed = node.tag != "div" or any(name in classes for name in _PICTURE_CLASSES)
    has_picture = framed and node.css_first("img, amp-img, picture") is not None
    return has_picture and len(fold(node.text(deep=True))) < _LONGEST_FRAME


def read_blocks(
    body: LexborNode,
    base: str,
    captions: Iterable[int] = (),
    removed: Iterable[int] = (),
    credits_told: Iterable[int] = (),
    *,
    framed: bool = False,
) -> list[Block]:
    """The blocks of a body. `captions`, `removed` and `credits_told` are the `mem_id`s of nodes that rules
    name; `framed` says that the node itself is the frame of a picture.
    """
    named = (frozenset(captions), frozenset(removed), frozenset(credits_told))
    reader = _Reader(base, *named)
    start = Where(frame=body.mem_id if framed else None)
    reader.read(body, start)
    reader.flush(start)
    return list(_split_lines(reader.blocks))


def _split_lines(blocks: Iterable[Block]) -> Iterator[Block]:
    """Part a block at each line that ends a sentence: some sites part paragraphs by one `<br>`."""
    for block in blocks:
        if len(block.lines) < 2:
            yield block
            continue
        lines: list[Line] = []
        for line in block.lines:
            lines.append(line)
            if block.where.tag == "p" and ends_sentence(line.text):
                yield replace(block, lines=tuple(lines))
                lines = []
        if lines:
            yield replace(block, lines=tuple(lines))


def ends_sentence(line: str) -> bool:
    """Whether a line is long and ends as a sentence does: what follows is another paragraph."""
    return len(line) > 80 and line.rstrip("\"'”’").endswith((".", "!", "?", "。"))


def render(blocks: Iterable[Block]) -> str:
    """The blocks as HTML: one element a block, list items in their list, pictures in a bare figure."""
    parts: list[str] = []
    open_list = ""
    for block in blocks:
        tag = block.where.tag
        list_tag = ("ol" if block.where.ordered else "ul") if tag == "li" else ""
        if list_tag != open_list:
            parts += [f"</{open_list}>"] if open_list else []
            parts += [f"<{list_tag}>"] if list_tag else []
            open_list = list_tag
        if block.photo is not None:
            parts.append(f'<figure><img src="{escape(block.photo.url or "")}"></figure>')
        elif block.lines:
            parts.append(_element(tag, "<br>".join(line.html for line in block.lines)))
    return "".join(parts) + (f"</{open_list}>" if open_list else "")


def _element(tag: str, inner: str) -> str:
    if tag == "blockquote":
        return f"<blockquote><p>{inner}</p></blockquote>"
    tag = "h2" if tag == "h1" else tag
    return f"<{tag}>{inner}</{tag}>"
