"""Words are put behind each other, with what parts them and the entities that they carry. Pure."""

import re
from dataclasses import dataclass, field
from string import ascii_lowercase
from textwrap import dedent

from feedbot.model import Span
from feedbot.rules.text import clean, without_direction
from feedbot.telegram.styled import composed

RULE = "———"
_LONG_QUOTE = 600  # characters; a longer one is folded until it is tapped
_MOST_INDENTS = 8  # of lists in lists; a phone has no room for more
_TAB = 4  # columns; the server makes one space of a tab
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_NOTHING = " \u00ad\u200b\u2060\ufeff"  # a word of these alone shows nothing
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx".split()
_ON_ITS_LINE = frozenset({"blockquote", "pre"})  # begins a line, whatever stands in front


@dataclass(slots=True)
class List:
    """A list that is being written: the number of its next item, None for bullets."""

    number: int | None
    step: int = 1
    kind: str = "1"  # as the attribute `type` of `ol` names it


@dataclass(slots=True, eq=False)
class Open:
    """An entity whose end is not there yet; it begins with the next word, a block with its line."""

    type: str
    url: str | None = None
    language: str | None = None
    start: int = -1


@dataclass(slots=True)
class Writer:
    """Puts words behind each other; what parts them is written when the next word comes."""

    marks: list[Span] = field(default_factory=list)
    lists: list[List] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _lines: int = 0  # line feeds that the next word is parted by
    _space: bool = False
    _rule: bool = False
    _bullet: str = ""
    _opened: list[Open] = field(default_factory=list)

    def text(self) -> str:
        """What was written."""
        return "".join(self._parts)

    def open(self, mark: Open) -> Open:
        """Begin an entity with the next word."""
        self._opened.append(mark)
        return mark

    def close(self, mark: Open) -> None:
        """End an entity with the last word; one without a word is none."""
        if mark.start < 0:
            if self._opened[-1] is mark:
                self._opened.pop()
            else:
                self._opened.remove(mark)
            return
        length, kind = self._length - mark.start, mark.type
        if kind == "blockquote" and length > _LONG_QUOTE:
            kind = "expandable_blockquote"
        self.marks.append(Span(kind, mark.start, length, mark.url, mark.language))

    def _begun(self, *, blocks: bool) -> None:
        for mark in self._opened:
            if mark.start < 0 and (mark.type == "blockquote") == blocks:
                mark.start = self._length
        if not blocks:
            self._opened.clear()

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def part(self, lines: int) -> None:
        """The next word begins a line, or a paragraph."""
        self._lines = max(self._lines, lines)
        self._space = False

    def line(self) -> None:
        """A `br`: one line further, two of them are a paragraph."""
        self._lines = min(2, self._lines + 1)
        self._space = False

    def rule(self) -> None:
        """A line across, if words stand before it and after it."""
        self.part(2)
        self._rule = True

    def item(self, bullet: str) -> None:
        """An item of a list begins with the next word; without a bullet, it is over."""
        self.part(1)
        self._bullet = bullet

    def say(self, words: str) -> None:
        """Words on a line; white space at their ends parts them from their neighbours."""
        text = _SPACE.sub(" ", without_direction(clean(words)))
        self._space = self._space or text.startswith(" ")
        if not text.strip(_NOTHING):
            return
        self._begin()
        self._put(composed(text.strip(" ")))
        self._space = text.endswith(" ")

    def verbatim(self, text: str) -> None:
        """Lines as they are, but for what all of them begin with."""
        text = dedent(without_direction(clean(text)).expandtabs(_TAB)).strip("\n").rstrip()
        # The server takes spaces from the beginning of an entity, and cuts them off where a message begins.
        words = text.lstrip(" ")
        if words.strip(_NOTHING + "\n"):
            front = "\xa0" * (len(text) - len(words)) if self._length else ""
            self._begin()
            self._put(front + composed(words))

    def _begin(self) -> None:
        """What comes before a word: the line feeds, the indent and the bullet."""
        if self._rule and self._length:
            self._put(f"\n\n{RULE}\n\n")
        elif self._lines and self._length:
            self._put("\n" * self._lines)
        elif self._space and self._length:
            self._put(" ")
        block = any(mark.type in _ON_ITS_LINE for mark in self._opened)
        self._begun(blocks=True)
        if self._lines or not self._length:
            indent = "  " * min(_MOST_INDENTS, max(0, len(self.lists) - 1)) if self._length else ""
            if self._bullet:
                self._put(f"{indent}{self._bullet} ")
            elif self.lists and self._length and not block:
                self._put(f"{indent}  ")
        self._begun(blocks=False)
        self._lines, self._space, self._rule, self._bullet = 0, False, False, ""


def counted(number: int, kind: str) -> str:
    """A number as its list counts: in figures, letters or Roman figures (HTML 4.4.5)."""
    if kind in {"a", "A"} and 0 < number <= len(ascii_lowercase):
        letter = ascii_lowercase[number - 1]
        return letter if kind == "a" else letter.upper()
    if kind in {"i", "I"} and 0 < number <= len(_ROMAN):
        return _ROMAN[number - 1] if kind == "i" else _ROMAN[number - 1].upper()
    return str(number)
