"""An article's body as a row of blocks: paragraphs, headings, list items, pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

from selectolax.lexbor import LexborNode

from feedbot.model import Photo
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute

DEEPEST = 200
_LONGEST_CELL = 120
_SKIPPED = frozenset(
    "script style noscript template iframe object embed form button input select textarea svg canvas"
    " audio video nav aside head title meta link".split()
)
_BLOCKS = frozenset(
    "p div section article main header footer figure figcaption table tbody thead tfoot tr td th caption ul"
    " ol li dl dt dd blockquote pre h1 h2 h3 h4 h5 h6 center hr address details summary picture".split()
)
_KEPT_TAGS = frozenset("h1 h2 h3 h4 h5 h6 li blockquote pre".split())
_INLINE = {"strong": "b", "b": "b", "em": "i", "i": "i", "u": "u", "s": "s", "del": "s", "strike": "s",
           "sub": "sub", "sup": "sup", "code": "code", "q": "q", "cite": "cite", "a": "a"}  # fmt: skip
_PICTURE_CLASSES = ("fig", "photo", "img", "image", "pic", "wp-caption")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block: its text, and the same as inline HTML."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `frame` names the figure or table around it, `caption` says that a rule names it so."""

    tag: str
    lines: tuple[Line, ...] = ()
    photo: Photo | None = None
    frame: int | None = None
    caption: bool = False
    links: tuple[tuple[str, str], ...] = ()
    ordered: bool = False

    @property
    def text(self) -> str:
        """The whole text on one line."""
        return fold(" ".join(line.text for line in self.lines))


def image_of(node: LexborNode, base: str) -> Photo | None:
    """The picture of an `img`: lazy addresses first, the largest of a srcset; None without address."""
    attributes = node.attributes
    candidates = [
        attributes.get(name) for name in ("data-src", "data-original", "data-lazy-src", "data-url", "src")
    ]
    candidates.insert(0, _largest(attributes.get("srcset") or attributes.get("data-srcset")))
    url = next(filter(None, (absolute(href, base) for href in candidates if href)), None)
    if url is None:
        return None
    width, height = (_pixels(attributes.get(side)) for side in ("width", "height"))
    return Photo(url=url, alt=fold(attributes.get("alt")) or None, width=width, height=height)


def _largest(srcset: str | None) -> str | None:
    sized = []
    for part in (srcset or "").split(", "):
        href, _, size = part.strip().rstrip(",").partition(" ")
        number = size.strip().rstrip("wx")
        if href and number.replace(".", "", 1).isdigit():
            sized.append((float(number), href))
    return max(sized)[1] if sized else None


def _pixels(text: str | None) -> int | None:
    digits = (text or "").strip().removesuffix("px")
    return int(digits) if digits.isdigit() and len(digits) < 6 else None


@dataclass(slots=True)
class _Reader:
    """Walks a body once. Everything it holds is the block being read."""

    base: str
    captions: frozenset[int]
    removed: frozenset[int]
    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    breaks: int = 0

    def read(self, node: LexborNode, tag: str, frame: int | None, caption: bool, depth: int) -> None:
        """Read the children of a node."""
        child = node.child
        while child is not None:
            if child.is_text_node:
                self.add_text(child.text_content or "", tag)
            elif child.tag not in _SKIPPED and child.is_element_node and child.mem_id not in self.removed:
                self.read_element(child, tag, frame, caption, depth)
            child = child.next

    def read_element(self, node: LexborNode, tag: str, frame: int | None, caption: bool, depth: int) -> None:
        name = node.tag or ""
        if name == "br":
            self.break_line(tag, frame, caption)
        elif name == "img":
            self.add_image(node, tag, frame, caption)
        elif depth > DEEPEST:
            self.add_text(node.text(deep=True, separator=" "), tag)
        elif name in _BLOCKS:
            self.read_block(node, tag, frame, caption, depth)
        else:
            self.read_inline(node, tag, frame, caption, depth)

    def read_block(self, node: LexborNode, tag: str, frame: int | None, caption: bool, depth: int) -> None:
        name = node.tag or ""
        self.flush(tag, frame, caption)
        if _is_frame(node):
            frame = frame or node.mem_id
        inner_tag = name if name in _KEPT_TAGS else tag
        inner_caption = caption or node.mem_id in self.captions
        if name == "tr" and frame is None and (cells := _short_cells(node)):
            self.add_text(" | ".join(cells), inner_tag)
        else:
            self.read(node, inner_tag, frame, inner_caption, depth + 1)
        self.flush(inner_tag, frame, inner_caption, ordered=_is_ordered(node))

    def read_inline(self, node: LexborNode, tag: str, frame: int | None, caption: bool, depth: int) -> None:
        kept = _INLINE.get(node.tag or "")
        opening = f"<{kept}>" if kept else ""
        if kept == "a":
            href = node.attributes.get("href") or ""
            url = absolute(href, self.base)
            self.links.append((href, fold(node.text(deep=True))))
            kept, opening = ("a", f'<a href="{escape(url)}">') if url else (None, "")
        is_caption = node.mem_id in self.captions
        if is_caption:
            self.flush(tag, frame, caption)
        if kept:
            self.open_tags.append((kept, opening))
            self.html.append(opening)
        self.read(node, tag, frame, caption or is_caption, depth + 1)
        if kept:
            self.open_tags.pop()
            self.html.append(f"</{kept}>")
        if is_caption:
            self.flush(tag, frame, True)

    def add_text(self, text: str, tag: str) -> None:
        if text.strip():
            self.breaks = 0
        self.text.append(text)
        self.html.append(escape(text, quote=False))

    def add_image(self, node: LexborNode, tag: str, frame: int | None, caption: bool) -> None:
        photo = image_of(node, self.base)
        if photo is not None:
            self.flush(tag, frame, caption)
            self.blocks.append(Block("figure", photo=photo, frame=frame))

    def break_line(self, tag: str, frame: int | None, caption: bool) -> None:
        """One `<br>` ends a line, a second one the paragraph."""
        self.end_line()
        self.breaks += 1
        if self.breaks > 1:
            self.flush(tag, frame, caption)

    def end_line(self) -> None:
        closing = "".join(f"</{name}>" for name, _ in reversed(self.open_tags))
        text = fold("".join(self.text))
        if text:
            self.lines.append(Line(text, " ".join("".join(self.html).split()) + closing))
        self.text, self.html = [], [opening for _, opening in self.open_tags]

    def flush(self, tag: str, frame: int | None, caption: bool, *, ordered: bool = False) -> None:
        """End the block being read."""
        self.end_line()
        if self.lines:
            self.blocks.append(
                Block(
                    tag,
                    tuple(self.lines),
                    frame=frame,
                    caption=caption,
                    links=tuple(self.links),
                    ordered=ordered,
                )
            )
        elif self.links:
            self.blocks.append(Block("a", links=tuple(self.links), frame=frame))
        self.lines, self.links, self.breaks = [], [], 0


