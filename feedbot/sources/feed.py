"""RSS and Atom in all their versions, by feedparser; what it gets wrong is put right here."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import feedparser

from feedbot.model import Author, Enclosure, ParsedEntry, ParsedFeed, Photo
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute
from feedbot.sources.markup import read_markup
from feedbot.sources.page import plain

if TYPE_CHECKING:
    from time import struct_time

MOST_ENTRIES = 1000
_LONGEST = {"title": 1000, "author": 200, "category": 100, "guid": 4000}
_DECLARED_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)


def parse_feed(body: bytes, url: str, content_type: str | None) -> ParsedFeed:
    """Read a feed. `url` is the address it came from, the base of its relative links.

    `fault` is set for a document that is no feed; broken ones give the entries that can be read.
    Entity declarations are refused: nested ones cost feedparser seconds of CPU (shared facts).
    """
    if not body.strip():
        return ParsedFeed(fault="the document is empty")
    if _declares_entities(body):
        return ParsedFeed(fault="the document declares entities of its own, which feedbot does not expand")
    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    read = feedparser.parse(body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    version = read.get("version") or ""
    items = read.get("entries") or []
    if not version and not items:
        return ParsedFeed(fault="this is no feed" + (": it is an HTML page" if _is_html(body) else ""))
    head = read.get("feed") or {}
    link = absolute(head.get("link"), url)
    return ParsedFeed(
        title=_line(head.get("title"), "title"),
        link=link,
        language=_language(head.get("language")),
        ttl=_ttl(head.get("ttl")),
        entries=tuple(_entry(item, url) for item in items[:MOST_ENTRIES]),
    )


def _declares_entities(body: bytes) -> bool:
    prolog = body[:4096]
    encoding = (
        "utf-16"
        if prolog[:2] in {b"\xff\xfe", b"\xfe\xff"}
        else "utf-16-le"
        if b"<\0" in prolog[:4]
        else "latin-1"
    )
    if prolog[:4] == b"\0<\0?":
        encoding = "utf-16-be"
    return _DECLARED_ENTITY.search(prolog.decode(encoding, errors="ignore")) is not None


def _is_html(body: bytes) -> bool:
    start = body[:2048].lower()
    return b"<html" in start or b"<!doctype html" in start


def _line(value: Any, kind: str) -> str | None:
    text = str(value) if value else ""
    return (plain(text) if re.search(r"[<&]", text) else fold(text))[: _LONGEST[kind]] or None


def _language(value: Any) -> str | None:
    text = fold(str(value or "")).replace("_", "-")
    return text if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", text) else None


def _ttl(value: Any) -> timedelta | None:
    text = str(value or "").strip()
    return timedelta(minutes=int(text)) if text.isdigit() and 0 < int(text) < 1_000_000 else None


def _entry(item: Any, url: str) -> ParsedEntry:
    link = _link(item)
    base = absolute(_base(item), url) or url
    content, summary = _texts(item)
    body = read_markup(content or summary, absolute(link, base) or base)
    told_apart = content is not None and summary is not None and content != summary
    teaser = read_markup(summary, base).text if told_apart else None
    media = _media_photos(item)
    photos = (*media, *_enclosed_photos(item), *body.photos)
    return ParsedEntry(
        guid=(item.get("id") or "")[: _LONGEST["guid"]].strip() or None,
        link=absolute(link, base) or link,
        title=_line(item.get("title"), "title"),
        summary_html=teaser,
        content_html=body.html,
        content_text=body.text,
        authors=_authors(item),
        categories=_categories(item),
        language=_language((item.get("title_detail") or {}).get("language")),
        published=item.get("published") or item.get("created") or None,
        published_parsed=_iso(item.get("published_parsed") or item.get("created_parsed")),
        updated=item.get("updated") or None,
        updated_parsed=_iso(item.get("updated_parsed")),
        photos=photos,
        enclosures=_enclosures(item, base),
        provenance={"title": "feed", "content_text": "feed", "published": "feed"},
    )


def _base(item: Any) -> str | None:
    for key in ("title_detail", "summary_detail"):
        if base := (item.get(key) or {}).get("base"):
            return str(base)
    return None


def _link(item: Any) -> str | None:
    """The article's address: the alternate link; a guid only where it is one (feedparser takes any)."""
    for link in item.get("links") or []:
        if link.get("rel", "alternate") == "alternate" and link.get("href"):
            return str(link["href"]).strip()
    link = item.get("link")
    if link and (link != item.get("id") or re.match(r"https?://", link)):
        return str(link).strip()
    return None


