"""One exchange with a host: in its turn, within its time, and remembered for how long it took (edge)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from yarl import URL

from feedbot.net.faults import FAULTS, told
from feedbot.net.gate import Left
from feedbot.net.habits import Habits
from feedbot.net.manners import BusyError, Manners, Turn

_T = TypeVar("_T")


class Exchanges:
    """Runs the requests to all hosts.

    Where several wait for the same host, one that does not answer gets a few seconds at first, the next time
    twice as many: so those that hang do not hold up the others.
    """

    def __init__(self, manners: Manners, is_public: Callable[[URL], bool]) -> None:
        self.habits = Habits()
        self._turns: dict[str, Turn] = {}
        self._manners, self._is_public = manners, is_public

    async def run(
        self, target: URL, gap: float, left: Left, ask: Callable[[], Awaitable[_T]], whose: str = ""
    ) -> _T:
        """What `ask` returns, with its time taken off what is left. `whose` names what its time is remembered
        under, the host where it is empty. Raises FetchError, TimeoutError, BusyError.
        """
        # Two ports of an operator's address are two programs; a public host is one whatever its port.
        host = (target.raw_host or "").rstrip(".")
        name = host if self._is_public(target) else f"{host}:{target.port}"
        whose = whose or name
        came = time.monotonic()
        self._turns[whose] = left.turn = self._manners.turn(
            name,
            gap=gap,
            patience=left.patience,
            quick=self.habits.is_quick(whose),
            seconds=self.habits.of(whose) or 0.0,
        )
        try:
            async with left.turn:
                left.patience -= time.monotonic() - came
                return await self._noted(target, left, ask, whose)
        finally:
            self._turns.pop(whose, None)
            left.turn = None

    def is_asking(self, whose: str) -> bool:
        """Whether an answer is waited for, or a turn; not while we keep the server waiting."""
        turn = self._turns.get(whose)
        return turn is not None and not turn.is_out

    async def _noted(self, target: URL, left: Left, ask: Callable[[], Awaitable[_T]], whose: str) -> _T:
        had, whole = left.seconds, False
        try:
            found = await self._in_time(target, left, ask, whose)
            whole = True
        except TimeoutError as error:
            if left.cut_short:
                raise BusyError("no whole answer in the time that others could wait") from error
            raise
        finally:
            self.habits.note(whose, had - left.seconds, whole=whole)
        return found

    async def _in_time(self, target: URL, left: Left, ask: Callable[[], Awaitable[_T]], whose: str) -> _T:
        async with asyncio.timeout(left.seconds) as left.deadline:
            with left.giving_way(self.habits.first_try(whose)):
                started = time.monotonic()
                try:
                    return await ask()
                except FAULTS as error:
                    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                        raise
                    raise told(error, target) from error
                finally:
                    left.seconds -= time.monotonic() - started
