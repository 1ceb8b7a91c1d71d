"""Saved feeds beside what they say: `feeds/NAME.xml` and `feeds/NAME.json`."""

import dataclasses
from pathlib import Path
from typing import Any

from feedbot.model import ParsedEntry, ParsedFeed
from feedbot.sources.read import read_source

FEEDS = Path(__file__).parent / "feeds"
SAVED = sorted(path for path in FEEDS.iterdir() if path.suffix != ".json")
URL = "https://reader.example/feeds/saved.xml"


def read(path: Path, **arguments: Any) -> ParsedFeed:
    """What a saved document says."""
    return read_source(path.read_bytes(), url=URL, kind=None, **arguments)


def record(parsed: ParsedFeed) -> dict[str, Any]:
    """The fields that are there, as plain values; how it was cut and which rule gave what are no matter."""
    told = _told(parsed, {"pieces", "entries"})
    return {**told, "entries": [_told(entry, {"provenance"}) for entry in parsed.entries]}


def _told(value: ParsedFeed | ParsedEntry, without: set[str]) -> dict[str, Any]:
    fields = (field.name for field in dataclasses.fields(value) if field.name not in without)
    return {
        name: plain for name in fields if (plain := _plain(getattr(value, name))) not in (None, [], False)
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key: inner for key, inner in dataclasses.asdict(value).items() if inner is not None}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.total_seconds() if hasattr(value, "total_seconds") else value
