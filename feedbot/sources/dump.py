"""The bare text of a news article, in the shape of the reference sample."""

import re
from collections.abc import Sequence
from itertools import pairwise

from feedbot.model import ParsedEntry, ParsedFeed, Photo
from feedbot.rules.dates import parse_date
from feedbot.rules.photo import with_credit
from feedbot.rules.text import clean, fold, headline
from feedbot.sources.labels import (
    credit_of,
    is_label,
    is_related_heading,
    label_of,
    part_credit,
    read_authors,
    share_credits,
    spelled,
)

_HEAD = 8  # how many paragraphs may stand before the date
_LONGEST_DATE = 60
_LONGEST_SECTION = 30
_LONGEST_TITLE = 160
_LONGEST_CELL = 40
_LIST_SIGNS = {"- ", "* ", "• ", "· ", "○ ", "▲ ", "■ ", "□ "}
_WRAPPED = 100  # lines shorter than this, parted by no empty line, are one wrapped paragraph


def parse_dump(body: bytes, url: str) -> ParsedFeed:
    """Read one text dump; `url` names the document, it is not the article's address.

    Shape: section label, date, captions printed twice, byline, credit, body, captions, e-mail, related.
    """
    parts = _paragraphs(body.decode("utf-8-sig", errors="replace"))
    end = next((at for at, part in enumerate(parts) if is_related_heading(part)), len(parts))
    head, rest = _split_head(parts[:end])
    category, title, date = _read_head(head)
    if category is None and rest and _is_section(rest):
        category, rest = rest[0], rest[1:]
    if title is None and _is_title(rest):
        title, rest = rest[0], rest[1:]
    captions, paragraphs = _part_captions(rest)
    authors = read_authors(rest)
    photos = _photos(rest, captions)
    entry = ParsedEntry(
        guid=None,
        title=title or (headline(paragraphs[0]) if paragraphs else None),
        content_text="\n\n".join(paragraphs) or None,
        authors=authors,
        categories=(category,) if category else (),
        published=date,
        photos=photos,
        provenance=_provenance(category, title, date, authors, photos),
    )
    return ParsedFeed(
        entries=(entry,) if paragraphs else (), fault=None if paragraphs else "no article text in it"
    )


def _photos(parts: Sequence[str], captions: Sequence[str]) -> tuple[Photo, ...]:
    """A photo for each caption; a credit right under a caption is that photo's where credits differ."""
    places = {spelled(caption): at for at, caption in enumerate(captions)}
    told_credits = [
        (label.credit, places.get(spelled(parts[at - 1])) if at else None)
        for at, part in enumerate(parts)
        if (label := label_of(part)) and label.credit
    ]
    own, common = share_credits(told_credits)
    photos = []
    for at, told in enumerate(captions):
        caption, credit = part_credit(told)
        photos.append(Photo(url=None, caption=caption, credit=credit or own.get(at)))
    return with_credit(photos, common)


def _provenance(
    category: object, title: object, date: object, authors: object, photos: object
) -> dict[str, str]:
    found = {"categories": category, "published": date, "authors": authors, "photos": photos}
    told = {name: "text pattern" for name, value in found.items() if value}
    return {"title": "title line" if title else "first sentence", "content_text": "text pattern", **told}


def _paragraphs(text: str) -> list[str]:
    text = clean(text).replace("\f", "\n\n")
    chunks = [chunk.split("\n") for chunk in re.split(r"\n\s*\n", text.strip())]
    if len(chunks) == 1:
        chunks = [[line] for line in chunks[0]]
    parts: list[str] = []
    for chunk in chunks:
        lines = [line for line in map(_cells, chunk) if line]
        if len(lines) > 1 and _stand_alone(lines):
            parts += lines
        elif lines:
            parts.append(" ".join(lines))
    return [part for part in parts if any(map(str.isalnum, part))]


def _cells(line: str) -> str:
    """The line, folded; tabs inside it part the cells of a table's row."""
    cells = [fold(cell) for cell in line.strip().split("\t")]
    is_row = len(cells) > 1 and all(cells) and max(map(len, cells)) <= _LONGEST_CELL
    return " | ".join(cells) if is_row and not is_label(line) else fold(line)


