"""A room for a few at a time, in which who is patient lets others pass."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class Room:
    """A semaphore whose line is ordered by when each came plus its patience; so nobody waits for ever."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._line: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = count()

    @asynccontextmanager
    async def turn(self, patience: float = 0.0) -> AsyncIterator[None]:
        """A place in the room; those pass that come within `patience` seconds and have less of it."""
        await self._enter(patience)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, patience: float) -> None:
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        heapq.heappush(self._line, (loop.time() + patience, next(self._count), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it came and was cancelled at the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        while self._line:
            place = heapq.heappop(self._line)[2]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
