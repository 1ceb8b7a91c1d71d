"""What a source says, found out over real HTTP and read in the real worker."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedbot.errors import ParseError
from feedbot.model import Kind, Source, SourceState
from feedbot.net.client import Client
from feedbot.pipeline.reading import Readers, Reading, read_source
from feedbot.sources.packs import load_packs
from feedbot.worker import Worker
from tests.net.raw import RawServer, answer, guard_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RSS = (
    b"<rss version='2.0'><channel><title>t</title>"
    b"<item><title>One</title><guid>1</guid></item></channel></rss>"
)


def page(*links: str, head: str = "", foot: str = "") -> bytes:
    """A section page as many sites make it: a row of equal links."""
    rows = "".join(
        f'<li class="story"><a href="/news/{link}.html">The title of story {link} is this</a></li>'
        for link in links
    )
    return f"<html><head>{head}</head><body><ul>{rows}</ul>{foot}</body></html>".encode()


@pytest.fixture
async def readers(
    server: RawServer, make_client: Callable[..., Client], tmp_path: Path
) -> AsyncIterator[Readers]:
    worker = Worker()
    yield Readers(make_client(guard_for(server)), worker, load_packs(tmp_path))
    await worker.close()


async def read(readers: Readers, url: str, state: SourceState | None = None, **settings: object) -> Reading:
    async def no_pieces() -> tuple[()]:
        return ()

    source = Source("site", url, categories=("news",), **settings)  # type: ignore[arg-type]
    return await read_source(readers, source, state or SourceState("site"), NOW, no_pieces)


def titles(reading: Reading) -> list[str | None]:
    assert reading.parsed is not None
    return [entry.title for entry in reading.parsed.entries]


pytestmark = pytest.mark.slow


async def test_a_page_leads_to_the_feed_that_it_names(server: RawServer, readers: Readers) -> None:
    feed = server.on("/feed.xml", answer(body=RSS))
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    reading = await read(readers, server.on("/", answer(body=page("1", "2", "3", head=link))))
    assert (reading.found_url, titles(reading)) == (feed, ["One"])


async def test_a_page_that_names_none_is_read_by_its_largest_list(
    server: RawServer, readers: Readers
) -> None:
    reading = await read(readers, server.on("/", answer(body=page("1", "2", "3", "4"))))
    assert reading.parsed is not None
    assert (reading.parsed.kind, len(reading.parsed.entries)) == (Kind.PAGE, 4)


async def test_a_page_without_either_says_so(server: RawServer, readers: Readers) -> None:
    with pytest.raises(ParseError, match="names no feed and lists no articles"):
        await read(readers, server.on("/", answer(body=b"<html><title>Hi</title><p>Nothing here</p></html>")))


async def test_a_list_is_filled_from_its_next_pages_at_first_sight_only(
    server: RawServer, readers: Readers
) -> None:
    more = '<a rel="next" href="/page/2">Next</a>'
    server.on("/page/2", answer(body=page("5", "6", "7", "8")))
    url = server.on("/", answer(body=page("1", "2", "3", "4", foot=more)))
    first = await read(readers, url, kind=Kind.PAGE)
    known = SourceState("site", last_success=NOW)
    later = await read(readers, url, known, kind=Kind.PAGE)
    assert (len(titles(first)), len(titles(later))) == (8, 4)


async def test_a_sitemap_index_gives_what_its_newest_sitemaps_list(
    server: RawServer, readers: Readers
) -> None:
    head = "<?xml version='1.0'?>"
    space = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
    child = server.on(
        "/news.xml",
        answer(body=f"{head}<urlset {space}><url><loc>https://a.example/1</loc></url></urlset>".encode()),
    )
    index = f"{head}<sitemapindex {space}><sitemap><loc>{child}</loc></sitemap></sitemapindex>"
    reading = await read(readers, server.on("/sitemap.xml", answer(body=index.encode())))
    assert reading.parsed is not None
    assert [entry.link for entry in reading.parsed.entries] == ["https://a.example/1"]
