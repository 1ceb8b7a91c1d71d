"""The ASGI application: what is answered at which path."""

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from feedbot.publish.people import Page
from feedbot.publish.shelf import HTML, Item, Shelf
from feedbot.web.front import CORS, FEEDS, LIVE, Front
from feedbot.web.ready import Ready

_UNKEPT = {"cache-control": "no-store"}
_ROW = re.compile(r"[1-9][0-9]{0,17}")  # what SQLite can count
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# A script of another site may ask for a feed conditionally; that is no simple request (Fetch, section 3.3).
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "If-None-Match, If-Modified-Since, Cache-Control",
    "access-control-max-age": "86400",
}


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon does its work: ages in seconds, None where nothing waits."""

    database: bool
    scheduler_lag_seconds: float
    oldest_due_source_seconds: float | None
    oldest_undelivered_seconds: float | None
    sending_stopped: str | None = None

    @property
    def ready(self) -> bool:
        """Whether all of it is in time."""
        late = self.oldest_due_source_seconds
        return self.database and self.scheduler_lag_seconds < 30 and (late is None or late < 900)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is answered from. `missing_page` takes the name of a sentence (`publish/words.py`); `routes` are
    those of WebSub.
    """

    shelf: Shelf
    base_url: str
    hub: str | None
    entry_page: Callable[[int], Awaitable[Page | None]]
    category_page: Callable[[str, int], Awaitable[Page | None]]
    missing_page: Callable[[str], bytes]
    health: Callable[[], Awaitable[Health]]
    metrics: Callable[[], bytes]
    routes: Sequence[Route] = ()


def build_app(parts: Parts, *, public: bool = True, metrics_for_all: bool = False) -> ASGIApp:
    """The application of a listener: `public` serves feeds and pages; `/metrics` is for loopback clients
    only, unless the listener is the operator's own.
    """
    answers = _Answers(parts, metrics_for_all)
    found = {"/healthz": answers.healthy, "/readyz": answers.ready, "/metrics": answers.metrics}
    if public:
        found |= {"/e/{row}": answers.entry, "/c/{slug}": answers.category}
        found["/{path:path}"] = answers.nothing
    routes = [*parts.routes] if public else []
    routes += [Route(path, answer, methods=["GET", "HEAD"]) for path, answer in found.items()]
    handlers: Any = {HTTPException: answers.error, 500: answers.error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a redirect would repeat the client's Host header
    return Front(app, parts.shelf, parts.base_url, parts.hub) if public else app


class _Kept(Response):
    """A page that was rendered when asked."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self._ready = Ready(item, [("cache-control", LIVE)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as every document is answered."""
        await self._ready.answer(scope, send)


class _Answers:
    """What each path answers."""

    def __init__(self, parts: Parts, metrics_for_all: bool) -> None:
        self._parts, self._metrics_for_all = parts, metrics_for_all

    async def nothing(self, _request: Request) -> Response:
        """What the front did not answer is no document."""
        raise HTTPException(404, "nothing")

    async def entry(self, request: Request) -> Response:
        row = request.path_params["row"]
        page = await self._parts.entry_page(int(row)) if _ROW.fullmatch(row) else None
        return self._page(page, "no_article")

    async def category(self, request: Request) -> Response:
        slug = request.path_params["slug"]
        asked = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        number = asked.get("page", ["1"])[-1]
        if not _SLUG.fullmatch(slug) or not _ROW.fullmatch(number):
            raise HTTPException(404, "no_page")
        return self._page(await self._parts.category_page(slug, int(number)), "no_page")

    def _page(self, page: Page | None, otherwise: str) -> Response:
        if page is None:
            raise HTTPException(404, otherwise)
        if page.status != 200:
            return Response(page.item.body, page.status, {"content-type": HTML, **_UNKEPT})
        return _Kept(page.item)

    async def healthy(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_UNKEPT)

    async def ready(self, _request: Request) -> Response:
        health = await self._parts.health()
        text = json.dumps({"ready": health.ready, **asdict(health)})
        return Response(text, 200 if health.ready else 503, _UNKEPT, media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        if not self._metrics_for_all and not _is_loopback(request):
            raise HTTPException(404, "nothing")
        told = {"content-type": "text/plain; version=0.0.4; charset=utf-8", **_UNKEPT}
        return Response(self._parts.metrics(), headers=told)

    async def error(self, request: Request, problem: Exception) -> Response:
        if not isinstance(problem, HTTPException):
            return self._told("went_wrong", 500, {})
        headers = dict(problem.headers or {})
        if problem.status_code != 405:
            what = "nothing" if problem.detail == "Not Found" else problem.detail
            return self._told(what, problem.status_code, headers)
        headers = {"allow": ", ".join(sorted({*headers.get("Allow", "GET, HEAD").split(", "), "OPTIONS"}))}
        if request.method == "OPTIONS":
            is_feed = request.scope["path"].startswith(FEEDS)
            return Response(None, 204, headers | (dict(CORS) | _PREFLIGHT if is_feed else {}))
        return self._told("not_here", 405, headers)

    def _told(self, what: str, status: int, headers: dict[str, str]) -> Response:
        return Response(self._parts.missing_page(what), status, {**headers, "content-type": HTML, **_UNKEPT})


def _is_loopback(request: Request) -> bool:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
