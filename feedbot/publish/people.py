"""Pages that are rendered when somebody asks: a category, an article; each is kept for a moment (edge)."""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from feedbot.model import Source, StoredEntry
from feedbot.publish.feed import FeedHead, origin_of, updated_of
from feedbot.publish.pages import (
    PER_PAGE,
    Shown,
    pages_of,
    render_category,
    render_entry,
    render_missing,
    render_retracted,
)
from feedbot.publish.shelf import HTML, Item
from feedbot.store import categories, entries, feeds, sources
from feedbot.store.feeds import FeedState

if TYPE_CHECKING:
    from feedbot.publish.site import Site

_KEPT_PAGES, _KEPT_SECONDS = 64, 60.0
_MOST_KEPT = 300_000  # bytes of a page
_AT_ONCE = 2  # whoever asks for a thousand pages keeps nobody from publishing
_GONE = 410


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is answered. 410: what was there was taken back."""

    item: Item
    status: int = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    page: Page
    slugs: tuple[str, ...]
    feeds: tuple[str | None, ...]
    until: float


@dataclass(slots=True)
class People:
    """The pages of a site for its readers. A kept page is good until a feed that it shows is written anew."""

    site: "Site"
    clock: Callable[[], float] = monotonic
    _kept: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    _counts: dict[str, tuple[tuple[str | None, ...], int, float]] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def missing(self, what: str) -> bytes:
        """The page for an address where nothing is: the text of that name."""
        return render_missing(self.site.place(), what)

    async def entry(self, row: int) -> Page | None:
        """The page of an article; None where there is none."""
        return await self._fresh(("entry", row), partial(self._entry, row))

    async def category(self, slug: str, number: int) -> Page | None:
        """A page of a category, the newest entries on the first; None where there is none."""
        if slug not in self.site.categories:
            return None
        return await self._fresh(("category", slug, number), partial(self._category, slug, number))

    async def _fresh(
        self, key: Hashable, make: Callable[[], Awaitable[tuple[Page, tuple[str, ...]] | None]]
    ) -> Page | None:
        async with self._room:
            kept = self._kept.get(key)
            if kept and kept.until > self.clock() and kept.feeds == self._feeds(kept.slugs):
                self._kept.move_to_end(key)
                return kept.page
            made = await make()
            if made is None:
                self._kept.pop(key, None)
                return None
            page, slugs = made
            if len(page.item.body) <= _MOST_KEPT:
                self._kept[key] = _Kept(page, slugs, self._feeds(slugs), self.clock() + _KEPT_SECONDS)
                if len(self._kept) > _KEPT_PAGES:
                    self._kept.popitem(last=False)
            return page

    def _feeds(self, slugs: tuple[str, ...]) -> tuple[str | None, ...]:
        """What says that these categories are as they were: the ETags of their feeds."""
        found = (self.site.shelf.get(f"/feeds/{slug}.atom") for slug in slugs)
        return tuple(item.etag if item else None for item in found)

    async def _entry(self, row: int) -> tuple[Page, tuple[str, ...]] | None:
        stored, source, found = await self.site.store.do(_of_entry, row)
        if stored is None:
            return None
        if stored.retracted_at is not None:
            body = render_retracted(self.site.place(), stored)
            return Page(_item(body, stored.retracted_at), _GONE), stored.slugs
        heads = self._heads(stored, found)
        origin = origin_of(source, self.site.authority) if source else None
        whole = any(head.category.content == "full" for head in heads)
        body = await asyncio.to_thread(render_entry, self.site.place(), stored, heads, origin, whole=whole)
        changed = max(updated_of(stored), stored.entry.first_seen)
        return Page(await asyncio.to_thread(_item, body, changed)), stored.slugs

    def _heads(self, stored: StoredEntry, found: dict[str, FeedState]) -> list[FeedHead]:
        """The feeds that an article is in, in the operator's order."""
        slugs = (slug for slug in self.site.categories if slug in stored.slugs and slug in found)
        return [self.site.head(found[slug]) for slug in slugs]

    async def _category(self, slug: str, number: int) -> tuple[Page, tuple[str, ...]] | None:
        state, (known, counted, until) = self._feeds((slug,)), self._counts.get(slug, ((), 0, 0.0))
        is_known = known == state and until > self.clock()
        feed, count, found = await self.site.store.do(_of_page, slug, number, counted if is_known else None)
        if not is_known:  # in a history of a hundred thousand, counting is half the cost of a page
            self._counts[slug] = (state, count, self.clock() + _KEPT_SECONDS)
        if feed is None or number > pages_of(count):
            return None
        updated = max((updated_of(one) for one in found), default=feed.created_at)
        shown = Shown(self.site.head(feed), count, updated, found)
        body = await asyncio.to_thread(render_category, self.site.place(), shown, number)
        # An entry that comes late is older than what was there, and the page is another all the same.
        item = self.site.shelf.get(f"/feeds/{slug}.atom")
        changed = max(updated, item.modified) if item else updated
        return Page(await asyncio.to_thread(_item, body, changed)), (slug,)


def _item(body: bytes, modified: datetime) -> Item:
    small = gzip.compress(body, compresslevel=5, mtime=0)
    etag = hashlib.sha256(body).hexdigest()[:32]
    return Item(body, small if len(small) < len(body) else None, etag, modified.replace(microsecond=0), HTML)


def _of_entry(
    connection: Connection, row: int
) -> tuple[StoredEntry | None, Source | None, dict[str, FeedState]]:
    stored = entries.get_entry(connection, row)
    if stored is None:
        return None, None, {}
    found = sources.get_source(connection, stored.entry.source_id)
    known = (feeds.get_feed(connection, slug) for slug in stored.slugs)
    return stored, found[0] if found else None, {feed.slug: feed for feed in known if feed}


def _of_page(
    connection: Connection, slug: str, number: int, known_count: int | None
) -> tuple[FeedState | None, int, list[StoredEntry]]:
    feed = feeds.get_feed(connection, slug)
    count = categories.count_of_category(connection, slug) if known_count is None else known_count
    if feed is None or number > pages_of(count):
        return feed, count, []
    return feed, count, categories.of_category(connection, slug, PER_PAGE, (number - 1) * PER_PAGE)
