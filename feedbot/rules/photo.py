"""Photos: one per picture, words folded, the lead one chosen."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from feedbot.model import Photo
from feedbot.rules.text import fold, fold_case
from feedbot.rules.urls import absolute, normalised

SMALLEST_SIDE = 60
_NOT_A_PHOTO = re.compile(
    r"(?:^|[/_.-])(?:logos?|icons?|ico|sprites?|spacer|blank|pixel|tracker|btn|buttons?|badge|avatar|emoji|loading"
    r"|placeholder|share|favicon|captcha)(?:$|[/_.\d-])|\.svg$|/1x1\.",
    re.IGNORECASE,
)
_DIRECTORY_MATTERS_NOT = re.compile(r"^.*/(?=[^/]+$)")


def is_photo(photo: Photo) -> bool:
    """Whether this may be a picture of the article, not a logo, icon or pixel."""
    sides = [side for side in (photo.width, photo.height) if side is not None]
    if any(side < SMALLEST_SIDE for side in sides) or photo.url is None:
        return not sides and photo.url is None
    return not _NOT_A_PHOTO.search(_DIRECTORY_MATTERS_NOT.sub("/", urlsplit(photo.url).path))


def tidy(photos: Iterable[Photo], base: str | None) -> tuple[Photo, ...]:
    """Photos with absolute addresses and folded words; copies of one picture are joined, order is kept."""
    kept: dict[str, Photo] = {}
    for photo in photos:
        url = absolute(photo.url, base) if photo.url else None
        if photo.url and not url:
            continue
        clean = replace(
            photo,
            url=url,
            caption=fold(photo.caption) or None,
            credit=fold(photo.credit) or None,
            alt=fold(photo.alt) or None,
        )
        if not is_photo(clean):
            continue
        key = normalised(url) if url else fold_case(clean.caption)
        kept[key] = _join(kept[key], clean) if key in kept else clean
    return tuple(kept.values())


def _join(first: Photo, second: Photo) -> Photo:
    return Photo(
        url=first.url,
        caption=first.caption or second.caption,
        credit=first.credit or second.credit,
        alt=first.alt or second.alt,
        width=first.width or second.width,
        height=first.height or second.height,
        type=first.type or second.type,
    )


def with_credit(photos: Iterable[Photo], credit: str | None) -> tuple[Photo, ...]:
    """The article's credit goes to every photo that has none of its own."""
    return tuple(replace(photo, credit=photo.credit or credit) for photo in photos)


def lead(photos: tuple[Photo, ...]) -> Photo | None:
    """The photo that stands for the article: the first that can be fetched, else the first."""
    return next((photo for photo in photos if photo.url), photos[0] if photos else None)
