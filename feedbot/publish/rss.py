"""RSS 2.0 with content:encoded, Media RSS and Dublin Core: the head of a channel, and an item. Pure.

What validators and readers want beyond the specification: addresses in ASCII, one enclosure, a description
before the content, authors in `dc:creator` (https://www.rssboard.org/rss-profile).
"""

import re
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedbot.model import Author, Enclosure, StoredEntry
from feedbot.publish.atom import authors_of, categories_of, labels_of
from feedbot.publish.feed import FeedHead, House, Origin, language_of, published_of
from feedbot.publish.media import MEDIA, add_media, files_of
from feedbot.publish.plain import unmistakable, web_uri, words

CREATOR = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"
END = b"</channel></rss>\n"
_ENCLOSED = re.compile(r"https?://(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9][a-zA-Z0-9-]*(?::\d+)?/")
_LOST_CHARACTER = "\ufffd".encode()


class ChannelExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The head of a channel."""

    def __init__(self) -> None:
        self.hub: str | None = None

    def extend_ns(self) -> dict[str, str]:
        """The namespaces that items use."""
        return {"media": MEDIA, "dc": CREATOR}

    def extend_rss(self, rss: Any) -> Any:
        """Name the hub."""
        if self.hub:
            etree.SubElement(rss.find("channel"), f"{{{ATOM}}}link", {"rel": "hub", "href": self.hub})
        return rss


class ItemExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """One item."""

    def __init__(self) -> None:
        self.stored: StoredEntry
        self.authors: list[Author] = []

    def extend_rss(self, item: Any) -> Any:
        """Add authors and media; a year has four digits."""
        item.find("pubDate").text = format_datetime(published_of(self.stored))
        for author in self.authors:  # the core's `author` is an address, which readers show as the name
            element = etree.SubElement(item, f"{{{CREATOR}}}creator")
            element.text = unmistakable(words(author.name))
        add_media(item, self.stored.entry)
        return item


def rss_head(head: FeedHead, updated: datetime) -> bytes:
    """The document as far as its first item."""
    feed = FeedGenerator()
    feed.register_extension("feedbot", ChannelExtension, ItemExtension, atom=False)
    feed.title(unmistakable(words(head.title)) or head.category.slug)
    feed.link(href=head.url(".rss"), rel="self", type="application/rss+xml")
    feed.link(href=head.page_url, rel="alternate")
    description = words(head.category.description) or words(head.title) or head.category.slug
    feed.description(unmistakable(description))
    feed.language(language_of(head.category.language) or "en")
    feed.generator("feedbot", version=head.version)
    feed.lastBuildDate(updated)
    feed.feedbot.hub = head.hub
    document: bytes = feed.rss_str(pretty=False)
    return document[: document.rindex(b"</channel>")]


def rss_item(stored: StoredEntry, house: House, origin: Origin | None, url: str, html: str | None) -> bytes:
    """One entry as an element; `html` is its content, where it may be republished."""
    feed = FeedGenerator()
    feed.register_extension("feedbot", ChannelExtension, ItemExtension, atom=False)
    feed.title("one")
    feed.link(href="https://feedbot.example/")
    feed.description("one")
    entry: FeedEntry = feed.add_entry()
    told = stored.entry
    entry.feedbot.stored, entry.feedbot.authors = stored, list(authors_of(told, house, origin))
    entry.title(unmistakable(words(told.title) or url))
    entry.link(href=url)
    entry.guid(told.id, permalink=False)
    summary = escape(words(told.summary), quote=False)
    if html:
        entry.description(summary or escape(words(told.title) or url, quote=False))
        entry.content(html)
    elif summary:
        entry.description(summary)
    entry.pubDate(published_of(stored))
    ours = categories_of(stored, house)
    for slug, title in ours:
        entry.category(term=unmistakable(title), scheme=f"{house.base_url}/c/{slug}")
    for label in labels_of(stored, house):
        if label not in {title for _, title in ours}:
            entry.category(term=unmistakable(label))
    if origin and (source := web_uri(origin.url)):
        entry.source(source, unmistakable(words(origin.title)))
    if file := _most_worth(files_of(told)):
        entry.enclosure(file.url, str(file.length or 0), file.type or "application/octet-stream")
    document: bytes = feed.rss_str(pretty=False)
    element = document[document.index(b"<item") : document.rindex(b"</channel>")]
    return element.replace(_LOST_CHARACTER, b"?")


def _most_worth(files: list[Enclosure]) -> Enclosure | None:
    """The one enclosure of an item: what is heard or seen in motion, else the first, which is the photo.

    A length that is not known is written as 0, as the validator advises; and it takes no other addresses.
    """
    files = [file for file in files if _ENCLOSED.match(file.url)]
    moving = (file for file in files if (file.type or "").startswith(("audio/", "video/")))
    return next(moving, files[0] if files else None)
