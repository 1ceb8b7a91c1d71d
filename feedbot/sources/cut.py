"""A feed cut into its entries by expat's byte offsets, so that only entries never seen need to be parsed.

Each entry is read alone, between the start tags that it stands in: so what one entry says can never depend on
which others were read with it, and reading all of them, some, or one gives equal entries.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

READING = "2"  # part of each hash: raise it when entries are read differently than before
MAX_DEPTH = 256
MAX_ATTRIBUTES = 500
MAX_ELEMENTS = 20_000  # of one entry
MOST_PIECES = 20_000  # nobody's feed has more; where it ends, the rest is not looked at
_ENTRY_NAMES = frozenset({"item", "entry"})
_FIRST_ENTRY = re.compile(rb"<((?:[\w.-]{1,40}:)?(?:item|entry))[ \t\r\n>]", re.IGNORECASE)
_PLACE = "feedbot-entry"  # a processing instruction that stands where an entry was
_START_TAG = re.compile(rb"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")


class TooDeep(ValueError):
    """The document nests elements, or piles them or their attributes, as no feed does."""


class _NotSafe(Exception):
    """Cutting here would need a proof that we do not have."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A feed in parts: `head` is the document without its entries, `opening` the start tags around each.

    `proven`: the pieces are known to be well-formed, one whole entry each.
    """

    opening: bytes
    closing: bytes
    head: bytes
    pieces: tuple[bytes, ...]
    proven: bool = True

    def holds(self, piece: bytes) -> bool:
        """Whether a piece is one whole entry. Raises TooDeep."""
        if self.proven:
            return True
        cut = cut_feed(self.alone(piece))
        return cut is not None and cut.pieces == (piece,)

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


def cut_at_tags(data: bytes) -> Cut | None:
    """Cut such a document at what looks like the tags of its entries; None where that cannot be right.

    The rest is proven, and that each entry stands in it beside the others; the pieces are not. Those that
    were proven once, between the same tags, need no proof again: then a document in which little is new
    costs a seventh of what a walk through all of it does. Raises TooDeep.
    """
    if not (spans := _spans(data)):
        return None
    walk = _Walk(b"".join(_rest(data, spans, b"<?" + _PLACE.encode() + b"?>")))
    try:
        walk.run()
        opening, closing = walk.tags(walk.around or ())
    except (expat.ExpatError, _NotSafe):
        return None
    if walk.spans or walk.places != len(spans):
        return None
    pieces = tuple(data[begin:end] for begin, end in spans)
    return Cut(opening, closing, b"".join(_rest(data, spans, b"")), pieces, proven=False)


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Where the entries begin and end, by their tags as words."""
    first = _FIRST_ENTRY.search(data)
    if first is None:
        return []
    opening, closing = b"<" + first[1], b"</" + first[1] + b">"
    spans: list[tuple[int, int]] = []
    begin = first.start()
    while begin >= 0 and len(spans) < MOST_PIECES:
        after = begin + len(opening)
        if data[after : after + 1] in b" \t\r\n>":
            if (end := data.find(closing, after)) < 0:
                break
            after = end + len(closing)
            spans.append((begin, after))
        begin = data.find(opening, after)
    return spans


def _rest(data: bytes, spans: Iterable[tuple[int, int]], instead: bytes) -> Iterator[bytes]:
    """What stands around the entries, with this instead of each."""
    at = 0
    for begin, end in spans:
        yield data[at:begin]
        yield instead
        at = end
    yield data[at:]


@dataclass(slots=True)
class _Walk:
    data: bytes
    parents: list[int] = field(default_factory=list)  # offsets of the start tags that are open
    entry_name: str = ""
    around: tuple[int, ...] | None = None
    entry: tuple[int, int] | None = None  # offset and depth of the entry that is open
    spans: list[tuple[int, int]] = field(default_factory=list)
    elements: int = 0
    places: int = 0  # of entries that were taken out
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
        self.parser.ProcessingInstructionHandler = self.place
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

    def place(self, target: str, _data: str) -> None:
        """An entry was here: at the same place as all others."""
        if target == _PLACE:
            around = tuple(self.parents)
            self.around = self.around or around
            if around != self.around or not 1 <= len(around) <= 2:
                raise _NotSafe
            self.places += 1

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
        opening, closing = self.tags(self.around)
        pieces = tuple(self.data[begin:end] for begin, end in self.spans)
        return Cut(opening, closing, b"".join(_rest(self.data, self.spans, b"")), pieces)

    def tags(self, around: tuple[int, ...]) -> tuple[bytes, bytes]:
        """The start tags at these offsets, and their end tags."""
        tags = []
        for offset in around:
            tag = _START_TAG.match(self.data, offset)
            if tag is None:
                raise _NotSafe
            tags.append(tag[0])
        closing = (b"</" + self.qname(offset + 1) + b">" for offset in reversed(around))
        return b"".join(tags), b"".join(closing)


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
