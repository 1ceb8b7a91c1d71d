"""The process that works: reads a frame, runs the function, writes a frame, until its input ends."""

import importlib
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from feedbot.worker.frames import LENGTHS, pack


def main(memory: int, cpu_seconds: int) -> None:
    """Work under these limits: bytes of address space, seconds of CPU for each job."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides; its group's signals are not for us
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while (frame := _read(jobs)) is not None:
        head, body = frame
        try:
            function = _find(head["function"])
            _allow_cpu(cpu_seconds)
            answers.write(_run(function, body, head["arguments"]))
        except Exception as error:  # every failure of a job is told, none ends the process
            answers.write(pack({"error": type(error).__name__, "message": str(error)[:1000]}, b""))
        answers.flush()


def _read(jobs: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    import json  # noqa: PLC0415

    lengths = jobs.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    text, data = jobs.read(head), jobs.read(body)
    return (json.loads(text), data) if len(data) == body else None


def _find(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _run(function: Callable[..., Any], body: bytes, arguments: dict[str, Any]) -> bytes:
    result = function(body, **arguments)
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], bytes):
        return pack({"value": result[0]}, result[1])
    return pack({"value": result}, b"")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
