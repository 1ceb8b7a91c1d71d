"""The picture behind an `img`, however lazily it is loaded."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from feedbot.model import Photo
from feedbot.rules.photo import is_photo
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute

IMAGES = frozenset({"img", "amp-img"})
_SRCSETS = ("data-srcset", "data-lazy-srcset", "data-original-set", "srcset")
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-url", "data-image",
         "data-hi-res-src", "data-full-src", "data-large-file")  # fmt: skip
_WIDEST = 2600  # a wider picture is only shrunk again for its message
_DESCRIPTOR = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([wxh])(?:,(.*))?", re.DOTALL)
_ONE_PIXEL = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*[01]px", re.IGNORECASE)
_SIZE = re.compile(r"(?:[-_](?:\d{2,5}x\d{2,5}|scaled|thumb(?:nail)?|small|medium|large|\d{3,4}w?))+$")


def image_of(node: LexborNode, base: str) -> Photo | None:
    """The picture of an `img`: lazy addresses before `src`, the largest of a srcset, then the sources of
    its `picture`; None without an address. What is no photo at all is only given where nothing better is.
    """
    attributes = node.attributes
    found: Photo | None = None
    width, height = (_pixels(attributes.get(side)) for side in ("width", "height"))
    if _ONE_PIXEL.search(attributes.get("style") or ""):
        width = height = 1
    for href in _addresses(node):
        url = absolute(href, base)
        if url is None:
            continue
        photo = Photo(url=url, alt=fold(attributes.get("alt")) or None, width=width, height=height)
        if is_photo(photo):
            return photo
        found = found or photo
    return found


def _addresses(node: LexborNode) -> Iterator[str]:
    attributes = node.attributes
    for name in _SRCSETS:
        yield from _largest(attributes.get(name))
    for name in (*_LAZY, "src"):
        if href := attributes.get(name):
            yield href
    parent = node.parent
    if parent is not None and parent.tag == "picture":
        for source in parent.css("source"):
            for name in ("data-srcset", "srcset"):
                yield from _largest(source.attributes.get(name))


def _largest(srcset: str | None) -> list[str]:
    """The best candidate of a srcset, as a list of one: the widest that is not wider than is ever sent.

    Addresses may hold commas (HTML standard, "Parsing a srcset attribute"); data: addresses are skipped.
    """
    words = (srcset or "").split()[:200]
    sized: list[tuple[bool, float, str]] = []
    while words:
        href = words.pop(0)
        size, href = (1.0, href.rstrip(",")) if href.endswith(",") else (0.0, href)
        match = _DESCRIPTOR.fullmatch(words[0].rstrip(",")) if words and not size else None
        if match:
            words.pop(0)
            size = float(match[1])
            words[:0] = [match[3]] if match[3] else []
        if href and not href.startswith("data:"):
            sized.append((size <= _WIDEST, size if size <= _WIDEST else -size, href))
    return [max(sized)[2]] if sized else []


def _pixels(text: str | None) -> int | None:
    digits = (text or "").strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None


def stem(url: str | None) -> str:
    """What the copies of one picture in several sizes share: the file's name without size and ending."""
    name = (url or "").partition("?")[0].rstrip("/").rpartition("/")[2].rpartition(".")
    return _SIZE.sub("", (name[0] or name[2]).casefold())
