"""Our own site: feeds and pages made from the store, as files and as bytes to be served (edge)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from feedbot import __version__
from feedbot.model import Category, Source, StoredEntry
from feedbot.publish.atom import render_atom
from feedbot.publish.feed import FeedHead, Origin, origin_of, updated_of
from feedbot.publish.files import sync_folder, write_whole, written_at
from feedbot.publish.opml import render_opml
from feedbot.publish.pages import Place, Shown, icon, render_index, style
from feedbot.publish.shelf import ATOM, CSS, HTML, OPML, SVG, Shelf
from feedbot.store import Store, entries, feeds, sources
from feedbot.store.feeds import FeedState

NEWEST_ON_INDEX = 3


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What rendering a category did: how many entries its feed has, and whether a document was written."""

    slug: str
    entries: int = 0
    written: bool = False


@dataclass(slots=True)
class Site:
    """What we publish. `bot` is the Telegram bot's name, once it is known.

    The index is written by one at a time; who waits meanwhile shares the next writing.
    """

    store: Store
    shelf: Shelf
    feeds_dir: Path
    base_url: str
    title: str
    language: str
    authority: str
    entries: int
    categories: dict[str, Category]
    bot: str | None = None
    _index: asyncio.Lock = field(default_factory=asyncio.Lock)
    _index_asked: int = 0
    _index_done: int = 0

    def head(self, feed: FeedState) -> FeedHead:
        """The head of a category's feed."""
        category = self.categories[feed.slug]
        return FeedHead(feed.tag, category, self.title, self.base_url, feed.created_at, __version__)

    async def write_feed(self, slug: str) -> PublishReport:
        """Write the feed of a category as its entries are now; equal bytes are not written again."""
        feed, found, known = await self.store.do(_of_feed, slug, self.entries)
        if feed is None or slug not in self.categories:
            return PublishReport(slug)
        origins = self._origins(known)
        body = await asyncio.to_thread(render_atom, self.head(feed), found, origins)
        written = await asyncio.to_thread(self._put, f"{slug}.atom", f"/feeds/{slug}.atom", body, ATOM)
        await self.store.do(feeds.feed_published, slug, feed.changed)
        return PublishReport(slug, len(found), written)

    def _origins(self, known: Sequence[Source]) -> dict[str, Origin]:
        return {source.id: origin_of(source, self.authority) for source in known}

    def _put(self, name: str, path: str, body: bytes, media_type: str) -> bool:
        file = self.feeds_dir / name
        written = write_whole(file, body)
        self.shelf.put(path, body, media_type, written_at(file))
        return written

    async def write_index(self) -> None:
        """Write the pages that list the feeds; after the feeds, so that what they name is there."""
        self._index_asked += 1
        mine = self._index_asked
        async with self._index:
            if self._index_done < mine:
                covered = self._index_asked
                await self._write_index()
                self._index_done = covered

    async def _write_index(self) -> None:
        shown = [
            Shown(self.head(feed), count, max((updated_of(one) for one in found), default=None), found)
            for feed, count, found in await self.store.do(_of_index, NEWEST_ON_INDEX)
            if feed.slug in self.categories
        ]
        order = list(self.categories)
        shown.sort(key=lambda one: order.index(one.head.category.slug))
        index = render_index(self.place(), shown)
        beside = render_index(self.place(static=True), shown)
        opml = render_opml(self.title, [one.head for one in shown])
        await asyncio.to_thread(self._write_pages, index, beside, opml)

    def _write_pages(self, index: bytes, beside: bytes, opml: bytes) -> None:
        self._put("style.css", "/style.css", style(), CSS)
        self._put("favicon.svg", "/favicon.svg", icon(), SVG)
        self._put("feeds.opml", "/feeds.opml", opml, OPML)
        file = self.feeds_dir / "index.html"
        write_whole(file, beside)
        self.shelf.put("/", index, HTML, written_at(file))
        sync_folder(self.feeds_dir)

    def place(self, *, static: bool = False) -> Place:
        """Where our pages stand; `static`: in the folder of files."""
        return Place(self.title, self.base_url, self.language, self.bot, static)


def _all_sources(connection: Connection) -> list[Source]:
    return sources.named_sources(connection)


def _of_feed(
    connection: Connection, slug: str, limit: int
) -> tuple[FeedState | None, list[StoredEntry], list[Source]]:
    feed = next((feed for feed in feeds.all_feeds(connection) if feed.slug == slug), None)
    return feed, entries.of_category(connection, slug, limit), _all_sources(connection)


def _of_index(connection: Connection, newest: int) -> list[tuple[FeedState, int, list[StoredEntry]]]:
    return [
        (
            feed,
            entries.count_of_category(connection, feed.slug),
            entries.of_category(connection, feed.slug, newest),
        )
        for feed in feeds.all_feeds(connection)
    ]
