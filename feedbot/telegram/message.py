"""An entry becomes the message that a subscriber reads: text and entities, never markup."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from feedbot.model import Entry, Message, Span
from feedbot.rules.text import cut, fold, headline, utf16_length

CAPTION_LIMIT, TEXT_LIMIT = 1024, 4096  # Bot API limits, counted in UTF-16 units: never smaller, so safe
# In UTF-16 units; together they leave room for a summary beside any photo.
_LONGEST_TITLE, _LONGEST_TAG, _LONGEST_BYLINE = 256, 40, 100
_LONGEST_CAPTION, _LONGEST_CREDIT, _LONGEST_HOST = 200, 80, 60
_MOST_TAGS = 3
_WORDS = {
    "en": {"credit": "Photos = ", "read": "Read on", "untitled": "Untitled"},
    "ko": {"credit": "사진 = ", "read": "원문 보기", "untitled": "제목 없음"},
}


class _Draft:
    """Text with spans, counted in UTF-16 units as the Bot API does."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: list[Span] = []

    def add(self, text: str, *styles: str, url: str | None = None) -> None:
        """Append text that carries these entities."""
        start, length = utf16_length(self.text), utf16_length(text)
        self.text += text
        if length:
            self.spans += [Span(style, start, length) for style in styles]
            self.spans += [Span("text_link", start, length, url)] if url else []

    def append(self, other: "_Draft") -> None:
        """Append another draft."""
        start = utf16_length(self.text)
        self.text += other.text
        self.spans += [Span(s.type, s.offset + start, s.length, s.url) for s in other.spans]


def compose(entry: Entry, titles: Mapping[str, str], *, photo: bool, language: str, silent: bool) -> Message:
    """The message of an entry: linked title, hashtags of its categories, date and byline, summary, the
    photo's caption and credit, link.

    `titles` are the entry's categories by slug; `photo` is whether a photo goes with it, which leaves 1024
    UTF-16 units instead of 4096.
    """
    known = language.split("-", maxsplit=1)[0].lower()
    language = known if known in _WORDS else "en"
    words = _WORDS[language]
    head, tail = _head(entry, titles, language), _tail(entry, words, photo=photo)
    room = (CAPTION_LIMIT if photo else TEXT_LIMIT) - utf16_length(head.text) - utf16_length(tail.text) - 4
    summary = cut_utf16(_summary(entry), room)
    draft = _Draft()
    draft.append(head)
    if summary:
        draft.add("\n\n" + summary)
    if tail.text:
        draft.add("\n\n")
        draft.append(tail)
    return Message(
        text=draft.text,
        spans=tuple(draft.spans),
        photo=entry.photo if photo else None,
        preview_url=entry.url,
        silent=silent,
    )


def _title(entry: Entry, untitled: str) -> str:
    """What stands first and carries the link: there must be something to see and to tap."""
    texts = (entry.title, headline(entry.summary or ""), headline(entry.content_text or ""))
    title = next(filter(_shows_something, map(fold, texts)), untitled)
    return cut_utf16(title, _LONGEST_TITLE, at_sentence=False)


def _shows_something(text: str) -> bool:
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)


def _summary(entry: Entry) -> str:
    summary, title = fold(entry.summary), fold(entry.title)
    return "" if summary.rstrip("….") == title.rstrip("….") else summary


def _head(entry: Entry, titles: Mapping[str, str], language: str) -> _Draft:
    draft = _Draft()
    draft.add(_title(entry, _WORDS[language]["untitled"]), "bold", url=entry.url)
    found = dict.fromkeys(filter(None, (hashtag(title) for title in titles.values())))
    tags = " ".join([tag for tag in found if utf16_length(tag) <= _LONGEST_TAG][:_MOST_TAGS])
    names = fold(", ".join(author.name for author in entry.authors))
    when = _date(entry.published, language) if entry.published else ""
    line = " · ".join(filter(None, (tags, when, cut_utf16(names, _LONGEST_BYLINE, at_sentence=False))))
    if line:
        draft.add("\n" + line)
    return draft


def _tail(entry: Entry, words: Mapping[str, str], *, photo: bool) -> _Draft:
    draft = _Draft()
    if photo and entry.photo:
        draft.add(cut_utf16(fold(entry.photo.caption), _LONGEST_CAPTION), "italic")
        credit = fold(entry.photo.credit)
        if credit:
            line = words["credit"] + cut_utf16(credit, _LONGEST_CREDIT, at_sentence=False)
            draft.add(("\n" if draft.text else "") + line)
    if entry.url:
        host = (urlsplit(entry.url).hostname or "").removeprefix("www.")[:_LONGEST_HOST]
        draft.add("\n\n" if draft.text else "")
        draft.add(f"{words['read']} → {host}", url=entry.url)
    return draft


def hashtag(title: str) -> str:
    """`Sci-Tech` as `#SciTech`: a hashtag is letters, digits and `_`, and not digits alone."""
    words = re.findall(r"\w+", title)
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return f"#{joined}" if joined and not joined.isdigit() else ""


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date(moment: datetime, language: str) -> str:
    if language == "ko":
        return f"{moment.year}. {moment.month}. {moment.day}."
    return f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"


def cut_utf16(text: str, room: int, *, at_sentence: bool = True) -> str:
    """At most `room` UTF-16 units of a text, cut at a sentence or a word."""
    if room <= 0:
        return ""
    limit = room
    while utf16_length(shortened := cut(text, limit, at_sentence=at_sentence)) > room:
        limit -= max(1, (utf16_length(shortened) - room + 1) // 2)
    return shortened
