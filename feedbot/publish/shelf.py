"""The published documents as they are answered over HTTP: ready bytes, with their ETags."""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import datetime

ATOM = "application/atom+xml; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
SVG = "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Item:
    """One document. `compressed` is its gzip, `brotli` its brotli, None where that saves nothing."""

    body: bytes
    compressed: bytes | None
    etag: str
    modified: datetime
    media_type: str
    brotli: bytes | None = None


class Shelf:
    """The documents by path."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self.changes = 0

    def put(self, path: str, body: bytes, media_type: str, modified: datetime) -> None:
        """Lay a document there; an equal one keeps its date."""
        etag = hashlib.sha256(body).hexdigest()[:32]
        known = self._items.get(path)
        if known and known.etag == etag:
            return
        small = gzip.compress(body, compresslevel=6, mtime=0)
        compressed = small if len(small) < len(body) else None
        self.changes += 1
        self._items[path] = Item(body, compressed, etag, modified.replace(microsecond=0), media_type)

    def get(self, path: str) -> Item | None:
        """The document of a path."""
        return self._items.get(path)

    def digests(self) -> dict[str, str]:
        """The ETag of each document by path."""
        return {path: item.etag for path, item in self._items.items()}
