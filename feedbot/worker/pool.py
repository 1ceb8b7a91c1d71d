"""The parent's side: one process when calm, more on demand, a fresh one after any death (edge)."""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from feedbot.errors import ParseError
from feedbot.worker.frames import LENGTHS, pack

MEMORY = 512 * 2**20
CPU_SECONDS = 5
WALL_SECONDS = 10.0
_IDLE_SECONDS = 30.0
_MOST_ANSWER = 64 * 2**20


class WorkerDied(ParseError):
    """A job was killed: it took too much time or memory, or crashed the process."""


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
        size: int = 2,
        memory: int = MEMORY,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        self._limits = (memory, cpu_seconds)
        self._wall = wall_seconds
        self._room = asyncio.Semaphore(size)
        self._idle: list[tuple[float, asyncio.subprocess.Process]] = []

    async def run(self, function: str, body: bytes, **arguments: Any) -> Answer:
        """The answer of `module:function`, called with the body and these plain arguments.

        Raises ParseError with the function's own words where it raised, WorkerDied where it was killed.
        """
        async with self._room:
            process = await self._take()
            try:
                frame = pack({"function": function, "arguments": arguments}, body)
                async with asyncio.timeout(self._wall):
                    head, data = await _ask(process, frame)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
                await _end(process)
                raise WorkerDied(self._why(error)) from None
            except BaseException:  # cancelled: what comes out of its pipe next is not ours
                await _end(process)
                raise
            self._idle.append((time.monotonic(), process))
        if "error" in head:
            raise ParseError(_told(head))
        return Answer(head["value"], data)

    def _why(self, error: Exception) -> str:
        memory, cpu = self._limits
        if isinstance(error, TimeoutError):
            return f"the document could not be read within {self._wall:.0f} s"
        return f"the document could not be read within {memory // 2**20} MB of memory and {cpu} s of CPU"

    async def _take(self) -> asyncio.subprocess.Process:
        while self._idle:
            _, process = self._idle.pop()
            if process.returncode is None:
                await self._close_idle()
                return process
            await _end(process)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feedbot.worker",
            *map(str, self._limits),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
            limit=2**20,
        )

    async def _close_idle(self) -> None:
        """A second process that nobody needed for a while goes."""
        old = [kept for kept in self._idle if time.monotonic() - kept[0] > _IDLE_SECONDS]
        self._idle = [kept for kept in self._idle if kept not in old]
        for _, process in old:
            await _end(process)

    async def close(self) -> None:
        """End every process."""
        for _, process in self._idle:
            await _end(process)
        self._idle.clear()


async def _ask(process: asyncio.subprocess.Process, frame: bytes) -> tuple[dict[str, Any], bytes]:
    if process.stdin is None or process.stdout is None:
        raise ConnectionError("the worker has no pipes")
    process.stdin.write(frame)
    await process.stdin.drain()
    head, body = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    if head + body > _MOST_ANSWER:
        raise ValueError("the answer is too large")
    text = await process.stdout.readexactly(head)
    return json.loads(text), await process.stdout.readexactly(body)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
    if process.stdin is not None:
        process.stdin.close()
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001  # else its pipes warn when collected
    transport.close()


def _told(head: dict[str, Any]) -> str:
    """The function's own words for a ParseError; for any other error its kind as well."""
    kind, message = str(head["error"]), str(head.get("message") or "")
    if kind in {"ParseError", "ConfigError"}:
        return message
    if kind == "MemoryError":
        return "the document takes too much memory"
    return f"the document could not be read ({kind}: {message})"


def _environment() -> dict[str, str]:
    """Nothing of ours: no token, no proxy; only what Python needs to start."""
    kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONUTF8": "1"}
