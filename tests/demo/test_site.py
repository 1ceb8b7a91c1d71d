"""The sample news site: what it shows is what its records say, in the structure of the real one."""

import io
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
from PIL import Image

from feedbot.demo.site import Site
from feedbot.demo.site.articles import Article
from feedbot.model import ParsedEntry
from feedbot.rules.dates import parse_date
from feedbot.sources.packs import load_packs
from feedbot.sources.page import parse_article, parse_list

PACK = load_packs(None).by_name["korea-net"]
NOON = 1_900_000_000.0
ALL = 16


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    one = Site(first=ALL, every=0, clock=lambda: NOON)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def web(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(site.url) as session:
        yield session


async def text_of(web: aiohttp.ClientSession, path: str) -> str:
    async with web.get(path) as response:
        assert response.status == 200
        return await response.text()


def told(one: Article, url: str) -> dict[str, Any]:
    return {
        "title": one.title,
        "categories": (one.section,),
        "authors": (one.author.split(" and "), [one.email]),
        "content_text": "\n\n".join(one.paragraphs),
        "photos": [(url + picture.path, picture.caption, one.credit or None) for picture in one.pictures],
        "published": one.published if one.with_time else one.published.replace(hour=0, minute=0, second=0),
    }


def found(entry: ParsedEntry) -> dict[str, Any]:
    read = parse_date(entry.published, "Asia/Seoul")
    return {
        "title": entry.title,
        "categories": entry.categories,
        "authors": (
            [author.name for author in entry.authors],
            [author.email for author in entry.authors if author.email],
        ),
        "content_text": entry.content_text,
        "photos": [(photo.url, photo.caption, photo.credit) for photo in entry.photos],
        "published": read[0] if read else None,
    }


async def test_every_article_page_gives_the_record_of_its_article(site: Site, web: aiohttp.ClientSession):
    assert len(site.articles) == ALL
    for one in site.articles:
        html = await text_of(web, one.path)
        assert found(parse_article(html, site.url + one.path, PACK)) == told(one, site.url)


async def test_related_contents_lead_to_articles_of_the_site(site: Site, web: aiohttp.ClientSession):
    addresses = {site.url + one.path: one.title for one in site.articles}
    for one in site.articles:
        related = parse_article(await text_of(web, one.path), site.url + one.path, PACK).related
        assert related
        assert all(addresses[link.url] == link.title for link in related)


@pytest.mark.parametrize("section", ["Policies", "Society", "Sci-Tech"])
async def test_a_list_page_names_the_sections_articles_newest_first(
    site: Site, web: aiohttp.ClientSession, section: str
):
    path = f"/NewsFocus/{section.lower()}"
    entries = parse_list(await text_of(web, path), site.url + path, PACK).entries
    expected = [(site.url + one.path, one.title) for one in site.of_section(section)]
    assert [(entry.link, entry.title) for entry in entries] == expected


@pytest.mark.parametrize(("number", "section"), [(2, "Policies"), (3, "Society"), (4, "Sci-Tech")])
async def test_the_rss_tells_summaries_and_dates_without_zone(
    site: Site, web: aiohttp.ClientSession, number: int, section: str
):
    channel = ElementTree.fromstring(await text_of(web, f"/koreanet/rss/news/{number}"))
    items = [{part.tag: part.text for part in item} for item in channel.iter("item")]
    assert items == [
        {
            "title": one.title,
            "link": site.url + one.path,
            "guid": site.url + one.path,
            "description": one.paragraphs[0],
            "pubDate": f"{one.published:%Y-%m-%d %H:%M:%S}",
        }
        for one in site.of_section(section)
    ]


async def test_the_articles_cover_what_a_reader_must_cope_with(site: Site):
    articles = site.articles
    assert len({one.title for one in articles}) == ALL
    assert {len(one.pictures) for one in articles} >= {0, 1, 2}
    assert any(picture.path.endswith(".png") for one in articles for picture in one.pictures)
    assert any(picture.size[0] >= 3 * picture.size[1] for one in articles for picture in one.pictures)
    assert any("&" in one.title and set('“”"') & set(one.title) for one in articles)
    assert sum(any("가" <= char <= "힣" for char in " ".join(one.paragraphs)) for one in articles) >= 2
    assert {one.related_inside for one in articles} == {True, False}
    assert {one.with_time for one in articles} == {True, False}
    assert all(3 <= len(one.paragraphs) <= 8 for one in articles)


async def test_the_newest_article_is_of_today(site: Site):
    assert site.articles[-1].published.timestamp() == NOON
    assert [one.published for one in site.articles] == sorted(one.published for one in site.articles)


async def test_every_photo_is_the_picture_that_its_name_promises(site: Site, web: aiohttp.ClientSession):
    for picture in [picture for one in site.articles for picture in one.pictures]:
        async with web.get(picture.path) as response:
            body = await response.read()
            assert response.status == 200
        with Image.open(io.BytesIO(body)) as image:
            assert image.size == picture.size
            assert response.content_type == f"image/{(image.format or '').lower()}"
        assert len(body) < 200_000


@pytest.mark.parametrize(
    "path", ["/", "/NewsFocus/policies", "/koreanet/rss/news/2", "/style.css", "article"]
)
async def test_a_document_that_did_not_change_is_not_sent_again(
    site: Site, web: aiohttp.ClientSession, path: str
):
    path = site.articles[0].path if path == "article" else path
    async with web.get(path) as first:
        etag = first.headers["ETag"]
    async with web.get(path, headers={"If-None-Match": etag}) as second:
        assert (second.status, await second.read()) == (304, b"")
    assert [one["status"] for one in site.requests] == [200, 304]
    assert site.requests[1]["headers"]["If-None-Match"] == etag


async def test_pages_are_compressed_for_who_accepts_it(web: aiohttp.ClientSession):
    async with web.get("/", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
    async with web.get("/", headers={"Accept-Encoding": "identity"}) as response:
        assert "Content-Encoding" not in response.headers


async def test_a_correction_changes_page_list_and_etag(site: Site, web: aiohttp.ClientSession):
    one = site.articles[0]
    async with web.get(one.path) as response:
        before = response.headers["ETag"]
    site.correct(one.number, title='Sizes < 1 cm & "better"', paragraph="One more thing was found.")
    async with web.get(one.path) as response:
        entry = parse_article(await response.text(), site.url + one.path, PACK)
        assert response.headers["ETag"] != before
    assert entry.title == 'Sizes < 1 cm & "better"'
    assert (entry.content_text or "").endswith("One more thing was found.")
    assert "Sizes &lt; 1 cm &amp; &#34;better&#34;" in await text_of(web, f"/NewsFocus/{one.slug}")


async def test_an_article_that_was_taken_down_is_gone(site: Site, web: aiohttp.ClientSession):
    site.take_down(site.articles[0].number)
    async with web.get(site.articles[0].path) as response:
        assert response.status == 404
    assert site.requests[-1]["status"] == 404


@pytest.mark.parametrize(
    "path", ["/NewsFocus/none", "/NewsFocus/policies/view?articleId=x", "/koreanet/rss/news/9"]
)
async def test_what_is_not_there_is_a_404(web: aiohttp.ClientSession, path: str):
    async with web.get(path) as response:
        assert response.status == 404


async def test_publish_shows_the_next_articles_at_once(site: Site, web: aiohttp.ClientSession):
    new = site.publish(2)
    assert site.articles[-2:] == new
    for one in new:
        assert one.title in {
            entry.title
            for entry in parse_list(await text_of(web, f"/NewsFocus/{one.slug}"), site.url, PACK).entries
        }


async def test_titles_stay_unique_after_the_last_written_article():
    site = Site(first=4 * ALL, every=0, clock=lambda: NOON)
    assert len({one.title for one in site.articles}) == len({one.number for one in site.articles}) == 4 * ALL


async def test_articles_appear_by_themselves_while_it_runs():
    site = Site(first=1, every=0.001, clock=lambda: NOON)
    await site.start()
    async with aiohttp.ClientSession(site.url) as session:
        for _ in range(1000):
            await text_of(session, "/style.css")
            if len(site.articles) > 2:
                break
    await site.stop()
    assert len(site.articles) > 2
