"""Text with entities as the Bot API takes them: put together, cut, and held to the server's rules. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

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


def plain(text: str, *styles: str, url: str | None = None) -> Styled:
    """A text that carries these entities from end to end."""
    length = utf16_length(text)
    if not length:
        return Styled()
    spans = [Span(style, 0, length) for style in styles]
    return Styled(text, (*spans, *([Span("text_link", 0, length, url)] if url else [])))


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
    kept = utf16_length(text.removesuffix("…")) if not styled.text.startswith(text) else utf16_length(text)
    clipped = (replace(span, length=min(span.length, kept - span.offset)) for span in styled.spans)
    return Styled(text, tuple(span for span in clipped if span.length > 0))


def lawful(text: str, marks: Sequence[Span]) -> Styled:
    """The text with those of its marks that the server takes; `marks` count characters, not UTF-16 units,
    and lie in one another or apart.

    None is empty or begins or ends in white space, quotes lie in no quote, links in no link, code holds
    nothing, and there are 100 at most (Bot API, "MessageEntity").
    """
    found = sorted(_allowed(text, marks), key=_place)
    if len(found) > MOST_ENTITIES:
        found.sort(key=lambda mark: mark.type not in _KEPT_FIRST)
        found = sorted(found[:MOST_ENTITIES], key=_place)
    if text.isascii():
        return Styled(text, tuple(found))
    units = [0, *accumulate(1 + (char > "\uffff") for char in text)]
    return Styled(
        text,
        tuple(
            replace(mark, offset=units[mark.offset], length=units[_end(mark)] - units[mark.offset])
            for mark in found
        ),
    )


def _end(mark: Span) -> int:
    return mark.offset + mark.length


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
    links = _clear(_outermost(text, of.pop("text_link", ())), blocks)
    code = _clear(_outermost(text, of.pop("code", ())), sorted((*blocks, *links), key=_place))
    alone = sorted((*blocks, *code), key=_place)
    rest = [part for kind in of.values() for mark in _outermost(text, kind) for part in _around(mark, alone)]
    return [*blocks, *quotes, *links, *code, *(mark for mark in map(_trim(text), rest) if mark.length)]


def _trim(text: str) -> Callable[[Span], Span]:
    def trimmed(mark: Span) -> Span:
        inside = text[mark.offset : _end(mark)].rstrip()
        front = len(inside) - len(inside.lstrip("\n" if mark.type == "pre" else None))
        return replace(mark, offset=mark.offset + front, length=len(inside) - front)

    return trimmed


def _outermost(text: str, marks: Iterable[Span]) -> list[Span]:
    """Marks of one kind, trimmed, without those inside another."""
    kept: list[Span] = []
    for mark in map(_trim(text), marks):
        if mark.length and (not kept or mark.offset >= _end(kept[-1])):
            kept.append(mark)
    return kept


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
            yield replace(mark, offset=start, length=hole.offset - start)
        start = max(start, _end(hole))
    if start < _end(mark):
        yield replace(mark, offset=start, length=_end(mark) - start)
