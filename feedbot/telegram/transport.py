"""HTTP to the Bot API for python-telegram-bot: by aiohttp, and telling "never left" from "maybe accepted".

The only HTTP client outside `net/`. The token is part of the URL, so no URL and no text of aiohttp's ever
gets into an error.
"""

import asyncio
import io
import json
import logging
import math
import os
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote_plus

import aiohttp
from telegram._utils.defaultvalue import DEFAULT_NONE
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

_CONNECT = 10.0
_READ = 60.0  # shorter ones make duplicates: the message may have been accepted
# A connection that the server closes while a request is on its way cannot be told from a message that was
# accepted. So none is used again after 5 s of silence, nor 25 s after it was opened: Telegram closes its own
# about 39 s after opening, however busy (shared facts, "Known problems").
_IDLE, _LIFE = 5.0, 25.0
_MOST_BYTES = 32_000_000  # of an answer; a hundred updates have less
_MOST_WORDS = 1000  # of a refusal; Telegram's own have a hundred
_LONG = 16  # characters of a secret that is no word
_LONGEST_WAIT = 10 * 365 * 86_400  # what can be added to a time

# At DEBUG this one writes the address of the Bot API, token included.
logging.getLogger("telegram.Bot").setLevel(logging.INFO)


class NeverLeft(NetworkError):
    """No connection: nothing was accepted, it may be sent again."""


class CutShort(NeverLeft):
    """A connection that ended before all of the request was written: of a large one, maybe because it is."""


class MaybeAccepted(NetworkError):
    """The request was written and no answer of Telegram's own came back. `status` is that of a page."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Refusal(TelegramError):
    """Telegram's own `ok: false`: nothing was accepted."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any]) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass(slots=True)
class _Connections:
    """Connections of one age, and how many requests use them."""

    session: aiohttp.ClientSession
    opened: float
    in_use: int = 0


@dataclass(slots=True)
class _Progress:
    """How much of a request is still here. One of which a part was never written cannot be accepted."""

    left: int
    connected: bool = False
    begun: bool = False
    is_lost: Callable[[], bool] = lambda: False

    @property
    def may_have_arrived(self) -> bool:
        """Whether all of it was handed to a connection."""
        return self.connected and self.left <= 0

    def write(self, size: int) -> None:
        """Note what is about to be written; nothing is where the server was found to have closed before."""
        if not self.is_lost():
            self.begun = True
            self.left -= size


_PROGRESS: ContextVar[_Progress] = ContextVar("progress")


class _Request(aiohttp.ClientRequest):
    """A request that says where it is written to: without that, what is written may have arrived."""

    async def write_bytes(self, writer: Any, conn: Any, content_length: int | None = None) -> None:
        transport = conn.transport
        _PROGRESS.get().is_lost = transport.is_closing if transport else lambda: True
        await super().write_bytes(writer, conn, content_length)


class Transport(BaseRequest):
    """A `BaseRequest` on aiohttp; made in the event loop that it serves."""

    def __init__(self, connections: int = 16, *, connect: float = _CONNECT, life: float = _LIFE) -> None:
        self._limit, self._connect, self._life = connections, connect, life
        self._current: _Connections | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return _READ

    async def initialize(self) -> None:
        """Be ready to connect."""
        if self._current is None:
            self._current = self._open()

    async def shutdown(self) -> None:
        """Close the connections."""
        if self._current is not None:
            current, self._current = self._current, None
            await current.session.close()

    def _open(self) -> _Connections:
        trace = aiohttp.TraceConfig()
        for signal in (trace.on_connection_create_end, trace.on_connection_reuseconn):
            signal.append(_connected)
        trace.on_request_chunk_sent.append(_about_to_write)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._limit, keepalive_timeout=_IDLE),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            request_class=_Request,
            trust_env=False,
            auto_decompress=True,
        )
        return _Connections(session, time.monotonic())

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A session whose connections are young; an old one is closed by its last user."""
        for _ in range(2):  # what the server closed meanwhile leaves the pool before it is chosen from
            await asyncio.sleep(0)
        mine = self._current
        if mine is None:
            raise NeverLeft("the connection to the Bot API is closed")
        if time.monotonic() - mine.opened > self._life:
            old, mine = mine, self._open()
            self._current = mine
            if not old.in_use:
                await old.session.close()
        mine.in_use += 1
        try:
            yield mine.session
        finally:
            mine.in_use -= 1
            if not mine.in_use and mine is not self._current:
                await mine.session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = DEFAULT_NONE,
        write_timeout: ODVInput[float] = DEFAULT_NONE,  # one deadline covers it
        connect_timeout: ODVInput[float] = DEFAULT_NONE,
        pool_timeout: ODVInput[float] = DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Ask once. Raises NeverLeft, MaybeAccepted or Refusal; an answer is always `ok: true`."""
        seconds = _READ if read_timeout is DEFAULT_NONE else cast("float | None", read_timeout)
        return 200, (await self._ask(url, method, request_data, seconds))[0]

    async def ask(self, url: str, request_data: RequestData) -> Any:
        """What a method of the Bot API gives, as Telegram wrote it. Raises as `do_request` does."""
        return (await self._ask(url, "POST", request_data, _READ))[1]

    async def _ask(
        self, url: str, method: str, request_data: RequestData | None, seconds: float | None
    ) -> tuple[bytes, Any]:
        status, body = await self._post(url, method, request_data, seconds)
        secret = url.rpartition("/")[0].rpartition("/bot")[2]
        answer = _own_answer(body)
        if answer is None:
            raise MaybeAccepted(f"HTTP {status} with a body that is not Telegram's", status)
        if answer["ok"] is not True:
            code = _whole_number(answer.get("error_code"))
            raise Refusal(
                status if code is None else code,
                _said(answer.get("description"), secret) or f"HTTP {status}",
                _parameters(answer.get("parameters")),
            )
        return body, answer["result"]

    async def _post(
        self, url: str, method: str, data: RequestData | None, seconds: float | None
    ) -> tuple[int, bytes]:
        form = _form(data)
        progress = _Progress(0 if form is None else form.size or 0)
        _PROGRESS.set(progress)
        timeout = aiohttp.ClientTimeout(sock_connect=self._connect, total=self._connect + (seconds or _READ))
        async with self._session() as session:
            try:
                async with session.request(
                    method,
                    url,
                    data=form,
                    timeout=timeout,
                    trace_request_ctx=progress,
                    allow_redirects=False,
                ) as response:
                    return response.status, await _whole(response)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                reason = _reason(error)
        if progress.may_have_arrived:
            raise MaybeAccepted(f"no answer: {reason}") from None
        if progress.begun:
            raise CutShort(f"the request was cut short: {reason}")
        raise NeverLeft(f"no connection: {reason}")


