"""Where large bodies wait, so that many at once do not fill the memory (edge: it waits)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from feedbot.net.manners import Turn

_LOOK_SECONDS = 0.5
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


class Gate:
    """A few large bodies come in at a time, and of the largest fewer.

    `before` is waited for at each step, with the name of whose body it is: whoever reads them may be behind.
    It says whether that one's are read quickly. Those have room of their own.
    """

    def __init__(self, before: Callable[[str], Awaitable[bool]] | None = None) -> None:
        self._rooms = {quick: [asyncio.Semaphore(most) for _, most in STEPS] for quick in (True, False)}
        self._before = before

    def entry(self, whose: str, *, quick: bool) -> "Entry":
        """The way in of one body. `quick`: its server is known to answer quickly."""
        return Entry(self, whose, quick=quick)

    async def pass_step(self, step: int, whose: str, *, quick: bool) -> asyncio.Semaphore:
        """Come back with a place among the bodies of that step."""
        is_read_quickly = await self._before(whose) if self._before is not None else True
        room = self._rooms[quick and is_read_quickly][step]
        await room.acquire()
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
