"""Running the steps in this process: a handful of ticks ask the store what is due."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from feedbot.errors import FeedbotError
from feedbot.jobs.observe import Observer
from feedbot.jobs.sending import Lane
from feedbot.jobs.turns import Turns
from feedbot.jobs.wall import Wall
from feedbot.jobs.websub import WebSub
from feedbot.model import Source, SourceState
from feedbot.pipeline import Tools, complete, poll, publish, publish_index, take_in
from feedbot.store import deliveries, entries, feeds, retention, sources, subscriptions

TICK = 1.0
_MOST_DUE = 2000  # that are looked at
MOST_SITES = 64  # whose pages are asked at once
_AFTER_A_FULL_DISK = 30.0
_GRACE = 3600
_REST, _LONGEST_REST = 3.0, 10.0  # publishing takes a quarter of the time at most, where there is much to do
PHOTO_FILES_KEPT = timedelta(days=30)
DELIVERIES_KEPT = timedelta(days=90)
GONE_CHATS_KEPT = timedelta(days=30)


def jitter() -> float:
    """0 to 10 %: by so much a poll is later than planned."""
    return random.uniform(0.0, 0.1)  # noqa: S311


class Every(BaseTrigger):  # type: ignore[misc]  # untyped
    """Each so many seconds, and once where some were missed: APScheduler's own lists each that was, which are
    millions where the clock was set forth by a year.
    """

    def __init__(self, seconds: float) -> None:
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """When it is time again."""
        return max((previous or now) + self._interval, now)


class Local:
    """The ticks of the daemon. Each asks what is due and starts it, unless it runs already."""

    def __init__(
        self,
        tools: Tools,
        known: dict[str, Source],
        observer: Observer,
        lane: Lane | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._tools, self._sources, self._observer = tools, known, observer
        self._lane, self._clock = lane, clock
        self._wall = lane.wall if lane else Wall(tools.store, observer, clock)
        self._turns = Turns(tools.client.host_concurrency, tools.client.expected, tools.client.is_asking)
        self._rest_until = 0.0
        self._unwritten: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._websub = WebSub(tools, observer, clock, jitter)
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._last_tick = time.monotonic()

    def start(self) -> None:
        """Start ticking."""
        settings = {"coalesce": True, "max_instances": 10, "misfire_grace_time": _GRACE}
        for tick, seconds in (
            (self._tick_sources, TICK),
            (self._tick_pages, TICK),
            (self._tick_feeds, TICK),
            (self._tick_hubs, TICK),
            (self._tick_metrics, 15),
            (self._tick_house, 6 * 3600),
        ):
            self._scheduler.add_job(self._begin, Every(seconds), [tick], **settings)
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clock())

    async def _watch_clock(self) -> None:
        """The scheduler goes by the wall clock: set back by an hour, it would tick no more for as long."""
        while True:
            before = self._wall.shift
            await asyncio.sleep(TICK)
            await self._observer.guarded("clock", self._notice_jump)
            if self._wall.shift != before:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    async def _notice_jump(self) -> None:
        if await self._wall.notice():
            self._wake()

    async def stop(self) -> None:
        """Stop ticking and break off what runs: nothing of it is written before it is whole."""
        self._watch.cancel()
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was about to begin begins; it is broken off with the rest
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._websub.stop()
        self._scheduler.shutdown(wait=False)

    async def _begin(self, tick: Callable[[], Awaitable[None]]) -> None:
        """Start a tick as a task of ours: the scheduler would report one that is broken off as an error."""
        self._run(tick.__name__.strip("_"), tick)

    @property
    def lag(self) -> float:
        """By how many seconds the ticks are late."""
        return max(0.0, time.monotonic() - self._last_tick - TICK)

    def _start(self, key: str, step: Callable[[], Awaitable[None]]) -> None:
        if not self._observer.is_paused(key):
            self._run(key, step)

    def _run(self, key: str, step: Callable[[], Awaitable[None]]) -> None:
        if key in self._running:
            return
        task = asyncio.create_task(self._observer.guarded(key, step))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    def _count(self, prefix: str) -> int:
        return sum(key.startswith(prefix) for key in self._running)

    async def _tick_sources(self) -> None:
        self._last_tick = time.monotonic()
        await self._notice_jump()
        now = self._clock()
        running = {key.removeprefix("poll:") for key in self._running if key.startswith("poll:")}
        due = await self._tools.store.do(sources.waiting, now, _MOST_DUE)
        chosen = self._turns.choose(due, running, now)
        if not chosen:
            return
        for stored, state in await self._tools.store.do(sources.some_sources, chosen):
            source = self._sources.get(stored.id, stored)
            self._start(f"poll:{source.id}", partial(self._poll, source, state))

    async def _poll(self, source: Source, state: SourceState) -> None:
        started = time.monotonic()
        report = await poll(self._tools, source, state, self._clock(), jitter=jitter())
        self._observer.polled(report, time.monotonic() - started)
        if report.new or report.updated or report.retracted:
            self._wake()

    async def _tick_pages(self) -> None:
        room = MOST_SITES - self._count("complete:")
        for stored in (await self._tools.store.do(entries.waiting_sources, self._clock()))[: max(0, room)]:
            source = self._sources.get(stored.id, stored)
            self._start(f"complete:{source.id}", partial(self._complete, source))

    async def _complete(self, source: Source) -> None:
        started = time.monotonic()
        report = await complete(self._tools, source, self._clock())
        self._observer.completed(report, time.monotonic() - started)
        if report.completed or report.failed or report.updated or report.retracted:
            self._wake()

    async def _tick_feeds(self) -> None:
        if await self._tools.store.do(subscriptions.plan_latest, self._clock()):
            self._wake()
        if time.monotonic() >= self._rest_until and await self._changed():
            self._start("publish", self._publish_all)

    async def _changed(self) -> list[str]:
        found = (feed.slug for feed in await self._tools.store.do(feeds.changed_feeds))
        known = (slug for slug in found if self._tools.site.press.publishes(slug))
        now, paused = time.monotonic(), self._observer.is_paused
        return [
            slug for slug in known if not paused(f"publish:{slug}") and self._unwritten.get(slug, 0.0) <= now
        ]

    async def _publish_all(self) -> None:
        """Every feed that changed, then the pages that list them; then a rest, so that other work goes on."""
        started = time.monotonic()
        await take_in(self._tools, self._clock())
        for slug in await self._changed():
            await self._observer.guarded(f"publish:{slug}", partial(self._publish, slug))
        try:
            await publish_index(self._tools)
        except FeedbotError as error:
            self._observer.unwritten(error)
        ended = time.monotonic()
        self._rest_until = ended + min(_REST * (ended - started), _LONGEST_REST)

    async def _publish(self, slug: str) -> None:
        started = time.monotonic()
        report = await publish(self._tools, slug)
        self._observer.publication(report, time.monotonic() - started)
        self._unwritten.pop(slug, None)
        if report.error:
            self._unwritten[slug] = time.monotonic() + _AFTER_A_FULL_DISK

    async def _tick_hubs(self) -> None:
        await self._websub.tick()

    async def _tick_metrics(self) -> None:
        await self._websub.keep_house()
        for state, count in (await self._tools.store.do(deliveries.counts)).items():
            self._observer.waiting.labels(state).set(count)

    async def _tick_house(self) -> None:
        now = self._clock()
        await self._tools.store.do(deliveries.purge, now - DELIVERIES_KEPT)
        await self._tools.store.do(subscriptions.purge_gone, now - GONE_CHATS_KEPT)
        for source, _, _ in await self._tools.store.do(sources.all_sources):
            if source.keep is not None:
                await self._tools.store.do(retention.forget_entries, source.id, now - source.keep)
        await asyncio.to_thread(self._tools.photos.clean_up, now - PHOTO_FILES_KEPT)

    def _wake(self) -> None:
        if self._lane:
            self._lane.wake()
