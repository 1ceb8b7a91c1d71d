"""Text with entities as the Bot API takes them: put together, cut, and held to the server's rules. Pure."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from itertools import pairwise

from feedbot.model import Span
from feedbot.rules.text import cut, utf16_length

MOST_ENTITIES = 100
# The server keeps these before bold and italic where there are too many (shared facts).
_KEPT_FIRST = frozenset({"text_link", "code", "pre", "blockquote", "expandable_blockquote", "spoiler"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_NESTED = (
    "blockquote",
    "expandable_blockquote",
    "text_link",
)  # the outermost first, for spans of equal place
_LONGEST_LINK = (
    4096  # so that a hundred of them stay far below the megabyte of parameters that the server reads
)
# An address as the server takes it apart (TDLib, `parse_url` and `check_link`): who, host, port.
_LINK = re.compile(
    r"(?:((?i:https?))|(?i:tg))://(?:([^/?#\x00-\x20\x7f\"<>]*)@)?"
    r"(\[[0-9a-fA-F:.]+\]|(?:[\w.!$,~*'();&+=\x80-\U0010ffff-]|%[0-9a-fA-F]{2})+)"
    r"(?::0*([1-9][0-9]{0,4}))?(?:[/?#][^\x00-\x20\x7f\"<>]*)?",
    re.ASCII,
)
_TG_HOST = re.compile(r"(?!user$)[\w-]+", re.IGNORECASE | re.ASCII)  # `tg://user` would call somebody by name
_DROPPED = re.compile("[\u030a\u0333\u033f]")
# Where a text is cut nothing is left of a line but its bullet or number.
_LEFT_ALONE = re.compile(r"(?:\n[ \xa0]*+(?:[•◦▪☑☐]|———|[0-9]{1,3}\.)?[ \xa0]*+)++\Z")
_RING = re.compile("[A-Za-z]\u030a")


# What blogs put behind an excerpt; a message has a link of its own.
_LEFTOVER = re.compile(
    r"(?:(?<=[.!?…\])\"”’])|\n|\A)\s*(?:[•◦▪] )?[\[(]?(?:"
    r"(?:continue reading|keep reading|read more|read the full (?:article|story)|더 ?보기|계속 읽기)"
    r"[ .…→»>\])]*"
    r"|continue reading [^\n.]{1,200}"
    r"|the post [^\n]{1,300} (?:appeared first|first appeared) on [^\n]{1,100})\Z",
    re.IGNORECASE,
)
_IN_LEFTOVERS = ("reading", "read more", "read the full", "appeared", "보기", "읽기")
_LONGEST_LEFTOVER = 500


@dataclass(frozen=True, slots=True)
class Styled:
    """A text and its entities; offsets and lengths in UTF-16 units, as the Bot API counts."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    def __add__(self, other: "Styled") -> "Styled":
        """One text with another behind it."""
        start = utf16_length(self.text)
        moved = (replace(span, offset=span.offset + start) for span in other.spans)
        return Styled(self.text + other.text, (*self.spans, *moved))

    @property
    def length(self) -> int:
        """In UTF-16 units."""
        return utf16_length(self.text)


@lru_cache(maxsize=512)  # of an article, for its thousand subscribers
def is_link(url: str) -> bool:
    """Whether the server makes a link of an address. One that it takes for none is no matter of taste: it
    refuses the whole message ("Wrong message entity").
    """
    found = _LINK.fullmatch(url) if len(url) <= _LONGEST_LINK else None
    if found is None:
        return False
    web, who, host, port = found.groups()
    if not web:
        return who is None and port is None and _TG_HOST.fullmatch(host) is not None
    return (_is_ipv6(host[1:-1]) if host[0] == "[" else "." in host.strip(".")) and int(port or 1) <= 65535


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def composed(text: str) -> str:
    """The text as the server leaves it: it drops three marks that stand alone (TDLib, `clean_input_string`).
    A letter and its ring are one character, so that they stay.
    """
    if not any(mark in text for mark in "\u030a\u0333\u033f"):
        return text
    return _DROPPED.sub("", _RING.sub(lambda found: unicodedata.normalize("NFC", found[0]), text))


