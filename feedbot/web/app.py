"""The ASGI application: what is answered at which path."""

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feedbot.publish.shelf import HTML, Item, Shelf
from feedbot.web.negotiate import accepts_gzip, http_date, is_fresh

_FRESH_SECONDS = 60
_UNKEPT = {"cache-control": "no-store"}
_WORDS = {405: "This cannot be done here", 500: "Something went wrong here"}
_NOTHING = "There is nothing at this address"
_ROW = re.compile(r"[1-9][0-9]{0,17}")  # what SQLite can count


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


def build_app(parts: Parts, *, public: bool = True, metrics_for_all: bool = False) -> Starlette:
    """The application of a listener: `public` serves feeds and pages; `/metrics` is for loopback clients
    only, unless the listener is the operator's own.
    """
    answers = _Answers(parts, metrics_for_all)
    found = {"/healthz": answers.healthy, "/readyz": answers.ready, "/metrics": answers.metrics}
    if public:
        found |= dict.fromkeys(("/", "/style.css", "/feeds.opml", "/feeds/{name}"), answers.shelved)
        found["/e/{row}"] = answers.entry
    routes = [Route(path, answer, methods=["GET", "HEAD"]) for path, answer in found.items()]
    handlers: Any = {HTTPException: answers.error, 500: answers.error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a redirect would repeat the client's Host header
    return app


class _Answers:
    """What each path answers."""

    def __init__(self, parts: Parts, metrics_for_all: bool) -> None:
        self._parts, self._metrics_for_all = parts, metrics_for_all

    async def shelved(self, request: Request) -> Response:
        path = request.scope["path"]  # request.url would read the Host header, which is anything
        item = self._parts.shelf.get(path)
        if item is None:
            raise HTTPException(404, _NOTHING)
        return document(request, item, cors=path.startswith("/feeds"))

    async def entry(self, request: Request) -> Response:
        row = request.path_params["row"]
        body = await self._parts.entry_page(int(row)) if _ROW.fullmatch(row) else None
        if body is None:
            raise HTTPException(404, "There is no such article")
        return Response(body, headers={"content-type": HTML, **_caching()})

    async def healthy(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_UNKEPT)

    async def ready(self, _request: Request) -> Response:
        health = await self._parts.health()
        text = json.dumps({"ready": health.ready, **asdict(health)})
        return Response(text, 200 if health.ready else 503, _UNKEPT, media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        if not self._metrics_for_all and not _is_loopback(request):
            raise HTTPException(404, _NOTHING)
        told = {"content-type": "text/plain; version=0.0.4; charset=utf-8", **_UNKEPT}
        return Response(self._parts.metrics(), headers=told)

    async def error(self, _request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        headers: Any = problem.headers if isinstance(problem, HTTPException) else None
        what = problem.detail if isinstance(problem, HTTPException) and status != 405 else _WORDS[status]
        body = self._parts.missing_page(_NOTHING if what == "Not Found" else what)
        return Response(body, status, {**(headers or {}), "content-type": HTML, **_UNKEPT})


def _caching() -> dict[str, str]:
    return {"cache-control": f"public, max-age={_FRESH_SECONDS}"}


def document(request: Request, item: Item, *, cors: bool) -> Response:
    """A document, or 304 with the same headers (RFC 9110 section 15.4.5)."""
    asked = request.headers
    compressed = item.compressed if accepts_gzip(",".join(asked.getlist("accept-encoding"))) else None
    etag = f'"{item.etag}-gzip"' if compressed else f'"{item.etag}"'
    headers = {
        "etag": etag,
        "last-modified": http_date(item.modified),
        "vary": "Accept-Encoding",
        **_caching(),
        **({"access-control-allow-origin": "*"} if cors else {}),
    }
    tags = ",".join(asked.getlist("if-none-match")) or None
    if is_fresh(tags, asked.get("if-modified-since"), etag, item.modified):
        return Response(None, 304, headers)
    if compressed:
        headers["content-encoding"] = "gzip"
    return Response(compressed or item.body, headers={**headers, "content-type": item.media_type})


def _is_loopback(request: Request) -> bool:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
