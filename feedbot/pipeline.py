"""The steps: poll, complete, publish, deliver. Read this first.

No step calls another; what one leaves in the store the next one finds there. Each returns a report, with
what the world may do (a dead site, a blocked bot) in it; an exception is a surprise.
"""

import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from feedbot.errors import FetchError, ParseError
from feedbot.model import (
    Delivery,
    Document,
    Enclosure,
    Entry,
    Kind,
    ParsedEntry,
    ParsedFeed,
    Source,
    SourceState,
    StoredEntry,
)
from feedbot.net.client import Client, Limit
from feedbot.publish.site import PublishReport, Site
from feedbot.rules import schedule
from feedbot.rules.changes import find_changes
from feedbot.rules.delivery import BotStopped, Outcome, RetryAfter, Sent
from feedbot.rules.normalise import merge, normalise, slugs_of
from feedbot.rules.urls import normalised
from feedbot.sources.folder import list_folder, read_document
from feedbot.sources.pack import Packs, pack_data
from feedbot.sources.packs import page_packs
from feedbot.sources.read import READ_FILE, READ_PAGE, READ_SOURCE
from feedbot.store import Store, deliveries, entries, outcomes, photos, sources
from feedbot.telegram.message import compose
from feedbot.telegram.photos import Photos
from feedbot.telegram.send import Attempt, Picture, Sender
from feedbot.worker import Worker

PAGES_A_ROUND = 50
_PARSED_FEED = TypeAdapter(ParsedFeed)
_PARSED_ENTRY = TypeAdapter(ParsedEntry)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps work with. `authority` names the ids of new entries: the host of `base_url`."""

    store: Store
    client: Client
    worker: Worker
    packs: Packs
    authority: str
    photos: Photos
    site: Site


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a poll did. `status`: 200, 304 or that of the refusal; 0 where there was none."""

    source_id: str
    status: int = 0
    error: str | None = None
    new: int = 0
    updated: int = 0
    planned: int = 0


async def poll(tools: Tools, source: Source, now: datetime, *, jitter: float) -> PollReport:
    """Fetch one source and remember what is new."""
    found = await tools.store.do(sources.get_source, source.id)
    if found is None:
        return PollReport(source.id, error="no such source")
    state = found[1]
    interval = schedule.base_interval(source.interval, public=tools.client.is_public(source.url))
    try:
        document, parsed, body_hash = await _read_source(tools, source, state)
    except (FetchError, ParseError) as error:
        status = error.status if isinstance(error, FetchError) and error.status else 0
        retry_after = error.retry_after if isinstance(error, FetchError) else None
        after = schedule.after_failure(state, str(error), now, interval, jitter, retry_after)
        await tools.store.do(sources.save_state, after)
        return PollReport(source.id, status, str(error))
    after = schedule.after_success(state, document, body_hash, now, interval, jitter)
    if parsed is None:
        await tools.store.do(sources.save_state, after)
        return PollReport(source.id, document.status)
    candidates = normalise(parsed, source, document.url, now, tools.authority)
    keys = [key for candidate in candidates for key in candidate.keys]
    known = await tools.store.do(entries.known, source.id, keys)
    newest = await tools.store.do(entries.newest_known, source.id)
    changes = find_changes(candidates, known, state, newest, now)
    saved = await tools.store.do(entries.save_poll, source, changes, after, now)
    return PollReport(source.id, document.status, None, saved.new, saved.updated, saved.planned)


async def _read_source(
    tools: Tools, source: Source, state: SourceState
) -> tuple[Document, ParsedFeed | None, str | None]:
    """The document of a source, what it says (None: the same as last time), and the hash of its body."""
    if source.kind is Kind.FILES:
        return await _read_folder(tools, source, state)
    document = await tools.client.get(
        source.url,
        limit=Limit.FEED,
        validators=state.validators,
        headers=source.headers,
        verify_tls=source.verify_tls,
    )
    if document.status == 304:
        return document, None, None
    body_hash = hashlib.sha256(document.body).hexdigest()
    if body_hash == state.body_hash:
        return document, None, body_hash
    pack = pack_data(tools.packs.get(source.site, f"source {source.id}")) if source.site else None
    answer = await tools.worker.run(
        READ_SOURCE,
        document.body,
        url=document.url,
        kind=source.kind.value if source.kind else None,
        content_type=document.content_type,
        charset=document.charset,
        pack=pack,
    )
    return document, _checked(answer.value, document.url), body_hash


def _checked(value: Any, where: str) -> ParsedFeed:
    parsed = _PARSED_FEED.validate_python(value)
    if parsed.fault:
        raise ParseError(f"{where}: {parsed.fault}")
    return parsed


async def _read_folder(
    tools: Tools, source: Source, state: SourceState
) -> tuple[Document, ParsedFeed | None, str | None]:
    folder = Path(source.url)
    listing = list_folder(folder)
    document = Document(folder.as_uri(), 200, b"")
    if listing.hash == state.body_hash:
        return document, None, listing.hash
    read = [await read_path(tools, path, source.site) for path in listing.files]
    found = tuple(entry for parsed in read for entry in parsed.entries)
    faults = [f"{path.name}: {one.fault}" for path, one in zip(listing.files, read, strict=True) if one.fault]
    if faults and not found:
        raise ParseError(f"{folder}: {faults[0]}")
    return document, ParsedFeed(entries=found), listing.hash


