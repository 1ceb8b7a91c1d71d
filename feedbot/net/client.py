"""The HTTP client for everything that strangers serve: bounded, guarded and polite (edge)."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from feedbot.errors import FetchError, HostBusyError
from feedbot.model import Document, Validators
from feedbot.net.address import (
    as_written,
    credentials,
    is_literal,
    parsed,
    redirected,
    same_origin,
    without_user,
)
from feedbot.net.answer import (
    charset_of,
    fresh_for,
    mask,
    media_type,
    phrase,
    retry_after,
    validators_of,
)
from feedbot.net.bounds import Limit, Reply
from feedbot.net.crawling import Crawling
from feedbot.net.exchange import Exchanges
from feedbot.net.faults import CONNECT_SECONDS
from feedbot.net.gate import Gate, Left, Reader
from feedbot.net.guard import Guard
from feedbot.net.inflate import OFFERED, Inflater, TooLargeError, megabytes
from feedbot.net.manners import BusyError, Manners
from feedbot.net.resolver import Lookup, Resolver
from feedbot.net.wire import MOST_HEADER_BYTES, Connector, exact
from feedbot.rules.links import linked

__all__ = ["MOST_HOPS", "Client", "Limit", "Reply", "user_agent"]

MOST_HOPS = 5
_PATIENCE_SECONDS = 120.0  # in line at one host; the time an answer may take does not run meanwhile
_PIECE = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LARGE_CALL = 1_000_000
_PERMANENT = frozenset({301, 308})


def user_agent(version: str, contact: str) -> str:
    """How feedbot names itself, with where its operator is reached."""
    return f"feedbot/{version} (+{contact})" if contact else f"feedbot/{version}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a caller asks for; each hop takes from it what may go to its host."""

    first: URL
    limit: Limit
    verify_tls: bool = True
    validators: Validators | None = None
    headers: Mapping[str, str] | None = None
    robots: bool = False
    whose: str = ""


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    target: URL


