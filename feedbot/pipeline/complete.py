"""complete: entries that need their page are read again from it, and saved with what follows."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection

from feedbot.errors import FetchError, ParseError
from feedbot.model import Enclosure, Entry, ParsedEntry, Source, StoredEntry
from feedbot.net.client import Limit
from feedbot.pipeline.reading import packs_of, read_page
from feedbot.pipeline.tools import Tools
from feedbot.rules import schedule
from feedbot.rules.filters import slugs_for
from feedbot.rules.normalise import merge, story_of
from feedbot.rules.urls import is_front_page
from feedbot.store import entries, retractions, sources
from feedbot.store.entries import PageRead
from feedbot.worker import WorkerDied

PAGES_A_ROUND = 50
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class CompleteReport:
    """What asking the pages of a source did."""

    source_id: str
    completed: int = 0
    failed: int = 0
    updated: int = 0
    planned: int = 0
    retracted: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it was answered; `parsed` None: it says what it said."""

    parsed: ParsedEntry | None
    url: str
    read: PageRead


async def complete(tools: Tools, source: Source, now: datetime) -> CompleteReport:
    """Read the pages of a source's entries that wait for theirs, oldest first, and save each with what
    follows. After three failures or half an hour the feed's record goes out as it is. A page that was read
    before and is gone twice, a day apart, takes its entry with it.
    """
    report, held = CompleteReport(source.id), dict[str, FetchError]()
    for stored in await tools.store.do(entries.incomplete, source.id, now, PAGES_A_ROUND):
        host = urlsplit(stored.entry.url or "").netloc
        try:
            if host in held:
                raise held[host]
            page = await _ask(tools, source, stored)
        except (FetchError, ParseError) as error:
            if isinstance(error, FetchError) and error.status == 429:
                held[host] = error  # it speaks for its whole host
            saved = await _failed(tools, source, stored, error, now)
            report = replace(report, failed=report.failed + 1, error=str(error))
        else:
            saved = await _save(tools, source, stored, page, now)
            report = replace(report, completed=report.completed + 1)
        report = replace(
            report,
            updated=report.updated + saved.updated,
            planned=report.planned + saved.planned,
            retracted=report.retracted + saved.retracted,
        )
    return report


async def _failed(
    tools: Tools, source: Source, stored: StoredEntry, error: FetchError | ParseError, now: datetime
) -> entries.Saved:
    if stored.page_hash and isinstance(error, FetchError) and error.status in _GONE:
        gone = await tools.store.do(retractions.page_gone, stored, str(error), now)
        return entries.Saved(retracted=int(gone))
    if isinstance(error, ParseError) and not stored.retracted_at:  # it is there, whatever it says
        stored = replace(stored, missing_since=None)
    status, wait = (error.status, error.retry_after) if isinstance(error, FetchError) else (None, None)
    first_seen, rest = stored.entry.first_seen, schedule.asked_rest(status, wait)
    again = schedule.next_page_attempt(stored.page_failures + 1, first_seen, now, rest)
    give_up = again is None or isinstance(error, WorkerDied)  # it would only kill the next worker too
    if give_up:
        again = schedule.next_page_visit(first_seen, now + rest, stored.missing_since)
    url = stored.entry.url

    def save(connection: Connection) -> entries.Saved:
        saved = entries.page_failed(connection, stored, str(error), again, now, give_up=give_up)
        if status == 429 and url is not None and tools.client.is_public(url):
            sources.hold_host(connection, url, now + rest, f"429 of its host, to a page of {source.id}")
        return saved

    return await tools.store.do(save)


async def _ask(tools: Tools, source: Source, stored: StoredEntry) -> _Page:
    """The page of an entry, asked conditionally where it was read before. Raises FetchError, ParseError."""
    url = stored.entry.url
    if url is None:
        return _Page(None, "", PageRead())
    document = await tools.client.get(
        url,
        limit=Limit.PAGE,
        validators=stored.page_validators if stored.ready else None,
        headers=source.headers,
        verify_tls=source.verify_tls,
        robots=True,
        whose=f"pages of {source.id}",
    )
    if is_front_page(document.url) and not is_front_page(url):  # so sites answer for what they deleted
        raise FetchError(f"{url}: leads to the front page, which is no article")
    if document.status == 304:
        return _Page(None, document.url, PageRead(document.validators, stored.page_hash))
    read = PageRead(document.validators, hashlib.sha256(document.body).hexdigest())
    if stored.ready and read.hash == stored.page_hash:
        return _Page(None, document.url, read)
    packs = packs_of(tools.readers, source, document.url)
    parsed = await read_page(tools.readers, document, packs, whose=f"pages of {source.id}")
    return _Page(parsed, document.url, read)


async def _save(
    tools: Tools, source: Source, stored: StoredEntry, page: _Page, now: datetime
) -> entries.Saved:
    entry, canonical = stored.entry, None
    if page.parsed is not None:
        entry = merge(entry, page.parsed, source, page.url, zone_of(tools, source, page.url))
        canonical = page.parsed.canonical
    entry = await _with_photo_facts(tools, entry, now)
    is_own = stored.story == entry.id and stored.entry.url is not None  # its link tells no story
    story = entry.id if is_own else story_of(entry.url, canonical, entry.id)
    slugs = slugs_for(entry, source, tools.rules)
    again = schedule.next_page_visit(entry.first_seen, now) if entry.url else None
    return await tools.store.do(entries.save_completed, stored, entry, story, slugs, page.read, again, now)


def zone_of(tools: Tools, source: Source, url: str) -> str:
    """The zone of a page's dates: that of the site's rule pack, else the source's."""
    packs = packs_of(tools.readers, source, url)
    return packs[0].timezone if len(packs) == 1 and packs[0].timezone else source.timezone


async def _with_photo_facts(tools: Tools, entry: Entry, now: datetime) -> Entry:
    """The entry with type and size of its lead photo, which is its enclosure too (RFC 4287 4.2.7.2)."""
    lead = entry.photo
    if lead is None or lead.url is None:
        return entry
    file = await tools.photos.get(lead.url, now)
    if file.hash is None:
        return entry
    known = replace(lead, type=file.type, width=file.width, height=file.height)
    others = tuple(enclosure for enclosure in entry.enclosures if enclosure.url != lead.url)
    return replace(
        entry,
        photo=known,
        photos=tuple(known if photo == lead else photo for photo in entry.photos),
        enclosures=(Enclosure(lead.url, file.length, file.type), *others),
    )
