"""A folder of documents as a source (edge): what is there, and its bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from feedbot.errors import FetchError

SUFFIXES = (".txt", ".html", ".htm", ".xml", ".rss", ".atom")
MOST_FILES = 1000
MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The documents of a folder, newest first, and a hash that changes when one of them does."""

    files: tuple[Path, ...]
    hash: str


def list_folder(folder: Path) -> Listing:
    """What documents there are; hidden files and other suffixes are passed by. Raises FetchError."""
    try:
        found = [
            (path.stat().st_mtime_ns, path.stat().st_size, path)
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        ]
    except OSError as error:
        raise FetchError(f"{folder}: {error.strerror or error}; `url` must name a folder") from error
    found = sorted(found, key=lambda item: (-item[0], item[2].name))[:MOST_FILES]
    digest = hashlib.sha256(repr([(time, size, path.name) for time, size, path in found]).encode())
    return Listing(tuple(path for _, _, path in found), digest.hexdigest())


def read_document(path: Path) -> bytes:
    """The bytes of one document. Raises FetchError."""
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FetchError(f"{path}: {error.strerror or error}") from error
    if len(body) > MOST_BYTES:
        raise FetchError(f"{path}: larger than {MOST_BYTES // 1_000_000} MB")
    return body
