"""The press: feeds made from the store, as files and as bytes to be served (edge).

What changed is taken in, an entry is rendered once, and a document is a head and such fragments. An archive
is in the store before it is in a file, and its file is there before a document names it.
"""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from isal import igzip

from feedbot import __version__
from feedbot.errors import FeedbotError
from feedbot.model import Category, Fragment, StoredEntry
from feedbot.publish import fragment
from feedbot.publish.feed import FeedHead, House, Origin, origin_of
from feedbot.publish.files import (
    PLAIN,
    is_same,
    is_size_told,
    make_folder,
    remove,
    sync_folder,
    tail_of,
    write_set,
)
from feedbot.publish.fragment import Documents
from feedbot.publish.shelf import ATOM, JSON, RSS, Shelf, etag_of, is_gzip_of
from feedbot.store import Store, feeds, publishing
from feedbot.store.feeds import ALL, FeedState
from feedbot.store.publishing import Live
from feedbot.store.rows import source_of

ENDINGS = ((".atom", ATOM), (".rss", RSS), (".json", JSON))
_CODINGS = (".gz", ".br")
_GZIP_LEVEL = 3  # a fifth of the time of zlib's 6, for a tenth more bytes
_BROTLI_QUALITY = 5
_MOST_ARCHIVES = 20  # that one call closes; a database of years is caught up with in many


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What rendering a feed did: how many entries it shows, how many documents were written, and whether
    there are archives still to be closed. With an `error`, which names the file, the old documents stay.
    """

    slug: str
    entries: int = 0
    documents: int = 0
    archives: int = 0
    more: bool = False
    error: str | None = None

    @property
    def written(self) -> bool:
        """Whether the feed is another than before."""
        return bool(self.documents or self.archives)


@dataclass(slots=True)
class Press:
    """What writes feeds. `content` is what the operator wants in general; `hub` is named in every feed."""

    store: Store
    shelf: Shelf
    folder: Path
    house: House
    authority: str
    entries: int
    content: str = fragment.FULL
    hub: str | None = None
    brotli: bool = False
    per_source: bool = False
    _touched: set[Path] = field(default_factory=set)
    _made: dict[Origin | None, str] = field(default_factory=dict)

    def publishes(self, slug: str) -> bool:
        """Whether a feed is one of those that the configuration asks for."""
        if slug.startswith(feeds.OF_SOURCES):
            return self.per_source
        return slug == ALL or slug in self.house.categories

    def head(self, feed: FeedState, origin: Origin | None = None) -> FeedHead:
        """The head of a feed."""
        category = self.house.categories.get(feed.slug)
        if category is None:
            title = origin.title if origin else self.house.site_title
            category = Category(feed.slug, title, self.house.language, None, self.content)
        return FeedHead(
            tag=feed.tag,
            category=category,
            site_title=self.house.site_title,
            base_url=self.house.base_url,
            created_at=feed.created_at,
            version=__version__,
            hub=self.hub,
            archives=feed.archives,
        )

    async def take_in(self, now: datetime) -> None:
        """Put what changed in the store into the feeds that it belongs to."""
        while await self.store.do(publishing.take_in, self.authority, now):
            pass

    async def write_feed(self, slug: str) -> PublishReport:
        """Write a feed as its entries are now; equal bytes are not written again."""
        try:
            return await self._write_feed(slug) if self.publishes(slug) else PublishReport(slug)
        except FeedbotError as error:
            return PublishReport(slug, error=str(error))

    async def _write_feed(self, slug: str) -> PublishReport:
        closed, archived = 0, set[int]()
        while True:
            live = await self.store.do(publishing.live, slug, self.entries)
            if live is None:
                return PublishReport(slug)
            if live.feed.archives:  # its file may have met a full disk, or the end of the process
                await self._restore_archive(slug, live.feed.archives)
            made = await self._fragments(live)
            if not live.full or closed >= _MOST_ARCHIVES:
                break
            await self._close_archive(live, made)
            closed += 1
            archived.update(live.full)
        head = self.head(live.feed, self._origin(live, live.feed.source_id))
        written = await asyncio.to_thread(
            self._write_live, head, [made[number] for number in live.shown], live
        )
        if not live.full:
            await self.store.do(publishing.published, slug, live.feed.changed, live.shown, archived)
        return PublishReport(slug, len(live.shown), written, closed, bool(live.full))

    async def _fragments(self, live: Live) -> dict[int, Fragment]:
        """How the entries stand in the documents: as they were rendered, else rendered now, and kept."""
        wanted = {number: self._content(live, number) for number in live.shown}
        made = {}
        for number, content in wanted.items():
            kept = live.kept.get((number, content))
            origin = self._origin(live, live.sources[number])
            if kept and kept.made_with == self._made_with(origin):
                made[number] = kept
        missing = wanted.keys() - made.keys()
        if missing:
            told = await self.store.do(publishing.entries_of, missing)
            new = await asyncio.to_thread(self._render, live, told, wanted)
            await self.store.do(
                publishing.keep, [(number, wanted[number], one) for number, one in new.items()], missing
            )
            made |= new
        return made

    def _content(self, live: Live, number: int) -> str:
        category = self.house.categories.get(live.feed.slug)
        wanted = category.content if category else self.content
        return fragment.content_of(live.slugs[number], self.house, wanted, is_category=category is not None)

    def _origin(self, live: Live, source_id: str | None) -> Origin | None:
        record = live.records.get(source_id or "")
        return origin_of(source_of({"record": record}), self.authority) if record else None

    def _made_with(self, origin: Origin | None) -> str:
        if origin not in self._made:
            self._made[origin] = fragment.made_with(self.house, origin)
        return self._made[origin]

    def _render(
        self, live: Live, told: Collection[StoredEntry], wanted: dict[int, str]
    ) -> dict[int, Fragment]:
        return {
            stored.row: fragment.render(
                stored, self.house, self._origin(live, stored.entry.source_id), wanted[stored.row]
            )
            for stored in told
        }

    async def _close_archive(self, live: Live, made: dict[int, Fragment]) -> None:
        number = live.feed.archives + 1
        packed = await asyncio.to_thread(self._pack_archive, live, made, number)
        await self.store.do(publishing.put_archive, live.feed.slug, number, packed, live.full_to)
        await asyncio.to_thread(self._file_archive, live.feed.slug, number, packed)

    def _pack_archive(self, live: Live, made: dict[int, Fragment], number: int) -> bytes:
        origin = self._origin(live, live.feed.source_id)
        head = self.head(live.feed, origin)
        inside = set(live.full)
        shown = [made[one] for one in live.shown if one in inside]
        return _gzip(fragment.archive(head, number, shown, is_last=live.is_last))

    def _file_archive(self, slug: str, number: int, packed: bytes) -> None:
        path = f"{slug}/archive/{number}.atom"
        body: bytes = igzip.decompress(packed)  # type: ignore[no-untyped-call]  # isal types the rest
        self._put(path, ATOM, body, packed, is_live=False)

    async def wanted(self) -> list[str]:
        """The feeds that the configuration asks for and that there are."""
        known = await self.store.do(feeds.all_feeds)
        return [feed.slug for feed in known if self.publishes(feed.slug)]

    async def tidy(self) -> None:
        """At the start: lay every archive on the shelf, and put back the files that are gone, byte for byte.
        Remove the documents of feeds that the configuration asks for no more; the store keeps what they are
        made of, and if a category comes back, so do they.
        """
        known = await self.store.do(feeds.all_feeds)
        others = [feed for feed in known if not self.publishes(feed.slug)]
        await asyncio.to_thread(self._remove, others)
        for feed in known:
            if self.publishes(feed.slug):
                for number in range(1, feed.archives + 1):
                    await self._restore_archive(feed.slug, number)

    async def _restore_archive(self, slug: str, number: int) -> None:
        name = f"{slug}/archive/{number}.atom"
        file = self.folder / name
        if is_size_told(tail_of(file.with_name(file.name + ".gz"), 4), file):
            self.shelf.file(f"/feeds/{name}", file, ATOM)
            return
        packed = await self.store.do(publishing.get_archive, slug, number)
        if packed is not None:
            await asyncio.to_thread(self._file_archive, slug, number, packed)

    def _write_live(self, head: FeedHead, shown: list[Fragment], live: Live) -> int:
        found = fragment.documents(head, shown, live.lost)
        return sum(
            self._put(f"{live.feed.slug}{ending}", media_type, body)
            for ending, media_type, body in _bodies(found)
        )

    def _put(
        self, name: str, media_type: str, body: bytes, packed: bytes | None = None, *, is_live: bool = True
    ) -> bool:
        """Put a document and its codings into their files, and on the shelf; whether it is another."""
        file = self.folder / name
        is_new = not is_same(file, body)
        if is_new or not self._codings_are_right(file, body):
            if make_folder(file.parent, self.folder):
                self._touched.add(file.parent.parent)
            codings = {PLAIN: body, ".gz": packed or _gzip(body)}
            if self.brotli:
                codings[".br"] = _brotli(body)
            write_set(file, codings, self.shelf.swapping)
            self._touched.add(file.parent)
        if not self.brotli and remove(file.with_name(file.name + ".br")):
            self._touched.add(file.parent)
        self.shelf.file(f"/feeds/{name}", file, media_type, etag_of(body) if is_live else None)
        return is_new

    def _codings_are_right(self, file: Path, body: bytes) -> bool:
        packed = tail_of(file.with_name(file.name + ".gz"), 8)
        return is_gzip_of(packed, body) and (not self.brotli or file.with_name(file.name + ".br").is_file())

    def _remove(self, others: Collection[FeedState]) -> None:
        for file in (file for feed in others for file in self._files_of(feed)):
            for suffix in ("", *_CODINGS):
                if remove(file.with_name(file.name + suffix)):
                    self._touched.add(file.parent)

    def _files_of(self, feed: FeedState) -> Iterator[Path]:
        for ending, _ in ENDINGS:
            yield self.folder / f"{feed.slug}{ending}"
        for number in range(1, feed.archives + 1):
            yield self.folder / feed.slug / "archive" / f"{number}.atom"

    def touch(self, folder: Path) -> None:
        """Say that a document was written in this folder."""
        self._touched.add(folder)

    def sync(self) -> None:
        """Make what was written last: each folder once, however many documents were written in it."""
        for folder in sorted(self._touched, reverse=True):
            if folder.is_dir():
                sync_folder(folder)
        self._touched.clear()


def _bodies(found: Documents) -> Iterator[tuple[str, str, bytes]]:
    for (ending, media_type), body in zip(ENDINGS, (found.atom, found.rss, found.json), strict=True):
        yield ending, media_type, body


def _gzip(body: bytes) -> bytes:
    return igzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def _brotli(body: bytes) -> bytes:
    import brotli  # noqa: PLC0415  # few operators want it

    return bytes(brotli.compress(body, quality=_BROTLI_QUALITY))
