"""A feedgen extension that writes what feedgen cannot say, and mends what it gets wrong.

feedgen 1.0.0 hands over trees whose elements are in no namespace (the root carries a literal `xmlns`), writes
entry links without `rel`, times with microseconds and offset, and no `xml:lang` on entries.
"""

from collections.abc import Mapping
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from feedbot.model import Photo, StoredEntry
from feedbot.publish.feed import (
    FeedHead,
    Origin,
    language_of,
    media_type_of,
    page_url,
    published_of,
    rfc3339,
    updated_of,
    web_address,
)
from feedbot.rules.text import clean

MEDIA = "http://search.yahoo.com/mrss/"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NAMESPACES = {"media": MEDIA}


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The head of a feed."""

    def __init__(self) -> None:
        self.updated = ""

    def extend_ns(self) -> dict[str, str]:
        """The namespaces that entries use."""
        return NAMESPACES

    def extend_atom(self, atom_feed: Any) -> Any:
        """Put the time right."""
        atom_feed.find("updated").text = self.updated
        atom_feed.find("title").set("type", "text")
        return atom_feed


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """One entry."""

    def __init__(self) -> None:
        self.stored: StoredEntry
        self.head: FeedHead
        self.origin: Origin | None = None

    def extend_atom(self, entry: Any) -> Any:
        """Put links, times and language right, and add media and source."""
        told = self.stored.entry
        entry.find("updated").text = rfc3339(updated_of(self.stored))
        entry.find("title").set("type", "text")
        if (summary := entry.find("summary")) is not None:
            summary.set("type", "text")
        language = language_of(told.language)
        if language and language != language_of(self.head.category.language):
            entry.set(LANG, language)
        for link in entry.findall("link"):
            entry.remove(link)
        for link in _links(self.stored, self.head, self.origin):
            etree.SubElement(entry, "link", _written(link))
        published = entry.find("published")
        if published is not None:
            published.text = rfc3339(published_of(self.stored))
        if self.origin:
            _add_source(entry, self.origin, rfc3339(updated_of(self.stored)))
        if told.photo and (url := web_address(told.photo.url)):
            length = next((one.length for one in told.enclosures if one.url == told.photo.url), None)
            _add_media(entry, told.photo, url, length)
        return entry


def _written(told: Mapping[str, object]) -> dict[str, str]:
    """Attributes as text that XML can carry; what is not known is left out."""
    return {name: clean(str(value)) for name, value in told.items() if value}


def _links(stored: StoredEntry, head: FeedHead, origin: Origin | None) -> list[dict[str, object]]:
    """One alternate first, as readers take the first; then where we have it from, enclosures with type and
    length, related articles.
    """
    entry = stored.entry
    links: list[dict[str, object]] = [
        {"rel": "alternate", "type": "text/html", "href": page_url(stored, head.base_url)}
    ]
    if origin and origin.url:
        links.append({"rel": "via", "href": origin.url})
    lead = entry.photo
    enclosures = {web_address(one.url): (one.type, one.length) for one in entry.enclosures}
    if lead and web_address(lead.url) not in enclosures:
        enclosures = {web_address(lead.url): (lead.type, None)} | enclosures
    for url, (kind, length) in enclosures.items():
        if url:
            links.append(
                {"rel": "enclosure", "href": url, "type": media_type_of(kind, url), "length": length}
            )
    related = ((web_address(one.url), one.title) for one in entry.related)
    links.extend({"rel": "related", "href": url, "title": title} for url, title in related if url)
    return links


def _add_source(entry: Any, origin: Origin, updated: str) -> None:
    source = etree.SubElement(entry, "source")
    for name, text in (("id", origin.tag), ("title", origin.title), ("updated", updated)):
        etree.SubElement(source, name).text = clean(text)
    if origin.url and origin.home:
        links = (
            {"rel": "self", "href": origin.url},
            {"rel": "alternate", "type": "text/html", "href": origin.home},
        )
        for link in links:
            etree.SubElement(source, "link", _written(link))


def _add_media(entry: Any, photo: Photo, url: str, length: int | None) -> None:
    """Media RSS, as a direct child: in a group alone it is an error to validators."""
    facts = {
        "url": url,
        "medium": "image",
        "type": media_type_of(photo.type, url),
        "width": photo.width,
        "height": photo.height,
        "fileSize": length,
    }
    content = etree.SubElement(entry, f"{{{MEDIA}}}content", _written(facts))
    if caption := clean(photo.caption or "").strip():
        etree.SubElement(content, f"{{{MEDIA}}}description", {"type": "plain"}).text = caption
    if credit := clean(photo.credit or "").strip():
        etree.SubElement(content, f"{{{MEDIA}}}credit").text = credit
    thumbnail = {"url": url, "width": photo.width, "height": photo.height}
    etree.SubElement(content, f"{{{MEDIA}}}thumbnail", _written(thumbnail))