def _stand_alone(lines: Sequence[str]) -> bool:
    """Whether lines without an empty line between them are paragraphs of their own, not one wrapped."""
    doubled = any(spelled(first) == spelled(second) for first, second in pairwise(lines))
    labelled = any(is_label(line) or _is_date(line) or is_related_heading(line) for line in lines)
    listed = sum(line[:2] in _LIST_SIGNS or " | " in line for line in lines) > 1
    return doubled or labelled or listed or min(map(len, lines)) > _WRAPPED


def _is_date(line: str) -> bool:
    return (
        len(line) <= _LONGEST_DATE and any(c.isdigit() for c in line) and parse_date(line, "UTC") is not None
    )


def _split_head(parts: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines up to the date, and the rest; without a date there is no head."""
    at = next((at for at, part in enumerate(parts[:_HEAD]) if _is_date(part)), None)
    return ((), parts) if at is None else (parts[: at + 1], parts[at + 1 :])


def _read_head(head: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """Section label, title line and date. The line with the fewest words is the label; a path of
    sections ends with it, and it may stand on the date's own line.
    """
    if not head:
        return None, None, None
    *above, date = head
    beside = [part for part in re.split(r"\s+[|·/]\s+", date) if not _is_date(part)]
    above = [line for line in above if not is_label(line)] or beside[:1]
    short = [line for line in above if len(line) <= _LONGEST_DATE]
    label = min(short, key=lambda line: len(line.split())) if short else None
    title = next((line for line in above if line is not label), None)
    return (re.split(r"\s*[>›»]\s*", label)[-1] if label else None), title, date


def _is_section(parts: Sequence[str]) -> bool:
    """Whether the first of some paragraphs is a section label: two or three words that end no sentence."""
    first = parts[0]
    short = len(first) <= _LONGEST_SECTION and len(first.split()) <= 3 and len(parts) > 1
    return short and _ends_open(first) and not is_label(first) and spelled(first) != spelled(parts[1])


def _is_title(parts: Sequence[str]) -> bool:
    """Whether the first paragraph under the head is the title: one that ends no sentence, with captions
    or a byline under it. A lone one above a photo credit is that photo's caption.
    """
    if len(parts) < 2 or is_label(parts[0]) or not _ends_open(parts[0]) or len(parts[0]) > _LONGEST_TITLE:
        return False
    keys = [spelled(part) for part in parts]
    doubled = [first == second for first, second in pairwise(keys)]
    credited = any(credit_of(part) for part in parts[:_HEAD])
    return not doubled[0] and (any(doubled[1:_HEAD]) or (is_label(parts[1]) and not credited))


def _ends_open(line: str) -> bool:
    return not line.rstrip("\"'”’)").endswith((".", "!", "?", "…", "。", ":"))


def _part_captions(parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Captions, once each, and the body paragraphs.

    A paragraph that follows itself is a caption (alt text, then caption). So is one that stands
    above the byline or credit when these come before the body.
    """
    keys = [spelled(part) for part in parts]
    labels = {at for at, part in enumerate(parts) if is_label(part)}
    credits_told = {spelled(credit) for part in parts if (credit := credit_of(part))}
    twice = {first for first, second in pairwise(keys) if first == second}
    texts = [at for at, key in enumerate(keys) if at not in labels and key not in twice]
    body_starts = next((at for at in sorted(labels) if at <= _HEAD and _opens_body(parts, at, texts)), 0)
    captions: dict[str, str] = {}
    body: list[str] = []
    for at, part in enumerate(parts):
        if at in labels or (at < body_starts and keys[at] in credits_told):
            continue
        if keys[at] in twice or at < body_starts:
            captions[keys[at]] = max(captions.get(keys[at], ""), part, key=len)
        else:
            body.append(part)
    return list(captions.values()), body


def _opens_body(parts: Sequence[str], at: int, texts: Sequence[int]) -> bool:
    """Whether a byline or credit stands above the body: one paragraph at most before it, or less text
    than after it. `texts` are the places of what is neither label nor told twice.
    """
    above, below = [n for n in texts if n < at], [n for n in texts if n > at]
    longer = sum(len(parts[n]) for n in below) > sum(len(parts[n]) for n in above)
    label = label_of(parts[at])
    return bool(label and (label.names or label.credit) and below) and (len(above) < 2 or longer)
