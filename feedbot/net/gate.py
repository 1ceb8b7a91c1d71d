"""Where large bodies wait, so that many at once do not fill the memory (edge: it waits)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from feedbot.net.manners import BusyError, Turn

_LOOK_SECONDS = 0.5
_MOST_WAITING = 40  # each holds up to half a megabyte
# Bodies of more bytes than the first number, and how many of them come in at a time, quick ones besides.
STEPS = ((64_000, 10), (1_000_000, 2))


@dataclass(slots=True)
class Left:
    """The seconds that are left to all hops of a request together, while servers are waited for and in line.

    `deadline` is that of the hop which is on its way.
    """

    seconds: float
    patience: float
    deadline: asyncio.Timeout | None = None
    cut_short: bool = False
    turn: Turn | None = None

    @contextmanager
    def giving_way(self, seconds: float) -> Iterator[None]:
        """Once so many seconds have passed, the deadline comes as soon as others are kept waiting."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            turn = self.turn
            if self.deadline and turn and turn.is_in_the_way():
                self.cut_short = True
                self.deadline.reschedule(loop.time())
                return
            timer = loop.call_later(seconds if turn and turn.is_out else _LOOK_SECONDS, look)

        timer = loop.call_later(seconds, look)
        try:
            yield
        finally:
            timer.cancel()

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Time in which we keep the server waiting, taken off the patience; others take our turn."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        until = self.deadline.when() if self.deadline else None
        if self.deadline and until is not None:
            self.deadline.reschedule(started + max(0.0, self.patience))
        timer = loop.call_later(_LOOK_SECONDS, self.turn.step_out) if self.turn else None
        try:
            yield
        finally:
            if timer:
                timer.cancel()
        if self.turn:
            await self.turn.step_in()
        waited = loop.time() - started
        self.patience -= waited
        self.seconds += waited
        if self.deadline and until is not None:
            self.deadline.reschedule(until + waited)


class Reader(Protocol):
    """Who reads the bodies, and may be behind."""

    def reads_quickly(self, whose: str) -> bool:
        """Whether the last body of that one was read quickly."""

    async def has_room(self) -> None:
        """Come back when few bodies wait to be read."""


class Gate:
    """A few large bodies come in at a time, and of the largest fewer.

    Those that are known to be quick have room of their own. Of the others a few wait, for each holds memory
    and a connection; the rest is put off.
    """

    def __init__(self, reader: Reader | None = None) -> None:
        self._rooms = {quick: [asyncio.Semaphore(most) for _, most in STEPS] for quick in (True, False)}
        self._reader, self._waiting = reader, 0

    def entry(self, whose: str, *, quick: bool) -> "Entry":
        """The way in of one body. `quick`: its server is known to answer quickly."""
        return Entry(self, whose, quick=quick)

    async def pass_step(self, step: int, whose: str, *, quick: bool) -> asyncio.Semaphore:
        """Come back with a place among the bodies of that step. Raises BusyError where too many wait."""
        is_read_quickly = self._reader is None or self._reader.reads_quickly(whose)
        room = self._rooms[quick and is_read_quickly][step]
        if self._waiting >= _MOST_WAITING and not (quick and is_read_quickly):
            raise BusyError("too many large answers wait to be read")
        self._waiting += 1
        try:
            if self._reader and not is_read_quickly:
                await self._reader.has_room()
            await room.acquire()
        finally:
            self._waiting -= 1
        return room


class Entry:
    """One body's way through the steps."""

    def __init__(self, gate: Gate, whose: str, *, quick: bool) -> None:
        self._gate, self._whose, self._quick = gate, whose, quick
        self._taken: list[asyncio.Semaphore] = []

    def may_hold(self, count: int) -> bool:
        """Whether so many bytes may come in without a further step."""
        return len(self._taken) == len(STEPS) or count <= STEPS[len(self._taken)][0]

    async def step(self) -> None:
        """Come back when there is room for more."""
        step = len(self._taken)
        self._taken.append(await self._gate.pass_step(step, self._whose, quick=self._quick))

    def leave(self) -> None:
        """The body is in, or will never be."""
        for room in self._taken:
            room.release()
