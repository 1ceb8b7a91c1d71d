"""Calls to hubs and subscribers: what is due is started, a few at a time, and of one host fewer still."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from feedbot.jobs.observe import Observer
from feedbot.pipeline import Tools, hub, websub
from feedbot.pipeline.hub import CallReport
from feedbot.store import hub as records
from feedbot.store import websub as asks

_MOST_PINGS, _MOST_CHECKS, _MOST_PUSHES, _MOST_ASKS = 2, 8, 32, 8
_MOST_OF_A_HOST = 4
_MOST_HINTS = 200


@dataclass(frozen=True, slots=True)
class _Call:
    """One call that may be made: `kind` counts against the room for such calls, `host` against its own."""

    kind: str
    key: str
    host: str
    step: Callable[[], Awaitable[CallReport | None]]


class WebSub:
    """Starts calls. Each is one step of `pipeline/`; what is due stands in the store."""

    def __init__(
        self,
        tools: Tools,
        observer: Observer,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._tools, self._observer = tools, observer
        self._clock, self._jitter = clock, jitter
        self._running: dict[str, tuple[_Call, asyncio.Task[None]]] = {}

    async def tell(self) -> None:
        """Remember which of our documents changed."""
        if self._tools.hub is not None:
            await hub.tell(self._tools, self._tools.hub, self._clock())

    async def tick(self) -> None:
        """Start whatever is due."""
        await self.tell()
        publishing, reading = await self._tools.store.do(asks.what_is_due, self._clock())
        if publishing:
            await self.publish_side()
        if reading:
            await self.source_side()

    async def publish_side(self) -> bool:
        """Start what is due to those who read us; whether there was anything."""
        if self._tools.hub is None:
            return False
        if self._tools.hub.client is not None:
            return await self._fill("ping", _MOST_PINGS, self._due_pings)
        verifying = await self._fill("verify", _MOST_CHECKS, self._due_requests)
        return await self._fill("push", _MOST_PUSHES, self._due_pushes) or verifying

    async def source_side(self) -> bool:
        """Start what is due to the hubs of sources, and follow their hints; whether a hub was to be asked."""
        now = self._clock()
        for hint in await self._tools.store.do(asks.due_hints, now, _MOST_HINTS):
            await websub.follow(self._tools, hint, now)
        return await self._fill("ask", _MOST_ASKS, self._due_asks)

    async def keep_house(self) -> None:
        """End what nobody wants any more."""
        now, store = self._clock(), self._tools.store
        await store.do(records.end_leases, now)
        await store.do(asks.leave_unpolled, now)
        subscribers, _ = await store.do(records.counts)
        pushed, _ = await store.do(asks.counts, now)
        self._observer.hub_subscribers.set(subscribers)
        self._observer.sources_pushed.set(pushed)

    async def run_until_idle(self, seconds: float) -> None:
        """Make every call to our readers that is due, for so long at most."""
        try:
            async with asyncio.timeout(seconds):
                await self.tell()
                while await self.publish_side() or self._running:
                    if running := [task for _, task in self._running.values()]:
                        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._observer.warn("hub or subscribers are slow: what is left waits for the next round")
        await self.stop()

    async def stop(self) -> None:
        """Break off what runs: it is due again at the next start."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fill(
        self, kind: str, most: int, due: Callable[[int, Collection[str]], Awaitable[Sequence[_Call]]]
    ) -> bool:
        """Start calls of a kind until there is no room or all hosts have their share; whether any was."""
        started = False
        while True:
            calls = [call for call, _ in self._running.values()]
            mine = Counter(call.host for call in calls if call.kind == kind)
            room = most - mine.total()
            if room <= 0:
                return started
            full = {host for host, count in mine.items() if count >= _MOST_OF_A_HOST}
            # What runs is still due: it is asked for as well, and passed by.
            found = await due(room + mine.total(), full)
            if not self._start_some(found, mine, room):
                return started
            started = True

    def _start_some(self, found: Sequence[_Call], mine: Counter[str], room: int) -> bool:
        started = False
        for call in found:
            is_free = call.key not in self._running and not self._observer.is_paused(call.key)
            if room and is_free and mine[call.host] < _MOST_OF_A_HOST:
                room -= 1
                mine[call.host] += 1
                started = True
                task = asyncio.create_task(self._observer.guarded(call.key, partial(self._make, call)))
                self._running[call.key] = call, task
                task.add_done_callback(partial(self._ended, call.key))
        return started

    def _ended(self, key: str, _task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)

    async def _make(self, call: _Call) -> None:
        started = time.monotonic()
        report = await call.step()
        if report is not None:
            self._observer.called(report, time.monotonic() - started)

    async def _due_pings(self, most: int, _full: Collection[str]) -> Sequence[_Call]:
        own, now = self._tools.hub, self._clock()
        if own is None or own.client is None:
            return []
        make = partial(hub.ping, self._tools, own.client, own)
        return [
            _Call("ping", f"ping:{due.path}", "", partial(make, due, now, self._jitter()))
            for due in await self._tools.store.do(records.due_pings, now, most)
        ]

    async def _due_requests(self, most: int, full: Collection[str]) -> Sequence[_Call]:
        now = self._clock()
        return [
            _Call("verify", f"verify:{one.id}", one.wish.host, self._verification(one, now))
            for one in await self._tools.store.do(records.due_requests, now, most, full)
        ]

    def _verification(self, request: records.Request, now: datetime) -> Callable[[], Any]:
        return partial(hub.verify, self._tools, request, now, secrets.token_urlsafe(32))

    async def _due_pushes(self, most: int, full: Collection[str]) -> Sequence[_Call]:
        own, now = self._tools.hub, self._clock()
        if own is None:
            return []
        make = partial(hub.push, self._tools, own)
        return [
            _Call("push", f"push:{one.id}", one.host, partial(make, one, now, self._jitter()))
            for one in await self._tools.store.do(records.due_subscribers, now, most, full)
        ]

    async def _due_asks(self, most: int, _full: Collection[str]) -> Sequence[_Call]:
        now = self._clock()
        return [
            _Call(
                "ask", f"ask:{one.token}", one.hub, partial(websub.ask, self._tools, one, now, self._jitter())
            )
            for one in await self._tools.store.do(asks.due_asks, now, most)
        ]
