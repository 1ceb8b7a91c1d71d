"""The sending lane of one bot: it asks the agenda who is next, and the outbox what is new."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from feedbot.errors import StoreError
from feedbot.jobs.observe import Observer
from feedbot.pipeline import DeliverReport, Tools, deliver
from feedbot.rules.agenda import INF, Agenda, Head
from feedbot.rules.pace import Pacer
from feedbot.store import deliveries
from feedbot.store.deliveries import Waiting
from feedbot.store.store import version_of_others
from feedbot.telegram.send import Sender

IN_FLIGHT = 32  # calls at once: 25 a second need so many where an answer takes a second (Little's law)
_STOPPED_FOR = 3600.0
_FRESH = 1.0  # so long what is known of the outbox is taken for true, whatever happens in it meanwhile
_LOOK = 2.0  # so often it is looked whether another process changed the outbox
_REMEMBERED = timedelta(seconds=60)


class Lane:
    """Sends what is due, as fast as the limits allow; `stop` lets the calls in flight end.

    Of the outbox each chat's first message is known here. It is read again when something was planned, and
    after a message only for its chat: what is sent does not depend on how much waits.
    """

    def __init__(
        self,
        tools: Tools,
        sender: Sender,
        pacer: Pacer,
        observer: Observer,
        clock: Callable[[], datetime],
    ) -> None:
        self._tools, self._sender, self._pacer = tools, sender, pacer
        self._observer, self._clock = observer, clock
        self._agenda = Agenda(pacer)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_stale = True
        self._read_at = self._looked_at = float("-inf")
        self._version = 0
        self._replies = 0
        self.delivered = 0

    async def begin(self) -> None:
        """Take over from the process before: what it was sending is unknown, what it sent is paced."""
        now = self._clock()
        if count := await self._tools.store.do(deliveries.recover, now):
            self._observer.event("recovered", unknown=count)
        sends = await self._tools.store.do(deliveries.recent_sends, now - _REMEMBERED)
        shift = time.monotonic() - now.timestamp()
        self._pacer.remember((chat, at.timestamp() + shift) for chat, at in sends)
        for chat, until in await self._tools.store.do(deliveries.closed_chats, now):
            self._pacer.close_chat(chat, until.timestamp() + shift)

    def wake(self) -> None:
        """Something may be due."""
        self._is_stale = True
        self._wake.set()

    async def run(self) -> None:
        """Send until stopped."""
        while not self._stopping:
            if time.monotonic() - self._looked_at >= _LOOK:
                await self._look()
            await self._sleep(await self._start_ready(), _FRESH)

    async def _look(self) -> None:
        """Notice what a command of another process wrote."""
        self._looked_at = time.monotonic()
        version = await self._tools.store.do(version_of_others)
        self._is_stale |= version != self._version
        self._version = version

    async def run_until_idle(self, seconds: float) -> None:
        """Send until nothing is due any more, or so many seconds have passed."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            wait = await self._start_ready()
            if not self._tasks and wait > left and not self._is_stale:
                return
            await self._sleep(wait, left)

    async def stop(self, seconds: float) -> None:
        """Claim no more, and let the calls in flight end for so many seconds; what is left is unknown."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        for chat, task in list(self._tasks.items()):
            task.cancel()
            self._observer.warn("delivery left unknown", chat=chat)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._tools.store.do(deliveries.recover, self._clock())

    async def wait_for(self, chat: str) -> None:
        """Wait until a chat may have an answer, before everything else that waits, and count it."""
        self._replies += 1
        try:
            while (wait := self._pacer.ready_at(chat) - time.monotonic()) > 0:  # noqa: ASYNC110  # a time, no event
                await asyncio.sleep(wait)
        finally:
            self._replies -= 1
            self._wake.set()
        self._pacer.note(chat, time.monotonic())

    def refused(self, chat: str, wait: float) -> None:
        """Telegram answered 429 to an answer: its chat, or all of them, wait."""
        self._pacer.flood(chat, wait, time.monotonic())

    async def _sleep(self, *seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, min(seconds))):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _start_ready(self) -> float:
        """Start a call for each chat that is due and may be written to; the seconds until the next one."""
        now = time.monotonic()
        if self._is_stale and now - self._read_at >= _FRESH:
            await self._read(now)
        while len(self._tasks) < IN_FLIGHT and not self._stopping and not self._replies:
            tick = time.monotonic()
            if (head := self._agenda.take(tick)) is None:
                break
            self._pacer.note(head.chat, tick, head.cost)
            self._tasks[head.chat] = asyncio.create_task(self._one(head.chat))
        if self._stopping or self._replies or len(self._tasks) >= IN_FLIGHT:
            return INF  # who ends wakes us
        tick = time.monotonic()
        reading = self._read_at + _FRESH if self._is_stale else INF
        return min(self._agenda.next_at(tick), reading) - tick

    async def _read(self, now: float) -> None:
        """Learn each chat's first message anew."""
        self._read_at, self._is_stale = now, False
        found = await self._tools.store.do(deliveries.waiting)
        self._agenda.load(self._head(one) for one in found)
        self._pacer.forget_old(now)

    def _head(self, waiting: Waiting) -> Head:
        shift = time.monotonic() - self._clock().timestamp()
        due, since = waiting.due_at.timestamp() + shift, waiting.since.timestamp() + shift
        return Head(waiting.chat, due, since, waiting.priority)

    async def _one(self, chat: str) -> None:
        key, left = f"deliver:{chat}", None
        try:
            await self._observer.guarded(key, self._deliver(chat))
            found = await self._tools.store.do(deliveries.waiting, chat)
            left = self._head(found[0]) if found else None
            if left and (until := self._observer.paused_until(key)):
                left = replace(left, due=max(left.due, until))
        except StoreError:
            self._is_stale = True  # it is read again as soon as the store can be read
        finally:
            self._agenda.put(chat, left)
            self._tasks.pop(chat, None)
            self._wake.set()

    async def _deliver(self, chat: str) -> None:
        started = time.monotonic()
        report = await deliver(self._tools, self._sender, chat, self._clock(), jitter=random.random())  # noqa: S311
        if report is None:
            return
        self._settle(chat, report)
        self._observer.delivered(report, time.monotonic() - started)

    def _settle(self, chat: str, report: DeliverReport) -> None:
        now = time.monotonic()
        self._pacer.answered(chat, now)
        if (wait := report.flood) is not None:
            self._pacer.flood(chat, wait.total_seconds(), now)
        if report.stopped:
            self._pacer.close(now + _STOPPED_FOR)
        self.delivered += report.accepted
