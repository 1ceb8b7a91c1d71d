"""The client towards honest servers: what it sends, conditional requests, refusals, names, manners."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedbot.model import Validators
from feedbot.net.client import Client, user_agent
from tests.net.ask import BODY, FEED, failure, get, moved
from tests.net.raw import RawServer, answer, guard_for
from tests.net.reader import BusyReader

DATE = b"Date: Sun, 01 Mar 2026 12:00:00 GMT"


# What is sent


async def test_a_request_says_who_asks_and_what_is_understood(server: RawServer, client: Client) -> None:
    await get(client, server.on("/feed?a=b", answer(body=BODY)))
    (request,) = server.requests
    assert request.line == "GET /feed?a=b HTTP/1.1"
    assert request.one("User-Agent") == b"feedbot/9 (+https://operator.example/contact)"
    assert request.one("Accept-Encoding") == b"gzip, deflate"
    assert b"application/atom+xml" in (request.one("Accept") or b"")
    names = {line.partition(b":")[0].lower() for line in request.raw.split(b"\r\n")[1:] if line}
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding"}


async def test_the_agent_names_program_version_and_contact() -> None:
    assert user_agent("1.2", "https://operator.example") == "feedbot/1.2 (+https://operator.example)"
    assert user_agent("1.2", "") == "feedbot/1.2"


async def test_cookies_are_not_kept(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(b"200 OK", b"Set-Cookie: id=1; Path=/", body=BODY))
    await get(client, url)
    await get(client, url)
    assert server.requests[1].one("Cookie") is None


async def test_a_proxy_of_the_environment_is_not_used(
    server: RawServer, other: RawServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, other.url("/"))
    await get(client, server.on("/feed", answer(body=BODY)))
    assert not other.requests


# Conditional requests

ETAGS = [
    b'"abc"', b'W/"abc"', b"unquoted", b'""', b'W/""', b'"a,b", "c"', rb'"back\slash"', b'"\xff\xfe\x80"',
    '"Grüße"'.encode(), '"Grüße"'.encode("latin-1"), '"\U0001f600\U0010f0ff"'.encode(), b"*", b'"a b"',
    b'"' + b"x" * 1022 + b'"',
    b'"\xed\xb2\x80"',
]  # fmt: skip


@pytest.mark.parametrize("etag", ETAGS, ids=lambda value: repr(value[:12]))
async def test_an_etag_comes_back_byte_for_byte(server: RawServer, client: Client, etag: bytes) -> None:
    url = server.on("/feed", answer(b"200 OK", b"ETag: " + etag, body=BODY), answer(b"304 Not Modified"))
    first = await get(client, url)
    again = await get(client, url, validators=first.validators)
    assert server.requests[1].all("If-None-Match") == [etag]
    assert server.requests[1].one("If-Modified-Since") is None
    assert (again.status, again.body, again.validators) == (304, b"", first.validators)


@pytest.mark.parametrize("date", [b"Sun, 01 Mar 2026 12:00:00 GMT", b"yesterday", b"0", b"2026-03-01 \xe9"])
async def test_last_modified_comes_back_as_text(server: RawServer, client: Client, date: bytes) -> None:
    url = server.on("/feed", answer(b"200 OK", b"Last-Modified: " + date, body=BODY))
    first = await get(client, url)
    await get(client, url, validators=first.validators)
    assert server.requests[1].one("If-Modified-Since") == date
    assert server.requests[1].one("If-None-Match") is None


@pytest.mark.parametrize(
    "etag", [b'"' + b"x" * 1023 + b'"', b'"' + b"x" * 60_000 + b'"', b'"a\x01b"', b'"a\tb"', b""]
)
async def test_an_etag_that_is_too_much_is_gone_on_without(
    server: RawServer, client: Client, etag: bytes
) -> None:
    url = server.on("/feed", answer(b"200 OK", b"ETag: " + etag, b"Last-Modified: monday", body=BODY))
    assert (await get(client, url)).validators == Validators(url, None, "monday")


async def test_a_200_without_validators_has_none(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(body=BODY))
    assert (await get(client, url, validators=Validators(url, '"old"', "monday"))).validators is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ('"old"', "monday")),
        ([b'ETag: "new"'], ('"new"', "monday")),
        ([b"Last-Modified: tuesday"], ('"old"', "tuesday")),
        ([b'ETag: "new"', b"Last-Modified: tuesday"], ('"new"', "tuesday")),
    ],
)
async def test_a_304_renews_the_validators_field_by_field(
    server: RawServer, client: Client, headers: list[bytes], expected: tuple[str, str]
) -> None:
    url = server.on("/feed", answer(b"304 Not Modified", *headers))
    found = await get(client, url, validators=Validators(url, '"old"', "monday"))
    assert found.validators == Validators(url, *expected)


@pytest.mark.parametrize("status", [b"200 OK", b"304 Not Modified"])
async def test_an_answer_says_how_long_it_is_fresh(server: RawServer, client: Client, status: bytes) -> None:
    url = server.on("/feed", answer(status, b"Cache-Control: max-age=600", b"Age: 100"))
    found = await get(client, url, validators=Validators(url, '"old"'))
    assert found.fresh_for == timedelta(seconds=500)


async def test_validators_of_another_address_are_not_sent(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(body=BODY))
    await get(client, url, validators=Validators(server.url("/other"), '"old"', "monday"))
    assert server.requests[0].one("If-None-Match") is None
    assert server.requests[0].one("If-Modified-Since") is None


async def test_validators_belong_to_the_end_of_a_redirect(server: RawServer, client: Client) -> None:
    start = server.on("/start", moved(302, "/feed"))
    server.on("/feed", answer(b"200 OK", b'ETag: "x"', body=BODY), answer(b"304 Not Modified"))
    first = await get(client, start)
    assert first.validators == Validators(server.url("/feed"), '"x"')
    assert (await get(client, start, validators=first.validators)).status == 304
    assert [request.one("If-None-Match") for request in server.requests] == [None, None, None, b'"x"']


async def test_a_304_that_nobody_asked_for_is_an_error(server: RawServer, client: Client) -> None:
    error = await failure(client, server.on("/feed", answer(b"304 Not Modified")))
    assert error.status == 304
    assert "though nothing was said of an older copy" in str(error)


async def test_a_304_with_a_body_does_no_harm(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(b"304 Not Modified", body=BODY), answer(body=b"<rss>new</rss>"))
    known = Validators(url, '"x"')
    assert (await get(client, url, validators=known)).body == b""
    assert (await get(client, url, validators=known)).body == b"<rss>new</rss>"


# Refusals


@pytest.mark.parametrize(
    "status", [201, 204, 206, 300, 305, 400, 401, 403, 404, 410, 418, 500, 502, 599, 999]
)
async def test_any_other_status_is_an_error_that_names_it(
    server: RawServer, client: Client, status: int
) -> None:
    error = await failure(client, server.on("/feed", answer(b"%d <script>" % status)))
    assert error.status == status
    assert f"answered {status}" in str(error)
    assert "script" not in str(error)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ([b"Retry-After: 120"], timedelta(seconds=120)),
        ([b"Retry-After: 0"], timedelta()),
        ([b"Retry-After: Sun, 01 Mar 2026 13:00:00 GMT", DATE], timedelta(hours=1)),
        ([b"Retry-After: Sun, 01 Mar 2026 11:00:00 GMT", DATE], timedelta()),
        ([b"Retry-After: -5"], None),
        ([b"Retry-After: soon"], None),
        ([], None),
    ],
)  # fmt: skip
async def test_a_wait_that_a_server_asks_for_is_told(
    server: RawServer, client: Client, status: int, headers: list[bytes], wait: timedelta | None
) -> None:
    error = await failure(client, server.on("/feed", answer(b"%d Wait" % status, *headers)))
    assert (error.status, error.retry_after) == (status, wait)


async def test_nobody_listens(client: Client, server: RawServer) -> None:
    await server.stop()
    assert str(await failure(client, server.url())).endswith("no connection: Connection refused")


@pytest.mark.parametrize(
    "url",
    [
        "", "feed.xml", "/feed", "//gazette.example/feed", "ftp://gazette.example/", "file:///etc/passwd",
        "gopher://gazette.example/", "data:text/xml,<rss/>", "javascript:alert(1)", "http://", "http:///x",
        "http://gazette.example:0/", "http://gazette.example:70000/", "http://[::1/", "http://a..b/",
        "http://" + "a" * 64 + ".example/", "http://a\x00b/", "http://a b/", "http://user:pw@/",
        "http://" + "a." * 130 + "example/", "http://gazette.example/" + "x" * 9000,
        "http://a\\@b.example/", "http://a%00.example/",
    ],
    ids=lambda value: repr(value[:24]),
)  # fmt: skip
async def test_what_is_no_address_is_not_fetched(client: Client, url: str) -> None:
    error = await failure(client, url)
    assert error.status is None
    assert "pw" not in str(error)
    assert len(str(error)) < 400


# Encryption


@pytest.fixture
async def encrypted() -> Any:
    """A server with a certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "self_signed.pem")
    made = RawServer()
    await made.start(context)
    yield made
    await made.stop()


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    encrypted: RawServer, make_client: Callable[..., Client]
) -> None:
    error = await failure(make_client(guard_for(encrypted)), encrypted.on("/feed", answer(body=BODY)))
    assert str(error).endswith("the certificate is not valid for this host")


