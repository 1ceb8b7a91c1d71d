"""The sending lane of one bot: chats by the time they may have their next message, one call each."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from feedbot.jobs.observe import Observer
from feedbot.pipeline import DeliverReport, Tools, deliver
from feedbot.store import deliveries
from feedbot.telegram.pacer import Pacer
from feedbot.telegram.send import Sender

IN_FLIGHT = 8
_STOPPED_FOR = 3600.0
_HORIZON = 60.0
_REMEMBERED = timedelta(seconds=60)


class Lane:
    """Sends what is due, as fast as the limits allow; `stop` lets the calls in flight end."""

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
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self.delivered = 0

    async def begin(self) -> None:
        """Take over from the process before: what it was sending is unknown, what it sent is paced."""
        now = self._clock()
        if count := await self._tools.store.do(deliveries.recover, now):
            self._observer.event("recovered", unknown=count)
        sends = await self._tools.store.do(deliveries.recent_sends, now - _REMEMBERED)
        shift = time.monotonic() - now.timestamp()
        self._pacer.remember((chat, at.timestamp() + shift) for chat, at in sends)

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Send until stopped."""
        while not self._stopping:
            await self._sleep(await self._start_ready(_HORIZON), 1.0)

    async def run_until_idle(self, seconds: float) -> None:
        """Send until nothing is due any more, or so many seconds have passed."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            wait = await self._start_ready(left)
            if not self._tasks and wait == float("inf"):
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
        """Wait until a chat may have an answer, and count it."""
        while (wait := self._pacer.ready_at(chat) - time.monotonic()) > 0:  # noqa: ASYNC110  # a time, no event
            await asyncio.sleep(wait)
        self._pacer.note(chat, time.monotonic())

    async def _sleep(self, *seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _start_ready(self, horizon: float) -> float:
        """Start a call for each chat that is due and may be written to; the seconds until the next one
        within the horizon.
        """
        now, tick = self._clock(), time.monotonic()
        wait = float("inf")
        for chat in await self._tools.store.do(deliveries.waiting):
            if self._stopping or len(self._tasks) >= IN_FLIGHT:
                break
            if chat.chat in self._tasks:
                continue
            due_in = max((chat.due_at - now).total_seconds(), self._pacer.ready_at(chat.chat) - tick)
            if due_in > 0:
                wait = min(wait, due_in) if due_in < horizon else wait
                continue
            self._pacer.note(chat.chat, tick)
            self._tasks[chat.chat] = asyncio.create_task(self._one(chat.chat))
        self._pacer.forget_old(tick)
        return wait

    async def _one(self, chat: str) -> None:
        try:
            await self._observer.guarded(f"deliver:{chat}", self._deliver(chat))
        finally:
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
            self._pacer.flood(chat, wait, now)
        if report.stopped:
            self._pacer.close(now + _STOPPED_FOR)
        self.delivered += report.accepted
