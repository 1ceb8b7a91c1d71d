"""Polling as a server sees it: rounds of the real program against an origin that answers by script."""

import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site
from tests.origin import Origin, Reply, item, rss
from tests.rig import Rig

DAY = "2026-12-01T"
DATE = "Mon, 30 Nov 2026 10:00:00 GMT"
TODAY = "Tue, 01 Dec 2026 00:30:00 GMT"
CHANNEL = '[[subscription]]\nchat = "@news_of_the_day"\ncategory = "policies"\n'
pytestmark = pytest.mark.slow


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    made = Origin()
    await made.start()
    yield made
    await made.stop()


def story(number: int, date: str = DATE, guid: str | None = None) -> str:
    return item(f"Story {number}", f"https://harbour.example/{number}", guid or f"g{number}", date)


def document(*numbers: int) -> bytes:
    return rss(story(number) for number in numbers)


@pytest.fixture
def lab(tmp_path: Path, api: BotApi, origin: Origin) -> Rig:
    """A folder whose network is the origin's."""
    site = Site(first=0, every=0)
    site.url = origin.url
    return Rig(tmp_path, site, api)


def ask(rig: Rig, origin: Origin, *names: str) -> None:
    """Configure one source for each path, asked every hour."""
    source = '[[source]]\nid = "{0}"\nurl = "{1}/{0}"\ncategory = "policies"\ninterval = "1h"\n'
    rig.configure(sources="".join(source.format(name, origin.url) for name in names), more=CHANNEL)


async def test_validators_go_back_byte_for_byte_and_never_those_of_an_error(lab: Rig, origin: Origin) -> None:
    odd: dict[str, str | bytes] = {
        "strong": '"a,b\\c"', "weak": 'W/"x"', "bare": "abc", "empty": '""', "bytes": b'"\xe9\xff"'
    }  # fmt: skip
    ask(lab, origin, *odd, "date", "broken", "unasked")
    for name, etag in odd.items():
        origin.replies[f"/{name}"] = Reply(200, document(1), {"ETag": etag})
    origin.replies["/date"] = Reply(200, document(1), {"Last-Modified": "yesterday at noon"})
    origin.replies["/broken"] = Reply(200, b"\x00 no feed", {"ETag": '"broken"'})
    origin.replies["/unasked"] = Reply(304)
    first = await lab.once(DAY + "00:00:00Z")
    assert first["sources"]["unasked"]["error"]
    assert all(not one.headers.keys() & {"if-none-match", "if-modified-since"} for one in origin.log)
    origin.log.clear()
    await lab.once(DAY + "03:00:00Z")
    for name, etag in odd.items():
        sent = origin.asked(f"/{name}")[0].headers["if-none-match"]
        assert sent == (etag if isinstance(etag, bytes) else etag.encode())
    dated = origin.asked("/date")[0].headers
    assert dated["if-modified-since"] == b"yesterday at noon"
    assert "if-none-match" not in dated
    assert "if-none-match" not in origin.asked("/broken")[0].headers


async def test_a_server_says_when_to_come_again(lab: Rig, origin: Origin) -> None:
    headers = {"zero": "max-age=0, no-cache", "aged": "max-age=10800", "huge": "max-age=99999999999"}
    ask(lab, origin, *headers, "ttl", "busy", "gone", "ill")
    for name, value in headers.items():
        origin.replies[f"/{name}"] = Reply(200, document(1), {"Cache-Control": value})
    origin.replies["/aged"] = Reply(200, document(1), {"Cache-Control": "max-age=10800", "Age": "3600"})
    origin.replies["/ttl"] = Reply(200, rss([story(1)], "<ttl>180</ttl>"))
    origin.replies["/busy"] = Reply(503, headers={"Retry-After": "18000"})
    origin.replies["/gone"] = Reply(410)
    origin.replies["/ill"] = Reply(500, headers={"Retry-After": "18000"})
    report = await lab.once(DAY + "00:00:00Z")
    due = {name: one["next_poll"] for name, one in report["sources"].items()}
    assert due["gone"] is None
    hours = {name: moment[8:13] for name, moment in due.items() if moment}
    wanted = {
        "zero": "01T01",
        "aged": "01T02",
        "huge": "02T00",
        "ttl": "01T03",
        "busy": "01T05",
        "ill": "01T02",
    }
    assert hours == wanted


