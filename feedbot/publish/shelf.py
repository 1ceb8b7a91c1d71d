"""The published documents as they are answered over HTTP: ready bytes, with their ETags."""

import gzip
import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

ATOM = "application/atom+xml; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"
JSON = "application/feed+json; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
SVG = "image/svg+xml"
MOST_BYTES = 64 << 20  # of documents that are kept in memory; the others are read when somebody asks


@dataclass(frozen=True, slots=True)
class Item:
    """One document. `compressed` is its gzip, `brotli` its brotli, None where that saves nothing."""

    body: bytes
    compressed: bytes | None
    etag: str
    modified: datetime
    media_type: str
    brotli: bytes | None = None

    @property
    def size(self) -> int:
        """What it takes in memory."""
        return len(self.body) + len(self.compressed or b"") + len(self.brotli or b"")


@dataclass(frozen=True, slots=True)
class _Filed:
    """A document that lies in a file; its ETag, where it is known without reading it."""

    file: Path
    media_type: str
    etag: str | None


class Shelf:
    """The documents by path: pages in memory, feeds in their files; those asked for last are kept."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._items: dict[str, Item] = {}
        self._filed: dict[str, _Filed] = {}
        self._read: OrderedDict[str, Item] = OrderedDict()
        self._room, self._lock = most_bytes, RLock()
        self.changes = 0

    def put(self, path: str, body: bytes, media_type: str, modified: datetime) -> None:
        """Lay a document there; an equal one keeps its date."""
        etag = etag_of(body)
        known = self._items.get(path)
        if known and known.etag == etag:
            return
        small = gzip.compress(body, compresslevel=6, mtime=0)
        compressed = small if len(small) < len(body) else None
        self.changes += 1
        self._items[path] = Item(body, compressed, etag, modified.replace(microsecond=0), media_type)

    def file(self, path: str, file: Path, media_type: str, etag: str | None = None) -> None:
        """Say that a document lies in that file, with its codings beside it."""
        with self._lock:
            known = self._filed.get(path)
            if known is None or known.etag != etag or known.file != file:
                self._filed[path] = _Filed(file, media_type, etag)
                self._forget(path)
                self.changes += 1

    @contextmanager
    def swapping(self) -> Iterator[None]:
        """While files are renamed nobody reads them: a document and its codings are of one making."""
        with self._lock:
            yield

    def get(self, path: str) -> Item | None:
        """The document of a path."""
        item = self._items.get(path)
        if item is not None or path not in self._filed:
            return item
        with self._lock:
            item = self._read.get(path)
            if item is not None:
                self._read.move_to_end(path)
                return item
            filed = self._filed.get(path)
            item = _read(filed) if filed else None
            if item is not None:
                self._keep(path, item)
            return item

    def _keep(self, path: str, item: Item) -> None:
        self._read[path] = item
        self._room -= item.size
        while self._room < 0 and self._read:
            _, oldest = self._read.popitem(last=False)
            self._room += oldest.size

    def _forget(self, path: str) -> None:
        item = self._read.pop(path, None)
        if item is not None:
            self._room += item.size

    def digests(self) -> dict[str, str]:
        """The ETag of each document by path, archives apart."""
        filed = {path: one.etag for path, one in list(self._filed.items()) if one.etag}
        return {path: item.etag for path, item in list(self._items.items())} | filed


def etag_of(body: bytes) -> str:
    """A strong validator: equal bytes, equal ETag."""
    return hashlib.sha256(body).hexdigest()[:32]


def is_gzip_of(packed: bytes, body: bytes) -> bool:
    """Whether a gzip file holds these bytes, told by its trailer (RFC 1952 section 2.3.1)."""
    size = len(body) & 0xFFFFFFFF
    return packed[-8:] == zlib.crc32(body).to_bytes(4, "little") + size.to_bytes(4, "little")


def _read(filed: _Filed) -> Item | None:
    """The document as its files are now; None where they are gone."""
    file = filed.file
    try:
        body, modified = file.read_bytes(), datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    except OSError:
        return None
    packed, brotli = _beside(file, ".gz"), _beside(file, ".br")
    if packed is not None and not is_gzip_of(packed, body):
        packed = None
    return Item(body, packed, etag_of(body), modified, filed.media_type, brotli)


def _beside(file: Path, coding: str) -> bytes | None:
    try:
        return file.with_name(file.name + coding).read_bytes()
    except OSError:
        return None