def plain(text: str, *styles: str, url: str | None = None) -> Styled:
    """A text that carries these entities from end to end, and leads to the address if that is a link."""
    text = composed(text)
    length = utf16_length(text)
    if not length:
        return Styled()
    spans = [Span(style, 0, length) for style in styles]
    return Styled(text, (*spans, *([Span("text_link", 0, length, url)] if url and is_link(url) else [])))


def joined(parts: Iterable[Styled], separator: str) -> Styled:
    """The parts that say something, with the separator between them."""
    whole = Styled()
    for part in parts:
        if part.text:
            whole = whole + plain(separator) + part if whole.text else part
    return whole


def cut_utf16(text: str, room: int, *, at_sentence: bool = True) -> str:
    """At most `room` UTF-16 units of a text, cut at a sentence or a word."""
    if room <= 0:
        return ""
    limit = room
    while utf16_length(shortened := cut(text, limit, at_sentence=at_sentence)) > room:
        limit -= max(1, (utf16_length(shortened) - room + 1) // 2)
    return shortened


def shorten(styled: Styled, room: int) -> Styled:
    """At most `room` UTF-16 units, cut at a sentence or a word; entities end where the text does."""
    text = cut_utf16(styled.text, room)
    if text == styled.text:
        return styled
    is_marked = text.endswith("…") and not styled.text.startswith(text)
    words = _LEFT_ALONE.sub("", text.removesuffix("…") if is_marked else text).rstrip()
    spans = _clipped(styled.spans, utf16_length(words))
    return Styled(words + "…" if is_marked or len(words) < len(text) else words, spans)


def without_leftovers(styled: Styled) -> Styled:
    """The text without "Continue reading" and "The post … appeared first on …" at its end."""
    text = styled.text
    end = text[-_LONGEST_LEFTOVER:].casefold()
    if not any(words in end for words in _IN_LEFTOVERS):  # as it is nearly always
        return styled
    while found := _LEFTOVER.search(text, max(0, len(text) - _LONGEST_LEFTOVER)):
        text = _LEFT_ALONE.sub("", text[: found.start()]).rstrip()
    if text == styled.text or not text:
        return styled
    return Styled(text, _clipped(styled.spans, utf16_length(text)))


def _clipped(spans: Iterable[Span], kept: int) -> tuple[Span, ...]:
    shorter = (_at(span, span.offset, min(_end(span), kept)) for span in spans)
    return tuple(span for span in shorter if span.length > 0)


def lawful(text: str, marks: Sequence[Span]) -> Styled:
    """The text with those of its marks that the server takes; `marks` count characters, not UTF-16 units,
    and lie in one another or apart.

    None is empty or begins or ends in white space, quotes lie in no quote and no link, links in no link, code
    holds nothing, and there are 100 at most (Bot API, "MessageEntity").
    """
    found = sorted(_allowed(text, marks), key=_place)
    if len(found) > MOST_ENTITIES:
        found.sort(key=lambda mark: mark.type not in _KEPT_FIRST)
        found = sorted(found[:MOST_ENTITIES], key=_place)
    return Styled(text, tuple(_in_units(text, found)))


def _in_units(text: str, marks: Sequence[Span]) -> Iterator[Span]:
    """The marks, which count characters, as they are in UTF-16 units."""
    if text.isascii():
        yield from marks
        return
    at = units = 0
    known = {}
    for place in sorted({edge for mark in marks for edge in (mark.offset, _end(mark))}):
        units += utf16_length(text[at:place])
        at, known[place] = place, units
    for mark in marks:
        start = known[mark.offset]
        yield _at(mark, start, known[_end(mark)])


def _end(mark: Span) -> int:
    return mark.offset + mark.length


def _at(mark: Span, start: int, end: int) -> Span:
    """The mark from here to there; a third of what `replace` costs."""
    if start == mark.offset and end == start + mark.length:
        return mark
    return Span(mark.type, start, end - start, mark.url, mark.language)


def _place(mark: Span) -> tuple[int, int, int]:
    rank = _NESTED.index(mark.type) if mark.type in _NESTED else len(_NESTED)
    return mark.offset, -mark.length, rank


def _allowed(text: str, marks: Iterable[Span]) -> list[Span]:
    """Blocks of code first, then quotes and links, then code, then the rest around what is there."""
    of: dict[str, list[Span]] = {}
    for mark in sorted(marks, key=_place):
        of.setdefault("quote" if mark.type in _QUOTES else mark.type, []).append(mark)
    blocks = _outermost(text, of.pop("pre", ()))
    quotes = _outermost(text, of.pop("quote", ()))
    links = _clear(_outermost(text, _cut_at(of.pop("text_link", ()), quotes)), blocks)
    taken = sorted((*blocks, *links), key=_place)
    code = _clear(_outermost(text, _cut_at(of.pop("code", ()), quotes)), taken)
    alone = sorted((*blocks, *code), key=_place)
    rest = [part for kind in of.values() for mark in _outermost(text, kind) for part in _around(mark, alone)]
    if quotes:  # of what holds a quote, or a link that was cut at one, there are parts now
        rest = [part for mark in rest for part in _uncrossed(mark, quotes)]
        rest = [part for mark in rest for part in _uncrossed(mark, links)]
    return [*blocks, *quotes, *links, *code, *(mark for mark in map(_trim(text), rest) if mark.length)]


def _trim(text: str) -> Callable[[Span], Span]:
    def trimmed(mark: Span) -> Span:
        inside = text[mark.offset : _end(mark)].rstrip()
        # A line of code may begin with spaces that are kept, and a quote with such a line.
        front = len(inside) - len(
            inside.lstrip(" \n" if mark.type == "pre" or mark.type in _QUOTES else None)
        )
        return _at(mark, mark.offset + front, mark.offset + len(inside))

    return trimmed


def _outermost(text: str, marks: Iterable[Span]) -> list[Span]:
    """Marks of one kind, trimmed, without those inside another."""
    kept: list[Span] = []
    for mark in map(_trim(text), marks):
        if mark.length and (not kept or mark.offset >= _end(kept[-1])):
            kept.append(mark)
    return kept


def _cut_at(marks: Iterable[Span], quotes: Sequence[Span]) -> Iterator[Span]:
    """The marks, cut where a quote in them begins and ends."""
    for mark in marks:
        edges = {at for one in _inside(mark, quotes) for at in (one.offset, _end(one))}
        yield from _cut(mark, edges)


def _uncrossed(mark: Span, others: Sequence[Span]) -> Iterator[Span]:
    """The mark, cut where one of the others lies across its ends."""
    inside = _inside(mark, others)
    across = [
        one
        for one in (*inside[:1], *inside[-1:])
        if one.offset < mark.offset < _end(one) < _end(mark)
        or mark.offset < one.offset < _end(mark) < _end(one)
    ]
    return _cut(mark, {at for one in across for at in (one.offset, _end(one))})


def _cut(mark: Span, edges: Iterable[int]) -> Iterator[Span]:
    places = [mark.offset, *sorted(at for at in edges if mark.offset < at < _end(mark)), _end(mark)]
    for start, end in pairwise(places):
        yield _at(mark, start, end)


def _clear(marks: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """The marks that do not touch what is taken."""
    return [mark for mark in marks if not _inside(mark, taken)]


def _inside(mark: Span, taken: Sequence[Span]) -> list[Span]:
    """What of `taken` (in order, apart) lies in a mark, or the mark in it."""
    at = max(0, bisect_right(taken, mark.offset, key=lambda one: one.offset) - 1)
    found = []
    while at < len(taken) and taken[at].offset < _end(mark):
        if _end(taken[at]) > mark.offset:
            found.append(taken[at])
        at += 1
    return found


def _around(mark: Span, taken: Sequence[Span]) -> Iterator[Span]:
    """The parts of a mark between what is taken."""
    start = mark.offset
    for hole in _inside(mark, taken):
        if hole.offset > start:
            yield _at(mark, start, hole.offset)
        start = max(start, _end(hole))
    if start < _end(mark):
        yield _at(mark, start, _end(mark))
