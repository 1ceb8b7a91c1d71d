"""Real feeds, where they are at hand: each is polled and published, and what is published is right."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import feedparser
import pytest
from aiohttp import web

from tests.publish.checker import problems
from tests.publish.checker_rss import json_problems, rss_problems
from tests.rig import Rig
from tests.support import SHARED

AT = "2026-12-01T10:00:00+09:00"
CATEGORIES = ("news", "culture", "science", "sport")
pytestmark = pytest.mark.slow


@pytest.fixture
async def corpus() -> AsyncIterator[tuple[list[Path], int]]:
    """The feeds, and the port that serves them."""
    found = sorted((SHARED / "data" / "feeds").glob("*"))
    if not found:
        pytest.skip("the real feeds (shared/data/feeds) are not here")
    app = web.Application()
    app.router.add_static("/", found[0].parent)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield found, runner.addresses[0][1]
    await runner.cleanup()


async def test_every_real_feed_is_polled_and_published(corpus: tuple[list[Path], int], rig: Rig):
    """No source fails, every document is valid, every entry has title and link, a second round is quiet."""
    files, port = corpus
    categories = "".join(f'[[category]]\nslug = "{slug}"\ntitle = "{slug.title()}"\n' for slug in CATEGORIES)
    sources = "".join(
        f'[[source]]\nid = "s{number}"\nurl = "http://127.0.0.1:{port}/{path.name}"\ninterval = "1h"\n'
        f'category = "{CATEGORIES[number % len(CATEGORIES)]}"\n'
        for number, path in enumerate(files)
    )
    config = rig.configure(sources=sources, categories=categories)
    allowed = f'allow_networks = ["127.0.0.1/32:{port}"]'
    config.write_text(re.sub(r"allow_networks = .*", allowed, config.read_text()))
    report = await rig.once(AT)
    assert {name: one["error"] for name, one in report["sources"].items() if one["error"]} == {}
    assert (report["polled"], report["failed"]) == (len(files), 0)
    assert report["new"] > len(files)
    for slug in (*CATEGORIES, "all"):
        rss, json_feed = (
            (rig.folder / "feeds" / f"{slug}.{ending}").read_bytes() for ending in ("rss", "json")
        )
        assert rss_problems(rss, f"{rig.web}/feeds/{slug}.rss") == []
        assert json_problems(json_feed, f"{rig.web}/feeds/{slug}.json") == []
        for archive in (rig.folder / "feeds" / slug / "archive").glob("*.atom"):
            assert problems(archive.read_bytes(), f"{rig.web}/feeds/{slug}/archive/{archive.name}") == []
        document = (rig.folder / "feeds" / f"{slug}.atom").read_bytes()
        assert problems(document, f"{rig.web}/feeds/{slug}.atom") == []
        feed = feedparser.parse(document)
        assert not feed.bozo
        assert feed.entries
        assert all(one.title and one.link.startswith("http") for one in feed.entries)
    again = await rig.once("2026-12-03T12:00:00+09:00")
    assert (again["polled"], again["failed"], again["new"], again["published"]) == (len(files), 0, 0, 0)
