"""HTML as a tree that can be read in a moment, whatever a stranger wrote. Pure."""

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_HTML = 512_000
# A parser of HTML takes time by the square of the depth: 40,000 lists in one another cost 12 s. The words
# between so many tags are more than a message holds, even if each letter has its own.
_MOST_TAGS = 10_000
UNSEEN = frozenset(
    "script style noscript template iframe object embed head title textarea select datalist svg canvas"
    " audio video map area source track button progress meter col colgroup link meta base"
    " noembed noframes annotation annotation-xml rp".split()
)
_INLINED = re.compile(r"data:[\w/+.-]+;base64,[\w+/=%-]+", re.ASCII)


def body_of(html: str) -> LexborNode | None:
    """The fragment as a tree, of no more tags than can be read in a moment."""
    if len(html) > MOST_HTML:
        html = _INLINED.sub("", html)  # a picture among the words
    shorter = html[:MOST_HTML]
    if shorter.count("<") > _MOST_TAGS:
        shorter = shorter[: _nth(shorter, "<", _MOST_TAGS)]
    is_cut = len(shorter) < len(html)
    if "<![CDATA[" in shorter:
        shorter = _unwrapped(shorter)
    if is_cut:
        shorter += " …"
    return LexborHTMLParser(shorter).body


def _unwrapped(html: str) -> str:
    """The HTML without `<![CDATA[` and its end: to a parser of HTML it is a comment (13.2.5.42)."""
    first, *others = html.split("<![CDATA[")
    return first + "".join("".join(part.split("]]>", 1)) for part in others)


def _nth(text: str, part: str, number: int) -> int:
    at = -1
    for _ in range(number):
        at = text.index(part, at + 1)
    return at


def children(node: LexborNode) -> Iterator[LexborNode]:
    """The nodes that stand in a node itself, in order."""
    child = node.child
    while child is not None:
        yield child
        child = child.next


def attributes(node: LexborNode) -> Mapping[str, str | None]:
    """What a start tag says; the parser has no types for it."""
    return node.attributes


def inside(top: LexborNode) -> Iterator[LexborNode]:
    """Every node in a node that is seen, in order."""
    stack = [children(top)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        if node.is_element_node and node.tag not in UNSEEN:
            stack.append(children(node))


def short(node: LexborNode, most: int) -> str | None:
    """What a node says, if that is as short as this."""
    said = ""
    for count, one in enumerate(inside(node)):
        if one.is_text_node:
            said += one.text_content or ""
        if len(said) > most or count > most:
            return None
    return said


def after(node: LexborNode) -> Iterator[LexborNode]:
    """The nodes behind a node in the same one."""
    while (following := node.next) is not None:
        yield following
        node = following
