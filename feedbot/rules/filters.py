r"""Filters: rules by which an entry belongs to a category, whatever its source.

    storm and not "storm in a teacup"      title:(flood or drought) -sport
    author:"Kim Hyelin" or category:policies      link:/\/view\?id=\d+/ and language:ko

Words and "phrases" are found whole, however they are written (case, width, accents as they are); in scripts
without spaces between words they are found anywhere. Words that follow each other must all be there.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

from feedbot.model import Entry, Source
from feedbot.rules.normalise import slugs_of
from feedbot.rules.text import clean, fold_case

FIELDS = ("title", "author", "text", "category", "link", "source", "language")
MAX_RULE, MAX_PATTERN, MAX_DEPTH = 2000, 500, 50
_MAX_MEMORY = 8 << 20
_ANYWHERE = ("title", "text", "category")
_QUOTES = str.maketrans("\u2018\u2019\u201b\u02bc", "''''")
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<not>-(?=[^\s)]))|(?P<pattern>/(?:[^/\\]|\\.)*/\w*)"
    r"|[\"“”](?P<phrase>[^\"“”]*)[\"“”]|(?P<field>[A-Za-z_]+):(?=\S)|(?P<word>[^\s()\"“”]+)|(?P<bad>\S))"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A word or phrase, folded, in one of these fields."""

    text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of RE2, whose time grows with the text only, in one of these fields."""

    text: str
    ignore_case: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be so."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Both:
    """What must all be so."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Of what one must be so."""

    parts: tuple["Node", ...]


Node = Words | Pattern | Not | Both | Either


class _Texts:
    """The texts of an entry by field, each folded once."""

    def __init__(self, entry: Entry, source_id: str) -> None:
        self._told: dict[str, tuple[str, ...]] = {
            "title": (entry.title,),
            "author": tuple(filter(None, (one for a in entry.authors for one in (a.name, a.email)))),
            "text": tuple(filter(None, (entry.summary, entry.content_text))),
            "category": entry.categories,
            "link": (entry.url,) if entry.url else (),
            "source": (source_id,),
            "language": (entry.language,) if entry.language else (),
        }
        self._folded: dict[str, tuple[str, ...]] = {}

    def told(self, field: str) -> tuple[str, ...]:
        return self._told[field]

    def folded(self, field: str) -> tuple[str, ...]:
        if field not in self._folded:
            self._folded[field] = tuple(map(_folded, self._told[field]))
        return self._folded[field]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it was written, and what it means."""

    text: str
    node: Node

    def matches(self, entry: Entry, source_id: str) -> bool:
        """Whether an entry of that source is meant."""
        return _holds(self.node, _Texts(entry, source_id))


def slugs_for(entry: Entry, source: Source, rules: Mapping[str, Sequence[Rule]]) -> tuple[str, ...]:
    """The categories of an entry: its source's, those its labels map to, and those with a rule for it."""
    texts = _Texts(entry, source.id)
    ruled = (slug for slug, some in rules.items() if any(_holds(rule.node, texts) for rule in some))
    return tuple(dict.fromkeys((*slugs_of(source, entry.categories), *ruled)))


def _holds(node: Node, texts: _Texts) -> bool:
    match node:
        case Not(part):
            return not _holds(part, texts)
        case Both(parts):
            return all(_holds(part, texts) for part in parts)
        case Either(parts):
            return any(_holds(part, texts) for part in parts)
        case Words(text, fields):
            return any(_found(text, field, told) for field in fields for told in texts.folded(field))
        case Pattern(text, ignore_case, fields):
            compiled = _compiled(text, ignore_case=ignore_case)
            return any(compiled.search(clean(told)) for field in fields for told in texts.told(field))


def _folded(text: str) -> str:
    return fold_case(text).translate(_QUOTES)


def _found(words: str, field: str, told: str) -> bool:
    if field == "source":
        return words == told
    if field == "language":
        return told == words or told.startswith(words + "-")
    if field == "link":
        return words in told
    at = told.find(words)
    while at >= 0:
        end = at + len(words)
        if _ends_word(told[at - 1 : at], words[0]) and _ends_word(words[-1], told[end : end + 1]):
            return True
        at = told.find(words, at + 1)
    return False


def _ends_word(before: str, after: str) -> bool:
    """Whether a word may end between two characters; either may be none."""
    return not (before and after and _is_of_word(before) and _is_of_word(after))


@lru_cache(maxsize=4096)
def _is_of_word(char: str) -> bool:
    """Whether a character is of a word that spaces part from others: not in Chinese, Japanese, Korean (whose
    particles cling to nouns), Thai, Lao, Khmer and Burmese.
    """
    if char.isascii():
        return char.isalnum()
    if unicodedata.category(char)[0] not in "LMN":
        return False
    return not unicodedata.name(char, "").startswith(
        ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "HALFWIDTH")
    )


