"""Pages: a host that asks for peace gets it."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from feedbot.errors import FetchError
from feedbot.model import SourceState
from feedbot.pipeline import complete
from feedbot.store import Store, categories, entries, sources
from tests.support import NOW, SOURCE, entry, new, save_poll

MINUTE = timedelta(minutes=1)
WITH_PAGES = replace(SOURCE, full_text=True)


class Busy:
    """A site that answers every page with 429."""

    def __init__(self, wait: timedelta | None, *, public: bool = True) -> None:
        self.wait, self.public, self.asked = wait, public, 0

    def is_public(self, _url: str) -> bool:
        return self.public

    async def get(self, url: str, **_: Any) -> None:
        self.asked += 1
        raise FetchError(f"{url} answered 429 Too Many Requests", status=429, retry_after=self.wait)


def tools(store: Store, client: Busy) -> Any:
    """The source has three entries that wait for their pages, and is due."""
    store.do_now(sources.sync_sources, [WITH_PAGES])
    save_poll(store, WITH_PAGES, new(*map(entry, range(1, 4))), SourceState("gazette"), NOW)
    return SimpleNamespace(store=store, client=client, readers=None)


@pytest.mark.parametrize(("told", "rest"), [(5 * MINUTE, 5 * MINUTE), (None, 15 * MINUTE)])
async def test_a_429_for_one_page_holds_all_pages_and_feeds_of_its_host(
    store: Store, told: timedelta | None, rest: timedelta
) -> None:
    site = Busy(told)
    report = await complete(tools(store, site), WITH_PAGES, NOW)
    assert (site.asked, report.failed) == (1, 3)
    for time, waiting in ((NOW + rest - timedelta(seconds=1), 0), (NOW + rest, 3)):
        assert len(store.do_now(entries.incomplete, "gazette", time, 50)) == waiting
        assert len(store.do_now(sources.due_sources, time)) == (waiting > 0)


async def test_a_429_of_the_operators_own_network_holds_the_pages_and_no_feed(store: Store) -> None:
    await complete(tools(store, Busy(5 * MINUTE, public=False)), WITH_PAGES, NOW)
    assert store.do_now(entries.incomplete, "gazette", NOW + 4 * MINUTE, 50) == []
    assert len(store.do_now(sources.due_sources, NOW)) == 1


async def test_an_entry_does_not_wait_for_a_page_that_is_hours_away(store: Store) -> None:
    report = await complete(tools(store, Busy(timedelta(hours=3))), WITH_PAGES, NOW)
    assert report.planned == 0
    assert len(store.do_now(categories.of_category, "policies", 10)) == 3
