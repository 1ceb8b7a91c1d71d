"""Normalising: what a document says becomes an Entry with nothing missing that it needs."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from feedbot.model import Author, Candidate, Entry, ParsedEntry, ParsedFeed, Photo, Precision, Related, Source
from feedbot.rules import photo as photos
from feedbot.rules.dates import parse_date
from feedbot.rules.identity import document_keys, entry_id
from feedbot.rules.text import clean, cut, fold, fold_case, headline
from feedbot.rules.urls import absolute, normalised, without_tracking

MAX_TITLE = 1000
MAX_SUMMARY = 300


def normalise(
    parsed: ParsedFeed, source: Source, url: str, now: datetime, host: str
) -> tuple[Candidate, ...]:
    """The entries of a document, oldest first, each with its keys and categories.

    `url` is where the document came from, `host` the authority of new ids (that of `base_url`).
    """
    base = absolute(parsed.link) or url
    keys_of = document_keys(parsed.entries, base)
    seen: dict[str, Candidate] = {}
    for entry, keys in zip(parsed.entries, keys_of, strict=True):
        if keys[0] not in seen:
            seen[keys[0]] = _candidate(entry, keys, source, base, parsed.language, now, host)
    newest_last = reversed(seen.values())
    return tuple(sorted(newest_last, key=lambda candidate: candidate.entry.sort_at))


def _candidate(
    parsed: ParsedEntry,
    keys: tuple[str, ...],
    source: Source,
    base: str,
    language: str | None,
    now: datetime,
    host: str,
) -> Candidate:
    link = absolute(parsed.link, base)
    url = without_tracking(link) if link else None
    published, precision = _date(parsed.published, parsed.published_parsed, source.timezone)
    updated, updated_precision = _date(parsed.updated, parsed.updated_parsed, source.timezone)
    if published is None and updated is not None:
        published, precision, updated = updated, updated_precision, None
    text = clean(parsed.content_text or "").strip() or None
    found = photos.tidy(parsed.photos, url or base)
    entry = Entry(
        id=entry_id(host, now, source.id, keys[0]),
        url=url,
        title=_title(parsed.title, text, url or base),
        summary=summary_of(parsed.summary_html, text),
        content_html=clean(parsed.content_html) if parsed.content_html else text_as_html(text),
        content_text=text,
        authors=_authors(parsed.authors),
        categories=tuple(filter(None, map(fold, parsed.categories))),
        language=source.language or parsed.language or language,
        published=published,
        published_precision=precision,
        updated=updated,
        first_seen=now.astimezone(UTC).replace(microsecond=0),
        photo=photos.lead(found),
        photos=_lead_first(found),
        enclosures=parsed.enclosures,
        related=_related(parsed.related, url or base),
        source_id=source.id,
        provenance=dict(parsed.provenance),
    )
    return Candidate(
        entry=entry,
        keys=keys,
        story=normalised(url) if url else entry.id,
        slugs=slugs_of(source, entry.categories),
        digest=digest_of(entry),
    )


def merge(entry: Entry, page: ParsedEntry, source: Source, url: str, zone: str) -> Entry:
    """The feed's entry completed by its own page: the page wins each field it has, identity stays.

    A page that tells only the day does not blur a feed's time of that same day.
    """
    published, precision = _date(page.published, page.published_parsed, zone)
    if published is None or (precision is Precision.DAY and _same_day(entry, published)):
        published, precision = entry.published, entry.published_precision
    text = clean(page.content_text or "").strip() or entry.content_text
    found = photos.tidy(page.photos, url) or entry.photos
    html = page.content_html or (text_as_html(text) if page.content_text else entry.content_html)
    return replace(
        entry,
        url=entry.url or url,
        title=_title(page.title or entry.title, text, url),
        summary=summary_of(page.summary_html, None) or entry.summary or summary_of(None, text),
        content_html=clean(html or "") or None,
        content_text=text,
        authors=_authors(page.authors) or entry.authors,
        categories=tuple(filter(None, map(fold, page.categories))) or entry.categories,
        language=source.language or entry.language or page.language,
        published=published,
        published_precision=precision,
        photo=photos.lead(found),
        photos=_lead_first(found),
        related=_related(page.related, url) or entry.related,
        provenance={**entry.provenance, **page.provenance},
    )


def _same_day(entry: Entry, published: datetime) -> bool:
    known = entry.published
    return known is not None and known.astimezone(published.tzinfo).date() == published.date()


def _date(text: str | None, parsed: str | None, zone: str) -> tuple[datetime | None, Precision | None]:
    read = parse_date(text, zone)
    if read is None and parsed:
        read = parse_date(parsed, "UTC")
    return read or (None, None)


def _title(title: str | None, text: str | None, url: str) -> str:
    folded = fold(title)
    if folded:
        return cut(folded, MAX_TITLE, at_sentence=False)
    first = next(iter((text or "").split("\n\n")), "")
    return headline(first) or urlsplit(url).hostname or "Untitled"


def summary_of(told: str | None, text: str | None) -> str | None:
    """The source's own summary, else the beginning of the text, cut at a sentence."""
    return cut(fold(told) or fold(text), MAX_SUMMARY) or None


def text_as_html(text: str | None) -> str | None:
    """Plain paragraphs as HTML."""
    parts = (escape(part, quote=False) for part in (text or "").split("\n\n") if part.strip())
    return "".join(f"<p>{part}</p>" for part in parts) or None


def _authors(authors: Iterable[Author]) -> tuple[Author, ...]:
    named = (Author(fold(author.name), fold(author.email) or None, author.uri) for author in authors)
    return tuple(dict.fromkeys(author for author in named if author.name))


def _related(related: Iterable[Related], base: str) -> tuple[Related, ...]:
    links = ((absolute(link.url, base), fold(link.title) or None) for link in related)
    return tuple(Related(url, title) for url, title in links if url)


def _lead_first(found: tuple[Photo, ...]) -> tuple[Photo, ...]:
    lead = photos.lead(found)
    return (lead, *(photo for photo in found if photo is not lead)) if lead else ()


def slugs_of(source: Source, labels: Iterable[str]) -> tuple[str, ...]:
    """The categories of an entry: the source's own, and those its labels map to."""
    mapped = {fold_case(label): slug for label, slug in source.category_map.items()}
    found = (mapped.get(fold_case(label)) for label in labels)
    return tuple(dict.fromkeys((*source.categories, *(slug for slug in found if slug))))


def digest_of(entry: Entry) -> str:
    """What a change of an entry is measured by: title, text, link, lead photo; no date, no authors."""
    lead = entry.photo.url if entry.photo else None
    parts = (fold_case(entry.title), fold_case(entry.content_text), entry.url or "", lead or "")
    return hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:32]
