"""Text: cleaned once at the border, folded for comparing, cut where a reader would cut."""

import re
import unicodedata

# What XML 1.0 section 2.2 cannot carry, and the noncharacters of Unicode 23.7: one of them in a
# title makes lxml, PostgreSQL or a log line fail (shared facts, "Where hostile characters explode").
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]"
)
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?\w|\s*$)")
_SHORTENED = re.compile(
    r"(?:\b(?:[A-Za-z]\.)*[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Gov|Sen|Rep|Lt|Col|St|No|Nos|vs|etc|Inc|Ltd|Co|Corp"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec))\.[\"'”’)\]]*$"
)
_JOINERS = "\u200d\ufe0e\ufe0f"


def clean(text: str) -> str:
    """The text without characters that some sink cannot carry; every line end becomes a line feed."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return _UNFIT.sub("", text)


def fold(text: str | None) -> str:
    """Clean text on one line, each run of white space (U+00A0 included) one space."""
    return _SPACE.sub(" ", _INVISIBLE.sub("", clean(text or ""))).strip()


def fold_case(text: str | None) -> str:
    """What two spellings of the same words share: NFKC, no case, white space folded."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", fold(text)).casefold()).strip()


def paragraphs(text: str) -> tuple[str, ...]:
    """Paragraphs of a plain text, parted by empty lines, each on one line."""
    return tuple(filter(None, (fold(part) for part in re.split(r"\n[^\S\n]*\n", clean(text)))))


def sentence_ends(text: str) -> list[int]:
    """Where sentences end; "U.S." and "Mr." end none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return [end for end in ends if end == len(text) or not _SHORTENED.search(text[:end])]


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    text = fold(text)
    ends = sentence_ends(text)
    return text[: ends[0]] if ends else text


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
    while end > 1 and (_continues(text[end]) or text[end - 1] == "\u200d" or _inside_flag(text, end)):
        end -= 1
    return end


def _continues(char: str) -> bool:
    return (
        char in _JOINERS or unicodedata.category(char).startswith("M") or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


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
