"""Looking up names, so that a name server that never answers holds up nothing else (edge)."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

_MOST_AT_ONCE = 32

Lookup = Callable[..., list[Any]]  # socket.getaddrinfo, or what answers in its place


class _Question(NamedTuple):
    host: str
    port: int
    family: socket.AddressFamily


class Resolver(AbstractResolver):
    """Asks the machine in threads of its own, one for a name, so many at once.

    A call of the C library cannot be ended. The threads are daemons: one that hangs does not keep the
    process from its end either.
    """

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._asked: dict[_Question, asyncio.Task[list[Any] | Exception]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, without those that need a zone. Raises OSError for a name without any."""
        question = _Question(host, port, family)
        if question not in self._asked:
            self._asked[question] = asyncio.create_task(self._ask(question))
            self._asked[question].add_done_callback(lambda _: self._asked.pop(question, None))
        found = await asyncio.shield(self._asked[question])
        if isinstance(found, OSError):
            raise found
        if isinstance(found, Exception):  # UnicodeError: a label of more than 63 bytes
            raise OSError(None, "the name cannot be one of the DNS") from found
        results = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
            if len(address) == 2 or not address[3]
        ]
        if not results:
            raise OSError(None, "the name has no address that is valid on every network")
        return results

    async def _ask(self, question: _Question) -> list[Any] | Exception:
        async with self._room:
            answer: asyncio.Future[list[Any] | Exception] = asyncio.get_running_loop().create_future()
            Thread(target=self._work, args=(question, answer), name="resolver", daemon=True).start()
            return await answer

    def _work(self, question: _Question, answer: asyncio.Future[list[Any] | Exception]) -> None:
        found: list[Any] | Exception
        try:
            found = self._lookup(
                question.host,
                question.port,
                family=question.family,
                type=socket.SOCK_STREAM,
                flags=socket.AI_ADDRCONFIG,
            )
        except (OSError, UnicodeError) as error:
            found = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            answer.get_loop().call_soon_threadsafe(_settle, answer, found)

    async def close(self) -> None:
        """Give up what is being looked up."""
        for task in list(self._asked.values()):
            task.cancel()


def _settle(answer: asyncio.Future[list[Any] | Exception], found: list[Any] | Exception) -> None:
    if not answer.done():
        answer.set_result(found)
