"""HTTP to the Bot API for python-telegram-bot: by aiohttp, and telling "never left" from "maybe accepted".

The only HTTP client outside `net/`. The token is part of the URL, so no URL and no text of aiohttp's ever
gets into an error.
"""

import json
import os
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from telegram._utils.defaultvalue import DEFAULT_NONE
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

_CONNECT = 10.0
_READ = 60.0  # shorter ones make duplicates: the message may have been accepted
_IDLE = 5.0  # a dead idle socket cannot be told from a message that was accepted: keep few


class NeverLeft(NetworkError):
    """No connection: nothing was accepted, it may be sent again."""


class MaybeAccepted(NetworkError):
    """The request was written and no answer of Telegram's own came back."""


class Refusal(TelegramError):
    """Telegram's own `ok: false`: nothing was accepted."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any]) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


class Transport(BaseRequest):
    """A `BaseRequest` on one aiohttp session; made in the event loop that it serves."""

    def __init__(self, connections: int = 16) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return _READ

    async def initialize(self) -> None:
        """Open the session."""
        if self._session is not None:
            return
        trace = aiohttp.TraceConfig()
        for signal in (trace.on_connection_create_end, trace.on_connection_reuseconn):
            signal.append(_connected)
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_IDLE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            trust_env=False,
            auto_decompress=True,
        )

    async def shutdown(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

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
        status, body = await self._post(url, method, request_data, seconds)
        answer = _own_answer(body)
        if answer is None:
            raise MaybeAccepted(f"HTTP {status} with a body that is not Telegram's")
        if answer["ok"] is not True:
            raise Refusal(
                int(answer.get("error_code") or status),
                str(answer.get("description") or f"HTTP {status}"),
                answer.get("parameters") or {},
            )
        return 200, body

    async def _post(
        self, url: str, method: str, data: RequestData | None, seconds: float | None
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NeverLeft("the connection to the Bot API is closed")
        reached = {"connected": False}
        timeout = aiohttp.ClientTimeout(
            sock_connect=_CONNECT, connect=_READ, total=(seconds or _READ) + _CONNECT
        )
        try:
            async with self._session.request(
                method,
                url,
                data=_form(data),
                timeout=timeout,
                trace_request_ctx=reached,
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            reason = _reason(error)
        if reached["connected"]:
            raise MaybeAccepted(f"no answer: {reason}") from None
        raise NeverLeft(f"no connection: {reason}") from None


async def _connected(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx["connected"] = True


def _reason(error: Exception) -> str:
    """What went wrong, without aiohttp's words: they carry the URL, and the URL the token."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, TimeoutError):
        return "timed out"
    number = cause.errno if isinstance(cause, OSError) else None
    return os.strerror(number) if number else type(cause).__name__


def _own_answer(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    is_own = isinstance(answer, dict) and (answer.get("ok") is False or "result" in answer)
    return answer if is_own and isinstance(answer.get("ok"), bool) else None


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None or not (data.parameters or data.contains_files):
        return None
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return form
