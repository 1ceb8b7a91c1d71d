"""HTTP to the Bot API: what never left, what may have been accepted, what was refused; no token anywhere."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Callable
from urllib.parse import parse_qs

import aiohttp
import pytest
from telegram import Bot

from feedbot.telegram.transport import MaybeAccepted, NeverLeft, Refusal, Transport, _reason
from tests.rig import free_port
from tests.telegram.calls import SECRET, TOKEN, Calls
from tests.telegram.wire import MESSAGE, OK, Behaviour, answer, read_request, saying, server


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, not FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def after_reading(act: Callable[[asyncio.StreamWriter], object], *, first: bytes = b"") -> Behaviour:
    """Reads the request, says the beginning of an answer, and acts."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(first)
        await writer.drain()
        act(writer)

    return behave


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await asyncio.Event().wait()


# Never left.


async def test_a_refused_connection_never_left(calls: Calls) -> None:
    with pytest.raises(NeverLeft, match="Connection refused"):
        await calls.ask(f"http://127.0.0.1:{free_port()}")


async def test_a_connection_that_is_not_made_in_time_never_left(calls: Calls, hasty: Transport) -> None:
    """The listener's queue is full: the kernel answers no more connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        with pytest.raises(NeverLeft, match="timed out"):
            await calls.ask(f"http://127.0.0.1:{listener.getsockname()[1]}", request=hasty)
        for one in waiting:
            one.close()


async def test_tls_that_is_none_never_left(calls: Calls) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 no TLS here\r\n")
        await reader.read()

    async with server(plain) as url:
        with pytest.raises(NeverLeft, match="no connection: TLS failed"):
            await calls.ask(url.replace("http:", "https:"))


async def test_tls_that_hangs_never_left(calls: Calls, hasty: Transport) -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(hang) as url:
        with pytest.raises(NeverLeft, match="timed out"):
            await calls.ask(url.replace("http:", "https:"), read=0.1, request=hasty)


async def test_an_address_that_is_none_never_left(calls: Calls) -> None:
    with pytest.raises(NeverLeft):
        await calls.ask("http://[nonsense")


def test_an_unknown_host_is_named_as_such() -> None:
    error = aiohttp.ClientConnectorDNSError(None, socket.gaierror(-2, "Name or service not known"))  # type: ignore[arg-type]
    assert _reason(error) == "the host name is not known"


async def test_a_closed_transport_sends_nothing(calls: Calls) -> None:
    await calls.transport.shutdown()
    async with server(saying(OK)) as url:
        with pytest.raises(NeverLeft):
            await calls.transport.do_request(f"{url}/bot{TOKEN}/getMe", "POST")


async def test_an_upload_that_broke_off_half_way_never_left(calls: Calls) -> None:
    """What was not written to its end cannot have been accepted."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reset(writer)

    async with server(hang_up) as url:
        with pytest.raises(NeverLeft, match="cut short"):
            await calls.ask(url, body=b"\xff" * 30_000_000)


# Maybe accepted.


@pytest.mark.parametrize(
    "act",
    [reset, lambda writer: writer.close()],
    ids=["reset", "closed"],
)
@pytest.mark.parametrize(
    "first",
    [b"", OK[:5], OK[:40], OK[:-20]],
    ids=["nothing", "half a status line", "half the headers", "half the body"],
)
async def test_a_connection_that_ends_after_the_request_may_have_been_accepted(
    calls: Calls, act: Callable, first: bytes
) -> None:
    async with server(after_reading(act, first=first)) as url:
        with pytest.raises(MaybeAccepted, match="no answer"):
            await calls.ask(url)


async def test_no_answer_in_time_may_have_been_accepted(calls: Calls) -> None:
    patient = Transport(4, connect=1)  # to connect and to be read there is a second, for the answer none
    await patient.initialize()
    async with server(silence) as url:
        with pytest.raises(MaybeAccepted, match="timed out"):
            await calls.ask(url, read=0.01, request=patient)
    await patient.shutdown()


@pytest.mark.parametrize("status", [200, 404, 413, 429, 500, 502, 503, 504])
async def test_a_proxys_page_says_nothing_whatever_its_status(calls: Calls, status: int) -> None:
    page = answer(b"<html><title>nginx</title></html>", status, "text/html")
    async with server(saying(page)) as url:
        with pytest.raises(MaybeAccepted, match=f"HTTP {status}"):
            await calls.ask(url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"ok"',
        b'{"error": "x"}',
        b'{"ok": true}',
        b'{"ok": 1, "result": 1}',
        b"\xff\xfe",
        b"[" * 99_999,
    ],
)
async def test_json_that_is_not_telegrams_says_nothing(calls: Calls, body: bytes) -> None:
    async with server(saying(answer(body))) as url:
        with pytest.raises(MaybeAccepted, match="not Telegram's"):
            await calls.ask(url)


