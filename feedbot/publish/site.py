"""Our own site: feeds and pages made from the store, as files and as bytes to be served (edge)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from feedbot.model import Category, StoredEntry
from feedbot.publish.feed import FeedHead, House, updated_of
from feedbot.publish.files import make_folder, write_whole, written_at
from feedbot.publish.opml import render_opml
from feedbot.publish.pages import Place, Shown, icon, render_index, style
from feedbot.publish.press import Press, PublishReport
from feedbot.publish.shelf import CSS, HTML, OPML, SVG, Shelf
from feedbot.store import Store, categories, feeds
from feedbot.store.feeds import FeedState

__all__ = ["PublishReport", "Site"]

NEWEST_ON_INDEX = 3


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
    content: str = "full"
    hub: str | None = None
    brotli: bool = False
    per_source: bool = False
    press: Press = field(init=False)
    _shown: dict[str, Shown] = field(default_factory=dict)
    _shown_bot: str | None = None
    _index: asyncio.Lock = field(default_factory=asyncio.Lock)
    _index_asked: int = 0
    _index_done: int = 0

    def __post_init__(self) -> None:
        self.press = Press(
            store=self.store,
            shelf=self.shelf,
            folder=self.feeds_dir,
            house=House(self.base_url, self.title, self.language, self.categories),
            authority=self.authority,
            entries=self.entries,
            content=self.content,
            hub=self.hub,
            brotli=self.brotli,
            per_source=self.per_source,
        )

    def head(self, feed: FeedState) -> FeedHead:
        """The head of a category's feed."""
        return self.press.head(feed)

    async def write_feed(self, slug: str) -> PublishReport:
        """Write a feed as its entries are now; equal bytes are not written again."""
        self._shown.pop(slug, None)
        return await self.press.write_feed(slug)

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
        stale = [slug for slug in self.categories if slug not in self._shown]
        for feed, count, found in await self.store.do(_of_index, stale, NEWEST_ON_INDEX):
            updated = max((updated_of(one) for one in found), default=None)
            self._shown[feed.slug] = Shown(self.head(feed), count, updated, found)
        shown = [self._shown[slug] for slug in self.categories if slug in self._shown]
        if stale or self._shown_bot != self.bot or not (self.feeds_dir / "index.html").exists():
            await asyncio.to_thread(self._write_pages, shown)
            self._shown_bot = self.bot
        await asyncio.to_thread(self.press.sync)

    def _write_pages(self, shown: Sequence[Shown]) -> None:
        make_folder(self.feeds_dir, self.feeds_dir)
        written = self._put("style.css", "/style.css", style(), CSS)
        written |= self._put("favicon.svg", "/favicon.svg", icon(), SVG)
        opml = render_opml(self.title, [one.head for one in shown])
        written |= self._put("feeds.opml", "/feeds.opml", opml, OPML)
        file = self.feeds_dir / "index.html"
        written |= write_whole(file, render_index(self.place(static=True), shown))
        self.shelf.put("/", render_index(self.place(), shown), HTML, written_at(file))
        if written:
            self.press.touch(self.feeds_dir)

    def place(self, *, static: bool = False) -> Place:
        """Where our pages stand; `static`: in the folder of files."""
        return Place(self.title, self.base_url, self.language, self.bot, static)


def _of_index(
    connection: Connection, slugs: Sequence[str], newest: int
) -> list[tuple[FeedState, int, list[StoredEntry]]]:
    known = (feeds.get_feed(connection, slug) for slug in slugs)
    return [
        (
            feed,
            categories.count_of_category(connection, feed.slug),
            categories.of_category(connection, feed.slug, newest),
        )
        for feed in known
        if feed is not None
    ]
