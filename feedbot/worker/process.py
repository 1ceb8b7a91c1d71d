"""The parent's side of one process: start it, ask it, watch it, end it (edge)."""

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from feedbot.worker.frames import BEGUN, LENGTHS, MOST_ANSWER

_LOOK_SECONDS = 0.05
_AT_ONCE = 65_536
_PAGE = resource.getpagesize()
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process itself is held to: bytes of address space, seconds of CPU and of time for a job."""

    memory: int
    cpu_seconds: int
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a job may take before its process is killed: seconds since it began, seconds of CPU, bytes of
    real memory.
    """

    seconds: float
    cpu_seconds: float
    resident: float


class Process:
    """One process. After `ask` has raised anything it is of no use any more.

    `grown` is its real memory in bytes as last seen, while it worked on a job that took a moment.
    """

    def __init__(self, limits: Limits) -> None:
        self.killed_for: str | None = None
        self.last_used = 0.0
        self.grown = 0
        self._imported: set[str] = set()
        self._wall = limits.wall_seconds
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        words = (limits.memory, limits.cpu_seconds, int(limits.wall_seconds) + 1)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-P", "-m", "feedbot.worker", *map(str, words)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def usage(self) -> tuple[float, int]:
        """Seconds of CPU, and bytes of real memory (proc_pid_stat(5)); zeros where /proc does not tell."""
        try:
            with open(f"/proc/{self._process.pid}/stat", "rb") as file:  # noqa: PTH123  # 20 times a second
                facts = file.read().rpartition(b")")[2].split()
            return (int(facts[11]) + int(facts[12])) / _TICKS, int(facts[21]) * _PAGE
        except (OSError, IndexError):
            return 0.0, 0

    async def ask(
        self, module: str, head: bytes, body: bytes, allowance: Allowance
    ) -> tuple[dict[str, Any], bytes]:
        """The head and body of its answer to a job in that module.

        Raises OSError or EOFError where it died or was killed (`killed_for` says for what: time or memory),
        ValueError for an answer that makes no sense.
        """
        loop = asyncio.get_running_loop()
        watch = _Watch(self, allowance, self._wall, loop, begun=module in self._imported)
        self._imported.add(module)
        try:
            if len(body) < _AT_ONCE:
                await loop.sock_sendall(self._socket, head + body)
            else:
                await loop.sock_sendall(self._socket, head)
                await loop.sock_sendall(self._socket, body)
            return await self._answer(loop, watch)
        finally:
            watch.end()

    async def _answer(self, loop: asyncio.AbstractEventLoop, watch: "_Watch") -> tuple[dict[str, Any], bytes]:
        got = b""
        while True:
            while len(got) < LENGTHS.size:
                got += await self._receive(loop)
            if not got.startswith(BEGUN):
                break
            watch.begin()
            got = got[LENGTHS.size :]
        head, body = LENGTHS.unpack_from(got)
        if not 0 < head + body <= MOST_ANSWER:
            raise ValueError("the lengths of the answer make no sense")
        parts, missing = [got[LENGTHS.size :]], LENGTHS.size + head + body - len(got)
        while missing > 0:
            parts.append(await self._receive(loop, min(max(missing, _AT_ONCE), 2**20)))
            missing -= len(parts[-1])
        answer = b"".join(parts)
        return json.loads(answer[:head]), answer[head:]

    async def _receive(self, loop: asyncio.AbstractEventLoop, most: int = _AT_ONCE) -> bytes:
        data = await loop.sock_recv(self._socket, most)
        if not data:
            raise EOFError
        return data

    def kill(self, reason: str | None = None) -> None:
        """Kill it; who asks it is told by the end of its answer."""
        self.killed_for = self.killed_for or reason
        self._process.kill()

    async def end(self) -> int:
        """Kill it where it lives, and wait for its end: its exit code, negative for a signal."""
        self._process.kill()
        self._socket.close()
        return await asyncio.to_thread(self._process.wait)


class _Watch:
    """Looks at a process while it works, and kills it for what it takes."""

    def __init__(
        self,
        process: Process,
        allowance: Allowance,
        wall: float,
        loop: asyncio.AbstractEventLoop,
        *,
        begun: bool,
    ) -> None:
        self._process, self._allowance, self._loop = process, allowance, loop
        start = 0.0 if begun else wall  # a process that starts and imports has that long to begin
        self._until = loop.time() + start + allowance.seconds
        self._cpu_before: float | None = None
        self._timer = loop.call_later(min(_LOOK_SECONDS, allowance.seconds), self._look)

    def begin(self) -> None:
        """The function runs only now."""
        self._until = self._loop.time() + self._allowance.seconds
        self._cpu_before = None

    def _look(self) -> None:
        cpu, self._process.grown = self._process.usage()
        self._cpu_before = cpu if self._cpu_before is None else self._cpu_before
        if self._loop.time() >= self._until or cpu - self._cpu_before >= self._allowance.cpu_seconds:
            self._process.kill("time")
        elif self._process.grown > self._allowance.resident:
            self._process.kill("memory")
        else:
            self._timer = self._loop.call_later(_LOOK_SECONDS, self._look)

    def end(self) -> None:
        """Look no more."""
        self._timer.cancel()


def _environment() -> dict[str, str]:
    """Nothing of ours: no token, no proxy; only what Python needs to start, and to give back what is free."""
    kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "TZ")
    fixed = {
        "PYTHONUTF8": "1",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_TRIM_THRESHOLD_": "1048576",
    }
    return {name: os.environ[name] for name in kept if name in os.environ} | fixed
