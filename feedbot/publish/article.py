"""The body of an entry as HTML that any reader may show: photos with their words, and nothing that acts."""

import re
from html import escape, unescape
from urllib.parse import urlsplit

import nh3

from feedbot.model import Entry, Photo
from feedbot.publish.feed import web_address
from feedbot.publish.tidy import ATTRIBUTES, MOST_HTML, TAGS, is_too_much, tidied
from feedbot.rules.normalise import text_as_html
from feedbot.rules.text import clean

# Both read our own writing (tidy.py), where no attribute holds `<` or `>`.
_BARE_FIGURE = re.compile(r'<figure>\s*<img\b[^>]*? src="([^"]*)"[^>]*>\s*</figure>')
_IMAGE = re.compile(r'<img\b[^>]*? src="([^"]*)"')
_SIZE = re.compile(r"-\d{2,4}x\d{2,4}(?=\.\w+$)")
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)$", re.IGNORECASE)


def article_html(entry: Entry) -> str | None:
    """The whole article: each photo in a figure with caption and credit, the lead one in front where the
    body lacks it, captions of photos that have no address at the end; sanitised (RFC 4287 section 8.1).

    A body that is too much to be sanitised in sensible time goes out as its text.
    """
    body = entry.content_html or text_as_html(entry.content_text) or ""
    if is_too_much(body):
        body = text_as_html((entry.content_text or "")[: MOST_HTML // 2].replace("&", "+")) or ""
    body = tidied(body, entry.url)
    photos = {url: photo for photo in reversed(entry.photos) if (url := web_address(photo.url))}
    shown = {_picture(unescape(src)) for src in _IMAGE.findall(body)}
    body = _BARE_FIGURE.sub(lambda match: _known_figure(match, photos), body)
    lead = entry.photo
    if lead and (url := web_address(lead.url)) and _picture(url) not in shown:
        body = figure(lead) + body
    without = (caption_html(photo) for photo in entry.photos if not photo.url)
    return sanitised(body + "".join(f"<p>{words}</p>" for words in without if words)) or None


def _picture(url: str) -> str:
    """What the sizes of one picture share: `harbour-1024x683.jpg?w=640` is `harbour.jpg`."""
    parts = urlsplit(url)
    if not _IMAGE_FILE.search(parts.path):
        return url
    return parts.netloc + _SIZE.sub("", parts.path)


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
    return f'<figure><img src="{escape(web_address(photo.url) or "")}" alt="{alt}"{sizes}>{below}</figure>'


def caption_html(photo: Photo) -> str:
    """Caption and credit of a photo in one line."""
    caption = escape(photo.caption or "", quote=False)
    credit = f"<small>Photo: {escape(photo.credit, quote=False)}</small>" if photo.credit else ""
    return " ".join(filter(None, (caption, credit)))


def sanitised(html: str) -> str:
    """HTML without scripts, handlers, styles, frames and relative addresses; every character fits XML.

    What is cleaned away after reading may join what was apart (`java&#11;script:`), so that is read again.
    """
    html = clean(html)
    for _ in range(3):
        safe = nh3.clean(
            html,
            tags=set(TAGS),
            attributes=ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            url_relative="deny",
            link_rel="noopener noreferrer nofollow",
        )
        html = clean(safe)
        if html == safe:
            return safe
    return nh3.clean_text(html)