@pytest.mark.parametrize(
    "raw",
    [
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["no HTTP", "no gzip", "no chunks", "redirect"],
)
async def test_an_answer_that_cannot_be_read_may_mean_anything(calls: Calls, raw: bytes) -> None:
    async with server(saying(raw)) as url:
        with pytest.raises(MaybeAccepted):
            await calls.ask(url)


@pytest.mark.parametrize("cut", [1, 2, 30])
async def test_json_that_was_cut_short_says_nothing(calls: Calls, cut: int) -> None:
    whole = json.dumps({"ok": True, "result": MESSAGE}).encode()
    async with server(saying(answer(whole[:-cut]))) as url:
        with pytest.raises(MaybeAccepted, match="not Telegram's"):
            await calls.ask(url)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_an_answer_without_an_end_is_not_read_for_ever(calls: Calls, coding: str) -> None:
    zeros = b"0" * 1_000_000
    chunk = zeros if coding == "identity" else gzip.compress(zeros * 40)
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        while True:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
            sent += len(chunk)

    async with server(endless) as url:
        with pytest.raises(MaybeAccepted):
            await calls.ask(url)
    assert sent < 100_000_000


@pytest.mark.parametrize(
    "words",
    [
        f"Not Found: /bot{TOKEN}/sendMessage",
        f"/bot123456%3a{SECRET}/x",
        f"key {SECRET.upper()} is revoked",
        f"half {SECRET[9:]}",
    ],
)
async def test_a_token_that_the_server_repeats_is_not_kept(calls: Calls, words: str) -> None:
    said = answer({"ok": False, "error_code": 400, "description": words}, 400)
    async with server(saying(said)) as url:
        with pytest.raises(Refusal) as caught:
            await calls.ask(url)
    told = f"{caught.value.description} {caught.value}"
    assert SECRET.casefold() not in told.casefold()
    assert SECRET[9:] not in told
    assert "…" in told


async def test_the_words_of_a_refusal_can_be_written_and_have_an_end(calls: Calls) -> None:
    said = answer({"ok": False, "error_code": 400, "description": "\ud800\0" + "x" * 9999}, 400)
    async with server(saying(said)) as url:
        with pytest.raises(Refusal) as caught:
            await calls.ask(url)
    assert caught.value.description == "? " + "x" * 998


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3]
)
async def test_what_comes_before_the_answer_is_none(calls: Calls, interim: bytes) -> None:
    async with server(saying(interim + OK)) as url:
        assert (await calls.ask(url)).message_id == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_for_the_token_would_go_with_it(calls: Calls, status: int) -> None:
    asked = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        head = await read_request(reader)
        asked += 1
        where = head.split(b" ")[1]
        writer.write(b"HTTP/1.1 %d x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, where))

    async with server(behave) as url:
        with pytest.raises(MaybeAccepted, match=f"HTTP {status}"):
            await calls.ask(url)
    assert asked == 1


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"])
async def test_an_answer_that_drips_ends_with_the_time_for_it(
    calls: Calls, hasty: Transport, begun: bytes
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(begun)
        while True:
            writer.write(b" " if begun else b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with server(drip) as url:
        with pytest.raises(MaybeAccepted, match="timed out"):
            await calls.ask(url, read=0.1, request=hasty)


async def test_an_answer_that_comes_as_gzip_is_read(calls: Calls) -> None:
    packed = gzip.compress(json.dumps({"ok": True, "result": MESSAGE}).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with server(saying(head.encode() + packed)) as url:
        assert (await calls.ask(url)).message_id == 7


async def test_a_form_holds_what_was_said_whatever_the_letters(calls: Calls) -> None:
    seen = b""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen = await read_request(reader)
        writer.write(OK)
        await writer.drain()

    text = "한국어 & 100 % = \n\U0001f1f0\U0001f1f7 + «»;#/?"
    async with server(behave) as url:
        bot = Bot(TOKEN, base_url=f"{url}/bot", request=calls.transport)
        await bot.send_message(-1001, text)
    head, _, body = seen.partition(b"\r\n\r\n")
    assert b"application/x-www-form-urlencoded" in head
    assert parse_qs(body.decode())["text"] == [text]


# Refused in Telegram's own words.


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 429, 500, 502])
async def test_telegrams_own_refusal_counts_whatever_the_status(calls: Calls, status: int) -> None:
    body = {"ok": False, "error_code": 400, "description": "Bad Request: no"}
    async with server(saying(answer(body, status))) as url:
        with pytest.raises(Refusal) as caught:
            await calls.ask(url)
    assert (caught.value.code, caught.value.description) == (400, "Bad Request: no")


@pytest.mark.parametrize(
    ("body", "code", "parameters"),
    [
        ({"ok": False}, 418, {}),
        ({"ok": False, "error_code": "x", "description": None, "parameters": []}, 418, {}),
        (
            {"ok": False, "error_code": 429, "parameters": {"retry_after": 43_837}},
            429,
            {"retry_after": 43_837},
        ),
        ({"ok": False, "error_code": 429, "parameters": {"retry_after": "soon"}}, 429, {}),
        ({"ok": False, "error_code": 429, "parameters": {"retry_after": "17"}}, 429, {"retry_after": 17}),
        ({"ok": False, "error_code": 429, "parameters": {"retry_after": 17.2}}, 429, {"retry_after": 18}),
        ({"ok": False, "error_code": 429, "parameters": {"retry_after": -5}}, 429, {"retry_after": 0}),
        (
            {"ok": False, "error_code": 429, "parameters": {"retry_after": 10**30}},
            429,
            {"retry_after": 315_360_000},
        ),
        ({"ok": False, "parameters": {"migrate_to_chat_id": -1009}}, 418, {"migrate_to_chat_id": -1009}),
        ({"ok": False, "parameters": {"migrate_to_chat_id": [1]}}, 418, {}),
    ],
)
async def test_a_refusal_is_read_with_care(calls: Calls, body: dict, code: int, parameters: dict) -> None:
    async with server(saying(answer(body, 418))) as url:
        with pytest.raises(Refusal) as caught:
            await calls.ask(url)
    assert (caught.value.code, caught.value.parameters) == (code, parameters)
