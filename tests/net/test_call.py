"""Calls: one request, no redirect, any status an answer, and a few kilobytes of what comes back."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from feedbot.errors import FetchError
from feedbot.net.client import Client, Limit, Reply
from feedbot.net.guard import Guard
from tests.net.raw import RawServer, answer, chunked, ending, stalling


async def test_a_body_is_posted_with_the_headers_it_is_given(server: RawServer, client: Client):
    url = server.on("/hub", ending(answer(b"202 Accepted")))
    reply = await client.call(url, body=b"hub.mode=publish", headers={"Content-Type": "text/x-test"})
    assert reply == Reply(202)
    asked = server.requests[0]
    assert asked.line == "POST /hub HTTP/1.1"
    assert (asked.one("Content-Type"), asked.one("Content-Length")) == (b"text/x-test", b"16")
    assert asked.one("User-Agent") == b"feedbot/9 (+https://operator.example/contact)"


async def test_a_call_without_a_body_asks(server: RawServer, client: Client):
    reply = await client.call(server.on("/callback?hub.challenge=abc", answer(body=b"abc")))
    assert (reply.ok, reply.body) == (True, b"abc")


async def test_an_address_is_called_to_the_letter(server: RawServer, client: Client):
    path = "/a%2Fb/%7euser?x=%7E+&&y=a%20b&empty="
    await client.call(server.on(path, answer()))
    assert [request.line for request in server.requests] == [f"GET {path} HTTP/1.1"]


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
async def test_no_redirect_is_followed(server: RawServer, client: Client, status: bytes):
    server.on("/elsewhere", answer())
    reply = await client.call(server.on("/callback", answer(status, b"Location: /elsewhere")), body=b"")
    assert (reply.ok, reply.status) == (False, int(status[:3]))
    assert server.asked("/elsewhere") == []


async def test_a_refusal_is_an_answer_with_what_it_asks_to_wait(server: RawServer, client: Client):
    reply = await client.call(server.on("/", ending(answer(b"429 Slow", b"Retry-After: 90"))), body=b"x")
    assert reply.status == 429
    assert reply.retry_after is not None
    assert reply.retry_after.total_seconds() == 90


async def test_of_an_endless_answer_a_few_kilobytes_are_taken(server: RawServer, client: Client):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = server.on("/endless", server.flood(head, b"1000\r\n" + b"x" * 4096 + b"\r\n", 50_000_000))
    reply = await client.call(url)
    assert len(reply.body) == Limit.CALL.body + 1
    assert server.sent < 20_000_000


async def test_a_challenge_may_come_in_pieces(server: RawServer, client: Client):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = await client.call(server.on("/", head + chunked(b"chal", b"lenge")))
    assert reply.body == b"challenge"


async def test_who_does_not_answer_is_left(
    server: RawServer, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Limit, "CALL", Limit(4096, 4096, 0.05, gap=False, accept="*/*"))
    with pytest.raises(FetchError, match="no whole answer"):
        await client.call(server.on("/", stalling()), body=b"x")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://169.254.169.254/latest", "http://[::1]:{port}/", "ftp://x/"]
)
async def test_an_inner_address_is_not_called(
    server: RawServer, make_client: Callable[..., Client], url: str
):
    with pytest.raises(FetchError):
        await make_client(Guard()).call(url.format(port=server.port), body=b"x")
    assert server.connections == 0


async def test_a_name_that_leads_inside_is_not_called(server: RawServer, make_client: Callable[..., Client]):
    def lookup(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", server.port))]

    with pytest.raises(FetchError, match="not public"):
        await make_client(Guard(), lookup=lookup).call(f"http://rebound.example:{server.port}/", body=b"x")
    await asyncio.sleep(0)
    assert server.connections == 0


async def test_a_large_body_is_posted_whole(server: RawServer, client: Client):
    got = bytearray()

    async def take(writer: asyncio.StreamWriter) -> None:
        reader = writer._transport.get_protocol()._stream_reader  # type: ignore[attr-defined]
        got.extend(await reader.readexactly(1_500_000))
        writer.write(answer(b"204 No Content"))

    assert (await client.call(server.on("/", take), body=b"x" * 1_500_000)).ok
    assert len(got) == 1_500_000
    assert server.requests[0].one("Content-Length") == b"1500000"