async def test_codings_lies_and_short_bodies_cost_nothing_but_the_poll(lab: Rig, origin: Origin) -> None:
    body = document(1)
    packed = zlib.compressobj(wbits=31)
    whole = packed.compress(body) + packed.flush()
    replies = {
        "gzip": Reply(200, whole, {"Content-Encoding": "GZip"}),
        "deflate": Reply(200, zlib.compress(body), {"Content-Encoding": "deflate"}),
        "bare": Reply(200, zlib.compress(body)[2:-4], {"Content-Encoding": "deflate"}),
        "lie": Reply(200, body, {"Content-Encoding": "gzip"}),
        "cut": Reply(200, whole[:-20], {"Content-Encoding": "gzip"}),
        "short": Reply(200, body, length=len(body) + 50),
        "empty": Reply(200),
        "page": Reply(200, b"<html><body>Maintenance</body></html>", {"Content-Type": "text/html"}),
    }
    ask(lab, origin, *replies)
    origin.replies |= {f"/{name}": reply for name, reply in replies.items()}
    report = await lab.once(DAY + "00:00:00Z")
    failed = {name for name, one in report["sources"].items() if one["error"]}
    assert failed == {"lie", "cut", "short", "empty", "page"}
    assert origin.most_at_once <= 2
    for one in origin.log:
        assert one.method == "GET"
        assert one.headers["accept-encoding"] == b"gzip, deflate"
        assert not one.headers.keys() & {"cookie", "referer"}


async def test_only_a_lasting_permanent_redirect_is_remembered(lab: Rig, origin: Origin) -> None:
    ask(lab, origin, "moved", "lent", "loop")
    origin.replies["/moved"] = Reply(301, headers={"Location": "/new"})
    origin.replies["/lent"] = Reply(302, headers={"Location": "/new"})
    origin.replies["/loop"] = Reply(302, headers={"Location": "/loop"})
    origin.replies["/new"] = Reply(200, document(1))
    for at in ("01T00:00", "01T02:00", "02T01:00"):
        origin.log.clear()
        await lab.once(f"2026-12-{at}:00Z")
        assert origin.asked("/moved")
    origin.log.clear()
    await lab.once("2026-12-02T03:00:00Z")
    assert not origin.asked("/moved")
    assert origin.asked("/lent")
    shown = json.loads((await lab.command("source", "show", "moved", "--json")).out)
    assert shown["moved_to"] == origin.url + "/new"


async def test_what_subscribers_hear_of_a_source(lab: Rig, origin: Origin) -> None:
    """First sight, new guids, a short document and an unchanged one are silent; the next story is not."""
    ask(lab, origin, "feed")
    feed = lab.folder / "feeds" / "policies.atom"
    origin.replies["/feed"] = Reply(200, document(1, 2, 3))
    assert (await lab.once(DAY + "00:00:00Z"))["new"] == 3
    written = (feed.read_bytes(), feed.stat().st_mtime_ns)
    await lab.once(DAY + "01:30:00Z")
    origin.replies["/feed"] = Reply(200, rss(story(number, guid=f"other{number}") for number in (1, 2)))
    changed = await lab.once(DAY + "03:00:00Z")
    assert (changed["new"], changed["delivered"]) == (0, 0)
    assert (feed.read_bytes(), feed.stat().st_mtime_ns) == written
    origin.replies["/feed"] = Reply(200, rss([story(1), story(2), story(3), story(4, TODAY)]))
    assert (await lab.once(DAY + "04:30:00Z"))["delivered"] == 1
    assert lab.api.messages(-1001)[-1]["text"].startswith("Story 4")
