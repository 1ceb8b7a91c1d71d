"""The bare text of a news article, in the shape of the reference sample."""

import re
from collections.abc import Sequence
from itertools import pairwise

from feedbot.model import ParsedEntry, ParsedFeed, Photo
from feedbot.rules.dates import parse_date
from feedbot.rules.photo import with_credit
from feedbot.rules.text import clean, fold, fold_case, headline
from feedbot.sources.labels import (
    credit_of,
    emails_of,
    is_label,
    is_related_heading,
    part_credit,
    read_authors,
    share_credits,
)

_HEAD = 8  # how many paragraphs may stand before the date
_LONGEST_DATE = 60
_WRAPPED = 100  # lines shorter than this, parted by no empty line, are one wrapped paragraph


def parse_dump(body: bytes, url: str) -> ParsedFeed:
    """Read one text dump; `url` names the document, it is not the article's address.

    Shape: section label, date, captions printed twice, byline, credit, body, captions, e-mail, related.
    """
    text = body.decode("utf-8-sig", errors="replace")
    parts = list(_paragraphs(text))
    end = next((at for at, part in enumerate(parts) if is_related_heading(part)), len(parts))
    head, rest = _split_head(parts[:end])
    authors = read_authors(rest)
    captions, paragraphs = _part_captions(rest)
    content = "\n\n".join(paragraphs)
    photos = _photos(rest, captions)
    category, title, date = _read_head(head)
    entry = ParsedEntry(
        guid=None,
        title=title or (headline(paragraphs[0]) if paragraphs else None),
        content_text=content or None,
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
    places = {fold_case(caption): at for at, caption in enumerate(captions)}
    told_credits = [
        (credit, places.get(fold_case(parts[at - 1])) if at else None)
        for at, part in enumerate(parts)
        if (credit := credit_of(part))
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
        lines = [line for line in map(fold, chunk) if line]
        if len(lines) > 1 and _stand_alone(lines):
            parts += lines
        elif lines:
            parts.append(" ".join(lines))
    return [part for part in parts if any(map(str.isalnum, part))]


def _stand_alone(lines: Sequence[str]) -> bool:
    """Whether lines without an empty line between them are paragraphs of their own, not one wrapped."""
    doubled = any(fold_case(first) == fold_case(second) for first, second in pairwise(lines))
    labelled = any(is_label(line) or _is_date(line) or is_related_heading(line) for line in lines)
    return doubled or labelled or min(map(len, lines)) > _WRAPPED


def _is_date(line: str) -> bool:
    return (
        len(line) <= _LONGEST_DATE and any(c.isdigit() for c in line) and parse_date(line, "UTC") is not None
    )


def _split_head(parts: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines up to the date, and the rest; without a date there is no head."""
    at = next((at for at, part in enumerate(parts[:_HEAD]) if _is_date(part)), None)
    return ((), parts) if at is None else (parts[: at + 1], parts[at + 1 :])


def _read_head(head: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """Section label, title line and date. The label is the first short line, a title any later one."""
    if not head:
        return None, None, None
    *above, date = head
    category = above[0] if above and len(above[0]) <= _LONGEST_DATE else None
    title = next((line for line in above[1:] if not is_label(line)), None)
    return category, title, date


def _part_captions(parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Captions, once each, and the body paragraphs.

    A paragraph that follows itself is a caption (alt text, then caption). So is one that stands
    above the byline or credit when these come before the body.
    """
    folded = [fold_case(part) for part in parts]
    twice = {text for text, following in pairwise(folded) if text == following}
    labels = [at for at, part in enumerate(parts) if is_label(part)]
    body_starts = next((at for at in labels if at <= _HEAD and _opens_body(parts, at)), 0)
    captions: dict[str, str] = {}
    body: list[str] = []
    for at, part in enumerate(parts):
        if at in labels:
            continue
        if folded[at] in twice or at < body_starts:
            captions.setdefault(folded[at], part)
        else:
            body.append(part)
    return list(captions.values()), body


def _opens_body(parts: Sequence[str], at: int) -> bool:
    """Whether a byline or credit stands above the body: more text follows it than precedes it."""
    before, after = sum(map(len, parts[:at])), sum(map(len, parts[at + 1 :]))
    return not emails_of(parts[at]) and after > before
