"""HTML of a feed entry: capped, addresses made absolute, its text and pictures read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Photo
from feedbot.rules.text import clean, fold
from feedbot.rules.urls import absolute
from feedbot.sources.pictures import image_of
from feedbot.sources.prose import prose_of
from feedbot.sources.shallow import is_too_deep

MAX_HTML = 512 * 1024
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!][^>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+\d*);")


@dataclass(frozen=True, slots=True)
class Markup:
    """What one HTML fragment holds. `text`: paragraphs parted by an empty line."""

    html: str | None
    text: str | None
    photos: tuple[Photo, ...]


def read_markup(html: str | None, base: str) -> Markup:
    """Read a fragment. What is too large or too deep keeps its first words as text only."""
    html = clean(html or "").strip()
    if not html:
        return Markup(None, None, ())
    if len(html) > MAX_HTML or is_too_deep(html):
        return Markup(None, fold(re.sub(r"<[^>]{0,2000}>", " ", html[:MAX_HTML]))[:20_000] or None, ())
    if not _LOOKS_LIKE_HTML.search(html):
        return Markup(None, "\n\n".join(filter(None, map(fold, re.split(r"\n\s*\n", html)))) or None, ())
    tree = LexborHTMLParser(f"<body>{html}</body>")
    body = tree.body
    if body is None:
        return Markup(None, None, ())
    found = [(node, image_of(node, base)) for node in body.css("img")]
    photos = [_with_caption(photo, node) for node, photo in found if photo]
    _absolutise(body, base, found)
    written = body.inner_html or ""
    return Markup(written or None, prose_of(written) or None, tuple(photos))


def _with_caption(photo: Photo, node: LexborNode) -> Photo:
    above = node.parent
    for _ in range(4):
        if above is None or above.tag == "body":
            break
        if above.tag == "figure" or "wp-caption" in (above.attributes.get("class") or ""):
            caption = above.css_first("figcaption, .wp-caption-text")
            return replace(photo, caption=fold(caption.text(deep=True)) or None) if caption else photo
        above = above.parent
    return photo


def _absolutise(body: LexborNode, base: str, images: Iterable[tuple[LexborNode, Photo | None]]) -> None:
    for node in body.css("a[href]"):
        _set(node, "href", absolute(node.attributes.get("href"), base))
    for node, photo in images:
        if photo is None:
            node.decompose()
            continue
        node.attrs["src"] = photo.url
        for name in ("srcset", "data-src", "data-srcset", "data-original", "data-lazy-src", "loading"):
            if name in node.attributes:
                del node.attrs[name]
    for node in body.css("video[src], audio[src], source[src], iframe[src], blockquote[cite]"):
        name = "cite" if node.tag == "blockquote" else "src"
        _set(node, name, absolute(node.attributes.get(name), base))


def _set(node: LexborNode, name: str, value: str | None) -> None:
    if value is None:
        del node.attrs[name]
    elif value != node.attributes.get(name):
        node.attrs[name] = value
