"""A feed cut into its entries by expat's byte offsets, so that only entries never seen need to be parsed.

Each entry is read alone, between the start tags that it stands in: so what one entry says can never depend on
which others were read with it, and reading all of them, some, or one gives equal entries.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

READING = "2"  # part of each hash: raise it when entries are read differently than before
MAX_DEPTH = 256
MAX_ATTRIBUTES = 500
MAX_ELEMENTS = 20_000  # of one entry
MOST_PIECES = 20_000  # nobody's feed has more; where it ends, the rest is not looked at
_ENTRY_NAMES = frozenset({"item", "entry"})
_START_TAG = re.compile(rb"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")


class TooDeep(ValueError):
    """The document nests elements, or piles them or their attributes, as no feed does."""


class _NotSafe(Exception):
    """Cutting here would need a proof that we do not have."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A feed in parts: `head` is the document without its entries, `opening` the start tags around each."""

    opening: bytes
    closing: bytes
    head: bytes
    pieces: tuple[bytes, ...]

    def alone(self, piece: bytes) -> bytes:
        """A document with that one entry."""
        return self.opening + piece + self.closing


def cut_feed(data: bytes) -> Cut | None:
    """Cut a document in UTF-8 that has no encoding declaration; None where it cannot be proven right.

    Proven means: well-formed with namespaces, no entity but XML's own five, all entries children of one
    element, none within another. Raises TooDeep for what would only burn time.
    """
    walk = _Walk(data)
    try:
        walk.run()
        return walk.cut()
    except (expat.ExpatError, _NotSafe):
        return None


@dataclass(slots=True)
class _Walk:
    data: bytes
    parents: list[int] = field(default_factory=list)  # offsets of the start tags that are open
    entry_name: str = ""
    around: tuple[int, ...] | None = None
    entry: tuple[int, int] | None = None  # offset and depth of the entry that is open
    spans: list[tuple[int, int]] = field(default_factory=list)
    elements: int = 0
    parser: Any = None

    def run(self) -> None:
        """Walk the document; raises ExpatError, _NotSafe or TooDeep."""
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.SkippedEntityHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.Parse(self.data, True)

    def refuse(self, *_: Any) -> None:
        """Entities are for whoever reads the whole document."""
        raise _NotSafe

    def doctype(self, _name: str, _system: Any, _public: Any, internal: int) -> None:
        """A harmless DOCTYPE names a file that nobody opens; one with declarations is not harmless."""
        if internal:
            raise _NotSafe

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins."""
        depth = len(self.parents)
        self.elements += 1
        if depth >= MAX_DEPTH or len(attributes) > 2 * MAX_ATTRIBUTES or self.elements > MAX_ELEMENTS:
            raise TooDeep
        if name.rpartition(" ")[2].lower() in _ENTRY_NAMES:
            self.start_entry(name, depth)
        self.parents.append(self.parser.CurrentByteIndex)

    def start_entry(self, name: str, depth: int) -> None:
        """An entry begins: at its own level, of the same name and beside the others, or cutting is off."""
        if self.entry is not None or not 1 <= depth <= 2 or len(self.spans) >= MOST_PIECES:
            raise _NotSafe
        around = tuple(self.parents)
        self.around, self.entry_name = self.around or around, self.entry_name or name
        if around != self.around or name != self.entry_name:
            raise _NotSafe
        self.entry = (self.parser.CurrentByteIndex, depth)
        self.elements = 0

    def end(self, _name: str) -> None:
        """An element ends."""
        self.parents.pop()
        if self.entry and self.entry[1] == len(self.parents):
            begin, at = self.entry[0], self.parser.CurrentByteIndex
            end = self.data.find(b">", at) + 1
            if self.data[at : at + 2] != b"</" or self.qname(at + 2) != self.qname(begin + 1):
                raise _NotSafe  # `<item/>` says nothing
            self.spans.append((begin, end))
            self.entry = None
            self.elements = 0

    def qname(self, at: int) -> bytes:
        """The name that is written in the document there."""
        found = re.compile(rb"[^\s/>]+").match(self.data, at)
        return found[0] if found else b""

    def cut(self) -> Cut:
        """The parts, once the whole document was walked."""
        if self.around is None:
            return Cut(b"", b"", self.data, ())
        tags = []
        for offset in self.around:
            tag = _START_TAG.match(self.data, offset)
            if tag is None:
                raise _NotSafe
            tags.append(tag[0])
        closing = b"".join(b"</" + self.qname(offset + 1) + b">" for offset in reversed(self.around))
        kept, at = [], 0
        for begin, end in self.spans:
            kept.append(self.data[at:begin])
            at = end
        pieces = tuple(self.data[begin:end] for begin, end in self.spans)
        return Cut(b"".join(tags), closing, b"".join([*kept, self.data[at:]]), pieces)


def piece_hashes(pieces: Iterable[bytes], around: bytes, context: Sequence[str | None]) -> tuple[str, ...]:
    """A hash for each piece, over its bytes and all that changes their reading: the tags around it and
    `context` (the document's address, the channel's link and language), not the channel's dates.
    """
    told = hashlib.sha256(around)
    told.update("\x1f".join((READING, *(part or "" for part in context))).encode("utf-8", "replace"))
    seed = told.digest()
    return tuple(hashlib.sha256(seed + piece).hexdigest()[:32] for piece in pieces)


def known_marks(known: Mapping[str, Any], piece: str) -> tuple[str | None, str | None] | None:
    """The guid mark and link mark that the last document's piece of that hash had; None: it is new."""
    marks = known.get(piece)
    if not isinstance(marks, list | tuple) or len(marks) != 2:
        return None
    guid, link = marks
    return (str(guid) if guid else None, str(link) if link else None)
