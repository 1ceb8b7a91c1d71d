"""The pool: one process when calm, a second on demand, a fresh one after any death (edge).

Every job first gets a short time (`quick`). What takes longer or more memory is killed and joins a queue of
its own, in which one after the other has the whole limits. In the same queue stands what took long the last
time, and what is so large that it may. So documents made to be slow never hold more than one process, but for
a moment when they are met for the first time, and the rest is read in time by the other. And of two processes
only one grows.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from feedbot.errors import ParseError
from feedbot.worker.costs import Costs
from feedbot.worker.frames import pack
from feedbot.worker.process import Allowance, Limits, Process
from feedbot.worker.room import Room

MEMORY = 256 * 2**20  # address space; a process that has read feeds, pages and photos holds 75 MB of it
CPU_SECONDS = 5
WALL_SECONDS = 10.0
_QUICK_SECONDS = 1.0
_PATIENCE = 3  # a moment of CPU may take that much longer on a machine that has much to do
_QUICK_MEMORY = 128 * 2**20
_IDLE_SECONDS = 30.0
_LEAN = 80 * 2**20
_SLOW_SECONDS = 0.25
_LARGE, _HUGE = 500_000, 2_000_000  # slow, where nothing is known of whose it is; slow in any case
_BYTES_A_SECOND = 500_000  # a guess at what a process reads
_PATIENCE_FOR_COST = 10.0  # so many seconds a job lets others pass for each that it will take itself
_WHOLE_PATIENCE = 2.0
_MOST_HELD, _MOST_HELD_OF_QUICK = 8_000_000, 20_000_000
_SIZE = 2


class WorkerDied(ParseError):
    """A job was killed: it took too much time or memory, or crashed the process. It would again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function returned: a plain value, and bytes where it returned some."""

    value: Any
    body: bytes


class Worker:
    """A pool of killable processes. `run` waits for a free one."""

    def __init__(
        self,
        *,
        memory: int = MEMORY,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        quick_seconds: float = _QUICK_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._limits = Limits(memory, cpu_seconds, wall_seconds)
        self._quick = Allowance(min(quick_seconds * _PATIENCE, wall_seconds), quick_seconds, _QUICK_MEMORY)
        self._whole = Allowance(wall_seconds, float("inf"), float("inf"))
        self._idle_seconds = idle_seconds
        self._room, self._slow, self._costs = Room(_SIZE), Room(1), Costs()
        self._quick_seconds = quick_seconds
        self._held, self._has_room = 0, asyncio.Event()
        self._has_room.set()
        self._idle: list[Process] = []
        self._ending: set[asyncio.Task[int]] = set()

    async def run(
        self, function: str, body: bytes, *, whose: str = "", patience: float = 0.0, **arguments: Any
    ) -> Answer:
        """The answer of `module:function`, called with the body and these plain arguments.

        `whose` names whom the body comes from: one whose last job was slow waits for the others that are.
        Jobs that come within `patience` seconds pass this one. Raises ParseError with the function's own
        words where it raised, WorkerDied where it was killed.
        """
        module, _, name = function.partition(":")
        head = pack({"module": module, "function": name, "arguments": arguments}, body)
        self._hold(len(body))
        try:
            told, data = await self._answer(module, head, body, whose, patience)
        finally:
            self._hold(-len(body))
        if "error" in told:
            raise _told(told)
        return Answer(told["value"], data)

    async def _answer(
        self, module: str, head: bytes, body: bytes, whose: str, patience: float
    ) -> tuple[dict[str, Any], bytes]:
        known = self._costs.of(whose)
        cost = len(body) / _BYTES_A_SECOND if known is None else known
        slow = len(body) > (_LARGE if known is None else _HUGE) or (known or 0.0) > _SLOW_SECONDS
        answer = None
        if known is None or known < self._quick_seconds:
            answer = await self._try(module, head, body, patience + cost * _PATIENCE_FOR_COST, slow=slow)
        if answer is None:
            self._costs.note(whose, self._quick_seconds)
            answer = await self._try_alone(module, head, body)
        self._costs.note(whose, answer[0].get("seconds", 0.0))
        return answer

    def _hold(self, count: int) -> None:
        self._held += count
        if self._held > _MOST_HELD:
            self._has_room.clear()
        else:
            self._has_room.set()

    def reads_quickly(self, whose: str) -> bool:
        """Whether the last job of that one was quick, and not even such have filled the room by now."""
        cost = self._costs.of(whose)
        return cost is not None and cost <= _SLOW_SECONDS and self._held <= _MOST_HELD_OF_QUICK

    async def has_room(self) -> None:
        """Come back when the bodies that wait to be read are few."""
        await self._has_room.wait()

    @asynccontextmanager
    async def _place(self, patience: float, *, slow: bool) -> AsyncIterator[None]:
        """A process's worth of room; of the slow there is one at a time."""
        if not slow:
            async with self._room.turn(patience):
                yield
            return
        async with self._slow.turn(patience), self._room.turn():
            yield

    async def _try(
        self, module: str, head: bytes, body: bytes, patience: float, *, slow: bool
    ) -> tuple[dict[str, Any], bytes] | None:
        """The answer of a job that takes little; None where it takes more, or what it met was not well."""
        async with self._place(patience, slow=slow):
            process = self._take()
            try:
                told, data = await process.ask(module, head, body, self._quick)
            except (OSError, EOFError, ValueError):
                self._end(process)
                return None
            except BaseException:  # cancelled: what comes out of it next is not ours
                self._end(process)
                raise
            self._keep(process)
        return None if told.get("error") == "MemoryError" else (told, data)

    async def _try_alone(self, module: str, head: bytes, body: bytes) -> tuple[dict[str, Any], bytes]:
        """The same in a fresh process with the whole limits, one such job at a time."""
        async with self._place(_WHOLE_PATIENCE, slow=True):
            if self._idle:
                self._end(self._idle.pop(0))
            process = Process(self._limits)
            try:
                answer = await process.ask(module, head, body, self._whole)
            except (OSError, EOFError, ValueError) as error:
                code = await asyncio.shield(self._end(process))
                raise WorkerDied(self._why(process, error, code)) from None
            except BaseException:
                self._end(process)
                raise
            self._keep(process)
            return answer

    def _take(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            self._end(process)
        return Process(self._limits)

    def _keep(self, process: Process) -> None:
        """It may be asked again, unless it has grown; one that nobody needs for a while goes."""
        if process.grown > _LEAN and process.usage()[1] > _LEAN:
            self._end(process)
            return
        loop = asyncio.get_running_loop()
        process.last_used = loop.time()
        self._idle.append(process)
        if len(self._idle) > 1:
            loop.call_later(self._idle_seconds, self._end_unused)

    def _end_unused(self) -> None:
        """The most recently used is at the end, is taken first, and stays."""
        before = asyncio.get_running_loop().time() - self._idle_seconds
        while len(self._idle) > 1 and self._idle[0].last_used <= before:
            self._end(self._idle.pop(0))

    def _end(self, process: Process) -> asyncio.Task[int]:
        task = asyncio.ensure_future(process.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def close(self) -> None:
        """End every process."""
        while self._idle:
            self._end(self._idle.pop())
        await asyncio.gather(*self._ending)

    def _why(self, process: Process, error: Exception, code: int) -> str:
        if isinstance(error, ValueError):
            return "the worker's answer made no sense"
        if process.killed_for:
            return f"the document could not be read within {self._limits.wall_seconds:g} s"
        if -code == signal.SIGXCPU:
            return f"the document could not be read within {self._limits.cpu_seconds} s of CPU"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the document could not be read: the worker crashed ({how})"


def _told(head: dict[str, Any]) -> ParseError:
    """The function's own words for a ParseError; for any other error its kind as well."""
    kind, message = str(head["error"]), str(head.get("message") or "")
    if kind == "MemoryError":
        return WorkerDied("the document takes too much memory")
    if kind in {"ParseError", "ConfigError"}:
        return ParseError(message)
    return ParseError(f"the document could not be read ({kind}: {message})")
