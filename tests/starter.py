"""The program as a process without the second that its imports take: one process has them, and forks.

Each child is a process of its own with its own words, environment, folder and streams. It runs
`feedbot.cli.main` as `python -m feedbot` does, and ends as Python ends. What a test says of the start itself,
it says of the program that it starts itself.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# What the program imports only when it needs it.
_LATER = (
    "alembic.command",
    "alembic.ddl.sqlite",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
)


class Process:
    """What of asyncio.subprocess.Process a test needs."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
        self._streams = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115  # closed at its end
        self._said, theirs = socket.socketpair()
        asked = json.dumps({"words": words, "environment": dict(environment), "folder": str(folder)})
        with theirs:
            descriptors = [theirs.fileno(), *(one.fileno() for one in self._streams)]
            socket.send_fds(_starter(), [asked.encode() + b"\n"], descriptors)
        with self._said.makefile("rb", buffering=0) as lines:
            self.pid = int(lines.readline())
        self.returncode: int | None = None
        self._said.setblocking(False)
        self._ended = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        code = await asyncio.get_running_loop().sock_recv(self._said, 100)
        self._said.close()
        self.returncode = int(code)

    def send_signal(self, number: int) -> None:
        """Send it a signal; one that ended hears nothing."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended, and that is on its way to us
                os.kill(self.pid, number)

    def complaints(self) -> bytes:
        """What it has written to stderr so far."""
        return os.pread(self._streams[1].fileno(), 2**20, 0)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end: what it wrote to stdout and to stderr."""
        await self._ended
        written = []
        for stream in self._streams:
            with stream:
                stream.seek(0)
                written.append(stream.read())
        return written[0], written[1]


@cache
def _starter() -> socket.socket:
    """The process that forks, reached by this socket; it ends with it."""
    ours, theirs = socket.socketpair()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBOT_")}
    folder = Path(__file__).parent.parent
    with theirs:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.starter"],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
        )
    started.returncode = 0  # nobody waits for it: it ends after us
    return ours


def _serve() -> list[str]:
    """Fork for each request; returns in each child, with the words that it is called by."""
    channel = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(channel, 65_536, 3)
        if not asked:
            sys.exit()
        while not asked.endswith(b"\n"):
            asked += channel.recv(65_536)
        if os.fork() == 0:
            channel.close()
            return _mind(json.loads(asked), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _mind(asked: dict, report: int, out: int, err: int) -> list[str]:
    """Fork the program and tell its number and how it ended; returns in the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if child := os.fork():
        os.write(report, b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        os.write(report, b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, out, err)):
        os.dup2(descriptor, number)
    for descriptor in (nothing, report, out, err):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    return asked["words"]


def _run() -> None:
    from feedbot import cli  # noqa: PLC0415  # only the process that forks needs it

    cli.load_commands()
    for name in _LATER:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # collecting would copy all pages in every child
    sys.argv = ["feedbot", *_serve()]
    cli.main()


if __name__ == "__main__":
    _run()