def _short_cells(row: LexborNode) -> list[str]:
    """The texts of a row of data; empty for a row that only arranges pictures, links or paragraphs."""
    if row.css_first("img, a, table, script, style") is not None:
        return []
    cells = [fold(cell.text(deep=True, separator=" ")) for cell in row.iter() if cell.tag in {"td", "th"}]
    is_data = sum(map(bool, cells)) > 1 and max(map(len, cells)) <= _LONGEST_CELL
    return cells if is_data else []


def _is_ordered(node: LexborNode) -> bool:
    return node.tag == "li" and node.parent is not None and node.parent.tag == "ol"


def _is_frame(node: LexborNode) -> bool:
    """Whether a node frames a picture: a figure, or a table or div made for one."""
    if node.tag == "figure":
        return True
    if node.tag not in {"table", "div"}:
        return False
    classes = (node.attributes.get("class") or "").casefold()
    framed = node.tag == "table" or any(name in classes for name in _PICTURE_CLASSES)
    return framed and node.css_first("img") is not None and len(fold(node.text(deep=True))) < 900


def read_blocks(body: LexborNode, base: str, captions: Iterable[int], removed: Iterable[int]) -> list[Block]:
    """The blocks of a body. `captions` and `removed` are the `mem_id`s of nodes that rules name."""
    reader = _Reader(base, frozenset(captions), frozenset(removed))
    reader.read(body, "p", None, False, 0)
    reader.flush("p", None, False)
    return list(_split_lines(reader.blocks))


def _split_lines(blocks: Iterable[Block]) -> Iterator[Block]:
    """Part a block at each line that ends a sentence: some sites part paragraphs by one `<br>`."""
    for block in blocks:
        lines: list[Line] = []
        for line in block.lines:
            lines.append(line)
            if (
                len(line.text) > 80
                and line.text.rstrip("\"'”’").endswith((".", "!", "?"))
                and block.tag == "p"
            ):
                yield Block(block.tag, tuple(lines), None, block.frame, block.caption, block.links)
                lines = []
        if lines or not block.lines:
            yield Block(
                block.tag, tuple(lines), block.photo, block.frame, block.caption, block.links, block.ordered
            )


def render(blocks: Iterable[Block]) -> str:
    """The blocks as HTML: one element a block, list items in their list, pictures in a bare figure."""
    parts: list[str] = []
    open_list = ""
    for block in blocks:
        list_tag = ("ol" if block.ordered else "ul") if block.tag == "li" else ""
        if list_tag != open_list:
            parts += [f"</{open_list}>"] if open_list else []
            parts += [f"<{list_tag}>"] if list_tag else []
            open_list = list_tag
        if block.photo is not None:
            parts.append(f'<figure><img src="{escape(block.photo.url or "")}"></figure>')
        elif block.lines:
            inner = "<br>".join(line.html for line in block.lines)
            parts.append(
                f"<blockquote><p>{inner}</p></blockquote>"
                if block.tag == "blockquote"
                else _element(block, inner)
            )
    return "".join(parts) + (f"</{open_list}>" if open_list else "")


def _element(block: Block, inner: str) -> str:
    tag = "h2" if block.tag == "h1" else block.tag
    return f"<{tag}>{inner}</{tag}>"