async def read_path(tools: Tools, path: Path, site: str | None) -> ParsedFeed:
    """What one file says; a broken one comes back with its fault and costs nothing but itself."""
    packs = [pack_data(pack) for pack in page_packs(tools.packs, site, None)]
    try:
        body = read_document(path)
        answer = await tools.worker.run(READ_FILE, body, url=path.as_uri(), name=path.name, packs=packs)
    except (FetchError, ParseError) as error:
        return ParsedFeed(fault=str(error))
    return _PARSED_FEED.validate_python(answer.value)


@dataclass(frozen=True, slots=True)
class CompleteReport:
    """What asking the pages of a source did."""

    source_id: str
    completed: int = 0
    failed: int = 0
    updated: int = 0
    planned: int = 0
    error: str | None = None


async def complete(tools: Tools, source: Source, now: datetime) -> CompleteReport:
    """Read the pages of a source's entries that wait for theirs, oldest first, and save each with what
    follows. After three failures or half an hour the feed's record goes out as it is.
    """
    report = CompleteReport(source.id)
    for stored in await tools.store.do(entries.incomplete, source.id, now, PAGES_A_ROUND):
        try:
            entry = await read_entry(tools, source, stored.entry, now)
        except (FetchError, ParseError) as error:
            failures = stored.page_failures + 1
            again = schedule.next_page_attempt(failures, stored.entry.first_seen, now)
            saved = await tools.store.do(entries.page_failed, stored, str(error), again, now)
            report = replace(report, failed=report.failed + 1, error=str(error))
        else:
            story = normalised(entry.url) if entry.url else entry.id
            slugs = slugs_of(source, entry.categories)
            saved = await tools.store.do(entries.save_completed, stored, entry, story, slugs, now)
            report = replace(report, completed=report.completed + 1)
        report = replace(
            report, updated=report.updated + saved.updated, planned=report.planned + saved.planned
        )
    return report


async def read_entry(tools: Tools, source: Source, entry: Entry, now: datetime) -> Entry:
    """An entry completed by its page, with what its lead photo is. Raises FetchError or ParseError."""
    if entry.url is None:
        return await _with_photo_facts(tools, entry, now)
    document = await tools.client.get(
        entry.url, limit=Limit.PAGE, headers=source.headers, verify_tls=source.verify_tls
    )
    packs = page_packs(tools.packs, source.site, urlsplit(document.url).hostname)
    answer = await tools.worker.run(
        READ_PAGE,
        document.body,
        url=document.url,
        charset=document.charset,
        packs=[pack_data(pack) for pack in packs],
    )
    page = _PARSED_ENTRY.validate_python(answer.value)
    if not (page.content_text or page.photos):
        raise ParseError(f"{document.url}: no article text found by rule pack {packs[-1].name}")
    zone = packs[0].timezone if len(packs) == 1 and packs[0].timezone else source.timezone
    return await _with_photo_facts(tools, merge(entry, page, source, document.url, zone), now)


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


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of one message."""

    delivery: Delivery
    title: str
    outcome: Outcome
    photo_fault: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message is out."""
        return isinstance(self.outcome, Sent)

    @property
    def flood(self) -> timedelta | None:
        """How long Telegram asked to wait, if it did."""
        return self.outcome.wait if isinstance(self.outcome, RetryAfter) and self.outcome.flood else None

    @property
    def stopped(self) -> bool:
        """Whether the bot must stop: its token is refused."""
        return isinstance(self.outcome, BotStopped)


async def deliver(
    tools: Tools, sender: Sender, chat: str, now: datetime, *, jitter: float
) -> DeliverReport | None:
    """Send the first message of a chat, if it is due. None: there was nothing to send."""
    delivery = await tools.store.do(deliveries.head, chat, now)
    if delivery is None:
        return None
    stored = await tools.store.do(entries.get_entry, delivery.entry_row)
    if stored is None:
        return None
    bot = sender.bot_id
    async with AsyncExitStack() as held:
        lead = stored.entry.photo
        picture = await tools.photos.picture(lead.url, bot, now) if lead and lead.url else None
        if picture and picture.file_id is None:
            await held.enter_async_context(sender.upload_lock(picture.hash))
            picture = replace(picture, file_id=await tools.photos.known_upload(picture, bot))
        if not await tools.store.do(deliveries.claim, delivery, now, bot):
            return None
        attempt = await _attempt(tools, sender, delivery, stored, picture, jitter)
        await tools.store.do(_record, delivery, attempt, bot, picture.hash if picture else "", now)
    return DeliverReport(delivery, stored.entry.title, attempt.outcome, attempt.photo_fault)


async def _attempt(
    tools: Tools,
    sender: Sender,
    delivery: Delivery,
    stored: StoredEntry,
    picture: Picture | None,
    jitter: float,
) -> Attempt:
    known = tools.site.categories
    titles = {slug: known[slug].title for slug in stored.slugs if slug in known}
    language = delivery.language or stored.entry.language or "en"
    with_photo, without = (
        compose(stored.entry, titles, photo=photo, language=language, silent=delivery.silent)
        for photo in (True, False)
    )
    return await sender.send(
        delivery.address, with_photo, without, picture, attempts=delivery.attempts, jitter=jitter
    )


def _record(
    connection: Any, delivery: Delivery, attempt: Attempt, bot: str, content: str, now: datetime
) -> None:
    if attempt.dead or attempt.file_id:
        photos.save_file_id(connection, bot, content, attempt.file_id)
    outcomes.record(connection, delivery, attempt.outcome, now)


async def publish(tools: Tools, slug: str) -> PublishReport:
    """Write the feed of a category as its entries are now; equal bytes are not written again."""
    return await tools.site.write_feed(slug)


async def publish_index(tools: Tools, now: datetime) -> None:
    """Write the pages that list the feeds; after the feeds, so that what they name is there."""
    await tools.site.write_index(now)
