"""Functions for the worker's tests: good ones, and what hostile documents make of a parser."""

import ctypes
import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from feedbot.errors import ParseError
from feedbot.model import Author

WORKER_MEMORY = 200 * 2**20


def echo(body: bytes, **arguments: Any) -> tuple[dict[str, Any], bytes]:
    return arguments, body


def process_id(_: bytes) -> int:
    return os.getpid()


def nouns(_: bytes) -> list[Any]:
    return [Author("Ada", None), datetime(2026, 3, 1, tzinfo=UTC), timedelta(minutes=2), {"one"}]


def no_plain_value(_: bytes) -> object:
    return object()


def refuse(body: bytes) -> None:
    raise ParseError(body.decode())


def fail(_: bytes) -> None:
    raise LookupError("no such thing")


def sleep(body: bytes) -> int:
    time.sleep(float(body))
    return os.getpid()


def spin(_: bytes) -> None:
    while True:
        pass


def work(body: bytes) -> int:
    """So many seconds of CPU; then the process that did it."""
    until = time.process_time() + float(body)
    while time.process_time() < until:
        pass
    return os.getpid()


def allocate(body: bytes) -> int:
    return len(bytearray(int(body) * 2**20))


def hold(body: bytes) -> int:
    """Real memory, and a moment to be seen with it; then the process that did it."""
    held = b"x" * (int(body) * 2**20)
    time.sleep(0.3)
    return os.getpid() if held else 0


def allocate_and_explain(_: bytes) -> None:
    try:
        bytearray(10**9)
    except MemoryError as error:
        raise ParseError("this picture takes too much memory") from error


def crash(_: bytes) -> None:
    os._exit(3)


def segfault(_: bytes) -> None:
    ctypes.string_at(0)


def print_garbage(_: bytes) -> str:
    print("noise", flush=True)
    sys.stderr.write("noise\n")
    sys.stderr.flush()
    os.write(1, b"\x00" * 8 + b"noise")
    return sys.stdin.read() + "done"


def answer_with(body: bytes) -> tuple[None, bytes]:
    return None, b"x" * int(body)


def recurse(_: bytes) -> None:
    recurse(_)


def environment(_: bytes) -> dict[str, str]:
    return dict(os.environ)


def limits(_: bytes) -> dict[str, Any]:
    kinds = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NPROC")
    return {kind: resource.getrlimit(getattr(resource, kind))[0] for kind in kinds}


def write_a_file(body: bytes) -> None:
    with Path(body.decode()).open("wb") as file:
        file.write(b"x")


def modules(_: bytes) -> list[str]:
    return sorted(sys.modules)
