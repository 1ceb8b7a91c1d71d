"""Sitemaps (sitemaps.org), with Google's news and image elements: text in, entries or child sitemaps out."""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from feedbot.model import Kind, ParsedEntry, ParsedFeed, Photo
from feedbot.rules.urls import absolute
from feedbot.sources.newest import MOST_ENTRIES, instant
from feedbot.sources.sniff import SITEMAP_ROOTS, describe, find_root
from feedbot.sources.words import labels_of, language_of, line, text_of

MOST_CHILDREN = 10
_MOST_URLS = 100_000  # the protocol allows 50,000
_MOST_IMAGES = 20
_MAX_DEPTH = 64
_MAX_TEXT = 5000


class _Enough(Exception):
    """More is not read."""


@dataclass(slots=True)
class _Walk:
    """Collects the texts of each `url` or `sitemap` by the path of local names below it."""

    parser: Any
    path: list[str] = field(default_factory=list)
    urls: list[dict[str, str]] = field(default_factory=list)
    url: dict[str, str] | None = None
    text: list[str] = field(default_factory=list)
    length: int = 0
    images: int = 0

    def start(self, name: str, _attributes: Any) -> None:
        """An element begins."""
        local = name.rpartition(":")[2].lower()
        if len(self.path) > _MAX_DEPTH or len(self.urls) >= _MOST_URLS:
            raise _Enough
        if local in {"url", "sitemap"} and len(self.path) == 1:
            self.url, self.images = {}, 0
        self.path.append(local)
        self.text, self.length = [], 0

    def data(self, text: str) -> None:
        """Characters."""
        if self.length < _MAX_TEXT:
            self.text.append(text)
            self.length += len(text)

    def end(self, _name: str) -> None:
        """An element ends."""
        if self.url is not None and len(self.path) == 2:
            self.urls.append(self.url)
            self.url = None
        elif self.url is not None:
            key = "/".join(self.path[2:])
            if key == "image/loc":
                self.images += 1
            if key.startswith("image/"):
                key += f"/{max(1, self.images)}" if key == "image/loc" else f"/{self.images}"
            if self.images <= _MOST_IMAGES:
                self.url.setdefault(key, "".join(self.text).strip())
        self.path.pop()
        self.text, self.length = [], 0


def parse_sitemap(text: str, url: str) -> ParsedFeed:
    """Read a sitemap that came from `url`; of a broken one what stands before the fault.

    An index of sitemaps gives their addresses as `feeds`, news first, then the newest, at most ten.
    """
    root = find_root(text)
    if root is None or root.name not in SITEMAP_ROOTS:
        return ParsedFeed(fault=f"this is no sitemap: {describe(text, root)}")
    if "<!ENTITY" in text[: root.at].upper():
        return ParsedFeed(fault="the sitemap declares entities of its own, which feedbot does not expand")
    urls, whole = _walk(text[root.at :])
    if not (urls or whole):
        return ParsedFeed(fault="the sitemap is broken before its first address ends")
    if root.name == "sitemapindex":
        return _index(urls, url)
    newest = _newest(urls)
    entries = tuple(filter(None, (_entry(told, url) for told in newest)))
    if not entries and urls:
        return ParsedFeed(fault="the sitemap names no address of a page")
    return ParsedFeed(kind=Kind.SITEMAP, entries=entries, cut_off=len(newest) < len(urls))


def _walk(text: str) -> tuple[list[dict[str, str]], bool]:
    """What each `url` or `sitemap` tells, and whether the document was well-formed to its end."""
    walk = _Walk(expat.ParserCreate("utf-8"))
    walk.parser.buffer_text = True
    walk.parser.StartElementHandler = walk.start
    walk.parser.EndElementHandler = walk.end
    walk.parser.CharacterDataHandler = walk.data
    try:
        walk.parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _Enough):
        return walk.urls, False
    return walk.urls, True


def _when(told: dict[str, str]) -> str:
    return instant(told.get("news/publication_date") or told.get("lastmod"))


def _newest(urls: list[dict[str, str]]) -> list[dict[str, str]]:
    """At most a thousand, newest first; those without a date keep their place at the end."""
    return sorted(urls, key=_when, reverse=True)[:MOST_ENTRIES]


def _index(urls: list[dict[str, str]], base: str) -> ParsedFeed:
    children: dict[str, tuple[bool, str]] = {}
    for told in urls:
        if address := absolute(told.get("loc"), base):
            children.setdefault(address, ("news" in address.lower(), _when(told)))
    best = sorted(children, key=children.__getitem__, reverse=True)[:MOST_CHILDREN]
    fault = None if best else "the sitemap index names no sitemap"
    return ParsedFeed(kind=Kind.SITEMAP, feeds=tuple(best), cut_off=len(children) > len(best), fault=fault)


def _entry(told: dict[str, str], base: str) -> ParsedEntry | None:
    link = absolute(told.get("loc"), base)
    if link is None:
        return None
    published, changed = line(told.get("news/publication_date"), 200), line(told.get("lastmod"), 200)
    return ParsedEntry(
        link=link,
        title=text_of(told.get("news/title")),
        categories=labels_of((told.get("news/keywords") or "").split(",")),
        language=language_of(told.get("news/publication/language")),
        published=published,
        updated=changed,
        photos=_photos(told, link),
        provenance={"title": "sitemap", "published": "sitemap"},
    )


def _photos(told: dict[str, str], base: str) -> tuple[Photo, ...]:
    found = []
    for at in range(1, _MOST_IMAGES + 1):
        if address := absolute(told.get(f"image/loc/{at}"), base):
            caption, title = text_of(told.get(f"image/caption/{at}")), text_of(told.get(f"image/title/{at}"))
            found.append(Photo(address, caption or title))
    return tuple(found)