async def test_the_operator_may_trust_one_source(
    encrypted: RawServer, make_client: Callable[..., Client]
) -> None:
    client = make_client(guard_for(encrypted))
    found = await get(client, encrypted.on("/feed", answer(body=BODY)), verify_tls=False)
    assert found.body == BODY


@pytest.mark.parametrize(
    "greeting", [b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1 400 Bad\r\n\r\n", b"\xff" * 64], ids=repr
)
async def test_what_is_not_tls_is_an_error(server: RawServer, client: Client, greeting: bytes) -> None:
    server.greeting = greeting
    error = await failure(client, server.url().replace("http:", "https:"))
    assert str(error).endswith(("no encrypted connection could be made", "no connection"))


async def test_a_handshake_that_stalls_is_bounded(server: RawServer, client: Client) -> None:
    url = server.url().replace("http:", "https:")
    error = await failure(client, url, limit=replace(FEED, seconds=0.2))
    assert "no whole answer within 0.2 s" in str(error)


# Names


async def test_a_name_that_is_not_known(make_client: Callable[..., Client], server: RawServer) -> None:
    def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    client = make_client(guard_for(server), lookup=unknown)
    error = await failure(client, "http://gazette.example/feed")
    assert str(error) == "http://gazette.example/feed: the host name is not known"


async def test_a_name_server_that_never_answers_holds_up_only_its_own(
    make_client: Callable[..., Client], server: RawServer
) -> None:
    released = threading.Event()

    def silent(host: str, port: int, **_: object) -> list[Any]:
        if host == "silent.example":
            released.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    client = make_client(guard_for(server), lookup=silent)
    url = server.on("/feed", answer(body=BODY))
    waiting = asyncio.create_task(
        failure(client, f"http://silent.example:{server.port}/feed", limit=replace(FEED, seconds=0.3))
    )
    try:
        assert (await get(client, url.replace("127.0.0.1", "good.example"))).body == BODY
        assert "no whole answer within 0.3 s" in str(await waiting)
    finally:
        released.set()


# Manners


async def test_a_host_is_asked_twice_at_once_and_no_more(server: RawServer, client: Client) -> None:
    now = most = 0

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        writer.write(answer(body=BODY))

    url = server.on("/feed", slow)
    await asyncio.gather(*(get(client, url) for _ in range(8)))
    assert most == 2


async def test_every_host_gets_its_pause(make_client: Callable[..., Client], server: RawServer) -> None:
    """Every request to a host but the first waits its second, in `allow_networks` too."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def lookup(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    pause = timedelta(seconds=1)
    client = make_client(guard_for(server), lookup=lookup, sleep=sleep, clock=lambda: 1000.0, host_gap=pause)
    url = server.on("/feed", answer(body=BODY))
    for _ in range(3):
        await get(client, url)
    assert slept == [1.0, 2.0]
    for _ in range(3):
        await get(client, url.replace("127.0.0.1", "gazette.example"))
    assert slept == [1.0, 2.0, 1.0, 2.0]


async def test_of_large_bodies_a_few_come_in_at_a_time(
    server: RawServer, make_client: Callable[..., Client]
) -> None:
    """The third waits until one of the first two is in, and all come whole."""
    body, waiting = b"x" * 1_500_000, asyncio.Event()
    large = make_client(guard_for(server), host_concurrency=16)

    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n" + body[:1_200_000])
        await waiting.wait()
        writer.write(body[1_200_000:])

    url = server.on("/feed", slow)
    tasks = [asyncio.create_task(get(large, url)) for _ in range(4)]
    while not large._gate._rooms[False][1].locked():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    waiting.set()
    assert [len(document.body) for document in await asyncio.gather(*tasks)] == [1_500_000] * 4


async def test_the_time_in_which_a_large_body_waits_for_us_is_not_the_servers(
    server: RawServer, make_client: Callable[..., Client]
) -> None:
    reader = BusyReader()
    large = make_client(guard_for(server), reader=reader)
    url = server.on("/feed", answer(body=b"x" * 200_000))
    task = asyncio.create_task(get(large, url, limit=replace(FEED, seconds=1.0)))
    await asyncio.sleep(1.2)
    assert not task.done()
    reader.room.set()
    assert len((await task).body) == 200_000


async def test_a_fault_closes_its_connection(server: RawServer, client: Client) -> None:
    left = asyncio.Semaphore(0)

    async def stall(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            left.release()
            raise

    url = server.on("/feed", stall)
    for _ in range(5):
        await failure(client, url, limit=replace(FEED, seconds=0.02))
    async with asyncio.timeout(5):
        for _ in range(5):
            await left.acquire()
