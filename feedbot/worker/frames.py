"""One frame on the pipe: two lengths, a JSON head, a body of bytes. Both sides speak it."""

import dataclasses
import json
import struct
from datetime import date, timedelta
from typing import Any

LENGTHS = struct.Struct(">II")


def pack(head: Any, body: bytes) -> bytes:
    """A frame of a JSON value (dataclasses and times included) and bytes."""
    text = json.dumps(head, default=_plain, ensure_ascii=True).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no plain value")
