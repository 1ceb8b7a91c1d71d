"""The last resort for a page's text: trafilatura, its result read as our own blocks."""

from collections.abc import Iterator
from html import escape

from lxml import etree
from trafilatura import bare_extraction

from feedbot.model import Photo
from feedbot.rules.text import clean, fold
from feedbot.rules.urls import absolute
from feedbot.sources.blocks import Block, Line, Where

_TAGS = {"head": "h2", "item": "li", "quote": "blockquote"}


# What its rules raise on odd pages; one of them is not worth an entry.
_FAILURES = (
    etree.LxmlError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
    AssertionError,
)


def extract_blocks(html: str, base: str) -> list[Block]:
    """Paragraphs, headings, list items and pictures that trafilatura finds; none where it finds nothing."""
    try:
        told = bare_extraction(
            clean(html), include_comments=False, include_images=True, with_metadata=False, as_dict=False
        )
    except _FAILURES:
        return []
    body = getattr(told, "body", None)
    return list(_blocks(body, base)) if body is not None else []


def _blocks(root: etree._Element, base: str) -> Iterator[Block]:
    for node in root.iter("p", "head", "item", "quote", "graphic", "row"):
        if node.tag == "graphic":
            url = absolute(node.get("src"), base)
            if url:
                yield Block(Where("figure"), photo=Photo(url, alt=fold(node.get("alt")) or None))
        elif text := fold(" ".join(str(part) for part in node.itertext())):
            if node.getparent() is not None and node.getparent().tag in {"item", "quote", "cell"}:
                continue
            yield Block(Where(_TAGS.get(str(node.tag), "p")), (Line(text, escape(text, quote=False)),))
