"""A server that plays bytes as scripted, honest or not, and remembers what it was asked."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_network

from feedbot.net.guard import Guard

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What came over the wire. `connection` counts from one."""

    raw: bytes
    connection: int

    @property
    def line(self) -> str:
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1")

    def all(self, name: str) -> list[bytes]:
        """The values of a header, byte for byte."""
        pairs = [line.partition(b": ") for line in self.raw.split(b"\r\n")[1:]]
        return [value for key, _, value in pairs if key.lower() == name.lower().encode()]

    def one(self, name: str) -> bytes | None:
        found = self.all(name)
        assert len(found) <= 1
        return found[0] if found else None


class RawServer:
    """Answers each path with its script: bytes, or a coroutine that writes; a list is played in turn."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.sent = 0
        self.greeting: bytes | None = None
        self._scripts: dict[str, list[bytes | Play]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1_000_000, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self._scheme = "https" if tls else "http"

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def on(self, path: str, *script: bytes | Play) -> str:
        """Play this when the path is asked for; the last part of the script again and again."""
        self._scripts[path] = list(script)
        return self.url(path)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.line.split(" ")[1] == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._talk(reader, writer, self.connections)
        writer.close()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        if self.greeting is not None:
            writer.write(self.greeting)
        while True:
            request = Request(await reader.readuntil(b"\r\n\r\n"), connection)
            self.requests.append(request)
            script = self._scripts.get(request.line.split(" ")[1], [answer(b"404 Not Found")])
            part = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(part, bytes):
                await self.send(writer, part)
            else:
                await part(writer)
            if writer.is_closing():
                return

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        self.sent += len(data)
        await writer.drain()

    def flood(self, start: bytes, piece: bytes, most: int) -> Play:
        """A script that goes on until the client has had enough, or `most` bytes are sent."""

        async def play(writer: asyncio.StreamWriter) -> None:
            await self.send(writer, start)
            while self.sent < most:
                await self.send(writer, piece)
                await asyncio.sleep(0)
            writer.close()

        return play


def answer(status: bytes = b"200 OK", *headers: bytes, body: bytes = b"") -> bytes:
    """A well-formed answer that keeps the connection."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*pieces: bytes) -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def ending(data: bytes) -> Play:
    """A script that says this and ends the connection."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return play


def resetting(data: bytes) -> Play:
    """A script that says this and resets the connection once it is read."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.05)
        now = struct.pack("ii", 1, 0)  # SO_LINGER without time: what makes of a close a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        writer.transport.abort()

    return play


def stalling(data: bytes = b"") -> Play:
    """A script that says this and then nothing, with the connection open."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await asyncio.Event().wait()

    return play


def dripping(data: bytes) -> Play:
    """A script that says this byte by byte without end."""

    async def play(writer: asyncio.StreamWriter) -> None:
        while True:
            for octet in data:
                writer.write(bytes([octet]))
                await asyncio.sleep(0.01)

    return play


def guard_for(*servers: RawServer) -> Guard:
    """A guard that lets these servers be reached, and no other port of loopback."""
    return Guard([(ip_network("127.0.0.1/32"), server.port) for server in servers])
