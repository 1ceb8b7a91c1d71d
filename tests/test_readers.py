"""Three independent readers take from a published feed what the sample site means."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import feedparser
import pytest
from aiohttp import web
from reader import make_reader

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site
from feedbot.demo.site.articles import Article
from tests.publish.checker import problems
from tests.rig import Rig

AT = "2026-12-01T10:00:00+09:00"
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Published:
    """A document, its own address, and what it should say: the articles, newest first."""

    document: bytes
    address: str
    site: str
    articles: list[Article]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The sample site's Policies, published by the real program."""

    async def publish() -> Published:
        site, api = Site(first=12, every=0), BotApi()
        await site.start()
        await api.start()
        rig = Rig(tmp_path_factory.mktemp("published"), site, api)
        rig.configure()
        try:
            await rig.once(AT)
        finally:
            await site.stop()
            await api.stop()
        articles = [one for one in reversed(site.articles) if one.section == "Policies"]
        document = (rig.folder / "feeds" / "policies.atom").read_bytes()
        return Published(document, f"{rig.web}/feeds/policies.atom", site.url, articles)

    return asyncio.run(publish())


@pytest.fixture
async def url(published: Published) -> AsyncIterator[str]:
    """The document, served as a plain file."""

    async def served(_request: web.Request) -> web.Response:
        return web.Response(body=published.document, content_type="application/atom+xml")

    app = web.Application()
    app.router.add_get("/policies.atom", served)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/policies.atom"
    await runner.cleanup()


def shows(html: str, article: Article) -> bool:
    """Whether all paragraphs and captions are there, and nothing that is no text."""
    plain = html.replace("&quot;", '"').replace("&amp;", "&")
    words = (*article.paragraphs, *(one.caption for one in article.pictures))
    return all(one in plain for one in words) and "Related" not in plain and article.email not in plain


def test_the_document_has_no_problem(published: Published):
    assert problems(published.document, published.address) == []


def test_feedparser_reads_it_rightly(published: Published):
    feed = feedparser.parse(published.document)
    assert not feed.bozo
    for found, article in zip(feed.entries, published.articles, strict=True):
        picture = published.site + article.pictures[0].path
        assert (found.title, found.link) == (article.title, published.site + article.path)
        assert (found.author_detail.name, found.author_detail.email) == (article.author, article.email)
        assert found.tags[0].term == "policies"
        assert shows(found.content[0].value, article)
        assert [(one.href, one.type) for one in found.enclosures] == [(picture, "image/jpeg")]
        assert found.media_content[0]["url"] == found.media_thumbnail[0]["url"] == picture
        assert found.source.title == "127.0.0.1"


async def test_reader_reads_it_rightly_and_sees_no_change_the_second_time(published: Published, url: str):
    def read() -> None:
        with contextlib.closing(make_reader(":memory:")) as reader:
            reader.add_feed(url)
            reader.update_feeds()
            entries = {one.link: one for one in reader.get_entries()}
            assert len(entries) == len(published.articles)
            for article in published.articles:
                found = entries[published.site + article.path]
                assert (found.title, found.authors_str) == (article.title, article.author)
                assert shows(found.content[0].value, article)
                assert found.content[0].type == "text/html"
                assert found.enclosures[0].href == published.site + article.pictures[0].path
                assert found.enclosures[0].type == "image/jpeg"
                assert (found.enclosures[0].length or 0) > 1000
                assert found.published is not None
                assert found.published.date() <= article.published.date()
            assert reader.get_feed(url).title == "Policies – Test News"
            again = reader.update_feed(url)
            assert again is None or (again.new, again.modified) == (0, 0)

    await asyncio.to_thread(read)


async def test_newsboat_reads_it_rightly_and_takes_the_article_for_its_link(
    published: Published, url: str, tmp_path: Path
):
    program = shutil.which("newsboat")
    if program is None:
        pytest.skip("newsboat is not installed (Debian package newsboat)")
    home = tmp_path / "newsboat"
    home.mkdir()
    (home / "urls").write_text(url + "\n")
    (home / "config").write_text("auto-reload no\n")
    process = await asyncio.create_subprocess_exec(
        program,
        *("-u", str(home / "urls"), "-c", str(home / "cache.db"), "-C", str(home / "config"), "-x", "reload"),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    with contextlib.closing(sqlite3.connect(home / "cache.db")) as cache:
        query = "select url, title, author, content, pubDate, enclosure_url from rss_item"
        rows = {url: row for url, *row in cache.execute(query)}
        assert cache.execute("select title from rss_feed").fetchone() == ("Policies – Test News",)
    assert len(rows) == len(published.articles)
    for article in published.articles:
        title, author, content, published_at, enclosure = rows[published.site + article.path]
        assert (title, author) == (article.title, article.author)
        assert shows(content, article)
        assert 0 <= article.published.timestamp() - published_at < 86_400
        assert enclosure in {"", published.site + article.pictures[0].path}  # it keeps sound and film only
