"""The pictures and files of a feed entry: Media RSS, enclosures, iTunes, plain image elements."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from feedbot.model import Enclosure, Photo
from feedbot.rules.urls import absolute
from feedbot.sources.words import text_of

MOST = 32
_IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|[?#:])", re.IGNORECASE)
# Faces of authors: WordPress names one first, GitHub nothing else.
_AVATAR = re.compile(r"https?://(?:[^/]*gravatar\.com|avatars\d*\.githubusercontent\.com)/", re.IGNORECASE)
_SMALLEST = 100  # pixels of the longer side; Quarto writes 144 by 96 of every picture


def photos_of(
    item: dict[str, Any], base: str, *, has_text: bool
) -> tuple[tuple[Photo, ...], tuple[Photo, ...]]:
    """The pictures of an entry but those in its text, the more telling first; and its thumbnails, which are
    for entries that have nothing else.

    An entry's media:description is a caption where the entry `has_text` besides (else it is the text).
    """
    images = [part for part in item.get("media_content") or [] if _is_image(part)]
    found = _widest(_photos(_best_of_groups(images), base))
    caption = text_of(item.get("media_description")) if has_text else None
    if len(found) == 1 and not found[0].caption:
        found[0] = replace(found[0], caption=caption)
    others = (Photo(absolute(address, base), type=kind) for address, kind in _other_images(item))
    found = _widest([*found, *others])
    return _credited(found, item), _credited(_widest(_photos(item.get("media_thumbnail") or [], base)), item)


def _credited(found: list[Photo], item: dict[str, Any]) -> tuple[Photo, ...]:
    credit = text_of(item.get("media_credit"))
    return tuple(replace(photo, credit=photo.credit or credit) for photo in found[:MOST])


def enclosures_of(item: dict[str, Any], base: str) -> tuple[Enclosure, ...]:
    """The files that an entry encloses."""
    found: dict[str, Enclosure] = {}
    for part in _enclosed(item):
        if (url := absolute(part.get("href"), base)) and len(found) < MOST:
            found.setdefault(url, Enclosure(url, number(part.get("length")) or None, _type(part.get("type"))))
    return tuple(found.values())


def number(value: Any) -> int | None:
    """A length or a side as sources write it; None for what is no natural number."""
    text = str(value or "").strip().removesuffix("px")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 16 else None


def _type(value: Any) -> str | None:
    text = str(value or "").strip().lower().partition(";")[0]
    return text if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}", text) else None


def _best_of_groups(images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The widest of each media:group, which holds one picture in several forms."""
    groups: dict[Any, dict[str, Any]] = {}
    for at, part in enumerate(images):
        key = ("group", part["group"]) if part.get("group") else ("alone", at)
        if key not in groups or (number(part.get("width")) or 0) > (number(groups[key].get("width")) or 0):
            groups[key] = part
    return list(groups.values())


def _photos(parts: Iterable[dict[str, Any]], base: str) -> Iterator[Photo]:
    for part in parts:
        yield Photo(
            absolute(part.get("url"), base),
            text_of(part.get("media_description")),
            text_of(part.get("media_credit")),
            text_of(part.get("media_title")),
            number(part.get("width")),
            number(part.get("height")),
            _type(part.get("type")),
        )


def _is_image(part: dict[str, Any]) -> bool:
    kind, medium = str(part.get("type") or "").lower(), str(part.get("medium") or "").lower()
    told = medium == "image" or kind.startswith("image")
    return told or (not kind and not medium and _IMAGE_NAME.search(str(part.get("url") or "")) is not None)


def _other_images(item: dict[str, Any]) -> Iterator[tuple[Any, str | None]]:
    for part in _enclosed(item):
        kind = _type(part.get("type"))
        if (kind or "").startswith("image/") or _IMAGE_NAME.search(str(part.get("href") or "")):
            yield part.get("href"), kind
    yield item.get("image_text"), None
    image = item.get("image")
    yield (image.get("href") if isinstance(image, dict) else None), None


def _enclosed(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [link for link in item.get("links") or [] if link.get("rel") == "enclosure"]


def _widest(found: Iterable[Photo]) -> list[Photo]:
    """One photo for each path: image services offer one picture in many widths. No faces, no icons."""
    by_path: dict[str, Photo] = {}
    for photo in found:
        sides = [side for side in (photo.width, photo.height) if side]
        if photo.url is None or _AVATAR.match(photo.url) or max(sides, default=_SMALLEST) < _SMALLEST:
            continue
        parts = urlsplit(photo.url)
        path = f"{parts.netloc}{parts.path}" if photo.width or not parts.query else photo.url
        known = by_path.get(path)
        if known is None or (photo.width or 0) > (known.width or 0):
            by_path[path] = photo
    return list(by_path.values())
