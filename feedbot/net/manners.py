"""Manners towards hosts: so many requests at once to one host, and a pause between their starts."""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

_MOST_HOSTS = 1000
_CROWD = 4
_KNOWN_SECONDS = 600.0


class BusyError(Exception):
    """A host's line is so long that a turn did not come in time, or had to end for the sake of others."""


class _Line:
    """Who waits, in the order of when each came plus what its answer is expected to take."""

    def __init__(self) -> None:
        self._places: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self.length = 0

    def join(self, rank: float) -> asyncio.Future[None]:
        place = asyncio.get_running_loop().create_future()
        self._count += 1
        self.length += 1
        heapq.heappush(self._places, (rank, self._count, place))
        return place

    def has_some(self) -> bool:
        """Whether somebody waits; those that went away are cleared off."""
        while self._places and self._places[0][2].done():
            heapq.heappop(self._places)
        return bool(self._places)

    def call(self) -> None:
        heapq.heappop(self._places)[2].set_result(None)


class _Host:
    """The room at one host.

    Of its places half are for those that are known to answer quickly, as soon as there are such: others may
    hang. Where both wait they take turns.
    """

    def __init__(self, concurrency: int) -> None:
        self.next_start = 0.0
        self.users = 0
        self._free, self._slow = concurrency, 0
        self._most_slow = max(1, concurrency // 2)
        self._lines = {True: _Line(), False: _Line()}
        self._last_quick = False
        self._quick_until = float("-inf")

    def _has_place(self, now: float, *, quick: bool) -> bool:
        if not self._free:
            return False
        return quick or self._slow < self._most_slow or now >= self._quick_until

    def take(self, now: float, *, quick: bool) -> bool:
        """Take a place where there is one and nobody waits for it."""
        if quick:
            self._quick_until = now + _KNOWN_SECONDS
        if self._lines[quick].has_some() or not self._has_place(now, quick=quick):
            return False
        self._note(quick=quick)
        return True

    def _note(self, *, quick: bool) -> None:
        self._free -= 1
        self._slow += not quick
        self._last_quick = quick

    async def wait(self, now: float, seconds: float, *, quick: bool) -> None:
        """Wait for a place."""
        line = self._lines[quick]
        place = line.join(now + seconds)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it came and was cancelled at the same moment
                self.leave(now, quick=quick)
            raise
        finally:
            line.length -= 1

    def leave(self, now: float, *, quick: bool) -> None:
        """Give a place back, to whoever is next."""
        self._free += 1
        self._slow -= not quick
        for one in (not self._last_quick, self._last_quick):
            if self._has_place(now, quick=one) and self._lines[one].has_some():
                self._note(quick=one)
                self._lines[one].call()

    def is_crowded(self, *, quick: bool) -> bool:
        """Whether several of a kind wait."""
        return self._lines[quick].length >= _CROWD


class Manners:
    """Remembers when each host was asked; forgets hosts that rest when there are many."""

    def __init__(
        self,
        concurrency: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._concurrency = concurrency
        self._clock, self._sleep = clock, sleep
        self._hosts: dict[str, _Host] = {}

    def turn(
        self, name: str, *, gap: float, patience: float, quick: bool = False, seconds: float = 0.0
    ) -> "Turn":
        """One request's turn at a host, to be entered: `gap` seconds after the one before it, 0 for no pause.

        `quick` says that its answer is known to come quickly, `seconds` what it is expected to take. Raises
        BusyError where the turn does not come within `patience` seconds.
        """
        self._forget_resting()
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(self._concurrency)
        return Turn(self, host, gap, patience, seconds, quick=quick)

    async def enter(self, host: _Host, turn: "Turn") -> None:
        """Come to the head of a host's line and keep its room."""
        now, gap = self._clock(), turn.gap
        if (not gap or host.next_start <= now) and host.take(now, quick=turn.quick):
            if gap:
                host.next_start = now + gap
            return  # at once: no deadline needs to be watched
        try:
            async with asyncio.timeout(turn.patience):
                if not host.take(now, quick=turn.quick):
                    await host.wait(now, turn.seconds, quick=turn.quick)
                try:
                    await self._pause(host, gap)
                except BaseException:
                    self.leave(host, turn)
                    raise
        except TimeoutError as error:
            raise BusyError("too many requests wait for this host") from error

    async def come_back(self, host: _Host, turn: "Turn") -> None:
        """Wait for a place in the midst of a request, which has a deadline of its own."""
        now = self._clock()
        if not host.take(now, quick=turn.quick):
            await host.wait(now, 0.0, quick=turn.quick)

    def leave(self, host: _Host, turn: "Turn") -> None:
        """The request is over."""
        host.leave(self._clock(), quick=turn.quick)

    async def _pause(self, host: _Host, gap: float) -> None:
        if gap:
            now = self._clock()
            start = max(now, host.next_start)
            host.next_start = start + gap
            await self._sleep(start - now)

    def _forget_resting(self) -> None:
        if len(self._hosts) >= _MOST_HOSTS:
            now = self._clock()
            resting = [
                name for name, host in self._hosts.items() if not host.users and host.next_start <= now
            ]
            for name in resting:
                del self._hosts[name]

    def __len__(self) -> int:
        return len(self._hosts)


class Turn:
    """An async context: inside it, a request may be made."""

    __slots__ = ("_host", "_manners", "gap", "is_out", "patience", "quick", "seconds")

    def __init__(
        self, manners: Manners, host: _Host, gap: float, patience: float, seconds: float, *, quick: bool
    ) -> None:
        self._manners, self._host = manners, host
        self.gap, self.patience, self.seconds, self.quick = gap, patience, seconds, quick
        self.is_out = False

    def is_in_the_way(self) -> bool:
        """Whether several others wait that are known to be quick, or are not, as it is."""
        return not self.is_out and self._host.is_crowded(quick=self.quick)

    def step_out(self) -> None:
        """Leave the place to others for a while: it is not the host that is waited for."""
        if not self.is_out:
            self.is_out = True
            self._manners.leave(self._host, self)

    async def step_in(self) -> None:
        """Come back to a place."""
        if self.is_out:
            await self._manners.come_back(self._host, self)
            self.is_out = False

    async def __aenter__(self) -> "Turn":
        self._host.users += 1
        try:
            await self._manners.enter(self._host, self)
        except BaseException:
            self._host.users -= 1
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._host.users -= 1
        if not self.is_out:
            self._manners.leave(self._host, self)
