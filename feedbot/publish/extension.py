"""A feedgen extension that writes what feedgen cannot say, and mends what it gets wrong.

feedgen 1.0.0 hands over trees whose elements are in no namespace (the root carries a literal `xmlns`), writes
entry links without `rel`, times with microseconds and offset, and no `xml:lang` on entries.
"""

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from feedbot.model import Photo, StoredEntry
from feedbot.publish.feed import FeedHead, Origin, page_url, published_of, rfc3339, updated_of

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
        if told.language and told.language != self.head.category.language:
            entry.set(LANG, told.language)
        for link in entry.findall("link"):
            entry.remove(link)
        for link in _links(self.stored, self.head):
            etree.SubElement(entry, "link", link)
        published = entry.find("published")
        if published is not None:
            published.text = rfc3339(published_of(self.stored))
        if self.origin:
            _add_source(entry, self.origin, rfc3339(updated_of(self.stored)))
        if told.photo and told.photo.url:
            _add_media(entry, told.photo, self._length(told.photo.url))
        return entry

    def _length(self, url: str) -> int | None:
        return next((one.length for one in self.stored.entry.enclosures if one.url == url), None)


def _links(stored: StoredEntry, head: FeedHead) -> list[dict[str, str]]:
    """One alternate first, as readers take the first; then enclosures with type and length, then related."""
    entry = stored.entry
    links = [{"rel": "alternate", "type": "text/html", "href": page_url(stored, head.base_url)}]
    lead = entry.photo
    enclosures = [(one.url, one.type, one.length) for one in entry.enclosures]
    if lead and lead.url and lead.url not in {url for url, _, _ in enclosures}:
        enclosures.insert(0, (lead.url, lead.type, None))
    for url, kind, length in enclosures:
        told = {"type": kind, "length": str(length) if length else None}
        links.append({"rel": "enclosure", "href": url} | {name: text for name, text in told.items() if text})
    for related in entry.related:
        title = {"title": related.title} if related.title else {}
        links.append({"rel": "related", "type": "text/html", "href": related.url, **title})
    return links


def _add_source(entry: Any, origin: Origin, updated: str) -> None:
    source = etree.SubElement(entry, "source")
    for name, text in (("id", origin.tag), ("title", origin.title), ("updated", updated)):
        etree.SubElement(source, name).text = text
    if origin.url and origin.home:
        etree.SubElement(source, "link", {"rel": "self", "href": origin.url})
        etree.SubElement(source, "link", {"rel": "alternate", "type": "text/html", "href": origin.home})


def _add_media(entry: Any, photo: Photo, length: int | None) -> None:
    """Media RSS, as a direct child: in a group alone it is an error to validators."""
    facts = {
        "url": photo.url,
        "medium": "image",
        "type": photo.type,
        "width": photo.width,
        "height": photo.height,
        "fileSize": length,
    }
    content = etree.SubElement(
        entry, f"{{{MEDIA}}}content", {name: str(value) for name, value in facts.items() if value}
    )
    if photo.caption:
        etree.SubElement(content, f"{{{MEDIA}}}description", {"type": "plain"}).text = photo.caption
    if photo.credit:
        etree.SubElement(content, f"{{{MEDIA}}}credit").text = photo.credit
    sizes = {"width": photo.width, "height": photo.height}
    thumbnail = {"url": str(photo.url)} | {name: str(value) for name, value in sizes.items() if value}
    etree.SubElement(content, f"{{{MEDIA}}}thumbnail", thumbnail)
