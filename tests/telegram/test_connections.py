"""HTTP to the Bot API: what is accepted, and over which connections it goes."""

import asyncio
import socket
import threading
import time

import pytest

from feedbot.telegram.transport import NeverLeft, Transport
from tests.rig import until
from tests.telegram.calls import Calls
from tests.telegram.wire import OK, read_request, saying, server


async def test_an_answer_is_a_message_and_the_connection_is_used_again(calls: Calls) -> None:
    opened = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await saying(OK, OK, OK)(reader, writer)

    async with server(behave) as url:
        for _ in range(3):
            assert (await calls.ask(url)).message_id == 7
    assert opened == 1


async def test_a_large_photo_goes_out_whole_and_without_a_warning(calls: Calls) -> None:
    body, seen = bytes(range(256)) * 8000, b""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen = await read_request(reader)
        writer.write(OK)
        await writer.drain()

    async with server(behave) as url:
        await calls.ask(url, body=body)
    assert body in seen
    assert b'filename="lead.jpg"' in seen


async def test_a_connection_that_died_idle_is_not_used_again(calls: Calls) -> None:
    """The server closes right after its answer, while this process is busy; nothing gets lost in it."""
    listener = socket.create_server(("127.0.0.1", 0))
    closed = threading.Event()

    def serve() -> None:
        for number in range(2):
            connection, _ = listener.accept()
            received = b""
            while not received.endswith(b"--\r\n") and b"text=x" not in received:
                received += connection.recv(65_536)
            connection.sendall(OK)
            connection.close()
            if number == 0:
                closed.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert (await calls.ask(url)).message_id == 7
    closed.wait(5)
    time.sleep(0.05)  # noqa: ASYNC251  # the loop is blocked: what the kernel knows, it does not
    assert (await calls.ask(url)).message_id == 7
    thread.join(5)
    listener.close()


async def test_what_the_server_closed_before_it_was_written_to_never_left(calls: Calls) -> None:
    """It closes in the moment between the choice of the connection and the first byte."""
    requests = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while True:
            await read_request(reader)
            requests += 1
            writer.write(OK)

    async with server(behave) as url:
        await calls.ask(url)
        pool = calls.transport._current.session.connector._conns  # type: ignore[union-attr]
        [[(protocol, _)]] = pool.values()
        closed = protocol.transport

        async def close_when_chosen() -> None:
            while any(pool.values()):  # noqa: ASYNC110  # of this very round
                await asyncio.sleep(0)
            closed.close()

        closing = asyncio.create_task(close_when_chosen())
        with pytest.raises(NeverLeft, match="no connection"):
            await calls.ask(url)
        await closing
    assert requests == 1


async def test_connections_are_given_up_by_age_but_never_under_a_request(calls: Calls) -> None:
    opened, release = 0, asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await read_request(reader)
        if opened == 1:
            await release.wait()
        writer.write(OK)
        await reader.read()

    old = Transport(4, connect=30, life=0.0)
    await old.initialize()
    async with server(behave) as url:
        first = asyncio.create_task(calls.ask(url, request=old))
        await until(lambda: opened)
        for _ in range(2):
            assert (await calls.ask(url, request=old)).message_id == 7
        release.set()
        assert (await first).message_id == 7
        assert opened == 3
        await old.shutdown()


async def test_no_more_connections_than_allowed(calls: Calls) -> None:
    at_once, most = 0, 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        while True:
            await read_request(reader)
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= 1
            writer.write(OK)

    async with server(behave) as url:
        await asyncio.gather(*(calls.ask(url) for _ in range(20)))
    assert 1 <= most <= 4


async def test_a_transport_opens_and_closes_twice_without_harm() -> None:
    made = Transport()
    for _ in range(2):
        await made.initialize()
    for _ in range(2):
        await made.shutdown()
    assert made.read_timeout == 60.0
