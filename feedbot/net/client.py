"""The HTTP client for everything that strangers serve: bounded, guarded and polite (edge)."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from feedbot.errors import FetchError
from feedbot.model import Document, Validators
from feedbot.net.answer import charset_of, mask, media_type, retry_after, validators_of
from feedbot.net.guard import Guard, RefusedAddressError
from feedbot.net.inflate import OFFERED, Inflater

MOST_HOPS = 5
_CONNECT = 10.0
_IDLE = 5.0
_HEADER_BYTES = 16_384
_HEADER_COUNT_BYTES = 65_536
_PIECE = 65_536
_MOST_HOSTS = 1000
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class _Caps:
    wire: int
    body: int
    seconds: float
    gap: bool
    accept: str


class Limit(Enum):
    """What is asked for: how many bytes it may have, as sent and decoded, and how long it may take."""

    FEED = _Caps(
        5_000_000,
        10_000_000,
        30.0,
        gap=True,
        accept="application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
    )
    PAGE = _Caps(
        3_000_000, 5_000_000, 30.0, gap=True, accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
    )
    IMAGE = _Caps(10_000_000, 10_000_000, 60.0, gap=False, accept="image/*, */*;q=0.5")


def user_agent(version: str, contact: str) -> str:
    """How feedbot names itself, with where its operator is reached."""
    return f"feedbot/{version} (+{contact})" if contact else f"feedbot/{version}"


class _Host:
    """The manners towards one host: so many requests at once, and a pause between their starts."""

    def __init__(self, concurrency: int) -> None:
        self.room = asyncio.Semaphore(concurrency)
        self.next_start = 0.0
        self.users = 0


class Client:
    """Fetches documents. Made in the event loop that it serves."""

    def __init__(self, *, user_agent: str, guard: Guard, host_gap: timedelta, host_concurrency: int) -> None:
        self._agent, self._guard = user_agent, guard
        self._gap, self._concurrency = host_gap.total_seconds(), host_concurrency
        self._hosts: dict[str, _Host] = {}
        self._open: aiohttp.ClientSession | None = None

    def is_public(self, url: str) -> bool:
        """Whether a URL is of the public internet, and not one of the operator's networks."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return True
        return not self._guard.is_operators_host(parts.hostname or "", port)

    async def get(
        self,
        url: str,
        *,
        limit: Limit,
        validators: Validators | None = None,
        headers: Mapping[str, str] | None = None,
        verify_tls: bool = True,
    ) -> Document:
        """The document at an address, after at most five redirects. Raises FetchError.

        A 304 comes back only for a request that was conditional. `headers` are not sent to another origin.
        """
        caps = limit.value
        try:
            async with asyncio.timeout(caps.seconds):
                return await self._follow(url, caps, validators, headers or {}, verify_tls=verify_tls)
        except TimeoutError as error:
            raise FetchError(f"{mask(url)}: no whole answer within {caps.seconds:.0f} s") from error
        except RefusedAddressError as error:
            raise FetchError(f"{mask(url)}: {error}") from error
        except aiohttp.ClientConnectorDNSError as error:
            raise FetchError(f"{mask(url)}: the host name is not known") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise FetchError(f"{mask(url)}: the certificate is not valid for this host") from error
        except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError, RuntimeError) as error:
            raise FetchError(f"{mask(url)}: {_reason(error)}") from error

    async def _follow(
        self,
        url: str,
        caps: _Caps,
        validators: Validators | None,
        headers: Mapping[str, str],
        *,
        verify_tls: bool,
    ) -> Document:
        first, permanent = url, True
        for _ in range(MOST_HOPS + 1):
            target = _checked(url)
            own = headers if _origin(target) == _origin(_checked(first)) else {}
            conditional = _conditional(validators, str(target))
            asked = {"User-Agent": self._agent, "Accept": caps.accept, **own, **conditional}
            async with self._polite(target, gap=caps.gap):
                found = await self._ask(
                    target, asked, caps, verify_tls=verify_tls, conditional=bool(conditional)
                )
            if isinstance(found, Document):
                moved = url if permanent and url != first else None
                return found if moved is None else _moved(found, moved)
            permanent = permanent and found[0] in {301, 308}
            url = found[1]
        raise FetchError(f"{mask(first)}: more than {MOST_HOPS} redirects")

    async def _ask(
        self, target: URL, headers: Mapping[str, str], caps: _Caps, *, verify_tls: bool, conditional: bool
    ) -> Document | tuple[int, str]:
        """One hop: a document, or the status and target of a redirect."""
        where = mask(str(target))
        async with self._session().get(
            target, headers=dict(headers), allow_redirects=False, ssl=verify_tls, auto_decompress=False
        ) as response:
            if response.status in _REDIRECTS:
                return response.status, _location(response, where)
            if response.status == 304 and conditional:
                return Document(
                    str(target), 304, b"", validators=validators_of(response.headers, str(target))
                )
            if response.status != 200:
                wait = retry_after(response.headers)
                told = f"{where}: answered {response.status} {_line(response.reason)}".rstrip()
                raise FetchError(told, status=response.status, retry_after=wait)
            body = await _read(response, caps, where)
            return Document(
                url=str(target),
                status=200,
                body=body,
                content_type=media_type(response.headers),
                charset=charset_of(response.headers),
                validators=validators_of(response.headers, str(target)),
            )

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            connector = aiohttp.TCPConnector(
                socket_factory=self._guard.make_socket,
                limit=100,
                keepalive_timeout=_IDLE,
                use_dns_cache=False,
            )
            self._open = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
                headers={"Accept-Encoding": OFFERED},
                trust_env=False,
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
            )
        return self._open

    @asynccontextmanager
    async def _polite(self, target: URL, *, gap: bool) -> AsyncIterator[None]:
        name = f"{target.host}:{target.port}"
        self._forget_idle()
        host = self._hosts.setdefault(name, _Host(self._concurrency))
        host.users += 1
        try:
            async with host.room:
                if gap and self.is_public(str(target)):
                    await self._pause(host)
                yield
        finally:
            host.users -= 1

    async def _pause(self, host: _Host) -> None:
        now = time.monotonic()
        start = max(now, host.next_start)
        host.next_start = start + self._gap
        await asyncio.sleep(start - now)

    def _forget_idle(self) -> None:
        if len(self._hosts) > _MOST_HOSTS:
            now = time.monotonic()
            idle = [name for name, host in self._hosts.items() if not host.users and host.next_start <= now]
            for name in idle:
                del self._hosts[name]

    async def close(self) -> None:
        """Close every connection."""
        if self._open is not None:
            await self._open.close()
            self._open = None


