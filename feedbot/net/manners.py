"""Manners towards hosts: so many requests at once to one host, and a pause between their starts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

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
        gap: float,
        concurrency: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap, self._concurrency = gap, concurrency
        self._clock, self._sleep = clock, sleep
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str, *, gap: bool, patience: float) -> AsyncIterator[None]:
        """One request's turn at a host. Raises BusyError where it does not come within `patience` seconds."""
        self._forget_resting()
        host = self._hosts.setdefault(name, _Host(self._concurrency))
        host.users += 1
        try:
            await self._wait(host, gap=gap, patience=patience)
            try:
                yield
            finally:
                host.room.release()
        finally:
            host.users -= 1

    async def _wait(self, host: _Host, *, gap: bool, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await host.room.acquire()
                try:
                    if gap:
                        await self._pause(host)
                except BaseException:
                    host.room.release()
                    raise
        except TimeoutError as error:
            raise BusyError(f"no turn within {patience:g} s") from error

    async def _pause(self, host: _Host) -> None:
        now = self._clock()
        start = max(now, host.next_start)
        host.next_start = start + self._gap
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
