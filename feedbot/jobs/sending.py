"""The sending lane of one bot: it asks the agenda who is next, and the outbox what is new."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from feedbot.errors import StoreError
from feedbot.jobs.gate import Gate
from feedbot.jobs.observe import Observer
from feedbot.jobs.wall import Wall
from feedbot.pipeline import DeliverReport, Desk, Tools, deliver
from feedbot.rules.agenda import INF, Agenda, Head
from feedbot.rules.delivery import Migrated, Unknown
from feedbot.rules.pace import Pacer
from feedbot.store import deliveries, numbers
from feedbot.store.outbox import Outbox, Task, Waiting
from feedbot.store.store import version_of_others
from feedbot.telegram.names import ask_numbers
from feedbot.telegram.send import Sender

IN_FLIGHT = 32  # calls at once: 25 a second need so many where an answer takes a second (Little's law)
# A call that is not answered after so many seconds holds up no others. There may be so many of them, fewer
# while none at all is answered: in an outage each is a message in doubt.
SLOW, _MOST, _MOST_IN_SILENCE = 3.0, 200, 64
_EARLY = 0.3  # seconds before its turn a message is read and written down as being sent, with its neighbours
_FEWEST_EARLY = 2
_STOPPED, _STOPPED_LONGEST = 60.0, 900.0  # seconds until it is looked whether the token works again
_FRESH, _OLD = 1.0, 60.0  # what is known of the outbox is taken for true so long; and not longer
_SHARE, _RAREST = 20, 10.0  # reading takes a twentieth of the time, unless that is more than ten seconds
_ASKING = 5.0  # seconds for the numbers of chats that are known by @name
_LOOK = 2.0  # so often it is looked whether another process changed the outbox
_REMEMBERED = timedelta(seconds=60)
_PAUSE = 60.0  # seconds that a chat waits at most after a surprise: the message has waits of its own


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
        now: Callable[[], datetime],
        *,
        probe: bool = False,
        deletes: bool = False,
        slow: float = SLOW,
    ) -> None:
        self._tools, self._pacer, self._slow = tools, pacer, slow
        self._outbox = Outbox(sender.bot_id, probe=probe)
        self._observer, self._clock = observer, now
        self._agenda = Agenda(pacer)
        self._gate = Gate(pacer, self._left)
        self._sender, self._asked = sender, set[str]()
        self.wall = Wall(tools.store, observer, now)
        self._desk = Desk(
            tools,
            sender,
            self._outbox,
            self.wall.now,
            deletes,
            steps_back=self._left,
            done=self.wake,
            turn=self._gate.turn,
        )
        sender.gate = self._gate.call
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._began: dict[str, float] = {}
        self._answered_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._stops = 0
        self._stopped_for = ""
        self._early: set[str] = set()
        self._is_taking = True
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_stale = True
        self._read_at = self._looked_at = float("-inf")
        self._fresh_for = _FRESH
        self._version = 0
        self._next_in = 0.0
        self.delivered = 0

    async def begin(self) -> None:
        """Take over from the process before: what it was sending is unknown, what it sent is paced."""
        now = self._clock()
        if count := await self._tools.store.do(deliveries.recover, now):
            self._observer.event("recovered", unknown=count)
        sends = await self._tools.store.do(deliveries.recent_sends, now - _REMEMBERED)
        self._pacer.remember((chat, at.timestamp() + self.wall.shift) for chat, at in sends if at <= now)
        for chat, until in await self._tools.store.do(deliveries.closed_chats, now):
            self._pacer.close_chat(chat, until.timestamp() + self.wall.shift)

    def wake(self) -> None:
        """Something may be due."""
        self._is_stale = True
        self._wake.set()

    async def run(self) -> None:
        """Send until stopped; a database that refuses is asked again a while later."""
        while not self._stopping:
            self._next_in = _FRESH
            await self._observer.guarded("lane", self._turn)
            paused = self._observer.paused_until("lane") - time.monotonic()
            await self._sleep(paused if paused > 0 else self._next_in, max(_FRESH, paused))

    async def _turn(self) -> None:
        if time.monotonic() - self._looked_at >= _LOOK:
            await self._look()
        self._next_in = await self._start_ready()

    async def _look(self) -> None:
        """Notice what a command of another process wrote."""
        self._looked_at = time.monotonic()
        version = await self._tools.store.do(version_of_others)
        if version != self._version:
            self._is_stale, self._version = True, version
            await self._learn_numbers(_ASKING)

    async def _learn_numbers(self, seconds: float) -> None:
        """Have chats known by number that are known by @name alone, before anything goes there."""
        found = await self._tools.store.do(numbers.unnumbered)
        names = [name for name in found if name not in self._asked and name not in self._tasks]
        if not names:
            return
        self._asked.update(names)
        told = await ask_numbers(self._sender, names, seconds)
        now = self._clock()
        for name, number in told.items():
            if await self._tools.store.do(numbers.learn_number, name, number, now):
                self._observer.event("number learned", chat=name, number=number)
        if told:
            self._is_stale = True

    async def run_until_idle(self, seconds: float) -> None:
        """Send until nothing is due any more, or so many seconds have passed."""
        deadline = time.monotonic() + seconds
        await self._learn_numbers(min(seconds, _ASKING))
        while (left := deadline - time.monotonic()) > 0 and not self._stopping:
            wait = await self._start_ready()
            nothing = self._agenda.next_at(time.monotonic()) > deadline and not self._is_stale
            if nothing and not self._tasks:
                return
            await self._sleep(wait, left)

    def end(self) -> None:
        """Claim no more."""
        self._stopping = True
        self._wake.set()

    async def stop(self, seconds: float) -> None:
        """Claim no more, and let the calls in flight end for so many seconds; what is left is unknown."""
        self.end()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        if self._asking:
            self._asking.cancel()
        for chat, task in list(self._tasks.items()):
            task.cancel()
            self._observer.warn("delivery left unknown", chat=chat)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._tools.store.do(deliveries.recover, self._clock())

    async def wait_for(self, chat: str) -> None:
        """Wait until a chat may have an answer, before everything else that waits, and count it."""
        await self._gate.answer(chat)

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
        if await self.wall.notice():
            self._is_stale = True
        if now - self._read_at >= (self._fresh_for if self._is_stale else _OLD):
            await self._read()
        while self._has_room():
            if (head := self._agenda.take(time.monotonic(), _EARLY)) is None:
                break
            self._early.add(head.chat)
            self._began[head.chat] = time.monotonic()
            self._tasks[head.chat] = asyncio.create_task(self._one(head.chat))
        tick = time.monotonic()
        reading = self._read_at + (self._fresh_for if self._is_stale else _OLD)
        if not self._has_room():  # who leaves or ends wakes us
            return INF if self._stopping else min(reading - tick, self._slow)
        return min(self._agenda.next_at(tick, _EARLY), reading) - tick

    def _has_room(self) -> bool:
        """Whether more may be taken: when half of what was taken is out, so that some share a transaction."""
        most = max(_FEWEST_EARLY, int(self._pacer.rate(time.monotonic()) * _EARLY))
        self._is_taking = len(self._early) < (most if self._is_taking else most // 2 + 1)
        return self._is_taking and not self._stopping and self._may_call()

    def _may_call(self) -> bool:
        """Whether one more call may be in flight."""
        if len(self._tasks) < IN_FLIGHT:
            return True
        slow = time.monotonic() - self._slow
        if self._answered_at <= slow and len(self._tasks) >= _MOST_IN_SILENCE and not self._asking:
            self._asking = asyncio.create_task(self._ask_whether_up())
        most = _MOST if self._answered_at > slow else _MOST_IN_SILENCE
        return len(self._tasks) < most and sum(began > slow for began in self._began.values()) < IN_FLIGHT

    async def _ask_whether_up(self) -> None:
        """Where so many chats do not answer, find out whether the Bot API does: it may be only them."""
        if await self._sender.is_up():
            self._answered_at = time.monotonic()
            self._wake.set()
        await asyncio.sleep(self._slow / 2)
        self._asking = None

    def _left(self, chat: str) -> None:
        """A chat's message is out of the gate: the next one may be taken."""
        if chat in self._early:
            self._early.remove(chat)
            self._wake.set()

    async def _read(self) -> None:
        """Learn each chat's first message anew."""
        began, self._is_stale = time.monotonic(), False
        self._read_at = began
        try:
            found = await self._tools.store.do(self._outbox.waiting, self._clock())
        except StoreError:
            self._is_stale = True
            raise
        self._agenda.load(self._head(one) for one in found)
        self._pacer.forget_old(began)
        self._fresh_for = min(_RAREST, max(_FRESH, _SHARE * (time.monotonic() - began)))

    def _head(self, waiting: Waiting) -> Head:
        due, since = waiting.due_at.timestamp() + self.wall.shift, waiting.since.timestamp() + self.wall.shift
        return Head(waiting.chat, due, since, waiting.priority, waiting.cost)

    async def _one(self, chat: str) -> None:
        key, found = f"deliver:{chat}", list[Waiting | None]()
        left = None
        try:
            await self._observer.guarded(key, self._deliver(chat, found), _PAUSE)
            if not found:  # it ended in a surprise
                found = [await self._tools.store.do(self._outbox.next_of, chat, self._clock())]
            left = self._head(found[0]) if found[0] else None
            if left and (until := self._observer.paused_until(key)):
                left = replace(left, due=max(left.due, until))
        except StoreError:
            self._is_stale = True  # it is read again as soon as the store can be read
        finally:
            self._agenda.put(chat, left)
            self._early.discard(chat)
            self._tasks.pop(chat, None)
            self._began.pop(chat, None)
            self._wake.set()

    async def _deliver(self, chat: str, found: list[Waiting | None]) -> None:
        started, now = time.monotonic(), self.wall.now()
        report, left = await deliver(self._desk, chat, now, jitter=random.random())  # noqa: S311
        found.append(left)
        if report is None:
            return
        self._settle(chat, report)
        self._observer.delivered(report, time.monotonic() - started)

    @property
    def stopped(self) -> str | None:
        """Why nothing at all is sent for now; None where it is."""
        return self._stopped_for if self._pacer.closed_until > time.monotonic() else None

    def _tell_stop(self, reason: str, now: float) -> None:
        self._stopped_for, seconds = reason, round(self._pacer.closed_until - now)
        if seconds >= _STOPPED:
            self._observer.warn("sending stopped: what waits is kept", reason=reason, seconds=seconds)

    def _settle(self, chat: str, report: DeliverReport) -> None:
        now = time.monotonic()
        self._pacer.answered(chat, now)
        self._is_stale |= isinstance(report.outcome, Migrated)  # what waits, waits in another chat now
        if not isinstance(report.outcome, Unknown):
            self._answered_at = now
        reason = str(getattr(report.outcome, "reason", ""))
        if (wait := report.flood) is not None and self._pacer.flood(chat, wait.total_seconds(), now):
            self._tell_stop(reason, now)
        if report.stopped and self._pacer.bot_ready_at() < now + _STOPPED / 2:
            self._pacer.close(now + min(_STOPPED * 2**self._stops, _STOPPED_LONGEST))
            self._tell_stop(reason, now)
            self._stops += 1
        if report.accepted:
            self._stops = 0
            self._pacer.taken(chat, now)
        self.delivered += report.accepted and report.task is Task.SEND
