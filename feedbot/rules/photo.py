"""Photos: one per picture, words folded, the lead one chosen."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote, urlsplit, urlunsplit

from feedbot.model import Photo
from feedbot.rules.text import fold, fold_case
from feedbot.rules.urls import absolute, normalised

SMALLEST_SIDE = 60
MOST_PHOTOS = 200
_SMALL_LEAD = 200
_LONGEST_WORDS, _LONGEST_NAME = 2000, 200
_USUAL_WIDTH = 2000  # what a picture without a size in its address is taken for
_WIDEST = 2560
_EDGE = r"(?:$|[/_.\d-])"
_NOT_A_PHOTO = re.compile(
    r"(?:^|[/_.-])(?:logos?|icons?|ico|sprites?|spacer|btn|emoji|placeholder|favicon|captcha|noimage"
    r"|no[_-]?(?:image|img|photo|pic|thumb)|transparent|1px|loader|gravatar)" + _EDGE + r"|\.svg$|/1x1\.",
    re.IGNORECASE,
)
# Words that a photo's own name may hold ("market-share-2025.jpg"), but does not begin with.
_NOT_FIRST = re.compile(
    r"/(?:(?:share|badge|buttons?|avatar|blank|loading|dummy|bullet|arrow|dot)"
    + _EDGE
    + r"|(?:pixel|tracker|clear|cleardot)\d*\.(?:gif|png)$)",
    re.IGNORECASE,
)
_NO_PICTURES = re.compile(
    r"(?:^|\.)(?:gravatar\.com|doubleclick\.net|feedburner\.com|feedsportal\.com|pixel\.wp\.com|stats\.wordpress\.com"
    r"|s\.w\.org|scorecardresearch\.com|quantserve\.com|google-analytics\.com|googlesyndication\.com)$"
)
_WORDY_PHOTO = re.compile(r"(?:[^\W\d_]{2,}[\W_\d]+){3,}[^\W_]+\.(?:jpe?g|webp|avif)$", re.IGNORECASE)
_SIZE_IN_NAME = re.compile(
    r"(?:[-_](?P<width>\d{2,4})x(?P<height>\d{2,4})|-scaled|[-_](?P<wide>\d{3,4})w)(?=\.[A-Za-z]{3,4}$)"
)
_SIZES = frozenset(
    "w h width height resize fit crop quality auto ssl strip zoom dpr format fm rect imwidth ixlib"
    " size scale output-quality output-format".split()
)
_PHOTON = re.compile(r"i\d\.wp\.com$")


def is_photo(photo: Photo) -> bool:
    """Whether this may be a picture of the article, not a logo, icon, pixel or advertising banner."""
    sides = [side for side in (photo.width, photo.height) if side is not None]
    if any(side < SMALLEST_SIDE for side in sides) or photo.url is None:
        return not sides and photo.url is None
    if len(sides) == 2 and min(sides) <= 100 and max(sides) >= 4 * min(sides):
        return False
    parts = urlsplit(photo.url)
    name = "/" + unquote(parts.path).rpartition("/")[2][-_LONGEST_NAME:]
    if _NO_PICTURES.search(parts.hostname or "") or _NOT_FIRST.search(name):
        return False
    return not _NOT_A_PHOTO.search(name) or _WORDY_PHOTO.search(name) is not None


def tidy(photos: Iterable[Photo], base: str | None) -> tuple[Photo, ...]:
    """Photos with absolute addresses and folded words; copies and sizes of one picture are joined, the
    order is kept. Words without an address join the photo that has the same caption.
    """
    kept: list[Photo] = []
    places: dict[str, int] = {}
    for photo in photos:
        url = absolute(photo.url, base) if photo.url else None
        tidied = _folded(photo, url)
        if (photo.url and not url) or not is_photo(tidied):
            continue
        names = _names(tidied)
        at = _place(tidied, names, kept, places)
        if at is not None:
            kept[at] = _join(kept[at], tidied)
            names = _names(kept[at])
        elif len(kept) < MOST_PHOTOS:
            at = len(kept)
            kept.append(tidied)
        if at is not None:
            places |= {name: at for name in names if name not in places}
    return tuple(kept)


def _place(photo: Photo, names: Iterable[str], kept: list[Photo], places: dict[str, int]) -> int | None:
    """Where the same photo stands already: the same picture, or the same words where one has no address."""
    for key in names:
        at = places.get(key)
        if at is not None and (key.startswith("http") or photo.url is None or kept[at].url is None):
            return at
    return None


def _names(photo: Photo) -> tuple[str, ...]:
    """By what a photo is known: its picture, its caption."""
    caption = _squeezed(photo.caption)
    words = (f"words:{caption}",) if caption or photo.url is None else ()
    return (same_picture(photo.url), *words) if photo.url else words


def _folded(photo: Photo, url: str | None) -> Photo:
    caption, credit, alt = (
        fold(words)[:_LONGEST_WORDS] or None for words in (photo.caption, photo.credit, photo.alt)
    )
    return replace(photo, url=url, caption=caption, credit=credit, alt=alt)


def _squeezed(words: str | None) -> str:
    return fold_case(words).replace(" ", "")


def same_picture(url: str) -> str:
    """What the addresses of one picture in several sizes share; for comparing, not for asking.

    WordPress puts the size into the name (`-300x200.jpg`), its image proxy and others into the query.
    """
    parts = urlsplit(normalised(url))
    if _PHOTON.search(parts.hostname or ""):
        behind = absolute("https:/" + parts.path + (f"?{parts.query}" if parts.query else ""))
        parts = urlsplit(normalised(behind)) if behind else parts
    pairs = [pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() not in _SIZES]
    return urlunsplit(parts._replace(path=_SIZE_IN_NAME.sub("", parts.path), query="&".join(pairs)))


def _width(photo: Photo) -> int:
    """How wide a picture is, told or read from its address; more than is of use counts as little."""
    parts = urlsplit(photo.url or "")
    match = _SIZE_IN_NAME.search(parts.path)
    told = match and (match["width"] or match["wide"])
    asked = re.search(r"(?:^|&)(?:w|width|imwidth|resize|fit)=(\d{2,5})", parts.query)
    width = int(told or (asked[1] if asked else 0)) or photo.width or _USUAL_WIDTH
    return width if width <= _WIDEST else _USUAL_WIDTH


def _join(first: Photo, second: Photo) -> Photo:
    """One photo of two copies: the address of the more useful size, the words of both."""
    copy = first.url and second.url and normalised(first.url) == normalised(second.url)
    better = first.url is None or (second.url and not copy and _width(second) > _width(first))
    best, other = (second, first) if better else (first, second)
    sized = copy and best.width is None and best.height is None
    return Photo(
        url=best.url,
        caption=first.caption or second.caption,
        credit=first.credit or second.credit,
        alt=first.alt or second.alt,
        width=other.width if sized else best.width,
        height=other.height if sized else best.height,
        type=best.type or other.type,
    )


def with_credit(photos: Iterable[Photo], credit: str | None) -> tuple[Photo, ...]:
    """The article's credit goes to every photo that has none of its own."""
    return tuple(replace(photo, credit=photo.credit or credit) for photo in photos)


def lead(photos: tuple[Photo, ...]) -> Photo | None:
    """The photo that stands for the article: the first that can be fetched and is not known to be tiny,
    else the first that can be fetched, else the first.
    """
    fetched = [photo for photo in photos if photo.url]
    large = (
        photo
        for photo in fetched
        if max(photo.width or _SMALL_LEAD, photo.height or _SMALL_LEAD) >= _SMALL_LEAD
    )
    return next(large, None) or next(iter(fetched or photos), None)
