"""The ASGI application: what is answered at which path."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedbot.publish.shelf import HTML, Item, Shelf
from feedbot.web.negotiate import accepts_gzip, http_date, is_fresh

POLICY = (
    "default-src 'none'; img-src 'self' http: https: data:; style-src 'self'; media-src http: https:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_FRESH_SECONDS = 60


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
    """What the pages are made of."""

    shelf: Shelf
    entry_page: Callable[[int], Awaitable[bytes | None]]
    missing_page: Callable[[str], bytes]
    health: Callable[[], Awaitable[Health]]
    metrics: Callable[[], bytes]


class SecurityHeaders:
    """Every answer carries them, errors too (CVE-2023-27592 was an error page)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers added."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_SECURITY]
            await send(message)

        await self._app(scope, receive, send_with)


def build_app(parts: Parts, *, public: bool = True, metrics_for_all: bool = False) -> Starlette:
    """The application of a listener: `public` serves feeds and pages; `/metrics` is for loopback clients
    only, unless the listener is the operator's own.
    """
    methods = ["GET", "HEAD"]

    async def shelved(request: Request) -> Response:
        item = parts.shelf.get(request.url.path)
        if item is None:
            raise HTTPException(404, "There is nothing at this address")
        return answer(request, item, cors=request.url.path.startswith("/feeds"))

    async def entry(request: Request) -> Response:
        body = await parts.entry_page(request.path_params["row"])
        if body is None:
            raise HTTPException(404, "There is no such article")
        return Response(body, media_type=None, headers={"content-type": HTML, **_caching()})

    async def ready(_request: Request) -> Response:
        health = await parts.health()
        text = json.dumps({"ready": health.ready, **asdict(health)})
        status = 200 if health.ready else 503
        return Response(text, status, {"cache-control": "no-store"}, media_type="application/json")

    async def metrics(request: Request) -> Response:
        if not metrics_for_all and not _is_loopback(request):
            raise HTTPException(404, "There is nothing at this address")
        return Response(parts.metrics(), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    async def error(_request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        headers: Any = problem.headers if isinstance(problem, HTTPException) else None
        what = problem.detail if isinstance(problem, HTTPException) else "Something went wrong here"
        body = parts.missing_page("This cannot be done here" if status == 405 else what)
        return Response(body, status, {**(headers or {}), "content-type": HTML, "cache-control": "no-store"})

    routes = [
        Route("/healthz", lambda _: PlainTextResponse("ok\n"), methods=methods),
        Route("/readyz", ready, methods=methods),
        Route("/metrics", metrics, methods=methods),
    ]
    if public:
        routes += [
            Route("/e/{row:int}", entry, methods=methods),
            *(
                Route(path, shelved, methods=methods)
                for path in ("/", "/style.css", "/feeds.opml", "/feeds/{name}")
            ),
        ]
    handlers: Any = {HTTPException: error, 500: error}
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)], exception_handlers=handlers)


def _caching() -> dict[str, str]:
    return {"cache-control": f"public, max-age={_FRESH_SECONDS}"}


def answer(request: Request, item: Item, *, cors: bool) -> Response:
    """A document, or 304 with the same headers (RFC 9110 section 15.4.5)."""
    plain, packed = f'"{item.etag}"', f'"{item.etag}-gzip"'
    compressed = item.compressed if accepts_gzip(request.headers.get("accept-encoding", "")) else None
    headers = {
        "etag": packed if compressed else plain,
        "last-modified": http_date(item.modified),
        "vary": "Accept-Encoding",
        **_caching(),
        **({"access-control-allow-origin": "*"} if cors else {}),
    }
    asked = request.headers.get("if-none-match")
    if is_fresh(asked, request.headers.get("if-modified-since"), (plain, packed), item.modified):
        return Response(None, 304, headers)
    if compressed:
        headers["content-encoding"] = "gzip"
    return Response(compressed or item.body, headers={**headers, "content-type": item.media_type})


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
