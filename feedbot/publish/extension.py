"""feedgen extensions that write in Atom what feedgen cannot say, and mend what it gets wrong.

feedgen 1.0.0 hands over trees whose elements are in no namespace (the root carries a literal `xmlns`), writes
entry links without `rel`, times with microseconds and offset, no `xml:lang` on entries, and no type of texts.
"""

from html import escape
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from feedbot.model import StoredEntry
from feedbot.publish.feed import FeedHead, House, Origin, language_of, published_of, rfc3339, updated_of
from feedbot.publish.media import MEDIA, add_media, files_of, written
from feedbot.publish.plain import is_like_html, web_uri, words

HISTORY = "http://purl.org/syndication/history/1.0"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """The head of a feed."""

    def __init__(self) -> None:
        self.updated = ""
        self.head: FeedHead | None = None

    def extend_ns(self) -> dict[str, str]:
        """The namespaces that entries use, and the one of an archive."""
        is_archive = self.head is not None and self.head.archive is not None
        return {"media": MEDIA, **({"fh": HISTORY} if is_archive else {})}

    def extend_atom(self, atom_feed: Any) -> Any:
        """Put time and texts right, and say so if it is an archive (RFC 5005 section 4)."""
        atom_feed.find("updated").text = self.updated
        for name in ("title", "subtitle"):
            if (element := atom_feed.find(name)) is not None:
                tell(element, element.text)
        if self.head is not None and self.head.archive is not None:
            etree.SubElement(atom_feed, f"{{{HISTORY}}}archive")
        return atom_feed


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """One entry."""

    def __init__(self) -> None:
        self.stored: StoredEntry
        self.house: House
        self.origin: Origin | None = None
        self.url = ""

    def extend_atom(self, entry: Any) -> Any:
        """Put links, times, texts and language right, and add media and source."""
        told, updated = self.stored.entry, rfc3339(updated_of(self.stored))
        entry.find("updated").text = updated
        entry.find("published").text = rfc3339(published_of(self.stored))
        for name in ("title", "summary"):
            if (element := entry.find(name)) is not None:
                tell(element, element.text)
        if language := language_of_entry(self.stored, self.house):
            entry.set(LANG, language)
        for link in entry.findall("link"):
            entry.remove(link)
        for relation in self._links():
            etree.SubElement(entry, "link", written(relation))
        if self.origin:
            _add_source(entry, self.origin, updated)
        add_media(entry, told)
        return entry

    def _links(self) -> list[dict[str, object]]:
        """One alternate first, as readers take the first; then where we have it from, files with type and
        length, related articles.
        """
        entry = self.stored.entry
        links: list[dict[str, object]] = [{"rel": "alternate", "type": "text/html", "href": self.url}]
        if self.origin and (source := web_uri(self.origin.url)):
            links.append({"rel": "via", "href": source})
        links.extend(
            {"rel": "enclosure", "href": file.url, "type": file.type, "length": file.length}
            for file in files_of(entry)
        )
        related = ((web_uri(one.url), words(one.title)) for one in entry.related)
        links.extend({"rel": "related", "href": url, "title": title} for url, title in related if url)
        return links


def language_of_entry(stored: StoredEntry, house: House) -> str | None:
    """What an entry is written in: as it says, else as its first category does."""
    category = next((house.categories[slug] for slug in stored.slugs if slug in house.categories), None)
    told = (stored.entry.language, category.language if category else None, house.language)
    return next(filter(None, map(language_of, told)), None)


def tell(element: Any, text: str | None) -> None:
    """Write a text so that no reader takes it for what it is not (RFC 4287 section 3.1.1)."""
    text = words(text)
    is_html = is_like_html(text)
    element.set("type", "html" if is_html else "text")
    element.text = escape(text, quote=False) if is_html else text


def _add_source(entry: Any, origin: Origin, updated: str) -> None:
    source = etree.SubElement(entry, "source")
    etree.SubElement(source, "id").text = origin.tag
    tell(etree.SubElement(source, "title"), origin.title)
    etree.SubElement(source, "updated").text = updated
    url, home = web_uri(origin.url), web_uri(origin.home)
    if url and home:
        links: tuple[dict[str, object], ...] = (
            {"rel": "self", "href": url},
            {"rel": "alternate", "type": "text/html", "href": home},
        )
        for link in links:
            etree.SubElement(source, "link", written(link))