async def _connected(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx.connected = True


async def _about_to_write(
    _session: object, context: SimpleNamespace, parameters: aiohttp.TraceRequestChunkSentParams
) -> None:
    context.trace_request_ctx.write(len(parameters.chunk))


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer. Raises ValueError where it has no end, or expands to something without one."""
    length = response.content_length
    if length is not None and length <= _MOST_BYTES and "Content-Encoding" not in response.headers:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ValueError
    return bytes(body)


def _reason(error: Exception) -> str:
    """What went wrong, without aiohttp's words: they carry the URL, and the URL the token."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, TimeoutError):
        return "timed out"
    if isinstance(cause, socket.gaierror):
        return "the host name is not known"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or type(cause).__name__}"
    number = cause.errno if isinstance(cause, OSError) else None
    return os.strerror(number) if number else type(cause).__name__


def _own_answer(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_own = isinstance(answer, dict) and (answer.get("ok") is False or "result" in answer)
    return answer if is_own and isinstance(answer.get("ok"), bool) else None


def _said(description: Any, token: str) -> str:
    """The words of a refusal as they may be kept and shown: not without end, in characters that can be
    written, and without the token, which a server may repeat with the address that it was asked at.
    """
    if not description:
        return ""
    words = str(description)[:_MOST_WORDS].encode("utf-8", "replace").decode().replace("\0", " ")
    bot, _, secret = token.partition(":")
    parts = [secret[at : at + _LONG] for at in range(len(secret) - _LONG + 1)]
    forms = [f"{bot}:{secret}", f"{bot}%3A{secret}", *([secret] if len(secret) >= _LONG else []), *parts]
    return re.sub("|".join(map(re.escape, forms)), "…", words, flags=re.IGNORECASE) if secret else words


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parameters(given: Any) -> dict[str, Any]:
    """The two ResponseParameters that there are, where they are what they should be."""
    numbers = {
        name: _whole_number(given.get(name)) if isinstance(given, dict) else None
        for name in ("retry_after", "migrate_to_chat_id")
    }
    if isinstance(given, dict) and numbers["retry_after"] is None:
        with suppress(
            TypeError, ValueError, OverflowError
        ):  # some servers say it as a text or with a fraction
            numbers["retry_after"] = math.ceil(float(given.get("retry_after") or "no"))
    if (wait := numbers["retry_after"]) is not None and not 0 <= wait <= _LONGEST_WAIT:
        numbers["retry_after"] = _LONGEST_WAIT if wait > 0 else 0
    return {name: number for name, number in numbers.items() if number is not None}


@lru_cache(maxsize=1024)  # of an article, for its thousand subscribers
def _quoted(text: str) -> str:
    return quote_plus(text, errors="replace")


def _form(data: RequestData | None) -> aiohttp.Payload | None:
    if data is None or not (data.parameters or data.contains_files):
        return None
    if not data.contains_files:  # aiohttp's own form makes ready for files first, which costs a call's half
        pairs = "&".join(f"{name}={_quoted(value)}" for name, value in data.json_parameters.items())
        return aiohttp.BytesPayload(pairs.encode(), content_type="application/x-www-form-urlencoded")
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in (data.multipart_data or {}).items():
        # A stream, as aiohttp warns of large bytes.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=content_type)
    return form()
