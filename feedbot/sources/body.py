"""A body sorted out: what is text, what is about its pictures, what is about the article."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape

from feedbot.model import Photo, Related
from feedbot.rules.photo import is_photo
from feedbot.rules.text import fold
from feedbot.sources.blocks import Block, Line, Where
from feedbot.sources.labels import (
    Label,
    is_related_heading,
    label_of,
    part_credit,
    share_credits,
    spelled,
)

Links = Callable[[Sequence[tuple[str, str]]], list[Related]]

_FEWEST_WORDS = 4  # an alt text of fewer words names a picture, it does not tell about it
_MOST_LINKS = 20
_TOP = 12  # how many blocks may stand above the byline
_LONGEST_CAPTION = 400
_POINTERS = "▲△▶▷◀◁▼▽ "  # of Korean papers, at their captions
_LONGEST_BELOW = 250
_HASHTAGS = re.compile(r"(?:#[\w·-]+[\s,]*)+")
_FURNITURE = re.compile(
    r"(?:advertisement|sponsored|share(?: this| on| via)?(?: article| story| post)?|print|e-?mail|subscribe"
    r"|comments?(?: \(\d+\))?|(?:leave|post) a (?:comment|reply)|continue reading.{0,60}|read more"
    r"|table of contents|(?:tags|tagged|topics|filed under|posted in)\s*:.{0,200}|\d+ min(?:ute)?s? read"
    r"|(?:views?|hits?|조회수?)\s*:?\s*[\d,]+|공유하기|인쇄|목록|프린트)\s*:?",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"(?:read (?:more|also|next)|see also|related|also read)\s*[:：]\s*\S.*", re.IGNORECASE)
_spelled = lru_cache(maxsize=4096)(spelled)  # each caption is compared with each photo


@dataclass(slots=True)
class Body:
    """What a body holds; `credits` each with the place of the photo it stands right under."""

    text: list[Block] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    credits: list[tuple[str, int | None]] = field(default_factory=list)

    def credited(self) -> tuple[list[Photo], str | None]:
        """The photos with the credits of their own, and the credit of all others."""
        own, common = share_credits(self.credits)
        photos = [replace(photo, credit=photo.credit or own.get(at)) for at, photo in enumerate(self.photos)]
        return photos, common


def sort_out(blocks: Sequence[Block], links_of: Links, *, caption_from_alt: bool) -> Body:
    """Sort the blocks of a body. `links_of` makes related links of the pairs of href and title."""
    body = Body()
    end, heading = _related_at(blocks)
    if end is not None:
        body.related = [link for block in blocks[end:] for link in links_of(block.links)]
        blocks = [*blocks[:end], replace(blocks[end], lines=blocks[end].lines[:heading], links=())]
    sorter = _Sorter(body, blocks, links_of)
    for at in range(len(blocks)):
        sorter.take(at)
    body.photos = [_caption_parted(photo, caption_from_alt) for photo in body.photos]
    return body


def _related_at(blocks: Sequence[Block]) -> tuple[int | None, int]:
    """The block and the line where the related links begin, unless most of the text comes after them."""
    for at, block in enumerate(blocks):
        line = _related_line(block)
        if line is not None:
            before = sum(len(one.text) for one in blocks[:at] if not one.links)
            after = sum(len(one.text) for one in blocks[at + 1 :] if not one.links and len(one.text) > 80)
            if after <= max(before, 400):
                return at, line
    return None, 0


def _related_line(block: Block) -> int | None:
    """The line of a block that begins the related links, if there is one."""
    told = block.text
    for _, title in block.links[:_MOST_LINKS]:
        told = told.replace(title, " ") if title else told
    if block.links and is_related_heading(told):
        return 0
    return next((at for at, line in enumerate(block.lines) if is_related_heading(line.text)), None)


@dataclass(slots=True)
class _Sorter:
    """Where each block of one body goes."""

    body: Body
    blocks: Sequence[Block]
    links_of: Links
    waiting: str | None = None  # a caption that came before its picture
    under: int | None = None  # the photo right above, with nothing but its caption between
    frames: dict[int, str | None] = field(init=False)
    alts: list[str] = field(init=False)
    top: int = field(init=False)

    def __post_init__(self) -> None:
        pictured = [block for block in self.blocks if block.photo and is_photo(block.photo)]
        self.frames = {
            block.where.frame: block.photo.url for block in pictured if block.photo and block.where.frame
        }
        long = (block.photo.alt for block in pictured if block.photo and _says_much(block.photo.alt))
        self.alts = [_spelled(alt) for alt in long]
        self.top = self._byline_at()

    def _byline_at(self) -> int:
        """The place of the byline or credit that stands above the text, under nothing but pictures."""
        for at, block in enumerate(self.blocks[:_TOP]):
            labels = [label for line in block.lines if (label := label_of(line.text))]
            if any(label.names or label.credit for label in labels):
                above = sum(len(one.text) for one in self.blocks[:at])
                below = sum(len(one.text) for one in self.blocks[at:])
                return at if below > above or at <= 2 else 0
        return 0

    def take(self, at: int) -> None:
        block = self.blocks[at]
        if block.photo is not None:
            self._take_photo(block.photo, block)
        elif (
            block.where.credit
            and block.lines
            and (self.under is not None or block.where.frame in self.frames)
        ):
            self._take_credit(block)
        elif self._is_caption(at, block):
            self.waiting = self._take_caption(block)
        elif block.lines and not self._is_furniture(block):
            self._take_text(block)
            self.under = None

    def _take_photo(self, photo: Photo, block: Block) -> None:
        if is_photo(photo):
            self.body.photos.append(replace(photo, caption=self.waiting))
            self.body.text.append(block)
            self.waiting, self.under = None, len(self.body.photos) - 1

    def _take_credit(self, block: Block) -> None:
        at = self._framed(block) if block.where.frame in self.frames else self.under
        words, credit = part_credit(block.text)
        if at is None:
            self.waiting = self.waiting or words
        elif self.body.photos[at].credit is None:
            told = credit or fold(block.text).strip("()[] ").removeprefix("©").strip()
            self.body.photos[at] = replace(self.body.photos[at], credit=told)

    def _framed(self, block: Block) -> int | None:
        url = self.frames.get(block.where.frame or 0)
        return next((n for n, photo in enumerate(self.body.photos) if photo.url == url), None)

    def _is_caption(self, at: int, block: Block) -> bool:
        if not block.lines or block.where.tag in {"h1", "h2", "h3", "li"}:
            return block.where.caption and bool(block.lines)
        if block.where.frame in self.frames:
            return True
        if block.where.caption:
            following = self.blocks[at + 1].photo if at + 1 < len(self.blocks) else None
            return self.under is not None or following is not None or bool(self.body.photos)
        return self._is_alt(block.text) or self._is_told_twice(at, block) or self._stands_under(at, block)

    def _is_alt(self, text: str) -> bool:
        """Whether a text is the alt text of a picture, or that and little more."""
        if not self.alts or not _says_much(text):
            return False
        told = _spelled(text)
        return any(told == alt or (told.startswith(alt) and len(told) < len(alt) * 1.4) for alt in self.alts)

    def _is_told_twice(self, at: int, block: Block) -> bool:
        """Whether a text right under a photo is followed by itself, or repeats the caption it has."""
        if self.under is None or label_of(block.text):
            return False
        told, following = _told_once(block), self.blocks[at + 1].text if at + 1 < len(self.blocks) else ""
        caption = self.body.photos[self.under].caption
        return told != block.text or _spelled(told) in {_spelled(following), _spelled(caption)}

    def _stands_under(self, at: int, block: Block) -> bool:
        """Whether a text is a caption by its place right under a photo that has none."""
        text = block.text
        if self.under is None or len(text) > _LONGEST_CAPTION or label_of(text):
            return False
        words, credit = part_credit(text)
        if words and credit:
            return True
        if self.body.photos[self.under].caption is not None:
            return False
        picture = self.blocks[at - 1]
        centered = block.where.centered and picture.photo is not None and picture.where.centered
        return at < self.top or centered or (block.below and len(text) <= _LONGEST_BELOW)

    def _take_caption(self, block: Block) -> str | None:
        """Give a caption to its picture; returns it where that one is yet to come."""
        text = _told_once(block)
        told, photos = _spelled(text), self.body.photos
        url = self.frames.get(block.where.frame or 0)
        same = [
            n for n, photo in enumerate(photos) if photo.alt and told.startswith(_spelled(photo.alt) or "-")
        ]
        same = [n for n in same if _says_much(photos[n].alt)]
        framed = [n for n, photo in enumerate(photos) if url and photo.url == url]
        for at in [*same, *framed, *([len(photos) - 1] if photos and not url else [])]:
            caption = photos[at].caption
            if caption is None or _spelled(caption) == told:
                photos[at] = replace(photos[at], caption=caption or text)
                return self.waiting
            if at in framed and told not in _spelled(caption):
                photos[at] = replace(photos[at], caption=f"{caption} {text}")
                return self.waiting
        repeated = any(_spelled(photo.caption) == told for photo in photos)
        return self.waiting if repeated else text

    def _is_furniture(self, block: Block) -> bool:
        """Whether a block is no text of an article: tags, rows of links, a hint to another article."""
        text = block.text
        if _HASHTAGS.fullmatch(text) or _FURNITURE.fullmatch(text):
            return True
        if block.links and _ASIDE.fullmatch(text):
            self.body.related += self.links_of(block.links)
            return True
        if len(block.links) < 2 or block.where.tag in {"li", "blockquote"}:
            return False
        told = text
        for _, title in block.links[:_MOST_LINKS]:
            told = told.replace(title, " ", 1) if title else told
        return not any(map(str.isalnum, told))

    def _take_text(self, block: Block) -> None:
        """Lines about the article go to the labels, the rest is text."""
        labels = [label_of(line.text) for line in block.lines]
        kept = tuple(line for line, label in zip(block.lines, labels, strict=True) if label is None)
        for n, label in enumerate(labels):
            if label is not None:
                self.body.labels.append(label)
                if label.credit:
                    self.body.credits.append((label.credit, None if n else self.under))
        if kept:
            self.body.text.append(replace(block, lines=kept))


def _told_once(block: Block) -> str:
    """The text of a block whose lines may repeat the one before (alt text, then caption)."""
    lines = [line.text for line in block.lines]
    kept = [line for n, line in enumerate(lines) if not n or _spelled(line) != _spelled(lines[n - 1])]
    return fold(" ".join(kept))


def _says_much(text: str | None) -> bool:
    words = text or ""
    return len(words.split()) >= _FEWEST_WORDS or (len(words) >= 12 and not words.isascii())


def _caption_parted(photo: Photo, from_alt: bool) -> Photo:
    """The photo with the credit that stands in its caption; the alt text where there is no caption."""
    caption, credit = part_credit((photo.caption or "").lstrip(_POINTERS) or None)
    if caption is None and from_alt and _says_much(photo.alt):
        caption, told = part_credit(photo.alt)
        credit = credit or told
    return replace(photo, caption=caption, credit=photo.credit or credit)


def only_known(blocks: Sequence[Block], photos: Sequence[Photo]) -> list[Block]:
    """The blocks without pictures that are none of these photos, or stand there twice."""
    left = {photo.url for photo in photos}
    kept = []
    for block in blocks:
        if block.photo is None or block.photo.url in left:
            kept.append(block)
            left.discard(block.photo.url if block.photo else None)
    return kept


def paragraphs_as_blocks(text: str) -> list[Block]:
    """Plain paragraphs, parted by line ends, as blocks."""
    told = filter(None, map(fold, re.split(r"\n+", text)))
    return [Block(Where(), (Line(one, escape(one, quote=False)),)) for one in told]
