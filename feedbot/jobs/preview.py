"""The entries that a source, a page or a file would make; nothing is stored."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from feedbot.errors import FetchError, ParseError
from feedbot.model import Entry, Kind, ParsedEntry, ParsedFeed, Source
from feedbot.net.client import Client, Limit
from feedbot.pipeline import PAGES_A_ROUND
from feedbot.rules.normalise import merge, normalise
from feedbot.sources.folder import list_folder, read_document
from feedbot.sources.pack import Pack, Packs, pack_data
from feedbot.sources.packs import page_packs
from feedbot.sources.read import READ_FILE, READ_PAGE, READ_SOURCE, looks_like_feed
from feedbot.worker import Worker

_PARSED_FEED = TypeAdapter(ParsedFeed)
_PARSED_ENTRY = TypeAdapter(ParsedEntry)


@dataclass(frozen=True, slots=True)
class Previewer:
    """Reads without remembering. `progress` is told how many pages are read, of how many."""

    client: Client
    worker: Worker
    packs: Packs
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
        parsed, url, is_article = await self._fetch(source)
        found = [candidate.entry for candidate in normalise(parsed, source, url, now, self.authority)]
        return await self._complete(found, source) if source.site and not is_article else found

    def _source(self, target: str, site: str | None) -> Source:
        pack = self.packs.get(site, "--site") if site else self.packs.for_host(urlsplit(target).hostname)
        zone = pack.timezone if pack and pack.timezone else self.timezone
        return Source(id="preview", url=target, site=pack.name if pack else None, timezone=zone)

    async def _local(self, path: Path, source: Source, now: datetime) -> list[Entry]:
        files = list_folder(path).files if path.is_dir() else (path,)
        found: list[Entry] = []
        for count, file in enumerate(files, start=1):
            parsed = await self._file(file, source.site)
            if parsed.fault and len(files) == 1:
                raise ParseError(f"{file}: {parsed.fault}")
            candidates = normalise(parsed, source, file.absolute().as_uri(), now, self.authority)
            found += [candidate.entry for candidate in candidates]
            self.progress("read", count, len(files))
        return found

    async def _file(self, path: Path, site: str | None) -> ParsedFeed:
        body = read_document(path)
        packs = [pack_data(pack) for pack in page_packs(self.packs, site, None)]
        answer = await self.worker.run(
            READ_FILE, body, url=path.absolute().as_uri(), name=path.name, packs=packs
        )
        return _PARSED_FEED.validate_python(answer.value)

    async def _fetch(self, source: Source) -> tuple[ParsedFeed, str, bool]:
        """What an address says, the address at last, and whether it is one article."""
        document = await self.client.get(source.url, limit=Limit.FEED)
        packs = page_packs(self.packs, source.site, urlsplit(document.url).hostname)
        if not looks_like_feed(document.body, document.content_type):
            page = await self._page(document.body, document.url, document.charset, packs)
            if page.content_text:
                return ParsedFeed(entries=(page,)), document.url, True
        pack = next((pack for pack in packs if pack.list), None)
        is_feed = looks_like_feed(document.body, document.content_type) or pack is None
        answer = await self.worker.run(
            READ_SOURCE,
            document.body,
            url=document.url,
            kind=Kind.FEED if is_feed else Kind.PAGE,
            content_type=document.content_type,
            charset=document.charset,
            pack=pack_data(pack) if pack else None,
        )
        parsed = _PARSED_FEED.validate_python(answer.value)
        if parsed.fault:
            raise ParseError(f"{document.url}: {parsed.fault}")
        return parsed, document.url, False

    async def _page(self, body: bytes, url: str, charset: str | None, packs: list[Pack]) -> ParsedEntry:
        answer = await self.worker.run(
            READ_PAGE, body, url=url, charset=charset, packs=[pack_data(pack) for pack in packs]
        )
        return _PARSED_ENTRY.validate_python(answer.value)

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
            document = await self.client.get(entry.url, limit=Limit.PAGE)
            packs = page_packs(self.packs, source.site, None)
            page = await self._page(document.body, document.url, document.charset, packs)
        except (FetchError, ParseError) as error:
            return replace(entry, provenance={**entry.provenance, "page": f"failed: {error}"})
        return merge(entry, page, source, document.url, source.timezone)
