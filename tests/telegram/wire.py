"""A server of raw bytes: what it reads and what it sends is up to the test."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MESSAGE = {"message_id": 7, "date": 1_750_000_000, "chat": {"id": -1001, "type": "channel", "title": "News"}}


def answer(body: bytes | dict, status: int = 200, kind: str = "application/json") -> bytes:
    """An HTTP answer, whole."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw
    )


OK = answer({"ok": True, "result": MESSAGE})


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request, headers and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    return head + await reader.readexactly(length)


def saying(*answers: bytes) -> Behaviour:
    """Reads a request for each answer, then closes."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in answers:
            await read_request(reader)
            writer.write(one)
            await writer.drain()

    return behave


@asynccontextmanager
async def server(behave: Behaviour) -> AsyncIterator[str]:
    """Serve each connection so; where."""

    writers: list[asyncio.StreamWriter] = []

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await behave(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    made = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}"
    finally:
        made.close()
        for writer in writers:
            writer.transport.abort()
        await made.wait_closed()
