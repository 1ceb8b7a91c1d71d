"""An entry becomes the message that a subscriber reads: text and entities, never markup. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Literal
from urllib.parse import urlsplit

from feedbot.model import Button, Entry, Message, Photo, Span
from feedbot.rules.delivery import Fix
from feedbot.rules.text import fold, headline, utf16_length
from feedbot.telegram.render import render
from feedbot.telegram.rich import MOST_TEXT, rich_body
from feedbot.telegram.styled import (
    MOST_ENTITIES,
    Styled,
    cut_utf16,
    joined,
    plain,
    shorten,
    without_leftovers,
)
from feedbot.telegram.template import fill

CAPTION_LIMIT, TEXT_LIMIT = 1024, 4096  # Bot API limits, counted in UTF-16 units: never smaller, so safe
# In UTF-16 units; together they leave room for a summary beside any photo.
_LONGEST_TITLE, _LONGEST_TAG, _LONGEST_BYLINE = 256, 40, 100
_LONGEST_CAPTION, _LONGEST_CREDIT, _LONGEST_HOST = 200, 80, 60
_MOST_TAGS = 3
_MOST_BYTES_OF_DATA = 64  # callback data of a button
_QUOTES = {"blockquote", "expandable_blockquote"}
_WORDS = {
    "en": {
        "credit": "Photos = ",
        "read": "Read on",
        "untitled": "Untitled",
        "updated": "Updated",
        "withdrawn": "Withdrawn by its source",
        "more": "and {count} more in {title}",
        "mute": "Mute {source}",
    },
    "ko": {
        "credit": "사진 = ",
        "read": "원문 보기",
        "untitled": "제목 없음",
        "updated": "수정됨",
        "withdrawn": "발행처에서 삭제한 기사",
        "more": "{title}에 {count}건 더 있습니다",
        "mute": "{source} 숨기기",
    },
}
_SAYS_PHOTO = re.compile(r"^(?:photos?|사진) ?[=:] ?", re.IGNORECASE)
Style = Literal["photo", "album", "text", "full", "link", "rich"]


@dataclass(frozen=True, slots=True)
class Form:
    """How a subscriber wants messages. `template` replaces what `style` would say; a style decides whether a
    photo goes with it. `buttons` is whether they carry any.
    """

    style: str = "photo"
    template: str = ""
    language: str = "en"
    silent: bool = False
    buttons: bool = False


def wants_photo(form: Form) -> bool:
    """Whether the lead photo is sent as such; the other styles show it in the preview of the link."""
    return form.style in {"photo", "album"}


def compose(
    entry: Entry,
    titles: Mapping[str, str],
    form: Form,
    *,
    photo: bool,
    updated: datetime | None = None,
    withdrawn: bool = False,
) -> Message:
    """The message of an entry.

    `titles` are the entry's categories by slug; `photo` is whether a photo goes with it, which leaves 1024
    UTF-16 units instead of 4096. `updated` is when a sent message was corrected, `withdrawn` that its source
    took the article back.
    """
    language = _known(form.language)
    limit = CAPTION_LIMIT if photo else TEXT_LIMIT
    note = _note(language, updated, withdrawn=withdrawn)
    room = limit - (note.length + 2 if note.text else 0)
    if withdrawn:
        body = _head(entry, titles, language, "strikethrough")
    elif not (form.template and (body := shorten(_filled(entry, titles, form, language), room)).text):
        body = _styled(entry, titles, form.style, language, room, photo=photo)
    whole = joined((body, note), "\n\n")
    spans = sorted(whole.spans, key=lambda span: (span.offset, -span.length))
    return Message(
        text=whole.text,
        spans=tuple(spans[:MOST_ENTITIES]),
        photo=entry.photo if photo else None,
        preview_url=entry.url,
        silent=form.silent,
    )


def compose_rich(
    entry: Entry,
    titles: Mapping[str, str],
    form: Form,
    *,
    updated: datetime | None = None,
    withdrawn: bool = False,
) -> Message:
    """A message whose text is the HTML of a rich one: the whole article with its lead photo."""
    language = _known(form.language)
    title, link = escape(_title(entry, language).text, quote=False), escape(entry.url or "")
    title = f"<s>{title}</s>" if withdrawn else title
    byline = escape(_byline(entry, titles, language), quote=False)
    note = escape(_note(language, updated, withdrawn=withdrawn).text, quote=False)
    before = [f'<h3><a href="{link}">{title}</a></h3>' if link else f"<h3>{title}</h3>"]
    before += [f"<p>{byline}</p>"] if byline else []
    after = [f"<p><i>{note}</i></p>"] if note else []
    if not withdrawn:
        before += _figure(entry.photo, _WORDS[language])
        read = escape(f"{_WORDS[language]['read']} → {_host(entry.url)}", quote=False)
        after = [*([f'<p><a href="{link}">{read}</a></p>'] if link else []), *after]
    room = MOST_TEXT - sum(map(len, (*before, *after)))
    told = entry.content_html or f"<p>{escape(_summary(entry), quote=False)}</p>"
    return Message("".join((*before, "" if withdrawn else rich_body(told, room), *after)), silent=form.silent)


def _figure(photo: Photo | None, words: Mapping[str, str]) -> list[str]:
    """The lead photo, which Telegram fetches: a name and password in its address are not for it."""
    if photo is None or not photo.url or "@" in urlsplit(photo.url).netloc:
        return []
    caption = escape(cut_utf16(fold(photo.caption), _LONGEST_CAPTION), quote=False)
    credit = escape(cut_utf16(_credit(photo.credit), _LONGEST_CREDIT, at_sentence=False), quote=False)
    below = caption + (f"<cite>{words['credit']}{credit}</cite>" if credit else "")
    image = f'<img src="{escape(photo.url)}"/>'
    return [f"<figure>{image}<figcaption>{below}</figcaption></figure>" if below else image]


def _credit(said: str | None) -> str:
    """Whose photo it is, without the words for that: they are ours."""
    return _SAYS_PHOTO.sub("", fold(said))


def _known(language: str) -> str:
    known = language.split("-", maxsplit=1)[0].lower()
    return known if known in _WORDS else "en"


def _note(language: str, updated: datetime | None, *, withdrawn: bool) -> Styled:
    words = _WORDS[language]
    if withdrawn:
        return plain(words["withdrawn"], "italic")
    return plain(f"{words['updated']} {_date(updated, language)}", "italic") if updated else Styled()


def _styled(
    entry: Entry, titles: Mapping[str, str], style: str, language: str, room: int, *, photo: bool
) -> Styled:
    """Linked title, hashtags of its categories, date and byline, and what the style adds to them."""
    head, tail = _head(entry, titles, language), _tail(entry, _WORDS[language], photo=photo)
    if style == "link":
        return joined((_title(entry, language), tail), "\n")
    left = room - head.length - tail.length - 4
    told = _quoted(entry, left) if style in {"full", "rich"} else plain(cut_utf16(_summary(entry), left))
    return joined((head, told, tail), "\n\n")


def _quoted(entry: Entry, room: int) -> Styled:
    """The whole article as a quote that opens when it is tapped; a quote holds no quote."""
    article = shorten(without_leftovers(render(entry.content_html or "")), room)
    if not article.text:
        return plain(cut_utf16(_summary(entry), room))
    inside = [span for span in article.spans if span.type not in _QUOTES]
    most = MOST_ENTITIES - 10  # what stands around it has some, too
    return Styled(article.text, (Span("expandable_blockquote", 0, article.length), *inside[:most]))


def _filled(entry: Entry, titles: Mapping[str, str], form: Form, language: str) -> Styled:
    lead = entry.photo
    return fill(
        form.template,
        {
            "title": _title(entry, language).text,
            "url": entry.url or "",
            "summary": _summary(entry),
            "text": entry.content_text or "",
            "content": entry.content_html or "",
            "date": _date(entry.published, language) if entry.published else "",
            "authors": fold(", ".join(author.name for author in entry.authors)),
            "category": ", ".join(titles.values()),
            "hashtag": _hashtags(titles),
            "caption": fold(lead.caption) if lead else "",
            "credit": _credit(lead.credit) if lead else "",
            "source": _host(entry.url),
            "language": language,
        },
    )


def _title(entry: Entry, language: str, style: str = "bold") -> Styled:
    """What stands first and carries the link: there must be something to see and to tap."""
    texts = (entry.title, headline(entry.summary or ""), headline(entry.content_text or ""))
    title = next(filter(_shows_something, map(fold, texts)), _WORDS[language]["untitled"])
    return plain(cut_utf16(title, _LONGEST_TITLE, at_sentence=False), style, url=entry.url)


def _shows_something(text: str) -> bool:
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)


def _summary(entry: Entry) -> str:
    summary, title = without_leftovers(plain(fold(entry.summary))).text, fold(entry.title)
    return "" if summary.rstrip("….") == title.rstrip("….") else summary


def _head(entry: Entry, titles: Mapping[str, str], language: str, style: str = "bold") -> Styled:
    return joined((_title(entry, language, style), plain(_byline(entry, titles, language))), "\n")


def _byline(entry: Entry, titles: Mapping[str, str], language: str) -> str:
    names = fold(", ".join(author.name for author in entry.authors))
    when = _date(entry.published, language) if entry.published else ""
    byline = cut_utf16(names, _LONGEST_BYLINE, at_sentence=False)
    return " · ".join(filter(None, (_hashtags(titles), when, byline)))


def _hashtags(titles: Mapping[str, str]) -> str:
    found = dict.fromkeys(filter(None, (hashtag(title) for title in titles.values())))
    return " ".join([tag for tag in found if utf16_length(tag) <= _LONGEST_TAG][:_MOST_TAGS])


def _tail(entry: Entry, words: Mapping[str, str], *, photo: bool) -> Styled:
    told = Styled()
    if photo and entry.photo:
        caption = plain(cut_utf16(fold(entry.photo.caption), _LONGEST_CAPTION), "italic")
        credit = cut_utf16(_credit(entry.photo.credit), _LONGEST_CREDIT, at_sentence=False)
        told = joined((caption, plain(words["credit"] + credit if credit else "")), "\n")
    link = plain(f"{words['read']} → {_host(entry.url)}", url=entry.url) if entry.url else Styled()
    return joined((told, link), "\n\n")


def _host(url: str | None) -> str:
    return (urlsplit(url or "").hostname or "").removeprefix("www.")[:_LONGEST_HOST]


def hashtag(title: str) -> str:
    """`Sci-Tech` as `#SciTech`: a hashtag is letters, digits and `_`, and not digits alone."""
    words = re.findall(r"\w+", title)
    joined_words = "".join(word[:1].upper() + word[1:] for word in words)
    return f"#{joined_words}" if joined_words and not joined_words.isdigit() else ""


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date(moment: datetime, language: str) -> str:
    if language == "ko":
        return f"{moment.year}. {moment.month}. {moment.day}."
    return f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"


def digest(count: int, title: str, url: str, *, language: str, silent: bool) -> Message:
    """One line instead of many messages: `count` more entries of a category, and where to read them."""
    line = _WORDS[_known(language)]["more"].format(count=count, title=title)
    told = plain(f"{line} → ") + plain(_host(url), url=url)
    return Message(told.text, told.spans, None, None, silent)


def with_buttons(message: Message, entry: Entry, subscription: int, language: str) -> Message:
    """The message with a button to read the article and one to mute its source for this subscription."""
    read, mute = _labels(entry.url, entry.source_id, _known(language))
    rows = [Button(read, url=entry.url)] if entry.url else []
    data = f"mute:{subscription}:{entry.source_id}"
    if len(data.encode()) <= _MOST_BYTES_OF_DATA:
        rows.append(Button(mute, data=data))
    return replace(message, buttons=tuple(rows))


@lru_cache(maxsize=256)  # of an article, for its thousand subscribers
def _labels(url: str | None, source_id: str, language: str) -> tuple[str, str]:
    source = cut_utf16(_host(url) or source_id, 40, at_sentence=False)
    words = _WORDS[language]
    return words["read"], words["mute"].format(source=source)


def reworded(message: Message, fix: Fix) -> Message:
    """The message as it may be taken after it was refused."""
    if fix is Fix.NO_BUTTONS:
        return replace(message, buttons=())
    if fix is Fix.PLAIN:
        return replace(message, spans=())
    shorter = shorten(Styled(message.text, message.spans), utf16_length(message.text) // 2)
    return replace(message, text=shorter.text, spans=shorter.spans)