@lru_cache(maxsize=512)
def _compiled(text: str, *, ignore_case: bool) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.case_sensitive = not ignore_case
    options.never_capture = True
    options.log_errors = False
    return re2.compile(text, options)


def parse_rule(text: str) -> Rule:
    """Read a rule. Raises ValueError with a sentence that says where it is wrong and what would be right."""
    if len(text) > MAX_RULE:
        raise ValueError(f"a rule is at most {MAX_RULE} characters long, this one has {len(text)}")
    parser = _Parser(text)
    if parser.kind == "end":
        raise ValueError('a rule is empty; write a word, a "phrase" or a /pattern/')
    node = parser.either(_ANYWHERE, 0)
    if parser.kind != "end":
        raise parser.wrong('")" closes nothing; open it with "(" or put it in quotes')
    return Rule(text, node)


class _Parser:
    """One token ahead of what is read: its kind, its text, and where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = self.at = 0
        self.kind = self.value = ""
        self.next()

    def next(self) -> None:
        """Go to the next token."""
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            self.at, self.kind, self.value = len(self.text), "end", ""
            return
        self.kind = match.lastgroup or ""
        self.value = match[self.kind]
        self.at, self.end = match.start() + len(match[0]) - len(match[0].lstrip()), match.end()
        if self.kind == "word" and self.value.lower() in {"and", "or", "not"}:
            self.kind = self.value.lower()

    def wrong(self, what: str) -> ValueError:
        """The error for the token ahead."""
        return ValueError(f"at character {self.at + 1} of {self.text[:200]!r}: {what}")

    def either(self, fields: tuple[str, ...], depth: int) -> Node:
        """Parts with `or` between them."""
        parts = [self.both(fields, depth)]
        while self.kind == "or":
            self.next()
            parts.append(self.both(fields, depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, fields: tuple[str, ...], depth: int) -> Node:
        """Parts with `and`, or nothing, between them."""
        parts = [self.one(fields, depth)]
        while self.kind not in {"or", "close", "end"}:
            if self.kind == "and":
                self.next()
            parts.append(self.one(fields, depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self, fields: tuple[str, ...], depth: int) -> Node:
        """A part that stands alone."""
        kind, value = self.kind, self.value
        if depth > MAX_DEPTH:
            raise self.wrong(f"more than {MAX_DEPTH} levels in each other; make it several rules")
        if kind == "not":
            self.next()
            return Not(self.one(fields, depth + 1))
        if kind == "open":
            return self._group(fields, depth)
        if kind == "field":
            return self.one(self._field(), depth + 1)
        if kind == "pattern":
            return self._pattern(fields)
        if kind in {"word", "phrase"} and (words := _folded(value)):
            if kind == "word" and value[0] == "/":
                raise self.wrong('a pattern ends with "/"; a word that begins with one goes in quotes')
            self.next()
            return Words(words, fields)
        raise self.wrong(self._missing())

    def _missing(self) -> str:
        if self.kind == "bad":
            return "a quotation mark is not closed"
        if self.kind in {"word", "phrase"}:
            return "there is nothing to look for in these quotes"
        found = "the end" if self.kind == "end" else f'"{self.value}"'
        return f'a word, a "phrase" or a /pattern/ is missing before {found}'

    def _group(self, fields: tuple[str, ...], depth: int) -> Node:
        opened = self.at
        self.next()
        node = self.either(fields, depth + 1)
        if self.kind != "close":
            raise self.wrong(f'")" is missing for the "(" at character {opened + 1}')
        self.next()
        return node

    def _field(self) -> tuple[str, ...]:
        name = self.value.lower()
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise self.wrong(
                f'there is no field "{self.value}"; fields are {known}; other colons go in quotes'
            )
        self.next()
        return (name,)

    def _pattern(self, fields: tuple[str, ...]) -> Node:
        text, _, flags = self.value[1:].rpartition("/")
        if flags not in {"", "i"}:
            raise self.wrong(
                f'a pattern ends with "/" or "/i", not with "/{flags}"; other slashes go in quotes'
            )
        if not text or len(text) > MAX_PATTERN:
            raise self.wrong(f"a pattern has 1 to {MAX_PATTERN} characters, this one has {len(text)}")
        text = re.sub(r"\\/", "/", text)
        try:
            _compiled(text, ignore_case=bool(flags))
        except re2.error as error:
            told = error.args[0] if error.args else ""
            why = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
            raise self.wrong(f"RE2 cannot read the pattern: {why or 'it is too large'}") from None
        self.next()
        return Pattern(text, bool(flags), fields)


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """Read several rules, of which one is to match. Raises ValueError as `parse_rule` does."""
    return tuple(map(parse_rule, texts))
