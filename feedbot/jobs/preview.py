"""The entries that a source, a page or a file would make; nothing is stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from feedbot.errors import FetchError, ParseError
from feedbot.model import Document, Entry, ParsedEntry, ParsedFeed, Piece, Source, SourceState
from feedbot.net.client import Limit
from feedbot.pipeline.complete import PAGES_A_ROUND
from feedbot.pipeline.reading import Readers, packs_of, read_page, read_path, read_source
from feedbot.rules.normalise import merge, normalise
from feedbot.sources.folder import list_folder
from feedbot.sources.read import looks_like_feed


@dataclass(frozen=True, slots=True)
class Previewer:
    """Reads without remembering. `progress` is told how many pages are read, of how many."""

    readers: Readers
    timezone: str
    authority: str
    progress: Callable[[str, int, int], None]

    async def preview(self, target: str, site: str | None, now: datetime) -> list[Entry]:
        """The entries of an address or of a file. Raises FetchError, ParseError, and ConfigError for an
        unknown site.
        """
        is_web = urlsplit(target).scheme in {"http", "https"}
        source = self._source(target, site)
        if not is_web:
            return await self._local(Path(target.removeprefix("file://")), source, now)
        article = await self._article(source)
        if article is not None and article[1].published:
            return self._entries(ParsedFeed(entries=(article[1],)), source, article[0].url, now)
        try:
            reading = await read_source(self.readers, source, SourceState(source.id), now, _no_pieces)
        except ParseError:
            if article is None:
                raise
            return self._entries(ParsedFeed(entries=(article[1],)), source, article[0].url, now)
        found = self._entries(reading.parsed or ParsedFeed(), source, reading.document.url, now)
        return await self._complete(found, source) if source.site else found

    def _source(self, target: str, site: str | None) -> Source:
        packs = self.readers.packs
        pack = packs.get(site, "--site") if site else packs.for_host(urlsplit(target).hostname)
        zone = pack.timezone if pack and pack.timezone else self.timezone
        return Source(id="preview", url=target, site=pack.name if pack else None, timezone=zone)

    def _entries(self, parsed: ParsedFeed, source: Source, url: str, now: datetime) -> list[Entry]:
        return [candidate.entry for candidate in normalise(parsed, source, url, now, self.authority)]

    async def _local(self, path: Path, source: Source, now: datetime) -> list[Entry]:
        files = list_folder(path).files if path.is_dir() else (path,)
        found: list[Entry] = []
        for count, file in enumerate(files, start=1):
            parsed = await read_path(self.readers, file, source.site)
            if parsed.fault and not path.is_dir():
                raise ParseError(f"{file}: {parsed.fault}")
            found += self._entries(parsed, source, file.absolute().as_uri(), now)
            self.progress("read", count, len(files))
        return found

    async def _article(self, source: Source) -> tuple[Document, ParsedEntry] | None:
        """The address read as the page of one article; None where it is a feed, a list or anything else.

        The front page of a site may have a text, too, but no date.
        """
        document = await self.readers.client.get(source.url, limit=Limit.FEED)
        if looks_like_feed(document.body, document.content_type):
            return None
        packs = packs_of(self.readers, source, document.url)
        try:
            page = await read_page(self.readers, document, packs, only_article=True)
        except ParseError:
            return None
        return (document, page) if page.content_text else None

    async def _complete(self, found: list[Entry], source: Source) -> list[Entry]:
        """Each entry with what its page says; one whose page fails stays as it is."""
        wanted, done = found[-PAGES_A_ROUND:], []
        for count, entry in enumerate(wanted, start=1):
            done.append(await self._one(entry, source))
            self.progress("pages", count, len(wanted))
        return done

    async def _one(self, entry: Entry, source: Source) -> Entry:
        if entry.url is None:
            return entry
        try:
            document = await self.readers.client.get(entry.url, limit=Limit.PAGE, robots=True)
            page = await read_page(self.readers, document, packs_of(self.readers, source, document.url))
        except (FetchError, ParseError) as error:
            return replace(entry, provenance={**entry.provenance, "page": f"failed: {error}"})
        return merge(entry, page, source, document.url, source.timezone)


async def _no_pieces() -> Sequence[Piece]:
    return ()
