"""Text: cleaned once at the border, folded for comparing, cut where a reader would cut."""

import re
import unicodedata
from collections.abc import Iterator

# What XML 1.0 section 2.2 cannot carry, and the noncharacters of Unicode 23.7: one of them in a
# title makes lxml, PostgreSQL or a log line fail (shared facts, "Where hostile characters explode").
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Looked for only where there is such a character: in one class with those they cost thirty times as much.
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_UNFIT_ASTRAL = re.compile(
    "["
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]"
)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Embeddings, overrides and isolates: one left open turns what follows it, our own words included.
_TURNING = "\u202a-\u202e\u2066-\u2069"
_DIRECTION = re.compile(f"[{_TURNING}]")
_INVISIBLE = f"{_TURNING}\u00ad\u034f\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
_FILLER = re.compile("[\u115f\u1160\u3164\uffa0](?![\u1100-\u11ff])")
_BLANK = frozenset("\u2800\u115f\u1160\u3164\uffa0")
_MOST_MARKS = 5  # Hebrew with points and accents has four on a letter
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
)
_STACKED = re.compile(f"([{_MARKS}]{{{_MOST_MARKS}}})[{_MARKS}]+")
_TO_LOOK_AT = re.compile(f"[{_INVISIBLE}{''.join(sorted(_BLANK))}{_MARKS}]")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?\w|\s*$)")
_SHORTENED = re.compile(
    r"(?:\b(?:[A-Za-z]\.)*[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Gov|Sen|Rep|Lt|Col|St|No|Nos|vs|etc|Inc|Ltd|Co|Corp"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec))\.[\"'”’)\]]*$"
)
_LONGEST_SHORTENED = 40
_LONGEST_SENTENCE = 4000


def clean(text: str) -> str:
    """The text without characters that some sink cannot carry; every line end becomes a line feed."""
    # Nothing of the unfit is printable, and this tells ten times as fast.
    if text.isprintable() or text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable():
        return text
    for end in ("\r\n", "\r", "\x85", "\u2028"):
        text = text.replace(end, "\n")
    text = text.replace("\u2029", "\n\n")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _SURROGATES.sub(_pair, text)
    text = _UNFIT.sub("", text)
    return _UNFIT_ASTRAL.sub("", text) if _ASTRAL.search(text) else text


def _pair(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")


def without_direction(text: str) -> str:
    """The text without characters that turn the direction of what follows them."""
    return text if text.isascii() else _DIRECTION.sub("", text)


def fold(text: str | None) -> str:
    """Clean text on one line, each run of white space (U+00A0 included) one space.

    What is not seen, turns the direction of writing or is piled upon one letter is gone; a text of
    nothing to see is empty.
    """
    line = clean(text or "")
    if line.isascii():
        return " ".join(line.split())
    if _TO_LOOK_AT.search(line):
        line = _STACKED.sub(r"\1", _FILLER.sub(" ", _UNSEEN.sub("", line)))
    line = " ".join(line.split())
    return line if any(map(_is_seen, line)) else ""


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] not in "ZCM" and char not in _BLANK


def fold_case(text: str | None) -> str:
    """What two spellings of the same words share: NFKC, no case, white space folded."""
    line = fold(text)
    if line.isascii():
        return line.casefold()
    composed = unicodedata.normalize("NFKC", line)
    folded = unicodedata.normalize("NFKC", composed.casefold())
    return folded if composed == line else fold(folded)


def paragraphs(text: str) -> tuple[str, ...]:
    """Paragraphs of a plain text, parted by empty lines, each on one line."""
    return tuple(filter(None, (fold(part) for part in re.split(r"\n[^\S\n]*\n", clean(text)))))


def sentence_ends(text: str) -> Iterator[int]:
    """Where sentences end; "U.S." and "Mr." end none."""
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        if end == len(text) or not _SHORTENED.search(text[max(0, end - _LONGEST_SHORTENED) : end]):
            yield end


def first_sentence(text: str) -> str:
    """The first sentence of a text; a number with a full stop in front is none ("1. The harbour …")."""
    text = fold(text)
    ends = (end for end in sentence_ends(text[:_LONGEST_SENTENCE]) if any(map(str.isalpha, text[:end])))
    return text[: next(ends, len(text))]


def cut(text: str, limit: int, *, at_sentence: bool = True) -> str:
    """The text in at most `limit` characters, cut at a sentence, else at a word, else in no grapheme.

    A text that was cut inside a sentence ends with `…`.
    """
    if len(text) <= limit:
        return text
    if limit <= 1:
        return "…"[:limit]
    if at_sentence:
        whole = [end for end in sentence_ends(text[: limit + 1]) if limit * 0.4 <= end <= limit]
        if whole and whole[-1] < len(text):
            return text[: whole[-1]]
    room = limit - 1
    space = text.rfind(" ", int(room * 0.6), room + 1)
    end = space if space > 0 else _between_graphemes(text, room)
    return text[:end].rstrip(" ,;:–-—(") + "…"


def _between_graphemes(text: str, end: int) -> int:
    """The last place at or before `end` where the text may be cut (UAX 29)."""
    while end > 0 and _holds_together(text, end):
        end -= 1
    return end


def _holds_together(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if after.isascii():
        return False
    return (
        before == "\u200d"
        or _extends(after)
        or (before in _VIRAMAS and unicodedata.category(after) == "Lo")
        or _syllable(before, after)
        or _inside_flag(text, at)
    )


_VIRAMAS = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0c4d\u0ccd\u0d4d")


def _extends(char: str) -> bool:
    return (
        char in "\u200c\u200d\uff9e\uff9f"
        or unicodedata.category(char).startswith("M")
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # the flags of England, Scotland and Wales
    )


def _syllable(before: str, after: str) -> bool:
    """Whether two characters are of one Hangul syllable (UAX 29, GB6 to GB8)."""
    first, second = _hangul(before), _hangul(after)
    return (
        (first == "L" and second in {"L", "V", "LV", "LVT"})
        or (first in {"V", "LV"} and second in {"V", "T"})
        or (first in {"T", "LVT"} and second == "T")
    )


def _hangul(char: str) -> str:
    code = ord(char)
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    return "T" if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB else ""


def _inside_flag(text: str, end: int) -> bool:
    run = 0
    while end - run > 0 and "\U0001f1e6" <= text[end - run - 1] <= "\U0001f1ff":
        run += 1
    return run % 2 == 1 and "\U0001f1e6" <= text[end] <= "\U0001f1ff"


_TRAILING = re.compile(
    r"(?:[\s,;:–—-]+(?:a|an|the|of|in|on|at|to|for|by|and|or|but|with|from|as|that|which|who|its|their|his|her|is|are"
    r"|was|were|be))+$",
    re.IGNORECASE,
)


def headline(text: str, limit: int = 150) -> str:
    """A title for a text that has none: its first sentence without the full stop, cut well."""
    sentence = first_sentence(text)
    if len(sentence) > limit:
        return _TRAILING.sub("", cut(sentence, limit, at_sentence=False).removesuffix("…")) + "…"
    return sentence[:-1] if sentence.endswith(".") and not _SHORTENED.search(sentence) else sentence


def utf16_length(text: str) -> int:
    """How Telegram counts: UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)
