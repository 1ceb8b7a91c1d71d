"""Pages for people: the index, an article, and what is not there. Pure; templates escape everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from feedbot.model import StoredEntry
from feedbot.publish.article import article_html
from feedbot.publish.feed import FeedHead, Origin, language_of, page_url, published_of, rfc3339
from feedbot.rules.text import clean


@dataclass(frozen=True, slots=True)
class Shown:
    """A category as the index shows it: how many entries it has in all, and its newest ones."""

    head: FeedHead
    count: int
    updated: datetime | None
    entries: Sequence[StoredEntry]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feedbot.publish"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    environment.filters["iso"] = rfc3339
    environment.filters["language"] = language_of
    environment.globals["published_of"] = published_of
    environment.globals["page_url"] = page_url
    return environment


def _day(moment: datetime) -> str:
    return f"{moment:%B} {moment.day}, {moment.year}"


def style() -> bytes:
    """The style sheet of all pages."""
    return files("feedbot.publish").joinpath("templates/style.css").read_bytes()


def render_index(title: str, base_url: str, language: str, shown: Sequence[Shown], bot: str | None) -> bytes:
    """The front page: every category with its newest entries and where to subscribe. `bot` is the name of
    the Telegram bot, where one is known.
    """
    page = _environment().get_template("index.html")
    told = {"title": title, "base_url": base_url, "language": language, "shown": shown, "bot": bot}
    return clean(page.render(told)).encode()


def render_entry(
    title: str, base_url: str, stored: StoredEntry, heads: Sequence[FeedHead], origin: Origin | None
) -> bytes:
    """The page of one article; `heads` are the feeds that it is in."""
    page = _environment().get_template("entry.html")
    body = Markup(article_html(stored.entry) or "")  # noqa: S704  # sanitised in article_html
    told = {
        "title": title,
        "base_url": base_url,
        "language": language_of(stored.entry.language) or "en",
        "stored": stored,
        "entry": stored.entry,
        "body": body,
        "heads": heads,
        "origin": origin,
    }
    return clean(page.render(told)).encode()


def render_missing(title: str, base_url: str, what: str) -> bytes:
    """The page that says what is wrong with an address."""
    page = _environment().get_template("missing.html")
    told = {"title": title, "base_url": base_url, "language": "en", "what": what}
    return clean(page.render(told)).encode()