class Client:
    """Fetches documents. Made in the event loop that it serves."""

    def __init__(
        self,
        *,
        user_agent: str,
        guard: Guard,
        host_gap: timedelta,
        host_concurrency: int,
        lookup: Lookup = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        reader: Reader | None = None,
    ) -> None:
        """`lookup` answers in the place of the machine's resolver; `clock` and `sleep` move the pauses. Large
        bodies wait for `reader`.
        """
        self._agent, self._guard, self._lookup = user_agent, guard, lookup
        self._gap, self._clock = host_gap.total_seconds(), clock
        self.host_concurrency = host_concurrency
        self._exchanges = Exchanges(Manners(host_concurrency, clock=clock, sleep=sleep), self._is_public)
        self._crawling = {verify: self._make_crawling(verify_tls=verify) for verify in (True, False)}
        self._gate = Gate(reader)
        self._open: tuple[aiohttp.ClientSession, Resolver] | None = None

    def expected(self, whose: str) -> float:
        """Seconds that an answer is expected to take; 0 where nothing is known."""
        return self._exchanges.habits.of(whose) or 0.0

    def is_asking(self, whose: str) -> bool:
        """Whether an answer is waited for, or a turn at its host; not while it waits for us."""
        return self._exchanges.is_asking(whose)

    def is_public(self, url: str) -> bool:
        """Whether a URL is of the public internet, and not one of the operator's networks."""
        try:
            return self._is_public(URL(url))
        except ValueError:
            return True

    def may_call(self, url: str) -> bool:
        """Whether a URL may be dialled as far as can be told without looking up its name."""
        try:
            target = parsed(url)
            host, port = target.raw_host or "", target.port or 0
            return self._guard.allows(host, port) if is_literal(host) else True
        except FetchError:
            return False

    def _is_public(self, target: URL) -> bool:
        return not self._guard.is_operators_host(target.raw_host or "", target.port or 0)

    async def get(
        self,
        url: str,
        *,
        limit: Limit,
        validators: Validators | None = None,
        headers: Mapping[str, str] | None = None,
        verify_tls: bool = True,
        robots: bool = False,
        whose: str = "",
    ) -> Document:
        """The document at an address, after at most five redirects. Raises FetchError.

        A 304 comes back only for a request that was conditional. `headers` and the user information of
        `url` are sent to no other origin, and `verify_tls` False holds for no other host. With `robots`
        the robots.txt of each origin is obeyed, as befits who follows links (RFC 9309). `whose` is what
        the reader is told of a large body.
        """
        asked = parsed(url)
        own = credentials(asked) | dict(headers or {})
        wish = _Wish(without_user(asked), limit, verify_tls, validators, own, robots, whose)
        try:
            return await self._in_time(wish)
        except BusyError as error:
            raise _busy(wish.first, error) from error

    async def call(
        self,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        gap: bool = False,
    ) -> Reply:
        """POST a body, or GET without one, at an address exactly as it is written. Raises FetchError.

        No redirect is followed, any status is an answer, and of its body a few kilobytes are read as they
        come. `gap` keeps the pause between two requests to a host.
        """
        told = as_written(url)
        target = without_user(told)
        sent = {
            "User-Agent": self._agent,
            "Accept-Encoding": "identity",
            **credentials(told),
            **(headers or {}),
        }
        ask = partial(self._call, target, body, sent)
        try:
            left = Left(Limit.CALL.seconds, _PATIENCE_SECONDS)
            return await self._exchanges.run(target, self._gap if gap else 0.0, left, ask)
        except TimeoutError as error:
            raise _late(target, Limit.CALL) from error
        except BusyError as error:
            raise _busy(target, error) from error

    async def _call(self, target: URL, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        method = "GET" if body is None else "POST"
        # aiohttp writes bytes in one go, however many, and warns of it.
        data = BytesIO(body) if body is not None and len(body) > _LARGE_CALL else body
        async with self._session().request(
            method, target, data=data, headers=headers, allow_redirects=False, auto_decompress=False
        ) as response:
            start = b""
            while len(start) <= Limit.CALL.body and (piece := await response.content.read(_PIECE)):
                start += piece
            if not response.content.at_eof():
                response.close()  # what else it has to say is not waited for
            wait = retry_after(response.headers, datetime.now(UTC))
            where = str(_whereto(response, target)) if response.status in _REDIRECTS else None
            return Reply(response.status, start[: Limit.CALL.body + 1], wait, where)

    async def _in_time(self, wish: _Wish) -> Document:
        try:
            return await self._follow(wish, Left(wish.limit.seconds, _PATIENCE_SECONDS))
        except TimeoutError as error:
            raise _late(wish.first, wish.limit) from error

    async def _follow(self, wish: _Wish, left: Left) -> Document:
        target = moved = wish.first
        permanent = True
        for _ in range(MOST_HOPS + 1):
            found = await self._hop(target, wish, left)
            if isinstance(found, Document):
                return found if moved == wish.first else replace(found, permanent_url=str(moved))
            target, status = found.target, found.status
            permanent = permanent and status in _PERMANENT
            moved = target if permanent else moved
        raise FetchError(f"{mask(str(wish.first))}: more than {MOST_HOPS} redirects", status=status)

    async def _hop(self, target: URL, wish: _Wish, left: Left) -> Document | _Redirect:
        """One request of several. Raises FetchError, TimeoutError, BusyError."""
        gap = self._gap if wish.limit.gap else 0.0
        if wish.robots:
            gap = await self._ask_robots(target, wish, left, gap)
        ask = partial(self._ask, target, wish, left)
        return await self._exchanges.run(target, gap, left, ask, wish.whose)

    async def _ask(self, target: URL, wish: _Wish, left: Left) -> Document | _Redirect:
        """One hop: a document, or whereto a redirect leads."""
        address = str(target)
        headers, known = self._headers(target, address, wish)
        verify = wish.verify_tls or target.raw_host != wish.first.raw_host
        async with self._session().get(
            target, headers=headers, allow_redirects=False, ssl=verify, auto_decompress=False
        ) as response:
            status = response.status
            if status == 304 and known:
                return _document(response, address, b"", known)
            if status == 200:
                return _document(response, address, await self._read(response, address, wish, left))
            if status in _REDIRECTS:
                return _Redirect(status, _whereto(response, target))
            wait = retry_after(response.headers, datetime.now(UTC))
        words = f"{mask(address)} answered {phrase(status)}"
        if status == 304:
            words += ", though nothing was said of an older copy"
        raise FetchError(words, status=status, retry_after=wait)

    def _headers(self, target: URL, address: str, wish: _Wish) -> tuple[CIMultiDict[str], Validators | None]:
        """The headers for one hop, and the validators among them."""
        headers = CIMultiDict({"User-Agent": self._agent, "Accept": wish.limit.accept})
        if wish.headers and (target is wish.first or same_origin(target, wish.first)):
            headers.update(wish.headers)
        headers["Accept-Encoding"] = OFFERED
        known = wish.validators
        if known is None or known.url != address or not (known.etag or known.last_modified):
            return headers, None
        if known.etag:
            headers["If-None-Match"] = exact(known.etag)
        if known.last_modified:
            headers["If-Modified-Since"] = exact(known.last_modified)
        return headers, known

    async def _ask_robots(self, target: URL, wish: _Wish, left: Left, gap: float) -> float:
        """The pause that the site's robots.txt asks for. Raises FetchError where it says no."""
        verify = wish.verify_tls or target.raw_host != wish.first.raw_host
        came = time.monotonic()
        delay = await self._crawling[verify].ask(target)
        left.patience -= time.monotonic() - came
        return max(gap, delay) if gap else 0.0

    async def _read(self, response: aiohttp.ClientResponse, address: str, wish: _Wish, left: Left) -> bytes:
        try:
            inflater = Inflater(",".join(response.headers.getall("Content-Encoding", ())), wish.limit.body)
            try:
                await self._inflate(response, inflater, wish.limit, left, wish.whose)
            except TooLargeError:
                if wish.limit.cut:
                    return inflater.start()
                raise
            return inflater.finish()
        except FetchError as error:
            raise FetchError(f"{mask(address)}: {error}") from error

    async def _inflate(
        self, response: aiohttp.ClientResponse, inflater: Inflater, limit: Limit, left: Left, whose: str
    ) -> None:
        """Take a body in; of large ones only a few at a time, however many hosts send them at once."""
        taken = 0
        entry = self._gate.entry(whose, quick=left.turn is not None and left.turn.quick)
        if not limit.cut and (response.content_length or 0) > limit.wire:
            raise TooLargeError(f"the body is larger than {megabytes(limit.wire)}")
        try:
            async for piece in response.content.iter_chunked(_PIECE):
                taken += len(piece)
                for _ in inflater.steps(piece):
                    while not entry.may_hold(len(inflater)):
                        async with left.standing_still():
                            await entry.step()
                if taken > limit.wire:
                    raise TooLargeError(f"the body is larger than {megabytes(limit.wire)}")
        finally:
            entry.leave()

    def _make_crawling(self, *, verify_tls: bool) -> Crawling:
        async def fetch(address: URL) -> bytes:
            return (await self._in_time(_Wish(address, Limit.ROBOTS, verify_tls))).body

        return Crawling(fetch, self._clock)

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            resolver = Resolver(self._lookup)
            session = aiohttp.ClientSession(
                connector=Connector(self._guard, resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                trust_env=False,
                read_bufsize=_PIECE // 2,
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


def _document(
    response: aiohttp.ClientResponse, address: str, body: bytes, known: Validators | None = None
) -> Document:
    headers = response.headers
    links = headers.getall("Link", ())
    return Document(
        url=address,
        status=response.status,
        body=body,
        content_type=media_type(headers),
        charset=charset_of(headers),
        validators=validators_of(headers, address, known),
        fresh_for=fresh_for(headers, datetime.now(UTC)),
        hub=linked(links, address, "hub") if links else None,
        self_url=linked(links, address, "self") if links else None,
    )


def _late(target: URL, limit: Limit) -> FetchError:
    return FetchError(f"{mask(str(target))}: no whole answer within {limit.seconds:g} s")


def _busy(target: URL, error: BusyError) -> HostBusyError:
    return HostBusyError(f"{mask(str(target))}: {error}")


def _whereto(response: aiohttp.ClientResponse, target: URL) -> URL:
    try:
        return redirected(target, response.headers.get("Location", ""))
    except FetchError as error:
        raise FetchError(str(error), status=response.status) from error
