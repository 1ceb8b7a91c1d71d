"""The HTTP client for everything that strangers serve: bounded, guarded and polite (edge)."""

import asyncio
import base64
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from feedbot.errors import FetchError
from feedbot.model import Document, Validators
from feedbot.net.answer import charset_of, mask, media_type, phrase, retry_after, validators_of
from feedbot.net.guard import Guard, RefusedAddressError
from feedbot.net.inflate import OFFERED, Inflater, megabytes
from feedbot.net.manners import BusyError, Manners
from feedbot.net.wire import MOST_HEADER_BYTES, Connector, ExcessError, Resolver, exact

MOST_HOPS = 5
_CONNECT_SECONDS = 10.0
_PATIENCE_SECONDS = 120.0  # in line at one host; the time an answer may take does not run meanwhile
_PIECE = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Limit:
    """What is asked for: how many bytes it may have, as sent and decoded, and how long it may take.

    `gap` says whether requests for it keep the pause between two requests to a host.
    """

    wire: int
    body: int
    seconds: float
    gap: bool
    accept: str

    FEED: ClassVar["Limit"]
    PAGE: ClassVar["Limit"]
    IMAGE: ClassVar["Limit"]


Limit.FEED = Limit(
    wire=5_000_000,
    body=10_000_000,
    seconds=30.0,
    gap=True,
    accept="application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
)
Limit.PAGE = Limit(
    wire=3_000_000,
    body=5_000_000,
    seconds=30.0,
    gap=True,
    accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
)
Limit.IMAGE = Limit(wire=10_000_000, body=10_000_000, seconds=60.0, gap=False, accept="image/*, */*;q=0.5")


def user_agent(version: str, contact: str) -> str:
    """How feedbot names itself, with where its operator is reached."""
    return f"feedbot/{version} (+{contact})" if contact else f"feedbot/{version}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a caller asks for; each hop takes from it what may go to its host."""

    first: URL
    limit: Limit
    validators: Validators | None
    headers: Mapping[str, str]
    verify_tls: bool


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    url: str


