"""One round of everything, for `feedbot once`: updates, polls, pages, feeds, messages."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from telegram.error import TelegramError

from feedbot.errors import FeedbotError
from feedbot.jobs.local import jitter
from feedbot.jobs.observe import Observer
from feedbot.jobs.sending import Lane
from feedbot.jobs.websub import WebSub
from feedbot.model import Source, SourceState
from feedbot.pipeline import PollReport, Tools, complete, poll, publish, publish_index, take_in, tidy
from feedbot.store import deliveries, entries, feeds, sources, subscriptions

T = TypeVar("T")
_AT_A_TIME = 64  # most wait for a slow server, as in the daemon
_HUB_SECONDS = 10.0  # for telling hub and subscribers of what changed


@dataclass(slots=True)
class Round:
    """What a round did, in the words of the contract."""

    polled: int = 0
    failed: int = 0
    new: int = 0
    updated: int = 0
    published: int = 0
    delivered: int = 0
    pending: int = 0
    unknown: int = 0
    updates: int = 0
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Crew:
    """What a round works with. `take_updates` takes what people wrote and counts it; `progress` is told each
    step: its name, how much is done, of how much.
    """

    tools: Tools
    known: dict[str, Source]
    observer: Observer
    lane: Lane | None
    take_updates: Callable[[], Awaitable[int]] | None
    progress: Callable[[str, int, int], None]


async def run_round(crew: Crew, at: datetime, deliver_seconds: float) -> Round:
    """Do everything that is due at that time, in the order of the flow."""
    done = Round()
    if crew.take_updates:
        done.updates = await _take_updates(crew, crew.take_updates)
    reports = await _poll_due(crew, at)
    done.polled, done.failed = len(reports), sum(1 for report in reports if report.error)
    done.new, done.updated = sum(report.new for report in reports), sum(report.updated for report in reports)
    done.updated += await _complete_due(crew, at)
    await crew.tools.store.do(subscriptions.plan_latest, at)
    done.published = await _publish_changed(crew, at)
    if crew.lane:
        crew.progress("deliver", 0, 1)
        loop = asyncio.get_running_loop()
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
        ):  # the calls in flight end; all else is safe to break off
            loop.add_signal_handler(number, crew.lane.end)
        await crew.lane.run_until_idle(deliver_seconds)
        await crew.lane.stop(30.0)
        done.delivered = crew.lane.delivered
    counts = await crew.tools.store.do(deliveries.counts)
    done.pending, done.unknown = counts["pending"], counts["unknown"]
    done.sources = await _sources(crew, reports)
    return done


async def _take_updates(crew: Crew, take: Callable[[], Awaitable[int]]) -> int:
    crew.progress("updates", 0, 1)
    taken = 0
    try:
        while count := await take():
            taken += count
    except TelegramError as error:
        crew.observer.warn("updates failed", error=str(error))
    return taken


async def _poll_due(crew: Crew, at: datetime) -> list[PollReport]:
    due = await crew.tools.store.do(sources.due_sources, at)
    states = {state.source_id: state for _, state in due}
    wanted = [crew.known.get(one.id, one) for one, _ in due]
    return await _each("poll", wanted, lambda source: _poll(crew, source, states[source.id], at), crew)


async def _poll(crew: Crew, source: Source, state: SourceState, at: datetime) -> PollReport:
    started = time.monotonic()
    report = PollReport(source.id, error="an unforeseen error; see the log")

    async def step() -> None:
        nonlocal report
        report = await poll(crew.tools, source, state, at, jitter=jitter())

    await crew.observer.guarded(f"poll:{source.id}", step)
    crew.observer.polled(report, time.monotonic() - started)
    return report


async def _complete_due(crew: Crew, at: datetime) -> int:
    waiting = await crew.tools.store.do(entries.waiting_sources, at)
    due = [crew.known.get(one.id, one) for one in waiting]
    return sum(await _each("complete", due, lambda source: _complete(crew, source, at), crew))


async def _complete(crew: Crew, source: Source, at: datetime) -> int:
    updated = 0

    async def step() -> None:
        nonlocal updated
        started = time.monotonic()
        report = await complete(crew.tools, source, at)
        crew.observer.completed(report, time.monotonic() - started)
        updated = report.updated

    await crew.observer.guarded(f"complete:{source.id}", step)
    return updated


async def _each(
    name: str, items: Sequence[Source], step: Callable[[Source], Awaitable[T]], crew: Crew
) -> list[T]:
    room, finished = asyncio.Semaphore(_AT_A_TIME), 0

    async def one(source: Source) -> T:
        nonlocal finished
        async with room:
            result = await step(source)
        finished += 1
        crew.progress(name, finished, len(items))
        return result

    return await asyncio.gather(*(one(source) for source in items))


async def _publish_changed(crew: Crew, at: datetime) -> int:
    """The feeds that changed; of those of categories, how many are others than before."""
    written, site = 0, crew.tools.site
    await take_in(crew.tools, at)
    for feed in await crew.tools.store.do(feeds.changed_feeds):
        is_more = site.press.publishes(feed.slug)
        while is_more:
            report = await publish(crew.tools, feed.slug)
            crew.observer.publication(report, 0.0)
            written += report.written and feed.slug in site.categories
            is_more = report.more
    try:
        await tidy(crew.tools)
        await publish_index(crew.tools)
    except FeedbotError as error:
        crew.observer.unwritten(error)
    await WebSub(crew.tools, crew.observer, lambda: at, jitter).run_until_idle(_HUB_SECONDS)
    return written


async def _sources(crew: Crew, reports: Sequence[PollReport]) -> dict[str, dict[str, Any]]:
    told = {report.source_id: report for report in reports}
    found = {}
    for source, state, paused in await crew.tools.store.do(sources.all_sources):
        report = told.get(source.id)
        status = report.status if report else None
        next_poll = state.next_poll.isoformat() if state.next_poll and not paused else None
        found[source.id] = {"status": status, "error": state.error, "next_poll": next_poll}
    return found
