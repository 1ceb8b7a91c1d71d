"""Normalising: what a document says becomes an Entry with nothing missing that it needs."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from feedbot.model import (
    Author,
    Candidate,
    Enclosure,
    Entry,
    ParsedEntry,
    ParsedFeed,
    Photo,
    Precision,
    Related,
    Source,
)
from feedbot.rules import photo as photos
from feedbot.rules.dates import is_ambiguous, parse_date
from feedbot.rules.identity import MUCH_TEXT, Mark, document_keys, entry_id, words_of
from feedbot.rules.text import clean, cut, fold, fold_case, headline, without_direction
from feedbot.rules.urls import absolute, is_front_page, normalised, without_tracking

MAX_TITLE = 1000
MAX_SUMMARY = 300
MAX_HTML = 512 * 1024
MAX_NAME, MAX_LABEL = 200, 100
_LONGEST_LINE = 4000  # of a name or a label, before it is folded
MOST_AUTHORS, MOST_LABELS, MOST_LINKS = 20, 32, 50
_BEGINNING = 4 * MAX_SUMMARY
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis", "xx", "root"})
_BY = re.compile(r"^(?:(?:written|posted|reported)\s+)?by\s*[:=]?\s+(?=\S)", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")


def normalise(
    parsed: ParsedFeed,
    source: Source,
    url: str,
    now: datetime,
    host: str,
    *,
    by_link: bool = False,
    others: Sequence[Mark] = (),
) -> tuple[Candidate, ...]:
    """The entries of a document, oldest first, each with its keys and categories.

    `url` is where the document came from, `host` the authority of new ids (that of `base_url`). `by_link`
    and `others` are those of `document_keys`. Of several entries with one identity the newest is taken.
    """
    base = absolute(parsed.link) or url
    words_of_all = [words_of(entry) for entry in parsed.entries]
    keys_of = document_keys(parsed.entries, base, by_link=by_link, others=others, words=words_of_all)
    seen: dict[str, Candidate] = {}
    for told, keys, words in zip(parsed.entries, keys_of, words_of_all, strict=True):
        entry = _entry(told, source, base, parsed.language, now, entry_id(host, now, source.id, keys[0]))
        is_text = 0 < len(told.content_text or "") <= MUCH_TEXT
        candidate = Candidate(
            entry=entry,
            keys=keys,
            story=story_of(entry.url, told.canonical, entry.id),
            slugs=slugs_of(source, entry.categories),
            digest=digest_of(entry, words if is_text else None),
        )
        twin = seen.get(keys[0])
        if twin is None or _rank(candidate) > _rank(twin):
            seen[keys[0]] = candidate
    newest_last = reversed(seen.values())
    return tuple(sorted(newest_last, key=lambda candidate: candidate.entry.sort_at))


def _rank(candidate: Candidate) -> tuple[datetime, datetime, str]:
    """Which of two entries with one identity wins, in whatever order they stand."""
    entry = candidate.entry
    never = datetime.min.replace(tzinfo=UTC)
    return entry.updated or never, entry.published or never, candidate.digest


def _entry(
    parsed: ParsedEntry, source: Source, base: str, language: str | None, now: datetime, entry_id: str
) -> Entry:
    link = absolute(parsed.link, base)
    url = without_tracking(link) if link else None
    published, precision = _date(parsed.published, parsed.published_parsed, source.timezone)
    updated, updated_precision = _date(parsed.updated, parsed.updated_parsed, source.timezone)
    if published is None and updated is not None:
        published, precision, updated = updated, updated_precision, None
    text = _text(parsed.content_text)
    found = photos.tidy(parsed.photos, url or base)
    return Entry(
        id=entry_id,
        url=url,
        title=_title(parsed.title, text, url or base),
        summary=summary_of(parsed.summary_html, text),
        content_html=_html(parsed.content_html) or text_as_html(text),
        content_text=text,
        authors=_authors(parsed.authors),
        categories=_labels(parsed.categories),
        language=language_of(source.language, parsed.language, language),
        published=published,
        published_precision=precision,
        updated=updated,
        first_seen=now.astimezone(UTC).replace(microsecond=0),
        photo=photos.lead(found),
        photos=_lead_first(found),
        enclosures=_enclosures(parsed.enclosures, url or base),
        related=_related(parsed.related, url or base),
        source_id=source.id,
        provenance=dict(parsed.provenance),
    )


def story_of(url: str | None, canonical: str | None, entry_id: str) -> str:
    """By what a story is known in every source: its canonical address, else its own, else its id.

    The address of a site's front page says nothing: templates and feeds name it for every article.
    """
    own = absolute(canonical, url)
    if own is None or is_front_page(own):
        own = url
    return normalised(own) if own and not is_front_page(own) else entry_id


def merge(entry: Entry, page: ParsedEntry, source: Source, url: str, zone: str) -> Entry:
    """The feed's entry completed by its own page: the page wins each field it has, identity stays.

    A page that tells only the day does not blur a feed's time of that same day.
    """
    published, precision = _date(page.published, page.published_parsed, zone)
    if published is None or (precision is Precision.DAY and _same_day(entry, published)):
        published, precision = entry.published, entry.published_precision
    told = _text(page.content_text)
    text = told or entry.content_text
    found = photos.tidy(page.photos, url) or entry.photos
    html = _html(page.content_html) or (text_as_html(told) if told else entry.content_html)
    return replace(
        entry,
        url=entry.url or url,
        title=_title(page.title or entry.title, text, url),
        summary=summary_of(page.summary_html, None) or _whole(entry.summary, text) or summary_of(None, text),
        content_html=html,
        content_text=text,
        authors=_authors(page.authors) or entry.authors,
        categories=_labels(page.categories) or entry.categories,
        language=language_of(source.language, page.language, entry.language),
        published=published,
        published_precision=precision,
        photo=photos.lead(found),
        photos=_lead_first(found),
        enclosures=_enclosures(page.enclosures, url) or entry.enclosures,
        related=_related(page.related, url) or entry.related,
        provenance={**entry.provenance, **page.provenance},
    )


def _same_day(entry: Entry, published: datetime) -> bool:
    known = entry.published
    return known is not None and known.astimezone(published.tzinfo).date() == published.date()


def _date(text: str | None, parsed: str | None, zone: str) -> tuple[datetime | None, Precision | None]:
    read = parse_date(text, zone)
    if read is None and parsed and not is_ambiguous(text):
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
    begun = (fold(told[:_BEGINNING]) if told else "") or fold((text or "")[:_BEGINNING])
    return cut(begun, MAX_SUMMARY) or None


def _whole(summary: str | None, text: str | None) -> str | None:
    """A summary of a feed; None for the beginning of the text, cut off in the middle of a word."""
    if summary is None:
        return None
    begun = fold_case(summary.rstrip(".… []"))
    is_cut = summary.rstrip("]) ").endswith(("...", "…"))
    return None if is_cut and fold_case((text or "")[:_BEGINNING]).startswith(begun) else summary


def text_as_html(text: str | None) -> str | None:
    """Plain paragraphs as HTML."""
    parts = (escape(part, quote=False) for part in (text or "").split("\n\n") if part.strip())
    return "".join(f"<p>{part}</p>" for part in parts) or None


def _text(told: str | None) -> str | None:
    """Clean paragraphs, at most 512 kB of them."""
    return without_direction(clean((told or "")[:MAX_HTML])).strip() or None


def _html(told: str | None) -> str | None:
    """Clean HTML, at most 512 kB: what is longer ends before a tag."""
    html = clean(told or "").strip()
    if len(html) > MAX_HTML:
        html = html[: max(html.rfind("<", 0, MAX_HTML), 0) or MAX_HTML]
    return html or None


def language_of(*told: str | None) -> str | None:
    """The first of these that is a language tag (RFC 5646), in its usual case: `ko`, `pt-BR`, `zh-Hant`."""
    for text in told:
        tag = fold(text).replace("_", "-").partition(".")[0]
        if _LANGUAGE.fullmatch(tag) and tag.partition("-")[0].lower() not in _NO_LANGUAGE:
            first, *others = tag.split("-")
            return "-".join((first.lower(), *map(_subtag, others)))
    return None


def _subtag(text: str) -> str:
    return text.upper() if len(text) == 2 else text.title() if len(text) == 4 else text.lower()


def _authors(authors: Iterable[Author]) -> tuple[Author, ...]:
    """Each person once: a name without "By", an address that stands for a name told apart from it."""
    found: dict[str, Author] = {}
    for author in authors:
        name, email = _BY.sub("", fold(author.name[:_LONGEST_LINE])), fold(author.email) or None
        if address := _EMAIL.search(name):
            email = email or address[0]
            rest = (name[: address.start()] + name[address.end() :]).strip(" <>()[],;:-")
            name = rest or address[0].partition("@")[0]
        if name := cut(name, MAX_NAME, at_sentence=False):
            first = found.get(fold_case(name))
            uri = absolute(author.uri)
            found[fold_case(name)] = (
                Author(first.name, first.email or email, first.uri or uri)
                if first
                else Author(name, email, uri)
            )
    return tuple(found.values())[:MOST_AUTHORS]


def _labels(told: Iterable[str]) -> tuple[str, ...]:
    labels = {
        fold_case(label[:_LONGEST_LINE]): cut(fold(label[:_LONGEST_LINE]), MAX_LABEL, at_sentence=False)
        for label in reversed([*told])
    }
    return tuple(label for label in reversed(labels.values()) if label)[:MOST_LABELS]


def _related(related: Iterable[Related], base: str) -> tuple[Related, ...]:
    links = ((absolute(link.url, base), cut(fold(link.title), MAX_TITLE) or None) for link in related)
    found = {url: Related(url, title) for url, title in links if url}
    return tuple(found.values())[:MOST_LINKS]


def _enclosures(told: Iterable[Enclosure], base: str) -> tuple[Enclosure, ...]:
    files = ((absolute(file.url, base), file) for file in told)
    found = {url: replace(file, url=url) for url, file in files if url}
    return tuple(found.values())[:MOST_LINKS]


def _lead_first(found: tuple[Photo, ...]) -> tuple[Photo, ...]:
    lead = photos.lead(found)
    return (lead, *(photo for photo in found if photo is not lead)) if lead else ()


def slugs_of(source: Source, labels: Iterable[str]) -> tuple[str, ...]:
    """The categories of an entry: the source's own, and those its labels map to."""
    mapped = {fold_case(label): slug for label, slug in source.category_map.items()}
    found = (mapped.get(fold_case(label)) for label in labels)
    return tuple(dict.fromkeys((*source.categories, *(slug for slug in found if slug))))


def digest_of(entry: Entry, words: str | None = None) -> str:
    """What a change of an entry is measured by: title, text, link, lead photo; no date, no authors.

    Addresses count as they are compared: another session's number in one is no change. `words` is the text
    as `words_of` gives it, where that is known.
    """
    lead = entry.photo.url if entry.photo else None
    parts = (
        fold_case(entry.title),
        fold_case(entry.content_text) if words is None else words,
        normalised(entry.url) if entry.url else "",
        photos.same_picture(lead) if lead else "",
    )
    return hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:32]
