"""Manners towards hosts: so many requests at once to one host, and a pause between their starts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

_MOST_HOSTS = 1000


class BusyError(Exception):
    """A host's line is so long that a turn did not come in time."""


class _Host:
    def __init__(self, concurrency: int) -> None:
        self.room = asyncio.Semaphore(concurrency)
        self.next_start = 0.0
        self.users = 0


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

    def turn(self, name: str, *, gap: float, patience: float) -> "Turn":
        """One request's turn at a host, to be entered: `gap` seconds after the one before it, 0 for no pause.

        Raises BusyError where it does not come within `patience` seconds.
        """
        self._forget_resting()
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(self._concurrency)
        return Turn(self, host, gap, patience)

    async def wait(self, host: _Host, gap: float, patience: float) -> None:
        """Come to the head of a host's line and keep its room."""
        if not host.room.locked() and (not gap or host.next_start <= self._clock()):
            await host.room.acquire()  # at once: no deadline needs to be watched
            if gap:
                host.next_start = self._clock() + gap
            return
        try:
            async with asyncio.timeout(patience):
                await host.room.acquire()
                try:
                    await self._pause(host, gap)
                except BaseException:
                    host.room.release()
                    raise
        except TimeoutError as error:
            raise BusyError(f"no turn within {patience:g} s") from error

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

    __slots__ = ("_gap", "_host", "_manners", "_patience")

    def __init__(self, manners: Manners, host: _Host, gap: float, patience: float) -> None:
        self._manners, self._host, self._gap, self._patience = manners, host, gap, patience

    async def __aenter__(self) -> None:
        self._host.users += 1
        try:
            await self._manners.wait(self._host, self._gap, self._patience)
        except BaseException:
            self._host.users -= 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._host.users -= 1
        self._host.room.release()
