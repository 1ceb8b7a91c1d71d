"""Who is too slow, or one too many, is cut off; the others are served."""

import asyncio
import socket

import pytest

from feedbot.publish.shelf import ATOM
from feedbot.web import bounded
from feedbot.web.bounded import Bounded
from tests.web.asking import FEED, PATH, WRITTEN, Web


async def test_who_never_finishes_a_request_is_cut_off(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Bounded, "head_seconds", 0.05)
    assert await web.raw(b"") == b""
    assert await web.raw(b"GET / HTTP/1.1\r\nHo") == b""


async def test_who_never_takes_the_answer_is_cut_off(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Bounded, "answer_seconds", 0.05)
    web.shelf.put(PATH, FEED * 10_000, ATOM, WRITTEN)
    with socket.create_connection(("127.0.0.1", web.port)) as slow:
        slow.setblocking(False)
        loop, request = asyncio.get_running_loop(), f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n"
        await loop.sock_sendall(slow, request.encode())
        assert await loop.sock_recv(slow, 1) == b"H"
        await until_gone(web)


async def test_too_many_at_once_are_turned_away_and_the_others_are_served(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "MOST_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(2)]
    assert await web.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    for _, writer in held:
        writer.close()
    await until_gone(web)
    assert (await web.get("/healthz")).status == 200


async def until_gone(web: Web) -> None:
    """Wait until the server holds no connection."""
    async with asyncio.timeout(20):
        while web.server.connections:  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.01)