def _checked(url: str) -> URL:
    """A URL that may be dialled, without user information. Raises FetchError."""
    try:
        target = URL(url)
    except (ValueError, TypeError) as error:
        raise FetchError(f"{mask(url)}: this is no valid address") from error
    if target.scheme not in {"http", "https"} or not target.host:
        raise FetchError(f"{mask(url)}: only http:// and https:// addresses are fetched")
    return target.with_user(None).with_fragment(None)


def _origin(target: URL) -> tuple[str, str | None, int | None]:
    return target.scheme, target.host, target.port


def _moved(document: Document, url: str) -> Document:
    return Document(
        document.url,
        document.status,
        document.body,
        document.content_type,
        document.charset,
        document.validators,
        url,
    )


def _conditional(validators: Validators | None, url: str) -> dict[str, str]:
    """The conditional headers, if the validators are of this very address."""
    if validators is None or validators.url != url:
        return {}
    told = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in told.items() if value}


def _location(response: aiohttp.ClientResponse, where: str) -> str:
    text = response.headers.get("Location", "").strip()
    if not text:
        raise FetchError(f"{where}: a redirect that says not whereto")
    try:
        return str(response.url.join(URL(text)))
    except ValueError as error:
        raise FetchError(f"{where}: a redirect to what is no address") from error


async def _read(response: aiohttp.ClientResponse, caps: _Caps, where: str) -> bytes:
    inflater = Inflater(",".join(response.headers.getall("Content-Encoding", [])), caps.body)
    taken = 0
    try:
        async for piece in response.content.iter_chunked(_PIECE):
            taken += len(piece)
            if taken > caps.wire:
                raise FetchError(f"the body is larger than {caps.wire // 1_000_000} MB")
            inflater.feed(piece)
        return inflater.finish()
    except FetchError as error:
        raise FetchError(f"{where}: {error}", status=response.status) from error


def _line(reason: str | None) -> str:
    return "".join(char for char in (reason or "")[:60] if char.isprintable())


def _reason(error: Exception) -> str:
    """One line without the server's bytes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RefusedAddressError):
            return str(cause)
        cause = getattr(cause, "os_error", None) or cause.__cause__
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or type(error.os_error).__name__}"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no encrypted connection could be made"
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, ConnectionError)):
        return "the connection ended before the whole answer was there"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what came back is not HTTP that can be read"
    return f"could not be fetched ({type(error).__name__})"
