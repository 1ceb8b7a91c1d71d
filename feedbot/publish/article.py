"""The body of an entry as HTML that any reader may show: photos with their words, and nothing that acts."""

import re
from html import escape, unescape

import nh3

from feedbot.model import Entry, Photo
from feedbot.rules.normalise import text_as_html
from feedbot.rules.text import clean

MOST_HTML = 512_000  # nh3 is quadratic in ampersands: a larger body goes out as its text
_TAGS = set(
    "a abbr audio b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure"
    " h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small source span strong sub summary"
    " sup table tbody td tfoot th thead time tr u ul var video".split()
)
_ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "img": {"src", "alt", "width", "height"},
    "audio": {"src", "controls"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "reversed"},
    "time": {"datetime"},
    "blockquote": {"cite"},
    "q": {"cite"},
}
_BARE_FIGURE = re.compile(r"""<figure>\s*<img\b[^>]*?\bsrc="([^"]*)"[^>]*>\s*</figure>""", re.IGNORECASE)
_IMAGE = re.compile(r"""<img\b[^>]*?\bsrc\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_FRAME = re.compile(
    r"""<iframe\b[^>]*?\bsrc\s*=\s*["'](https?://[^"']*)["'][^>]*>(?:\s*</iframe>)?""", re.IGNORECASE
)


def article_html(entry: Entry) -> str | None:
    """The whole article: each photo in a figure with caption and credit, the lead one in front where the
    body lacks it; sanitised (RFC 4287 section 8.1).
    """
    body = entry.content_html or text_as_html(entry.content_text) or ""
    if len(body) > MOST_HTML:
        body = text_as_html((entry.content_text or "")[:MOST_HTML]) or ""
    photos = {photo.url: photo for photo in reversed(entry.photos) if photo.url}
    shown = {unescape(src) for src in _IMAGE.findall(body)}
    body = _BARE_FIGURE.sub(lambda match: _known_figure(match, photos), body)
    if entry.photo and entry.photo.url and entry.photo.url not in shown:
        body = figure(entry.photo) + body
    return sanitised(body) or None


def _known_figure(match: re.Match[str], photos: dict[str, Photo]) -> str:
    photo = photos.get(unescape(match[1]))
    return figure(photo) if photo else match[0]


def figure(photo: Photo) -> str:
    """One photo with its caption and credit."""
    sizes = "".join(
        f' {name}="{size}"' for name, size in (("width", photo.width), ("height", photo.height)) if size
    )
    alt = escape(photo.alt or photo.caption or "")
    words = caption_html(photo)
    below = f"<figcaption>{words}</figcaption>" if words else ""
    return f'<figure><img src="{escape(photo.url or "")}" alt="{alt}"{sizes}>{below}</figure>'


def caption_html(photo: Photo) -> str:
    """Caption and credit of a photo in one line."""
    caption = escape(photo.caption or "", quote=False)
    credit = f"<small>Photo: {escape(photo.credit, quote=False)}</small>" if photo.credit else ""
    return " ".join(filter(None, (caption, credit)))


def sanitised(html: str) -> str:
    """HTML without scripts, handlers, styles and frames; a framed video becomes a link to it."""
    linked = _FRAME.sub(lambda match: f'<p><a href="{match[1]}">{match[1]}</a></p>', clean(html))
    return nh3.clean(
        linked,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
