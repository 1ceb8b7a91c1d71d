"""What strangers may put on the wire, and that it ends: bounded, in our own words, without harm."""

import asyncio
import gzip
import zlib
from dataclasses import replace

import pytest

from feedbot.errors import FetchError
from feedbot.net.client import Client, Limit
from tests.net.raw import RawServer, answer, chunked, dripping, ending, resetting, stalling

SMALL = replace(Limit.FEED, wire=200_000, body=400_000, seconds=5.0)
QUICK = replace(SMALL, seconds=0.3)
BODY = b"<rss version='2.0'/>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GARBAGE = bytes(range(128, 256)) * 8


async def refused(client: Client, url: str, limit: Limit = SMALL) -> str:
    """The words of the error; they are one short line without control characters."""
    with pytest.raises(FetchError) as caught:
        await client.get(url, limit=limit)
    words = str(caught.value)
    assert len(words) < 500
    assert words.isprintable()
    assert words.isascii()
    return words


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<rss",
        CHUNKED + b"14\r\n<rss",
        CHUNKED + b"4\r\n<rss\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
    ids=["length", "in a chunk", "between chunks", "in headers", "before"],
)
@pytest.mark.parametrize("end", [ending, resetting], ids=["FIN", "RST"])
async def test_an_answer_that_is_cut_is_an_error(server: RawServer, client: Client, head: bytes, end) -> None:
    words = await refused(client, server.on("/feed", end(head)))
    assert words.endswith("the connection ended before the whole answer was there")
    assert len(server.requests) == 1


async def test_a_body_that_only_the_end_of_the_connection_ends_is_whole(
    server: RawServer, client: Client
) -> None:
    url = server.on("/feed", ending(b"HTTP/1.1 200 OK\r\n\r\n" + BODY))
    assert (await client.get(url, limit=SMALL)).body == BODY


async def test_a_reset_is_never_the_end_of_a_body(server: RawServer, client: Client) -> None:
    await refused(client, server.on("/feed", resetting(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)))


@pytest.mark.parametrize(
    "bytes_",
    [
        b"<html>HTTP/0.9 has no headers</html>",
        b"ICY 200 OK\r\nicy-name: radio\r\n\r\n" + GARBAGE,
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        GARBAGE,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x14\r\n\r\n" + BODY,
        CHUNKED + b"zz\r\n",
        CHUNKED + b"-4\r\n<rss\r\n",
        CHUNKED + b"fffffffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
    ],
    ids=lambda value: repr(value[:24]),
)
async def test_what_is_not_http_is_an_error_without_its_bytes(
    server: RawServer, client: Client, bytes_: bytes
) -> None:
    words = await refused(client, server.on("/feed", ending(bytes_)))
    assert words.startswith(f"{server.url()}: ")


async def test_a_server_that_speaks_first_is_an_error(server: RawServer, client: Client) -> None:
    server.greeting = b"220 mail.example ESMTP\r\n"
    await refused(client, server.on("/feed", stalling()), QUICK)


async def test_a_huge_length_is_refused_before_its_bytes_come(server: RawServer, client: Client) -> None:
    url = server.on("/feed", stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"))
    assert (await refused(client, url)).endswith("the body is larger than 0.2 MB")


async def test_an_endless_body_stops_at_its_cap(server: RawServer, client: Client) -> None:
    flood = server.flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000, 50_000_000)
    assert (await refused(client, server.on("/feed", flood))).endswith("the body is larger than 0.2 MB")
    assert server.sent < 10_000_000  # what the sockets between hold


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-%d: " % 7 + b"y" * 5000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10_000),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 300),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 300),
        (CHUNKED + b"4;", b"x" * 10_000),
        (CHUNKED + b"4\r\n<rss\r\n0\r\n", b"X-Trailer: " + b"y" * 5000 + b"\r\n"),
        (CHUNKED, b"1;" + b"x" * 9_000 + b"\r\na\r\n"),
        (b"", b"\r\n" * 5000),
        (b"HTTP/1.1 ", b"2" * 10_000),
        (b"HTTP/1.1 200 ", b"O" * 10_000),
        (b"HTTP/1.1 302 Found\r\nLocation: /", b"x" * 10_000),
    ],
    ids=[
        "headers", "one header", "many headers", "1xx", "early hints", "chunk extension", "trailers",
        "extensions of many chunks", "empty lines", "status", "reason", "location",
    ],
)  # fmt: skip
async def test_a_flood_around_the_body_is_cut_off(
    server: RawServer, client: Client, start: bytes, piece: bytes
) -> None:
    await refused(client, server.on("/feed", server.flood(start, piece, 60_000_000)))
    assert server.sent < 10_000_000


