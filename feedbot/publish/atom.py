"""Atom (RFC 4287): the head of a feed, and an entry. Pure: equal entries give equal bytes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from feedbot.model import Author, Entry, StoredEntry
from feedbot.publish.extension import EntryExtension, FeedExtension
from feedbot.publish.feed import (
    FeedHead,
    House,
    Origin,
    language_of,
    published_of,
    rfc3339,
    updated_of,
)
from feedbot.publish.plain import email_of, unmistakable, web_uri, words

TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
END = b"</feed>\n"
_LOST_CHARACTER = "\ufffd".encode()  # an error to validators, and no reader knows what stood there


def atom_head(head: FeedHead, updated: datetime, lost: Iterable[tuple[str, datetime]] = ()) -> bytes:
    """The document as far as its first entry, with the tombstones of `lost` (RFC 6721)."""
    feed = FeedGenerator()
    feed.register_extension("feedbot", FeedExtension, EntryExtension, rss=False)
    feed.id(head.tag)
    feed.title(words(head.title) or head.category.slug)
    feed.language(language_of(head.category.language) or "en")
    feed.subtitle(words(head.category.description) or None)
    feed.author({"name": unmistakable(words(head.site_title)) or "feedbot"})
    feed.link(
        [
            {"href": head.page_url, "rel": "alternate", "type": "text/html"},
            {"href": head.self_url, "rel": "self", "type": "application/atom+xml"},
        ]
    )
    if head.hub and head.archive is None:
        feed.link(href=head.hub, rel="hub")
    for relation, url in head.neighbours():
        feed.link(href=url, rel=relation, type="application/atom+xml")
    feed.generator("feedbot", version=head.version)
    feed.updated(updated)
    feed.feedbot.updated, feed.feedbot.head = rfc3339(updated), head
    document: bytes = feed.atom_str(pretty=False)
    return document[: document.rindex(b"</feed>")] + b"".join(_tombstone(*one) for one in lost)


def _tombstone(tag: str, when: datetime) -> bytes:
    return f'<at:deleted-entry xmlns:at="{TOMBSTONES}" ref="{escape(tag)}" when="{rfc3339(when)}"/>'.encode()


def atom_entry(stored: StoredEntry, house: House, origin: Origin | None, url: str, html: str | None) -> bytes:
    """One entry as an element; `html` is its content, where it may be republished."""
    feed = FeedGenerator()
    feed.register_extension("feedbot", FeedExtension, EntryExtension, rss=False)
    feed.id("tag:feedbot,2026:one")
    feed.title("one")
    entry: FeedEntry = feed.add_entry()
    told = stored.entry
    entry.feedbot.stored, entry.feedbot.house, entry.feedbot.origin = stored, house, origin
    entry.feedbot.url = url
    entry.id(told.id)
    entry.title(words(told.title) or url)
    entry.updated(updated_of(stored))
    entry.published(published_of(stored))
    entry.link(href=url, rel="alternate")
    entry.author([_author(author) for author in authors_of(told, house, origin)])
    if html:
        entry.content(html, type="html")
    if summary := words(told.summary) or ("" if html else words(told.title) or url):  # one must be there
        entry.summary(summary, type="text")
    entry.category(_categories(stored, house))
    document: bytes = feed.atom_str(pretty=False)
    element = document[document.index(b"<entry") : document.rindex(b"</feed>")]
    return element.replace(_LOST_CHARACTER, b"?")


def authors_of(entry: Entry, house: House, origin: Origin | None) -> Sequence[Author]:
    """Who wrote it; without a byline, the source."""
    named = tuple(author for author in entry.authors if words(author.name))
    return named or (Author(origin.title if origin else words(house.site_title) or "feedbot"),)


def _author(author: Author) -> dict[str, str]:
    told = {
        "name": unmistakable(words(author.name)),
        "email": email_of(author.email),
        "uri": web_uri(author.uri),
    }
    return {name: text for name, text in told.items() if text}


def categories_of(stored: StoredEntry, house: House) -> list[tuple[str, str]]:
    """The categories of ours that an entry is in: slug and title."""
    here = (house.categories[slug] for slug in stored.slugs if slug in house.categories)
    return [(category.slug, words(category.title) or category.slug) for category in here]


def labels_of(stored: StoredEntry, house: House) -> list[str]:
    """The labels that its source gives it, in the order of the alphabet."""
    ours = {slug for slug, _ in categories_of(stored, house)}
    return sorted({words(label) for label in stored.entry.categories} - ours - {""})


def _categories(stored: StoredEntry, house: House) -> list[dict[str, str]]:
    """Our categories, then the labels of the source."""
    ours = [
        {"term": slug, "label": unmistakable(title), "scheme": f"{house.base_url}/"}
        for slug, title in categories_of(stored, house)
    ]
    return [*ours, *({"term": unmistakable(label)} for label in labels_of(stored, house))]
