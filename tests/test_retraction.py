"""Retractions as the world sees them: rounds of the real program against an origin that answers by script."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import feedparser
import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site
from tests.origin import Origin, Reply, item, rss
from tests.rig import Rig

CHANNEL = '[[subscription]]\nchat = "@news_of_the_day"\ncategory = "policies"\n'
FULL = "full_text = true\n"
GONE = Reply(410)
pytestmark = pytest.mark.slow


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    made = Origin()
    await made.start()
    yield made
    await made.stop()


def source(origin: Origin, name: str, more: str = "") -> str:
    settings = f'id = "{name}"\nurl = "{origin.url}/{name}"\ncategory = "policies"\ninterval = "1h"\n'
    return f"[[source]]\n{settings}{more}"


@pytest.fixture
def lab(tmp_path: Path, api: BotApi, origin: Origin) -> Rig:
    site = Site(first=0, every=0)
    site.url = origin.url
    rig = Rig(tmp_path, site, api)
    rig.configure(sources=source(origin, "feed", FULL), more=CHANNEL)
    return rig


def page(number: int) -> Reply:
    text = f"<p>The harbour master opened pier {number} this morning, and many people came to see it.</p>" * 5
    html = f"<html><head><title>Story {number}</title></head><body><article><h1>Story {number}</h1>{text}"
    return Reply(200, f"{html}</article></body></html>".encode(), {"Content-Type": "text/html"})


def document(origin: Origin, *numbers: int) -> Reply:
    date = "Tue, 01 Dec 2026 0{}:00:00 GMT"
    return Reply(
        200,
        rss(item(f"Story {n}", f"{origin.url}/page/{n}", f"g{n}", date.format(n % 10)) for n in numbers),
    )


def json_feed(origin: Origin, *numbers: int) -> Reply:
    items = [
        {"id": f"j{n}", "url": f"{origin.url}/page/{n}", "title": f"Story {n}", "content_text": "Of it."}
        for n in numbers
    ]
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "Harbour Notes", "items": items}
    return Reply(200, json.dumps(told).encode(), {"Content-Type": "application/feed+json"})


def stories(rig: Rig) -> list[str]:
    feed = feedparser.parse((rig.folder / "feeds" / "policies.atom").read_bytes())
    return sorted(entry.title for entry in feed.entries)


async def test_a_page_gone_for_a_day_retracts_its_entry_until_it_is_there_again(
    lab: Rig, origin: Origin
) -> None:
    origin.replies = {"/feed": document(origin, 1, 2), "/page/1": page(1), "/page/2": page(2)}
    assert (await lab.once("2026-12-01T04:00:00Z"))["new"] == 2
    leads_home = Reply(302, headers={"Location": "/"})  # which says nothing, and is not the article now
    origin.replies |= {"/page/2": GONE, "/page/1": leads_home, "/": page(9)}
    for at in ("01T05:30", "02T04:30"):  # once, and again within a day
        await lab.once(f"2026-12-{at}:00Z")
        assert stories(lab) == ["Story 1", "Story 2"]
    assert (await lab.once("2026-12-02T05:30:00Z"))["published"] >= 1
    assert stories(lab) == ["Story 1"]
    origin.replies["/page/2"] = page(2)
    restored = await lab.once("2026-12-03T05:30:00Z")
    assert (restored["new"], restored["updated"], restored["delivered"]) == (0, 1, 0)
    assert stories(lab) == ["Story 1", "Story 2"]


async def test_a_page_that_was_never_read_cannot_vanish(lab: Rig, origin: Origin) -> None:
    """Some sites answer programs with 404: what their feed says stays."""
    origin.replies = {"/feed": document(origin, 1)}
    for at in ("01T04:00", "01T04:40", "01T05:30", "02T06:00"):
        await lab.once(f"2026-12-{at}:00Z")
    assert stories(lab) == ["Story 1"]


async def test_pages_that_are_listed_no_more_are_asked_no_more(lab: Rig, origin: Origin) -> None:
    """Whether the document is cut into its entries or read whole."""
    lab.configure(sources=source(origin, "feed", FULL) + source(origin, "json", FULL))
    origin.replies = {f"/page/{number}": page(number) for number in (1, 2, 3, 4)}
    origin.replies |= {"/feed": document(origin, 1, 2), "/json": json_feed(origin, 3, 4)}
    await lab.once("2026-12-01T04:00:00Z")
    origin.replies |= {"/feed": document(origin, 2), "/json": json_feed(origin, 4)}
    origin.log.clear()
    await lab.once("2026-12-01T05:30:00Z")
    assert [len(origin.asked(f"/page/{number}")) for number in (1, 2, 3, 4)] == [0, 1, 0, 1]


def atom(*numbers: int, more: str = "", minute: int = 0) -> Reply:
    entries = "".join(
        f"<entry><id>tag:harbour.example,2026:{n}</id><title>Story {n}</title>"
        f'<updated>2026-12-01T0{n}:{minute:02}:00Z</updated><content type="text">Of it.</content></entry>'
        for n in numbers
    )
    namespaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
    return Reply(200, f"<feed {namespaces}><title>Harbour</title>{more}{entries}</feed>".encode())


async def test_a_tombstone_of_the_source_retracts_its_entry_until_it_is_published_again(
    lab: Rig, origin: Origin
) -> None:
    lab.configure(sources=source(origin, "feed") + source(origin, "stranger"), more=CHANNEL)
    dead = '<at:deleted-entry ref="tag:harbour.example,2026:{}" when="2026-12-01T{}:00Z"/>'
    origin.replies = {"/feed": atom(2, 3), "/stranger": atom(1, more=dead.format(2, "03:30"))}
    await lab.once("2026-12-01T04:00:00Z")
    origin.replies["/feed"] = atom(3, 2, more=dead.format(3, "02:59"))  # older than the entry
    await lab.once("2026-12-01T05:30:00Z")
    assert stories(lab) == ["Story 1", "Story 2", "Story 3"]  # nor does a stranger's count
    origin.replies["/feed"] = atom(2, more=dead.format(3, "05:40"))
    report = await lab.once("2026-12-01T07:00:00Z")
    assert (report["published"], report["new"], stories(lab)) != (0, 0, [])
    assert stories(lab) == ["Story 1", "Story 2"]
    again = atom(3, more=dead.format(3, "05:40")).body.replace(b"01T03:00", b"01T07:30")
    origin.replies["/feed"] = Reply(200, again)
    restored = await lab.once("2026-12-01T09:00:00Z")
    assert (restored["new"], restored["updated"], restored["delivered"]) == (0, 1, 0)
    assert stories(lab) == ["Story 1", "Story 2", "Story 3"]