class Client:
    """Fetches documents. Made in the event loop that it serves."""

    def __init__(self, *, user_agent: str, guard: Guard, host_gap: timedelta, host_concurrency: int) -> None:
        self._agent, self._guard = user_agent, guard
        self._manners = Manners(host_gap.total_seconds(), host_concurrency)
        self._open: tuple[aiohttp.ClientSession, Resolver] | None = None

    def is_public(self, url: str) -> bool:
        """Whether a URL is of the public internet, and not one of the operator's networks."""
        try:
            target = URL(url)
            return not self._guard.is_operators_host(target.host or "", target.port or 0)
        except ValueError:
            return True

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

        A 304 comes back only for a request that was conditional. `headers` and the user information of
        `url` are sent to no other origin, and `verify_tls` False holds for no other host.
        """
        first = _checked(url)
        own = _credentials(url) | dict(headers or {})
        wish = _Wish(first, limit, validators, own, verify_tls)
        try:
            return await self._follow(wish)
        except TimeoutError as error:
            raise FetchError(f"{mask(url)}: no whole answer within {limit.seconds:g} s") from error
        except BusyError as error:
            raise FetchError(f"{mask(url)}: too many requests wait for this host") from error

    async def _follow(self, wish: _Wish) -> Document:
        target, permanent, left = wish.first, True, wish.limit.seconds
        for _ in range(MOST_HOPS + 1):
            async with self._turn(target, gap=wish.limit.gap):
                started = time.monotonic()
                async with asyncio.timeout(left):
                    found = await self._ask(target, wish)
                left -= time.monotonic() - started
            if isinstance(found, Document):
                moved = permanent and target != wish.first
                return replace(found, permanent_url=str(target)) if moved else found
            permanent = permanent and found.status in _PERMANENT
            target = _checked(found.url)
        raise FetchError(f"{mask(str(wish.first))}: more than {MOST_HOPS} redirects")

    async def _ask(self, target: URL, wish: _Wish) -> Document | _Redirect:
        """One hop: a document, or whereto a redirect leads."""
        headers, conditional = self._headers(target, wish)
        verify = wish.verify_tls or target.host != wish.first.host
        with _named(target):
            async with self._session().get(
                target, headers=headers, allow_redirects=False, ssl=verify, auto_decompress=False
            ) as response:
                if response.status in _REDIRECTS:
                    return _Redirect(response.status, _location(response))
                if response.status == 304 and conditional:
                    return _document(response, target, b"")
                if response.status == 200:
                    return _document(response, target, await _read(response, wish.limit))
                wait = retry_after(response.headers, datetime.now(UTC))
                status = response.status
        told = f"{mask(str(target))} answered {phrase(status)}"
        if status == 304:
            told += ", though nothing was said of an older copy"
        raise FetchError(told, status=status, retry_after=wait)

    def _headers(self, target: URL, wish: _Wish) -> tuple[CIMultiDict[str], bool]:
        """The headers for one hop, and whether they make the request conditional."""
        headers = CIMultiDict({"User-Agent": self._agent, "Accept": wish.limit.accept})
        if target.origin() == wish.first.origin():
            headers.update(wish.headers)
        headers["Accept-Encoding"] = OFFERED
        conditional = _conditional(wish.validators, str(target))
        headers.update(conditional)
        return headers, bool(conditional)

    def _turn(self, target: URL, *, gap: bool) -> AbstractAsyncContextManager[None]:
        public = self.is_public(str(target))
        # Two ports of an operator's address are two programs; a public host is one whatever its port.
        name = str(target.host) if public else f"{target.host}:{target.port}"
        return self._manners.turn(name, gap=gap and public, patience=_PATIENCE_SECONDS)

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            resolver = Resolver()
            session = aiohttp.ClientSession(
                connector=Connector(self._guard, resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                trust_env=False,
                max_line_size=MOST_HEADER_BYTES,
                max_field_size=MOST_HEADER_BYTES,
            )
            self._open = session, resolver
        return self._open[0]

    async def close(self) -> None:
        """Close every connection."""
        if self._open is not None:
            session, resolver = self._open
            self._open = None
            await session.close()
            await resolver.close()


@contextmanager
def _named(target: URL) -> Iterator[None]:
    """Turn what goes wrong at one hop into a FetchError that names it."""
    where = mask(str(target))
    try:
        yield
    except TimeoutError as error:
        if isinstance(error, aiohttp.ClientError):
            raise FetchError(f"{where}: no connection within {_CONNECT_SECONDS:g} s") from error
        raise
    except FetchError as error:
        raise FetchError(f"{where}: {error}", status=error.status) from error
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
        raise FetchError(f"{where}: {_reason(error, target)}") from error


def _checked(url: str) -> URL:
    """A URL that may be dialled, without user information. Raises FetchError."""
    try:
        target = URL(url)
        target.origin()  # raises for what has no host, or one that cannot be
    except (ValueError, TypeError) as error:
        raise FetchError(f"{mask(url)}: only whole http:// and https:// addresses are fetched") from error
    if target.scheme not in {"http", "https"}:
        raise FetchError(f"{mask(url)}: only http:// and https:// addresses are fetched")
    return target.with_user(None).with_fragment(None)


def _credentials(url: str) -> dict[str, str]:
    """The header that the user information of a URL stands for (RFC 7617)."""
    asked = URL(url)
    if not asked.user:
        return {}
    pair = f"{asked.user}:{asked.password or ''}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def _conditional(validators: Validators | None, url: str) -> dict[str, str]:
    """The conditional headers, if the validators are of this very address."""
    if validators is None or validators.url != url:
        return {}
    told = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: exact(value) for name, value in told.items() if value}


def _document(response: aiohttp.ClientResponse, target: URL, body: bytes) -> Document:
    return Document(
        url=str(target),
        status=response.status,
        body=body,
        content_type=media_type(response.headers),
        charset=charset_of(response.headers),
        validators=validators_of(response.headers, str(target)),
    )


def _location(response: aiohttp.ClientResponse) -> str:
    text = response.headers.get("Location", "").strip()
    if not text:
        raise FetchError("a redirect that does not say whereto")
    try:
        return str(response.url.join(URL(text)))
    except ValueError as error:
        raise FetchError("a redirect to what is no address") from error


async def _read(response: aiohttp.ClientResponse, limit: Limit) -> bytes:
    inflater = Inflater(",".join(response.headers.getall("Content-Encoding", [])), limit.body)
    taken = response.content_length or 0
    if taken <= limit.wire:
        taken = 0
        async for piece in response.content.iter_chunked(_PIECE):
            taken += len(piece)
            if taken > limit.wire:
                break
            inflater.feed(piece)
    if taken > limit.wire:
        raise FetchError(f"the body is larger than {megabytes(limit.wire)}")
    return inflater.finish()


def _reason(error: Exception, target: URL) -> str:
    """One line without the server's bytes and without the address that a name led to."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, RefusedAddressError):
        return (
            f"the address of {target.host} is not public, or its port is none of the web's;"
            " allow it with fetch.allow_networks"
        )
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (aiohttp.ClientConnectorDNSError, "the host name is not known"),
        (aiohttp.ClientConnectorCertificateError, "the certificate is not valid for this host"),
        (aiohttp.ClientSSLError, "no encrypted connection could be made"),
        (ExcessError, "the answer has more headers or framing than any honest one"),
        (
            (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, ConnectionResetError),
            "the connection ended before the whole answer was there",
        ),
        (aiohttp.ClientResponseError, "what came back is not HTTP that can be read"),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    if isinstance(inner, OSError):
        return f"no connection: {os.strerror(inner.errno)}" if inner.errno else "no connection"
    return f"could not be fetched ({type(error).__name__})"
