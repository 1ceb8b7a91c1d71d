"""poll: one source is asked, and what is new is remembered in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection

from feedbot.errors import FetchError, HostBusyError, ParseError
from feedbot.model import Candidate, Kind, ParsedFeed, Piece, Source, SourceState
from feedbot.net.answer import mask
from feedbot.pipeline.apart import compute, is_long
from feedbot.pipeline.reading import PoisonError, Reading, read_source, reader_of
from feedbot.pipeline.tools import Tools
from feedbot.pipeline.websub import hub_of, remember_hub
from feedbot.rules import schedule
from feedbot.rules.changes import find_changes, flood_of, is_first_sight
from feedbot.rules.filters import slugs_for
from feedbot.rules.health import alarms, observe, observe_list
from feedbot.rules.identity import Mark, degrades, marks
from feedbot.rules.normalise import normalise
from feedbot.rules.retraction import buried
from feedbot.rules.schedule import Terms
from feedbot.rules.urls import absolute
from feedbot.store import entries, sources


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a poll did. `status`: 200, 304 or that of the refusal; 0 where there was none. `flood` counts old
    entries that came all at once and were not pushed, `stopped` says that the source is polled no more,
    `alarms` what its entries lack of late, `cut_off` that its document has more entries than are read.
    """

    source_id: str
    status: int = 0
    error: str | None = None
    new: int = 0
    updated: int = 0
    planned: int = 0
    retracted: int = 0
    flood: int = 0
    stopped: bool = False
    alarms: tuple[str, ...] = ()
    cut_off: bool = False
    moved_to: str | None = None


async def poll(
    tools: Tools, source: Source, state: SourceState, now: datetime, *, jitter: float
) -> PollReport:
    """Fetch one source and remember what is new.

    `state` is its memory as it was when it was found due: what comes of the poll is saved if it still is.
    `jitter` is 0 to 0.1: by so much it is asked later.
    """
    is_web = source.kind is not Kind.FILES
    terms = Terms(
        source.interval,
        public=is_web and tools.client.is_public(source.url),
        has_user=is_web and "@" in source.url and "@" in urlsplit(source.url).netloc,
    )
    known = partial(tools.store.do, sources.pieces_of, source.id)
    try:
        reading = await read_source(tools.readers, source, state, now, known)
    except (FetchError, ParseError) as error:
        return await _failed(tools, source, state, error, now, terms, jitter)
    per_week = await _per_week(tools, state, now) if terms.interval is None else None
    document = reading.document
    link = hub_of(document, reading.parsed) if reading.parsed else state.hub
    terms = replace(terms, pushed=True) if await remember_hub(tools, state, link, now) else terms
    after = schedule.after_success(
        state, document, reading.parsed, reading.body_hash, now, terms, jitter, per_week
    )
    found_url, reader = reading.found_url or state.found_url, reader_of(source, tools.packs)
    if (after.found_url, after.reader, after.hub) != (found_url, reader, link):
        after = replace(after, found_url=found_url, reader=reader, hub=link)
    moved = mask(after.moved_to) if after.moved_to and after.moved_to != state.moved_to else None
    report = PollReport(source.id, document.status, moved_to=moved)
    if reading.parsed is None:
        await tools.store.do(sources.save_poll_state, state, after)
        return report
    return await _remember(tools, source, state, after, reading, reading.parsed, now, report)


async def _failed(
    tools: Tools,
    source: Source,
    state: SourceState,
    error: FetchError | ParseError,
    now: datetime,
    terms: Terms,
    jitter: float,
) -> PollReport:
    known = state
    if isinstance(error, PoisonError) and error.fresh:
        known = schedule.poisoned(state, error.body_hash, now)
    status = error.status if isinstance(error, FetchError) and error.status else 0
    wait = error.retry_after if isinstance(error, FetchError) else None
    if isinstance(error, HostBusyError):
        after = schedule.put_off(known, str(error), now, terms)
    else:
        after = schedule.after_failure(known, str(error), now, terms, jitter, status=status, retry_after=wait)

    def save(connection: Connection) -> None:
        saved = sources.save_poll_state(connection, state, after)
        if saved and status == 429 and terms.public and after.next_poll is not None:
            why = f"429 of its host, to source {source.id}"
            sources.hold_host(connection, source.url, after.next_poll, why)

    await tools.store.do(save)
    return PollReport(source.id, status, str(error), stopped=after.stopped is not None)


async def _per_week(tools: Tools, state: SourceState, now: datetime) -> float | None:
    """How many entries the source brings a week, where it is time to count; never on first sight."""
    if state.last_success is None or not schedule.needs_count(state, now):
        return None
    count, oldest = await tools.store.do(sources.count_since, state.source_id, now - schedule.COUNTED)
    return schedule.rate_of(count, oldest, now)


def _read(
    tools: Tools,
    source: Source,
    state: SourceState,
    parsed: ParsedFeed,
    url: str,
    now: datetime,
    others: Sequence[Mark],
) -> tuple[bool, list[Candidate]]:
    """Whether the document's entries are told apart by their links, and what each of them is."""
    by_link = state.by_link or degrades(parsed.entries, absolute(parsed.link) or url, others)
    found = normalise(parsed, source, url, now, tools.authority, by_link=by_link, others=others)
    return by_link, [replace(one, slugs=slugs_for(one.entry, source, tools.rules)) for one in found]


async def _remember(
    tools: Tools,
    source: Source,
    state: SourceState,
    after: SourceState,
    reading: Reading,
    parsed: ParsedFeed,
    now: datetime,
    report: PollReport,
) -> PollReport:
    """Save what the document says that was not known, and the memory of the source with it."""
    url = reading.document.url
    if parsed.kind in {Kind.PAGE, Kind.SITEMAP}:
        source = replace(source, full_text=True)  # their entries are no more than links
    others = [(piece.guid, piece.link) for piece in parsed.pieces or () if piece.hash in reading.known]
    long = is_long(parsed)
    by_link, candidates = await compute(long, _read, tools, source, state, parsed, url, now, others)
    graves = buried(parsed.tombstones, now)
    keys = [*(key for candidate in candidates for key in candidate.keys), *graves]
    memory = await tools.store.do(entries.recall, source.id, keys)
    silent = state.reader not in {None, after.reader} or by_link != state.by_link
    changes = await compute(
        long,
        find_changes,
        candidates,
        memory.known,
        state,
        memory.newest,
        now,
        others=others,
        forgotten=memory.forgotten,
        graves=graves,
        silent=silent,
    )
    quiet = silent or is_first_sight(state, now)
    size = len(candidates) + len(others)
    health = observe_list(memory.health, size, now)
    if not source.complete:
        health = observe(health, (candidate.entry for candidate, _ in changes.new))
    after = replace(after, by_link=by_link)
    pieces = parsed.pieces
    if pieces is None and source.complete:  # pages are asked again while they are listed
        base = absolute(parsed.link) or url
        pieces = tuple(Piece("", *marks(entry, base)) for entry in parsed.entries)
    left = sources.Reading(health, pieces)
    saved = await tools.store.do(entries.save_poll, source, changes, state, after, now, left)
    flood = flood_of(changes, memory.newest, size, quiet=quiet)
    return replace(
        report,
        new=saved.new,
        updated=saved.updated,
        planned=saved.planned,
        retracted=saved.retracted,
        flood=flood,
        alarms=tuple(alarms(health)),
        cut_off=parsed.cut_off,
    )
