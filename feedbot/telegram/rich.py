"""An article as the HTML of a rich message (Bot API 10.1): its own structure, within the limits. Pure."""

import re
from dataclasses import dataclass
from html import escape

from selectolax.lexbor import LexborNode

from feedbot.telegram.render import render
from feedbot.telegram.tree import UNSEEN, body_of

MOST_TEXT = 32_768  # characters; markup is counted too, so it is never more
_MOST_BLOCKS, _MOST_DEPTH, _MOST_COLUMNS = 490, 15, 20  # Telegram's, less what stands around the article
_BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table tr td th details summary".split())
_ONLY_IN = {"li": ("ul", "ol"), "tr": ("table",), "td": ("tr",), "th": ("tr",), "summary": ("details",)}
_HOLDS_PARTS = frozenset("ul ol table details".split())  # with as much depth below as their parts need
_LIKE_PARAGRAPHS = frozenset(
    "address article aside dd div dt figcaption figure footer header section".split()
)
_MOST_NESTED = 100  # of what is read; what lies deeper is text
_INLINE = {"b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "s": "s", "del": "s", "code": "code"}
_LINK = re.compile(r"(?:https?|tg)://[^\s\"<>]+|mailto:[^\s\"<>]+", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class _Paper:
    """What was written, and what there is still room for."""

    room: int
    written: list[str]
    blocks: int = 0
    nested: int = 0

    def text(self, said: str) -> None:
        """Write words as far as there is room, and nothing after them where there was not."""
        if self.room <= 0:
            return
        kept = said[: self.room]
        while len(escape(kept, quote=False)) > self.room:
            kept = kept[: len(kept) * 9 // 10]
        self.written.append(escape(kept, quote=False) + ("…" if kept != said else ""))
        self.room = self.room - len(self.written[-1]) if kept == said else 0

    def open(self, tag: str, name: str) -> str:
        """Open a tag where there is room for it; how it is closed."""
        close = f"</{name}>"
        if self.room <= len(tag) + len(close):
            self.room = 0
            return ""
        self.room -= len(tag) + len(close)
        self.written.append(tag)
        return close


def rich_body(html: str, room: int = MOST_TEXT) -> str:
    """An article as a rich message may hold it, in so many characters."""
    body = body_of(html)
    paper = _Paper(room - 1, [])  # for the ellipsis
    if body is not None:
        _walk(body, paper, 0, "")
    return "".join(paper.written)


def _walk(parent: LexborNode, paper: _Paper, depth: int, inside: str) -> None:
    """Write what is in a node; `inside` is the block that it stands in."""
    is_pre = inside == "pre"
    for node in parent.iter(include_text=True):
        if paper.room <= 0:
            return
        name = node.tag
        if name == "-text":
            said = node.text_content or ""
            paper.text(said if is_pre else _SPACE.sub(" ", said))
        elif name == "br":
            if is_pre:
                paper.text("\n")
            elif paper.room > len("<br>"):
                paper.written.append("<br>")
                paper.room -= len("<br>")
        elif name and name not in UNSEEN:
            _element(node, name, paper, depth, inside)


def _element(node: LexborNode, name: str, paper: _Paper, depth: int, inside: str) -> None:
    if name == "table" and _columns(node) > _MOST_COLUMNS:
        close = paper.open("<pre>", "pre")
        paper.text(render(node.html or "").text)
        paper.written.append(close)
        return
    if name in _LIKE_PARAGRAPHS and not any(one.tag in _BLOCKS | _LIKE_PARAGRAPHS for one in node.iter()):
        name = "p"
    close = ""
    if depth + 3 * (name in _HOLDS_PARTS) < _MOST_DEPTH and inside != "pre":
        href = (node.attributes.get("href") or "").strip()
        if name in _BLOCKS and paper.blocks < _MOST_BLOCKS and inside in _ONLY_IN.get(name, (inside,)):
            paper.blocks += 1
            close = paper.open(f"<{name}>", name)
            inside = name if close else inside
        elif name == "a" and _LINK.fullmatch(href):
            close = paper.open(f'<a href="{escape(href)}">', "a")
        elif name in _INLINE:
            close = paper.open(f"<{_INLINE[name]}>", _INLINE[name])
    paper.nested += 1
    if paper.nested < _MOST_NESTED:
        _walk(node, paper, depth + bool(close), inside)
    else:
        paper.text(_SPACE.sub(" ", node.text()))
    paper.nested -= 1
    paper.written.append(close)


def _columns(table: LexborNode) -> int:
    return max((len(row.css("td, th")) for row in table.css("tr")), default=0)
