"""JSON Feed 1.0 and 1.1 (jsonfeed.org): text in, entries out. Anything in it may be of any type."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from feedbot.model import Author, Enclosure, Kind, ParsedEntry, ParsedFeed, Photo, Piece
from feedbot.rules.identity import marks
from feedbot.rules.text import paragraphs
from feedbot.rules.urls import absolute
from feedbot.sources.cut import known_marks, piece_hashes
from feedbot.sources.entry import short_guid
from feedbot.sources.markup import MAX_HTML, read_markup
from feedbot.sources.newest import MOST_ENTRIES, newest
from feedbot.sources.words import labels_of, language_of, line, merged, person

_MOST_FILES, _MOST_HUBS = 32, 16


def parse_json_feed(text: str, url: str, known: Mapping[str, Any] | None = None) -> ParsedFeed:
    """Read a JSON Feed that came from `url`; an item that is no object or says nothing is passed by, and so
    is one of the pieces that are `known` (hash to guid and link mark).
    """
    try:
        data = json.loads(text.lstrip("\ufeff"), parse_int=_integer, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        return ParsedFeed(fault=f"this is no feed: its JSON is broken ({str(error)[:100]})")
    if not isinstance(data, dict) or not isinstance(data.get("items"), list) or not _is_feed(data):
        return ParsedFeed(fault="this is no feed: it is JSON, but no JSON Feed")
    items = [item for item in data["items"] if isinstance(item, dict)]
    feed = ParsedFeed(
        title=line(_text(data.get("title"))),
        link=absolute(_text(data.get("home_page_url")), url),
        language=language_of(_text(data.get("language"))),
        kind=Kind.FEED,
        cut_off=len(items) > MOST_ENTRIES,
        hub=_hub(data.get("hubs"), url),
        self_url=absolute(_text(data.get("feed_url")), url),
    )
    try:
        return _with_items(feed, newest(items, _date_of), url, known or {})
    except RecursionError:
        return ParsedFeed(fault="this is no feed: its JSON is nested too deep")


def _with_items(
    feed: ParsedFeed, items: Sequence[dict[str, Any]], url: str, known: Mapping[str, Any]
) -> ParsedFeed:
    """The feed with the entries of those items that are not known. Each is read for itself anyway."""
    pieces, entries = [], []
    written = (json.dumps(item).encode() for item in items)
    hashes = piece_hashes(written, b"", (url, feed.link, feed.language))
    for item, digest in zip(items, hashes, strict=True):
        mark = known_marks(known, digest)
        if mark is None and (entry := read_item(item, url)) is not None:
            entries.append(entry)
            mark = marks(entry, feed.link or url)
        pieces.append(Piece(digest, *(mark or ())))
    return replace(feed, entries=tuple(entries), pieces=tuple(pieces))


def _hub(hubs: Any, url: str) -> str | None:
    """The first hub that speaks WebSub; rssCloud and others are not spoken here."""
    for hub in hubs[:_MOST_HUBS] if isinstance(hubs, list) else ():
        kind = (_text(hub.get("type")) or "").lower() if isinstance(hub, dict) else ""
        if kind in {"websub", "pubsubhubbub"} and (found := absolute(_text(hub.get("url")), url)):
            return found
    return None


def _is_feed(data: dict[str, Any]) -> bool:
    """The version is required; many leave it out, and then the items must look like a feed's."""
    if "jsonfeed.org/version" in (_text(data.get("version")) or ""):
        return True
    first = next((item for item in data["items"] if isinstance(item, dict)), {})
    return any(name in first for name in ("content_html", "content_text", "date_published"))


def read_item(item: dict[str, Any], url: str) -> ParsedEntry | None:
    """What an item says; None where it has neither address nor title nor text."""
    guid = _guid(item.get("id"))
    link = absolute(_text(item.get("url")), url)
    external = absolute(_text(item.get("external_url")), url)
    link = link or external or (absolute(guid) if guid else None)
    html, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    body = read_markup(html, link or url)
    text = body.text or "\n\n".join(paragraphs((plain or "")[:MAX_HTML])) or None
    title = line(_text(item.get("title")))
    if not (link or title or text or body.html):
        return None
    return ParsedEntry(
        guid=guid,
        link=link,
        title=title,
        summary_html=line(_text(item.get("summary")), 20_000),
        content_html=body.html,
        content_text=text,
        authors=_authors(item, url),
        categories=labels_of(tag for tag in _list(item.get("tags")) if isinstance(tag, str)),
        language=language_of(_text(item.get("language"))),
        published=line(_text(item.get("date_published")), 200),
        updated=line(_text(item.get("date_modified")), 200),
        photos=(*_photos(item, url), *body.photos),
        enclosures=_enclosures(item, url),
        provenance={"title": "feed", "content_text": "feed", "published": "feed"},
    )


def _date_of(item: dict[str, Any]) -> str | None:
    return _text(item.get("date_published")) or _text(item.get("date_modified"))


def _integer(digits: str) -> int | None:
    """An integer of a size that means something; Python refuses, and slowly, those of many digits."""
    return int(digits) if len(digits) < 19 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> list[Any]:
    return value[:200] if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [part for part in _list(value) if isinstance(part, dict)]


def _guid(value: Any) -> str | None:
    """The id, which 1.1 section "Items" lets publishers write as a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return short_guid(str(value) if is_number else value)


def _authors(item: dict[str, Any], url: str) -> tuple[Author, ...]:
    """`authors` of 1.1, else the one `author` of 1.0."""
    told = _objects(item.get("authors")) or _objects([item.get("author")])
    return merged(
        person(_text(author.get("name")), None, absolute(_text(author.get("url")), url)) for author in told
    )


def _photos(item: dict[str, Any], url: str) -> tuple[Photo, ...]:
    attached = [
        part.get("url")
        for part in _objects(item.get("attachments"))
        if (_text(part.get("mime_type")) or "").startswith("image/")
    ]
    addresses = (item.get("image"), item.get("banner_image"), *attached)
    found = dict.fromkeys(absolute(_text(address), url) for address in addresses)
    return tuple(Photo(address) for address in found if address)


def _enclosures(item: dict[str, Any], url: str) -> tuple[Enclosure, ...]:
    found = []
    for part in _objects(item.get("attachments"))[:_MOST_FILES]:
        if address := absolute(_text(part.get("url")), url):
            size = part.get("size_in_bytes")
            length = int(size) if isinstance(size, int | float) and 0 < size < 10**15 else None
            found.append(Enclosure(address, length, line(_text(part.get("mime_type")), 140)))
    return tuple(found)
