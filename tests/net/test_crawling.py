"""robots.txt as the client obeys it: how long it is remembered, and what it holds up."""

import asyncio
import gzip
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from yarl import URL

from feedbot.errors import FetchError
from feedbot.net.client import Client, Limit
from feedbot.net.crawling import Crawling
from feedbot.net.guard import Guard
from feedbot.net.manners import BusyError
from tests.net.raw import RawServer, answer, ending, guard_for, resetting

PAGE = replace(Limit.PAGE, seconds=5.0)
DAY, HOUR = 86_400.0, 3_600.0

# How long it is remembered


class Site:
    """Gives robots.txt as told, on a clock that is moved."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0
        self.answer: bytes | Exception = b"User-agent: *\nDisallow: /private"
        self.crawling = Crawling(self.fetch, lambda: self.now)

    async def fetch(self, address: URL) -> bytes:
        assert address.path == "/robots.txt"
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def allows(self, path: str, origin: str = "https://gazette.example") -> bool:
        try:
            await self.crawling.ask(URL(origin + path))
        except FetchError:
            return False
        return True


@pytest.fixture
def site() -> Site:
    return Site()


async def test_rules_are_asked_for_once_a_day(site: Site) -> None:
    for site.now in (0.0, 1.0, DAY - 1):
        assert await site.allows("/news")
        assert not await site.allows("/private")
    assert site.asked == 1
    site.now = DAY
    assert await site.allows("/news")
    assert site.asked == 2


async def test_many_at_once_ask_once(site: Site) -> None:
    assert all(await asyncio.gather(*(site.allows(f"/{number}") for number in range(20))))
    assert site.asked == 1


@pytest.mark.parametrize("status", [204, 302, 400, 401, 403, 404, 410, 429, 499])
async def test_a_site_without_the_file_forbids_nothing(site: Site, status: int) -> None:
    site.answer = FetchError("no", status=status)
    assert await site.allows("/private")


@pytest.mark.parametrize("status", [500, 503, 599, None])
async def test_a_file_that_cannot_be_had_forbids_all_for_an_hour(site: Site, status: int | None) -> None:
    site.answer = FetchError("the host is down", status=status)
    assert not await site.allows("/news")
    site.now = HOUR - 1
    assert not await site.allows("/news")
    assert site.asked == 1
    site.now, site.answer = HOUR, b""
    assert await site.allows("/news")


async def test_a_line_that_is_too_long_says_nothing_of_the_site(site: Site) -> None:
    site.answer = BusyError()
    with pytest.raises(BusyError):
        await site.allows("/news")
    site.answer = b""
    assert await site.allows("/news")


async def test_rules_that_were_read_hold_through_an_outage(site: Site) -> None:
    await site.allows("/news")
    site.now, site.answer = DAY + 1, FetchError("the host is down", status=500)
    assert await site.allows("/news")
    assert not await site.allows("/private")


async def test_after_a_month_of_failure_there_are_no_rules(site: Site) -> None:
    site.answer = FetchError("the host is down", status=500)
    assert not await site.allows("/news")
    site.now = 30 * DAY - 1
    assert not await site.allows("/news")
    site.now = 31 * DAY
    assert await site.allows("/news")


async def test_each_origin_has_its_own(site: Site) -> None:
    await site.allows("/news", "https://gazette.example")
    await site.allows("/news", "http://gazette.example")
    await site.allows("/news", "https://gazette.example:8443")
    await site.allows("/other", "https://gazette.example:443")
    assert site.asked == 3


async def test_so_many_origins_are_remembered(site: Site) -> None:
    for number in range(1100):
        await site.allows("/news", f"https://{number}.example")
    assert len(site.crawling) == 1000
    site.asked = 0
    await site.allows("/news", "https://1099.example")
    await site.allows("/news", "https://0.example")
    assert site.asked == 1


async def test_large_files_crowd_each_other_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedbot.net.crawling._MOST_WEIGHT", 1_600_000)
    site.answer = b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % number for number in range(3000))
    for number in range(6):
        await site.allows("/news", f"https://{number}.example")
    assert len(site.crawling) < 5


# How the client obeys


async def fetched(client: Client, url: str) -> bytes:
    return (await client.get(url, limit=PAGE, robots=True)).body


async def test_a_page_that_robots_txt_forbids_is_not_asked_for(server: RawServer, client: Client) -> None:
    server.on("/robots.txt", answer(body=b"User-agent: feedbot\nDisallow: /private"))
    server.on("/news", answer(body=b"page"))
    server.on("/private", answer(body=b"page"))
    assert await fetched(client, server.url("/news")) == b"page"
    with pytest.raises(FetchError, match=r"robots\.txt"):
        await fetched(client, server.url("/private"))
    assert [request.line.split(" ")[1] for request in server.requests] == ["/robots.txt", "/news"]
    asked = server.requests[0]
    assert asked.one("User-Agent") == b"feedbot/9 (+https://operator.example/contact)"
    assert asked.one("Accept-Encoding") == b"gzip, deflate"


async def test_without_being_told_to_robots_txt_is_not_asked_for(server: RawServer, client: Client) -> None:
    server.on("/robots.txt", answer(body=b"User-agent: *\nDisallow: /"))
    server.on("/feed", answer(body=b"feed"))
    assert (await client.get(server.url("/feed"), limit=PAGE)).body == b"feed"
    assert len(server.requests) == 1


async def test_each_hop_of_a_redirect_is_asked_about(
    server: RawServer, other: RawServer, client: Client
) -> None:
    server.on("/start", answer(b"302 Found", b"Location: " + other.url("/page").encode()))
    other.on("/robots.txt", answer(body=b"User-agent: *\nDisallow: /page"))
    other.on("/page", answer(body=b"page"))
    with pytest.raises(FetchError, match=r"robots\.txt"):
        await fetched(client, server.url("/start"))
    assert not other.asked("/page")


async def test_robots_txt_may_be_elsewhere(server: RawServer, other: RawServer, client: Client) -> None:
    server.on("/robots.txt", answer(b"301 Moved", b"Location: " + other.url("/rules").encode()))
    server.on("/page", answer(body=b"page"))
    other.on("/rules", answer(body=b"User-agent: *\nDisallow: /page"))
    with pytest.raises(FetchError, match=r"robots\.txt"):
        await fetched(client, server.url("/page"))


@pytest.mark.parametrize(
    "script",
    [
        answer(b"404 Not Found"),
        answer(b"403 Forbidden"),
        answer(b"204 No Content"),
        answer(b"302 Found", b"Location: /robots.txt"),
        answer(b"302 Found", b"Location: file:///etc/passwd"),
        answer(body=b"<html>Welcome</html>"),
        answer(),
        answer(body=b"# long\n" * 100_000),
        answer(b"200 OK", b"Content-Encoding: gzip", body=gzip.compress(b"# a bomb\n" * 3_000_000)),
    ],
    ids=["404", "403", "204", "loop", "bad redirect", "HTML", "empty", "long", "bomb"],
)
async def test_a_site_that_tells_no_rules_may_be_read(
    server: RawServer, client: Client, script: bytes
) -> None:
    server.on("/robots.txt", script)
    server.on("/page", answer(body=b"page"))
    assert await fetched(client, server.url("/page")) == b"page"


@pytest.mark.parametrize(
    "script",
    [answer(b"500 Oops"), answer(b"503 Wait"), ending(b"junk"), resetting(b""),
     answer(b"302 Found", b"Location: http://127.0.0.9/")],
    ids=["500", "503", "junk", "reset", "inward"],
)  # fmt: skip
async def test_a_site_whose_rules_cannot_be_read_is_left_alone(
    server: RawServer, client: Client, script: Any
) -> None:
    server.on("/robots.txt", script)
    server.on("/page", answer(body=b"page"))
    for _ in range(2):
        with pytest.raises(FetchError, match=r"robots\.txt"):
            await fetched(client, server.url("/page"))
    assert len(server.asked("/robots.txt")) == 1
    assert not server.asked("/page")


async def test_own_headers_are_not_sent_for_robots_txt(server: RawServer, client: Client) -> None:
    server.on("/page", answer(body=b"page"))
    url = server.url("/page", "reader:pw@127.0.0.1")
    await client.get(url, limit=PAGE, robots=True, headers={"X-Api-Key": "of-the-operator"})
    (asked,) = server.asked("/robots.txt")
    assert asked.one("X-Api-Key") is None
    assert asked.one("Authorization") is None
    assert server.asked("/page")[0].one("Authorization") is not None


async def test_a_crawl_delay_lengthens_the_pause_of_a_host(
    server: RawServer, make_client: Callable[..., Client]
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def lookup(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    server.on("/robots.txt", answer(body=b"User-agent: *\nCrawl-delay: 7"))
    server.on("/page", answer(body=b"page"))
    pause = timedelta(seconds=1)
    client = make_client(guard_for(server), lookup=lookup, sleep=sleep, clock=lambda: 0.0, host_gap=pause)
    for _ in range(3):
        await fetched(client, server.url("/page", "gazette.example"))
    assert slept == [1.0, 8.0, 15.0]


async def test_robots_txt_is_fetched_through_the_same_guard(
    server: RawServer, make_client: Callable[..., Client]
) -> None:
    made: list[object] = []

    class Recording(Guard):
        def make_socket(self, info: Any) -> socket.socket:
            made.append(info[4])
            return super().make_socket(info)

    client = make_client(Recording([(ip_network("10.0.0.0/8"), None)]))
    with pytest.raises(FetchError, match=r"robots\.txt"):
        await fetched(client, server.url("/page"))
    assert made == [("127.0.0.1", server.port)]
    assert server.connections == 0
