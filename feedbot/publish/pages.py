"""Pages for people: the index, a category, an article, and what is not there. Pure; templates escape all."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from feedbot.model import Entry, Photo, Precision, StoredEntry
from feedbot.publish.article import caption_html
from feedbot.publish.feed import (
    FeedHead,
    Origin,
    language_of,
    page_url,
    published_of,
    rfc3339,
    web_address,
)
from feedbot.publish.page_body import page_body
from feedbot.publish.words import LANGUAGES, say, say_articles, say_day, spoken
from feedbot.rules.text import clean, cut

FORMATS = (
    ("Atom", ".atom", "application/atom+xml"),
    ("RSS", ".rss", "application/rss+xml"),
    ("JSON", ".json", "application/feed+json"),
)
PER_PAGE = 24
_CARD_SUMMARY = 320  # characters; the style sheet shows three lines
_DESCRIPTION = 200
_RIGHT_TO_LEFT = frozenset("ar arc azb ckb dv fa glk he ks ku ps sd ug ur yi".split())


@dataclass(frozen=True, slots=True)
class Shown:
    """A category as the index shows it: how many entries it has in all, and its newest ones."""

    head: FeedHead
    count: int
    updated: datetime | None
    entries: Sequence[StoredEntry]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: the site, its language, its bot where one is known.

    `static`: the page is read from a folder of files where nothing but feeds lies beside it.
    """

    title: str
    base_url: str
    language: str
    bot: str | None = None
    static: bool = False

    @property
    def spoken(self) -> str:
        """The language of our own words."""
        return spoken(self.language)

    def feed(self, slug: str, ending: str) -> str:
        """The address of a feed."""
        return f"{slug}{ending}" if self.static else f"{self.base_url}/feeds/{slug}{ending}"

    def file(self, name: str) -> str:
        """The address of a document that lies beside the page in the folder, at the root over HTTP."""
        return name if self.static else f"{self.base_url}/{name}"

    def category(self, slug: str, number: int = 1) -> str:
        """The address of a category's page."""
        return f"{self.base_url}/c/{slug}" + (f"?page={number}" if number > 1 else "")

    def article(self, stored: StoredEntry) -> str:
        """Where an article is read: our own page, in a folder of files its original."""
        return page_url(stored, self.base_url) if self.static else f"{self.base_url}/e/{stored.row}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feedbot.publish"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["iso"] = rfc3339
    environment.globals |= {
        "published_of": published_of,
        "shown_day": shown_day,
        "lead_of": lead_of,
        "formats": FORMATS,
        "style": hashlib.sha256(style()).hexdigest()[:12],
        "lang": partial(_lang),
        "web_address": web_address,
        "summary_of": partial(_summary, limit=_CARD_SUMMARY),
    }
    return environment


def style() -> bytes:
    """The style sheet of all pages."""
    return files("feedbot.publish").joinpath("templates/style.css").read_bytes()


def icon() -> bytes:
    """The sign that a browser shows in its tab."""
    return files("feedbot.publish").joinpath("templates/favicon.svg").read_bytes()


def lead_of(entry: Entry) -> Photo | None:
    """The lead photo, if it can be shown."""
    return entry.photo if entry.photo and web_address(entry.photo.url) else None


def shown_day(stored: StoredEntry) -> datetime:
    """The day that readers are told, in the source's own zone; never in the future."""
    entry = stored.entry
    told = entry.published or entry.first_seen
    return (
        told if told <= entry.first_seen or entry.published_precision is Precision.DAY else entry.first_seen
    )


def _lang(told: str | None, page: str) -> Markup:
    """The attributes of a text that may be in another language than the page, and run another way."""
    known = language_of(told)
    short = (known or "").split("-")[0].lower()
    direction = "rtl" if short in _RIGHT_TO_LEFT else "auto"
    if not known or known.lower() == page.lower():
        return Markup(' dir="{}"').format(direction)
    return Markup(' lang="{}" dir="{}"').format(known, direction)


def _summary(entry: Entry, limit: int) -> str:
    return cut(clean(entry.summary or entry.content_text or ""), limit)


def _render(template: str, place: Place, **told: Any) -> bytes:
    language = place.spoken
    words = {
        "place": place,
        "language": language,
        "say": partial(say, language),
        "say_with": partial(_say_with, language),
        "articles": partial(say_articles, language),
        "day": partial(say_day, language),
    }
    return clean(_environment().get_template(template).render(words | told)).encode()


def _say_with(language: str, key: str, **parts: Markup) -> Markup:
    """A text of ours around parts of the page."""
    return Markup(LANGUAGES[language][key]).format(**parts)  # noqa: S704  # ours


def render_index(place: Place, shown: Sequence[Shown]) -> bytes:
    """The front page: every category with its newest entries and where to subscribe."""
    updated = max((one.updated for one in shown if one.updated), default=None)
    return _render("index.html", place, shown=shown, updated=updated)


def render_category(place: Place, shown: Shown, number: int) -> bytes:
    """One page of a category, which has as many as its count of entries needs."""
    last = pages_of(shown.count)
    near = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    return _render("category.html", place, shown=shown, head=shown.head, number=number, last=last, near=near)


def pages_of(count: int) -> int:
    """How many pages so many entries fill: an empty category has one."""
    return max(1, -(-count // PER_PAGE))


def render_entry(
    place: Place, stored: StoredEntry, heads: Sequence[FeedHead], origin: Origin | None, *, whole: bool
) -> bytes:
    """The page of one article; `heads` are the feeds that it is in. Not `whole`: its summary alone."""
    entry = stored.entry
    return _render(
        "entry.html",
        place,
        stored=stored,
        entry=entry,
        body=page_body(entry) if whole else None,
        caption=Markup(caption_html(entry.photo)) if entry.photo else "",  # noqa: S704  # escaped there
        summary=clean(entry.summary or ""),
        description=_summary(entry, _DESCRIPTION),
        heads=heads,
        origin=origin,
        with_time=entry.published_precision in {Precision.MINUTE, Precision.SECOND},
    )


def render_retracted(place: Place, stored: StoredEntry) -> bytes:
    """The page of an article that its source took back: nothing of it is shown any more."""
    gone = stored.retracted_at
    return _render("missing.html", place, what=say(place.spoken, "retracted"), gone=gone)


def render_missing(place: Place, what: str) -> bytes:
    """The page that says what is wrong with an address: the text of that name."""
    return _render("missing.html", place, what=say(place.spoken, what), gone=None)
