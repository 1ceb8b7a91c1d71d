"""aiohttp's connections with what it leaves open closed: bounds on what is not body, and exact headers.

`TCPConnector` has no public parameter for its protocol; `_factory` is the only place to give one, and a
test of each behaviour below fails should a later aiohttp read it no more.
"""

import asyncio
import re
from collections.abc import Iterable
from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from feedbot.net.guard import Guard

MOST_HEADER_BYTES = 65_536
_MOST_FRAMING_BYTES = 262_144
_IDLE_SECONDS = 5.0
_MOST_CONNECTIONS = 560  # more than polls, pages and photos that run at once
_SHIFT = 0x10F000 - 0xDC00  # a lone surrogate of surrogateescape <-> a private-use code point
_SHIFTED_START = b"\xf4\x8f"
_SHIFTED = re.compile(rb"\xf4\x8f[\x82\x83][\x80-\xbf]")


class ExcessError(aiohttp.ClientError):
    """An answer has more around its body than any honest one."""


class EndedError(aiohttp.ClientError):
    """A new connection ended before the head of an answer was there."""


def exact(value: str) -> str:
    """A header value for a request; bytes that are no UTF-8 (surrogateescape) leave as they came."""
    if value.isascii():
        return value
    return "".join(_travelling(char) for char in value)


def _travelling(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return chr(ord(char) + _SHIFT)
    if "\U0010f080" <= char <= "\U0010f0ff":  # such a one itself, lest it arrives as a byte: byte by byte
        return "".join(chr(octet + 0xDC00 + _SHIFT) for octet in char.encode())
    return char


def _byte_of(match: re.Match[bytes]) -> bytes:
    return bytes([(ord(match[0].decode()) - _SHIFT) & 0xFF])


class _ExactTransport:
    """A transport that undoes `exact`: aiohttp writes headers as UTF-8 only and drops surrogates."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing  # asked several times a request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if _SHIFTED_START in data:
            data = _SHIFTED.sub(_byte_of, data)
        self._transport.write(data)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))


class _Handler(ResponseHandler):
    """The client's side of one connection.

    Counts what arrives beside the body: header and 1xx floods, chunk extensions and trailers are no
    part of what aiohttp bounds. An answer's end is the end: what comes later closes the connection, lest
    the next request takes it for its own answer; and a reset is never the end of a body.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._requests = 0
        self._taken = 0
        self._body: StreamReader | None = None
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wrapped = _ExactTransport(cast("asyncio.Transport", transport))
        super().connection_made(cast("asyncio.Transport", wrapped))

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None and self._body is not None and not self._body.is_eof():
            self._body.set_exception(aiohttp.ClientPayloadError("the connection was reset"), exc)
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        # After these two aiohttp asks again at once. Only a connection that was kept too long excuses that.
        if self._requests == 1 and isinstance(exc, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError):
            exc = EndedError()
        super().set_exception(exc, *cause)

    def set_response_params(self, **params: Any) -> None:
        self._requests += 1
        self._taken, self._body, self._header_bytes = 0, None, 0
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        message, body = data
        if self._taken > MOST_HEADER_BYTES:  # else there cannot be more of them
            self._header_bytes = sum(len(name) + len(value) for name, value in message.raw_headers)
        if message.code >= 200:
            self._body = body
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        # A head goes to the parser alone: if its answer has no body (304), what follows is never read.
        while self._body is None and 0 <= (end := data.find(b"\r\n\r\n")) < len(data) - 4:
            if not self._take(data[: end + 4]):
                return
            data = data[end + 4 :]
        self._take(data)

    def _take(self, data: bytes) -> bool:
        """Parse the next bytes; False: the connection ends here."""
        if data and self._body is not None and self._body.is_eof():
            self.force_close()
            if self.transport is not None:
                self.transport.close()
            return False
        self._taken += len(data)
        super().data_received(data)
        if self._is_excessive():
            self._refuse(ExcessError("too much around the body"))
            return False
        broken = self.exception()
        if broken is not None:  # aiohttp tells it to who waits for a head, not to who reads a body
            self._refuse(broken)
        return broken is None

    def _is_excessive(self) -> bool:
        if self._header_bytes > MOST_HEADER_BYTES:
            return True
        if self._body is None:
            return self._taken > MOST_HEADER_BYTES
        around = self._taken - self._body.total_bytes
        return around > _MOST_FRAMING_BYTES + 2 * self._body.total_bytes

    def _refuse(self, error: BaseException) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(error)
        if self._body is not None and not self._body.is_eof():
            self._body.set_exception(error)


class Connector(aiohttp.TCPConnector):
    """Makes guarded, bounded connections; idle ones are closed after a few seconds."""

    def __init__(self, guard: Guard, resolver: AbstractResolver) -> None:
        super().__init__(
            socket_factory=guard.make_socket,
            resolver=resolver,
            limit=_MOST_CONNECTIONS,
            keepalive_timeout=_IDLE_SECONDS,
            use_dns_cache=False,
        )
        self._factory = partial(_Handler, loop=self._loop)  # type: ignore[assignment]  # a subclass of what it makes