async def test_headers_that_come_at_once_count_too(server: RawServer, client: Client) -> None:
    lines = b"".join(b"X-%d: %b\r\n" % (number, b"y" * 7000) for number in range(20))
    await refused(client, server.on("/feed", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n"))


async def test_a_few_informational_answers_are_harmless(server: RawServer, client: Client) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    url = server.on("/feed", early * 3 + answer(body=BODY))
    assert (await client.get(url, limit=SMALL)).body == BODY


@pytest.mark.parametrize(
    "script",
    [stalling(), stalling(b"HTTP/1.1 200 OK\r\n"), dripping(b"HTTP/1.1 200 OK\r\nX: y"),
     stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
     dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)],
    ids=["silence", "half the headers", "slow headers", "no body", "slow body"],
)  # fmt: skip
async def test_the_deadline_is_for_the_whole_answer(server: RawServer, client: Client, script) -> None:
    words = await refused(client, server.on("/feed", script), QUICK)
    assert words == f"{server.url()}: no whole answer within 0.3 s"


async def test_the_deadline_is_for_all_hops_together(server: RawServer, client: Client) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.12)
        writer.write(answer(b"302 Found", b"Location: /feed?"))

    assert "no whole answer within 0.3 s" in await refused(client, server.on("/feed", slow), QUICK)
    assert len(server.requests) <= 3


async def test_what_comes_after_an_answer_is_not_the_next_ones(server: RawServer, client: Client) -> None:
    stale = answer(body=b"<rss><!-- smuggled --></rss>")

    async def with_surplus(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body=BODY))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(stale)

    url = server.on("/feed", with_surplus, answer(body=b"<rss>second</rss>"))
    assert (await client.get(url, limit=SMALL)).body == BODY
    await asyncio.sleep(0.15)
    assert (await client.get(url, limit=SMALL)).body == b"<rss>second</rss>"


async def test_surplus_in_the_same_packet_does_not_leak(server: RawServer, client: Client) -> None:
    surplus = answer(body=BODY) + answer(body=b"<rss><!-- smuggled --></rss>")
    url = server.on("/feed", surplus, answer(body=b"<rss>second</rss>"))
    assert (await client.get(url, limit=SMALL)).body == BODY
    assert (await client.get(url, limit=SMALL)).body == b"<rss>second</rss>"


async def test_a_kept_connection_that_ended_is_replaced(server: RawServer, client: Client) -> None:
    async def gone(writer: asyncio.StreamWriter) -> None:
        writer.close()

    url = server.on("/feed", answer(body=BODY), gone, answer(body=BODY))
    for _ in range(2):
        assert (await client.get(url, limit=SMALL)).body == BODY
    assert server.connections == 2


async def test_a_connection_is_used_again(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(body=BODY))
    for _ in range(3):
        await client.get(url, limit=SMALL)
    assert server.connections == 1


def _gzip(body: bytes = BODY) -> bytes:
    return gzip.compress(body, mtime=0)


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", _gzip()),
        (b"GZip", _gzip()),
        (b"x-gzip", _gzip()),
        (b"deflate", zlib.compress(BODY)),
        (b"deflate", _raw_deflate(BODY)),
        (b"identity", BODY),
        (b"identity, gzip", _gzip()),
        (b"gzip", _gzip(BODY[:5]) + _gzip(BODY[5:])),
        (b"gzip", _gzip() + b"\0" * 512),
        (b"gzip", _gzip() + b"noise"),
    ],
)
async def test_what_was_offered_is_decoded(
    server: RawServer, client: Client, coding: bytes, body: bytes
) -> None:
    url = server.on("/feed", answer(b"200 OK", b"Content-Encoding: " + coding, body=body))
    assert (await client.get(url, limit=SMALL)).body == BODY


BOMB = gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("codings", "body", "words"),
    [
        ([b"gzip"], BOMB, "larger than 0.4 MB"),
        ([b"deflate"], zlib.compress(bytes(50_000_000)), "larger than 0.4 MB"),
        ([b"gzip, gzip"], gzip.compress(BOMB), "2 codings"),
        ([b"gzip", b"deflate"], BODY, "2 codings"),
        ([b", ".join([b"gzip"] * 100)], BODY, "100 codings"),
        ([b"br"], BODY, "not offered"),
        ([b"zstd"], BODY, "not offered"),
        ([b"\xff\xfe\x7f"], BODY, "not offered"),
        ([b"gzip"], BODY, "is not the gzip"),
        ([b"deflate"], b"<rss>" * 9, "is not the deflate"),
        ([b"gzip"], _gzip()[:-9], "cut short"),
        ([b"gzip"], b"\x1f", "cut short"),
        ([b"gzip"], _gzip()[:-8] + b"abcdefgh", "is not the gzip"),
        ([b"gzip"], gzip.compress(b"") * 5000, "pieces"),
    ],
)
async def test_a_coding_that_lies_or_bombs_is_an_error(
    server: RawServer, client: Client, codings: list[bytes], body: bytes, words: str
) -> None:
    headers = [b"Content-Encoding: " + coding for coding in codings]
    assert words in await refused(client, server.on("/feed", answer(b"200 OK", *headers, body=body)))


async def test_gzip_in_gzip_under_one_name_is_unpacked_once(server: RawServer, client: Client) -> None:
    url = server.on("/feed", answer(b"200 OK", b"Content-Encoding: gzip", body=gzip.compress(BOMB)))
    assert (await client.get(url, limit=SMALL)).body == BOMB


async def test_chunks_of_any_size_are_one_body(server: RawServer, client: Client) -> None:
    pieces = [bytes([octet]) for octet in BODY]
    url = server.on("/feed", CHUNKED + chunked(*pieces))
    assert (await client.get(url, limit=SMALL)).body == BODY