def _texts(item: Any) -> tuple[str | None, str | None]:
    """Content and summary as HTML. feedparser puts a media:description first among the contents."""
    contents = [part for part in item.get("content") or [] if part.get("value")]
    captions = {
        fold(str(part.get("content"))) for part in item.get("media_content") or [] if part.get("content")
    }
    captions |= {fold(str(item["media_description"]))} if item.get("media_description") else set()
    real = [part for part in contents if fold(part["value"]) not in captions] or contents[1:]
    summary = item.get("summary") or None
    richest = max(real, key=lambda part: len(part["value"]), default=None)
    content = str(richest["value"]) if richest else None
    if content is None and contents:
        content = str(contents[0]["value"]) if not summary else None
    return content, str(summary) if summary else None


def _authors(item: Any) -> tuple[Author, ...]:
    found = []
    for author in item.get("authors") or []:
        name, email = fold(author.get("name")), fold(author.get("email")) or None
        if "@" in name and not email:
            told, address = parseaddr(name)
            name, email = told or address.partition("@")[0], address or None
        if name or email:
            uri = absolute(author.get("href"))
            found.append(Author((name or str(email).partition("@")[0])[: _LONGEST["author"]], email, uri))
    return tuple(dict.fromkeys(found))[:20]


def _categories(item: Any) -> tuple[str, ...]:
    terms = (_line(tag.get("label") or tag.get("term"), "category") for tag in (item.get("tags") or [])[:32])
    return tuple(dict.fromkeys(term for term in terms if term))


def _iso(parsed: "struct_time | None") -> str | None:
    try:
        return datetime(*parsed[:6], tzinfo=UTC).isoformat() if parsed else None
    except (ValueError, TypeError):
        return None


def _number(value: Any) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdigit() and len(text) < 13 else None


def _media_photos(item: Any) -> list[Photo]:
    credits_ = [
        fold(part.get("content")) for part in item.get("media_credit") or [] if isinstance(part, dict)
    ]
    credit = credits_[0] if credits_ else None
    photos = []
    for part in item.get("media_content") or []:
        kind, medium, address = part.get("type") or "", part.get("medium") or "", part.get("url")
        is_image = medium == "image" or kind.startswith("image/")
        if address and (is_image or (not kind and not medium and _names_image(address))):
            sides = _number(part.get("width")), _number(part.get("height"))
            caption = item.get("media_description") if len(item["media_content"]) == 1 else None
            photos.append(Photo(address, caption and plain(caption), credit, None, *sides, kind or None))
    for part in item.get("media_thumbnail") or []:
        if part.get("url") and not photos:
            photos.append(
                Photo(
                    part["url"], None, credit, None, _number(part.get("width")), _number(part.get("height"))
                )
            )
    return photos


def _names_image(address: str) -> bool:
    return re.search(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|\?)", address, re.IGNORECASE) is not None


def _enclosed_photos(item: Any) -> list[Photo]:
    return [
        Photo(part["href"], type=part.get("type"))
        for part in item.get("enclosures") or []
        if part.get("href") and ((part.get("type") or "").startswith("image/") or _names_image(part["href"]))
    ]


def _enclosures(item: Any, base: str) -> tuple[Enclosure, ...]:
    found = []
    for part in (item.get("enclosures") or [])[:32]:
        address = absolute(part.get("href"), base)
        if address:
            found.append(Enclosure(address, _number(part.get("length")), fold(part.get("type")) or None))
    return tuple(found)
