"""What a feed of ours is, before any format: its head, and the sources that its entries come from."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from feedbot.model import Category, Source, StoredEntry
from feedbot.rules.text import clean
from feedbot.rules.urls import absolute

_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class FeedHead:
    """A feed without its entries. `tag` is its id for life; `base_url` is where readers reach us.

    `archives` is how many full archives there are (RFC 5005 section 4); `archive` is set in the head of one.
    """

    tag: str
    category: Category
    site_title: str
    base_url: str
    created_at: datetime
    version: str
    hub: str | None = None
    archives: int = 0
    archive: int | None = None

    @property
    def title(self) -> str:
        """What readers see in their list of feeds."""
        return (
            self.category.title
            if self.category.title == self.site_title
            else (f"{self.category.title} – {self.site_title}")
        )

    @property
    def self_url(self) -> str:
        """The address of the Atom document itself."""
        return self.url(".atom") if self.archive is None else self.archive_url(self.archive)

    @property
    def page_url(self) -> str:
        """The page for people: that of the category; of other feeds, the index."""
        slug = self.category.slug
        return f"{self.base_url}/" if slug == "all" or "/" in slug else f"{self.base_url}/c/{slug}"

    def url(self, ending: str) -> str:
        """The address of the live document in one format."""
        return f"{self.base_url}/feeds/{self.category.slug}{ending}"

    def archive_url(self, number: int) -> str:
        """The address of an archive."""
        return f"{self.base_url}/feeds/{self.category.slug}/archive/{number}.atom"

    def neighbours(self) -> list[tuple[str, str]]:
        """The relations of this document to those before and after it, with their addresses."""
        if self.archive is None:
            return [("prev-archive", self.archive_url(self.archives))] if self.archives else []
        links = [("current", self.url(".atom"))]
        if self.archive > 1:
            links.append(("prev-archive", self.archive_url(self.archive - 1)))
        if self.archive < self.archives:
            links.append(("next-archive", self.archive_url(self.archive + 1)))
        return links


@dataclass(frozen=True, slots=True)
class House:
    """What all entries of ours are rendered with: where we are, and the categories by slug."""

    base_url: str
    site_title: str
    language: str
    categories: Mapping[str, Category]


@dataclass(frozen=True, slots=True)
class Origin:
    """A source as a feed tells of it (RFC 4287 section 4.2.11)."""

    tag: str
    title: str
    url: str | None
    home: str | None


def origin_of(source: Source, authority: str) -> Origin:
    """How a source is named: by its host, by its id where it has none."""
    parts = urlsplit(source.url)
    is_web = parts.scheme in {"http", "https"}
    host = (parts.hostname or "").removeprefix("www.") if is_web else ""
    return Origin(
        tag=f"tag:{authority},2025:sources/{quote(source.id, safe='-._~')}",
        title=host or source.id,
        url=_without_user(source.url) if is_web else None,
        home=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/" if is_web else None,
    )


def _without_user(url: str) -> str:
    """The address without a name and a password, which are ours alone."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def updated_of(stored: StoredEntry) -> datetime:
    """What Atom calls updated: never before published, in UTC, whole seconds."""
    return max(stored.updated_at, published_of(stored)).astimezone(UTC).replace(microsecond=0)


def published_of(stored: StoredEntry) -> datetime:
    """When the entry appeared: as its source says, else when it was first seen; never in the future.

    Of some seen at once without a time each has a second of its own, up to that one (`store/moments.py`).
    """
    told, seen = stored.entry.published, stored.entry.first_seen
    shown = told if told and told < seen else min(seen, stored.updated_at)
    return shown.astimezone(UTC).replace(microsecond=0)


def rfc3339(moment: datetime) -> str:
    """RFC 3339 with Z, without microseconds."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def language_of(told: str | None) -> str | None:
    """A language that readers know (BCP 47); "english" is none."""
    return told if told and _LANGUAGE.fullmatch(told) else None


def media_type_of(told: str | None, url: str) -> str | None:
    """What a file is: as its source says, else by its name."""
    if told and _MEDIA_TYPE.fullmatch(told):
        return told
    return _TYPES.get(posixpath.splitext(urlsplit(url).path)[1].lower())


def page_url(stored: StoredEntry, base_url: str) -> str:
    """Where people read an entry: its own address, or our page of it."""
    return web_address(stored.entry.url) or f"{base_url}/e/{stored.row}"


def web_address(url: str | None) -> str | None:
    """The address, if readers may be sent there; whatever room let it through, `javascript:` is none."""
    return absolute(clean(url)) if url else None
