"""RSS, Atom, RDF and CDF: bytes in, entries out; only entries never seen are read where that is safe."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import compress
from typing import TYPE_CHECKING, Any

from feedbot.model import Kind, ParsedFeed, Piece, Tombstone
from feedbot.rules.identity import guid_key, marks
from feedbot.rules.urls import absolute
from feedbot.sources.cut import Cut, TooDeep, cut_at_tags, cut_feed, known_marks, piece_hashes
from feedbot.sources.entry import read_entry, short_guid
from feedbot.sources.media import number
from feedbot.sources.newest import MOST_ENTRIES, newest
from feedbot.sources.sniff import FEED_ROOTS, describe, find_root
from feedbot.sources.words import language_of, line, text_of

if TYPE_CHECKING:
    from feedbot.sources.tolerant import Reading


_MOST_SIGNS = 300_000  # tags and entities
_MOST_UNCLOSED = 100
_MOST_MINUTES = 1_000_000  # no timedelta is to overflow; the schedule caps at a day
_DECLARED_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_TAIL = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_SIGN = re.compile(rb"<[a-zA-Z/!?]|&")
_ENTRY_START = re.compile(rb"<(?:item|entry)[\s>/]", re.IGNORECASE)
_DATE = re.compile(
    rb"<(?:pubDate|published|updated|dc:date|issued|modified)[^>]*>(?:<!\[CDATA\[)?([^<\]]{1,200})",
    re.IGNORECASE,
)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


# What feedparser's own code raises over documents that are broken on purpose.
STUMBLES = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError)


def parse_feed(text: str, url: str, known: Mapping[str, Any] | None = None) -> ParsedFeed:
    """Read a feed. `url` is where it came from, `known` the pieces of the document before (hash to guid and
    link mark): their entries are left out.

    `fault` is set for a document that is no feed; broken ones give the entries that can be read. Entity
    declarations are refused: nested ones cost seconds of CPU (shared facts).
    """
    root = find_root(text)
    if root is None or root.name not in FEED_ROOTS:
        return ParsedFeed(fault=f"this is no feed: {describe(text, root)}")
    if _DECLARED_ENTITY.search(text, 0, root.at):
        return ParsedFeed(fault="the document declares entities of its own, which feedbot does not expand")
    try:
        return _read(text[root.at :], url, known or {})
    except TooDeep:
        return ParsedFeed(fault="the document nests or piles elements or attributes as no feed does")
    except STUMBLES as error:
        return ParsedFeed(
            fault=f"the document is too broken to be read ({type(error).__name__}: {error})"[:300]
        )


def _read(text: str, url: str, known: Mapping[str, Any]) -> ParsedFeed:
    quick = cut_at_tags(text.encode("utf-8", "replace"))
    if quick is not None and (parsed := _read_pieces(quick, url, known)) is not None:
        return parsed
    data, cut = prepare(text)
    if cut is not None and (parsed := _read_pieces(cut, url, known)) is not None:
        return parsed
    return read_whole(data, url)


def prepare(text: str) -> tuple[bytes, Cut | None]:
    """A feed from its root on as bytes to parse, tidied if it needs that, and cut if it can be."""
    from feedbot.sources.wellformed import tidy  # noqa: PLC0415  # feedparser takes 60 ms to import

    data = text.encode("utf-8", "replace")
    if (cut := cut_feed(data)) is None:
        data = _until_the_end(tidy(text)).encode("utf-8", "replace")
        cut = cut_feed(data)
    return data, cut


def _until_the_end(text: str) -> str:
    """The document without what servers append to it: a script, a comment on cache times, a warning."""
    ends = [match.end() for match in _TAIL.finditer(text, max(0, len(text) - 65536))]
    rest = text[ends[-1] :] if ends else ""
    return text[: ends[-1]] if rest.strip() and not _ENTRY_START.search(rest.encode()) else text


def read_whole(data: bytes, url: str) -> ParsedFeed:
    """Read a document in one go; it need not be well-formed."""
    from feedbot.sources.tolerant import read_xml  # noqa: PLC0415

    data, cut_off = _first_entries(data)
    if _is_hopeless(data):
        return ParsedFeed(fault="the document is broken, and too large to be read all the same")
    reading = read_xml(data, url)
    if not reading.entries and (fault := _why_nothing(reading)):
        return ParsedFeed(fault=fault)
    items = newest(reading.entries, _date_of)
    entries = tuple(read_entry(item, url) for item in items)
    return replace(
        _channel(reading, url), entries=entries, cut_off=cut_off or len(items) < len(reading.entries)
    )


def _is_hopeless(data: bytes) -> bool:
    """Whether reading tag by tag would take minutes: no feed that people wrote has so many tags."""
    sections, closed = data.count(b"<![CDATA["), data.count(b"]]>")
    return len(_SIGN.findall(data)) > _MOST_SIGNS or sections > closed + _MOST_UNCLOSED


def _why_nothing(reading: "Reading") -> str | None:
    """What is wrong with a document without entries; a new feed has none and is well."""
    if reading.broken_off:
        return "the document breaks off before its first entry ends"
    if not reading.well_formed:
        return "the document is broken, and no entry can be found in it"
    return None if reading.version else "this is no feed: none of its elements is one that feeds have"


def _first_entries(data: bytes) -> tuple[bytes, bool]:
    """A broken document with its first entries only: reading it takes time by the square of its size."""
    for count, match in enumerate(_ENTRY_START.finditer(data)):
        if count == MOST_ENTRIES:
            return data[: match.start()], True
    return data, False


def _read_pieces(cut: Cut, url: str, known: Mapping[str, Any]) -> ParsedFeed | None:
    """Read the pieces that are not known; None where one is not the one entry that it should be."""
    from feedbot.sources.tolerant import read_xml  # noqa: PLC0415

    reading = read_xml(cut.head, url)
    if reading.entries or not (cut.pieces or reading.version):
        return None
    channel = _channel(reading, url)
    kept = newest(cut.pieces, _date_in)
    pieces, entries = [], []
    buried = {key for tombstone in channel.tombstones if (key := guid_key(tombstone.guid))}
    hashes = piece_hashes(kept, cut.opening, (url, channel.link, channel.language))
    is_new = (known_marks(known, digest) is None for digest in hashes)
    if not all(map(cut.holds, compress(kept, is_new))):
        return None
    for piece, digest in zip(kept, hashes, strict=True):
        mark = known_marks(known, digest)
        if mark is None or mark[0] in buried:
            try:
                items = read_xml(cut.alone(piece), url).entries
            except STUMBLES:  # over this entry; the others are none the worse for it
                pieces.append(Piece(digest))
                continue
            if len(items) != 1:
                return None
            entries.append(read_entry(items[0], url))
            mark = marks(entries[-1], channel.link or url)
        # One that the document also takes back is read each time: its dates decide which of the two holds.
        pieces.append(Piece("" if mark[0] in buried else digest, *mark))
    return replace(channel, entries=tuple(entries), pieces=tuple(pieces), cut_off=len(kept) < len(cut.pieces))


def _date_in(piece: bytes) -> str | None:
    match = _DATE.search(piece)
    return match[1].decode("utf-8", "replace") if match else None


def _date_of(item: dict[str, Any]) -> str | None:
    return _text(dict.get(item, "published") or dict.get(item, "updated"))


def _channel(reading: "Reading", url: str) -> ParsedFeed:
    """What a feed says of itself."""
    head = reading.head
    base = absolute(head.get("feed_base"), url) or url
    return ParsedFeed(
        title=_title(head),
        link=absolute(_text(dict.get(head, "link")), base),
        language=language_of(head.get("language")),
        kind=Kind.FEED,
        ttl=_minutes(head.get("ttl")),
        update_period=_period(head.get("sy_updateperiod"), head.get("sy_updatefrequency")),
        skip_hours=_numbers(reading.skip["hour"]),
        skip_days=tuple(
            sorted({_DAYS.index(day.lower()) for day in reading.skip["day"] if day.lower() in _DAYS})
        ),
        tombstones=tuple(
            Tombstone(guid, when[:100]) for ref, when in reading.tombstones if (guid := short_guid(ref))
        ),
        hub=_linked(head, "hub", base),
        self_url=_linked(head, "self", base),
    )


def _linked(head: dict[str, Any], rel: str, base: str) -> str | None:
    """The first address that a feed names with a relation, as Atom and RSS both do it."""
    links = dict.get(head, "links") or ()
    found = (absolute(_text(link.get("href")), base) for link in links if link.get("rel", "").lower() == rel)
    return next((url for url in found if url), None)


def _title(head: dict[str, Any]) -> str | None:
    is_html = "html" in str((head.get("title_detail") or {}).get("type") or "")
    return text_of(head.get("title")) if is_html else line(head.get("title"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _minutes(value: Any) -> timedelta | None:
    minutes = number(value)
    return timedelta(minutes=min(minutes, _MOST_MINUTES)) if minutes else None


def _period(period: Any, frequency: Any) -> timedelta | None:
    """How often the `sy:` module says that a feed changes: so many times in a period, or once."""
    hours = _PERIODS.get(str(period or "").strip().lower())
    times = number(frequency) or 1
    return timedelta(hours=hours) / min(times, 3600) if hours else None


def _numbers(hours: Sequence[str]) -> tuple[int, ...]:
    """Hours of the day; some count them from 1 to 24."""
    found = {0 if hour in {"0", "00"} else number(hour) for hour in hours}
    return tuple(sorted({hour % 24 for hour in found if hour is not None and hour <= 24}))
