"""Where large bodies wait, so that many at once do not fill the memory (edge: it waits)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

# Bodies of more bytes than the first number, and how many of them come in at a time.
STEPS = ((64_000, 16), (1_000_000, 3))


@dataclass(slots=True)
class Left:
    """The seconds that are left to all hops of a request together, while servers are waited for and in line.

    `deadline` is that of the hop which is on its way.
    """

    seconds: float
    patience: float
    deadline: asyncio.Timeout | None = None

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Time in which we keep the server waiting, taken off the patience."""
        started = asyncio.get_running_loop().time()
        until = self.deadline.when() if self.deadline else None
        if self.deadline and until is not None:
            self.deadline.reschedule(started + max(0.0, self.patience))
        yield
        waited = asyncio.get_running_loop().time() - started
        self.patience -= waited
        self.seconds += waited
        if self.deadline and until is not None:
            self.deadline.reschedule(until + waited)


class Gate:
    """A few large bodies come in at a time, and of the largest fewer.

    `before` is waited for at each step, with the name of whose body it is: whoever reads them may be behind.
    """

    def __init__(self, before: Callable[[str], Awaitable[object]] | None = None) -> None:
        self._rooms = [asyncio.Semaphore(most) for _, most in STEPS]
        self._before = before

    async def pass_step(self, step: int, whose: str) -> None:
        """Come back when there is room for a body of that step; `leave` gives the room back."""
        if self._before is not None:
            await self._before(whose)
        await self._rooms[step].acquire()

    def leave(self, steps: int) -> None:
        """The body is in, or will never be: the first so many steps are free again."""
        for room in self._rooms[:steps]:
            room.release()
