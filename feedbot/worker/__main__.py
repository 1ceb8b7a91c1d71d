"""The process that works: reads a frame, runs the function, writes a frame, until its parent is gone."""

import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, BinaryIO

from feedbot.worker.frames import BEGUN, LENGTHS, MOST_ANSWER, pack

_MOST_MEMORY = 2**30


def main(memory: int, cpu_seconds: int, wall_seconds: int) -> None:
    """Work under these limits: bytes of address space, seconds of CPU and of time for each job.

    A module whose functions need more memory says so by a constant WORKER_MEMORY, in bytes.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides; its group's signals are not for us
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(kind, (0, 0))
    jobs, answers = _take_channel()
    while (frame := _read(jobs)) is not None:
        head, body = frame
        before = time.process_time()
        try:
            module, before = _load(head["module"], answers), time.process_time()
            _limit(getattr(module, "WORKER_MEMORY", memory), cpu_seconds, wall_seconds)
            answer = _run(getattr(module, head["function"]), body, head["arguments"])
        except Exception as error:  # every failure of a job is told, none ends the process
            seconds = time.process_time() - before
            answer = (pack({"error": _kind(error), "message": str(error)[:1000], "seconds": seconds}), b"")
        del frame, body
        signal.alarm(0)
        for part in answer:
            answers.write(part)
        answers.flush()


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """The socket that came as standard input; what a function reads or prints does not get near it."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(0), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what keeps this process from starting has been told on 2 by now
        os.dup2(nothing, number)
    os.close(nothing)
    return jobs, answers


def _read(jobs: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = jobs.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    text, data = jobs.read(head), jobs.read(body)
    return (json.loads(text), data) if len(data) == body else None


def _load(name: str, answers: BinaryIO) -> ModuleType:
    """The module, imported once; the parent's clock starts after that, or the first job would pay for it."""
    if name not in sys.modules:
        importlib.import_module(name)
        answers.write(BEGUN)
        answers.flush()
    return sys.modules[name]


def _limit(memory: int, cpu_seconds: int, wall_seconds: int) -> None:
    """What the process may use from now on. The alarm ends it where no parent is left to do so."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, _MOST_MEMORY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, resource.RLIM_INFINITY))
    signal.alarm(wall_seconds + 2)


def _run(function: Callable[..., Any], body: bytes, arguments: dict[str, Any]) -> tuple[bytes, bytes]:
    before = time.process_time()
    value, data = function(body, **arguments), b""
    seconds = time.process_time() - before
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes):
        value, data = value
    head = pack({"value": value, "seconds": seconds}, data)
    if len(head) + len(data) > MOST_ANSWER:
        raise MemoryError
    return head, data


def _kind(error: BaseException) -> str:
    """The name of an error, MemoryError where that was the beginning of it."""
    first: BaseException | None = error
    while first is not None:
        if isinstance(first, MemoryError):
            return "MemoryError"
        first = first.__cause__ or first.__context__
    return type(error).__name__


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
