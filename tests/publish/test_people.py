"""Pages rendered when asked: the whole history of a category, articles as the operator publishes them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from feedbot.model import Category, Source
from feedbot.publish.pages import PER_PAGE
from feedbot.publish.people import People
from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.store import Store, feeds, sources
from feedbot.store.tables import entries as rows
from tests.support import NOW, POLICIES, SOURCE, entry, new, save_poll

BRIEFS = Category("briefs", "Briefs", "en", content="summary")


class Clock:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(store: Store, tmp_path: Path, clock: Clock) -> People:
    folder = tmp_path / "feeds"
    folder.mkdir()
    known = {"policies": POLICIES, "briefs": BRIEFS}
    store.do_now(feeds.sync_feeds, list(known), "feeds.example", NOW)
    site = Site(
        store, Shelf(), folder, "https://feeds.example", "Test News", "en", "feeds.example", 50, known
    )
    return People(site, clock)


def publish(store: Store, count: int, source: Source = SOURCE, **facts: object) -> None:
    made = [entry(number, **facts) for number in range(1, count + 1)]
    state = store.do_now(sources.get_source, source.id)
    assert state is not None
    save_poll(store, source, new(*made), replace(state[1], last_success=NOW), NOW)


def set_entry(connection: Connection, row: int, **values: object) -> None:
    connection.execute(rows.update().where(rows.c.id == row).values(**values))


async def test_a_category_shows_its_whole_history_each_article_once(people: People):
    publish(people.site.store, PER_PAGE * 2 + 1)
    shown = []
    for number in (1, 2, 3):
        page = await people.category("policies", number)
        assert page is not None
        html = page.item.body.decode()
        shown += [at for at in range(1, PER_PAGE * 2 + 2) if f">Article {at}</a>" in html]
        assert f"Page {number} of 3" in html
    assert sorted(shown) == list(range(1, PER_PAGE * 2 + 2))
    assert await people.category("policies", 4) is None
    assert await people.category("policies", 10**17) is None
    assert await people.category("nowhere", 1) is None


async def test_an_empty_category_has_one_page_that_says_so(people: People):
    page = await people.category("policies", 1)
    assert page is not None
    assert b"Nothing yet" in page.item.body
    assert await people.category("policies", 2) is None


async def test_pages_name_those_beside_them(people: People):
    publish(people.site.store, PER_PAGE * 2 + 1)
    page = await people.category("policies", 2)
    assert page is not None
    html = page.item.body.decode()
    assert '<link rel="prev" href="https://feeds.example/c/policies">' in html
    assert '<link rel="next" href="https://feeds.example/c/policies?page=3">' in html
    assert '<link rel="canonical" href="https://feeds.example/c/policies?page=2">' in html


async def test_an_article_is_shown_whole_where_the_operator_publishes_it_whole(people: People):
    publish(people.site.store, 1, content_html="<p>The whole of it.</p>", summary="The short of it.")
    page = await people.entry(1)
    assert page is not None
    assert b"The whole of it." in page.item.body


async def test_an_article_of_summaries_is_shown_as_its_summary_with_the_way_to_the_rest(people: People):
    people.site.categories["policies"] = replace(POLICIES, content="summary")
    publish(people.site.store, 1, content_html="<p>The whole of it.</p>", summary="The short of it.")
    page = await people.entry(1)
    assert page is not None
    assert b"The whole of it." not in page.item.body
    assert b"The short of it." in page.item.body
    assert b'href="https://gazette.example/articles/1"' in page.item.body


async def test_an_article_of_no_category_that_is_left_is_shown_as_its_summary(people: People):
    del people.site.categories["policies"]
    publish(people.site.store, 1, content_html="<p>The whole of it.</p>")
    page = await people.entry(1)
    assert page is not None
    assert b"The whole of it." not in page.item.body


async def test_an_article_that_its_source_took_back_is_gone_and_nothing_of_it_is_shown(people: People):
    publish(people.site.store, 1, title="A secret")
    assert (await people.entry(1)).status == 200  # type: ignore[union-attr]
    await people.site.store.do(set_entry, 1, retracted_at=NOW + timedelta(days=1))
    people.site.shelf.put("/feeds/policies.atom", b"another", "x", NOW)
    page = await people.entry(1)
    assert page is not None
    assert page.status == 410
    assert b"withdrawn by its source" in page.item.body
    assert b"A secret" not in page.item.body


async def test_there_is_no_page_of_an_article_that_waits_for_its_own_or_never_was(people: People):
    publish(people.site.store, 1)
    await people.site.store.do(set_entry, 1, ready=False)
    assert await people.entry(1) is None
    assert await people.entry(99) is None


async def test_a_page_is_kept_until_a_feed_of_it_is_written_or_a_minute_went_by(people: People, clock: Clock):
    publish(people.site.store, 1)
    first = await people.entry(1)
    assert await people.entry(1) is first
    people.site.shelf.put("/feeds/policies.atom", b"another", "x", NOW)
    second = await people.entry(1)
    assert second is not first
    clock.now += 61
    assert await people.entry(1) is not second
    assert (await people.entry(1)).item.etag == first.item.etag  # type: ignore[union-attr]


async def test_only_so_many_pages_are_kept(people: People):
    publish(people.site.store, 100)
    for row in range(1, 101):
        await people.entry(row)
    assert len(people._kept) == 64


async def test_a_page_is_no_older_than_the_feed_that_it_shows(people: People):
    """An entry that comes late is older than what was there, and the page is another all the same."""
    publish(people.site.store, 1, published=NOW - timedelta(days=400))
    await people.site.press.take_in(NOW)
    await people.site.write_feed("policies")
    page, feed = await people.category("policies", 1), people.site.shelf.get("/feeds/policies.atom")
    assert page is not None
    assert feed is not None
    assert page.item.modified == feed.modified
