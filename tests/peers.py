"""A WebSub subscriber, a hub and a feedbot for tests. Subscriber and hub import nothing of feedbot."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from feedbot.app import App, open_app
from feedbot.config import load
from feedbot.jobs.observe import Observer
from feedbot.jobs.websub import WebSub
from feedbot.publish.shelf import ATOM
from feedbot.store import Store
from feedbot.web.app import Health, Parts, build_app
from feedbot.web.hub import WebSubParts, websub_routes
from feedbot.web.serve import Server, bind
from tests.support import NOW

TOPIC = "/feeds/policies.atom"
FORM = "application/x-www-form-urlencoded"


async def _start(peer: Any) -> int:
    app = web.Application(client_max_size=50_000_000)
    app.router.add_route("*", "/{tail:.*}", peer.answer)
    peer.runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await peer.runner.setup()
    site = web.TCPSite(peer.runner, "127.0.0.1", 0)
    await site.start()
    return int(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]


@dataclass
class Push:
    """What a subscriber was sent."""

    path: str
    body: bytes
    headers: dict[str, str]

    def is_signed_with(self, secret: str) -> bool:
        method, _, told = self.headers.get("x-hub-signature", "").partition("=")
        return hmac.new(secret.encode(), self.body, getattr(hashlib, method)).hexdigest() == told


@dataclass
class Subscriber:
    """Confirms what it is asked, unless told otherwise, and keeps what is pushed."""

    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    on_get: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    on_post: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    def callback(self, path: str = "/cb") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            self.asked.append({"path": request.path, **request.query})
            if self.on_get:
                return await self.on_get(request)
            return web.Response(text=request.query["hub.challenge"])
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.pushes.append(Push(request.path, await request.read(), headers))
        return await self.on_post(request) if self.on_post else web.Response(status=204)


@dataclass
class Hub:
    """A hub: verifies and remembers subscriptions, and pushes what it is given."""

    port: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    subscriptions: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    lease: str | None = "864000"
    on_post: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None
    tasks: set[Any] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hub"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(asked)
        if self.on_post and (told := await self.on_post(request)):
            return told
        if asked["hub.mode"] != "publish":
            task = asyncio.create_task(self.verify(asked))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return web.Response(status=202)

    async def verify(self, asked: dict[str, str], **other: str) -> tuple[int, bytes]:
        """Ask the callback; what it answered."""
        told = {"hub.mode": asked["hub.mode"], "hub.topic": asked["hub.topic"], "hub.challenge": "c0ffee&=/ä"}
        if self.lease is not None:
            told["hub.lease_seconds"] = self.lease
        told = {**told, **{name.replace("_", ".", 1): value for name, value in other.items()}}
        async with (
            aiohttp.ClientSession() as session,
            session.get(asked["hub.callback"], params=told) as answer,
        ):
            body = await answer.read()
        if answer.status == 200 and body == told["hub.challenge"].encode():
            key = asked["hub.callback"], asked["hub.topic"]
            if asked["hub.mode"] == "subscribe":
                self.subscriptions[key] = asked
            else:
                self.subscriptions.pop(key, None)
        return answer.status, body

    async def push(self, body: bytes = b"<feed/>", signature: str | None = None) -> list[int]:
        """Push to every subscriber; the codes of their answers."""
        codes = []
        async with aiohttp.ClientSession() as session:
            for (callback, topic), asked in self.subscriptions.items():
                right = hmac.new(asked["hub.secret"].encode(), body, hashlib.sha1).hexdigest()
                headers = {
                    "X-Hub-Signature": signature if signature is not None else f"sha1={right}",
                    "Link": f'<{self.url}>; rel="hub", <{topic}>; rel="self"',
                    "Content-Type": "application/atom+xml",
                }
                async with session.post(callback, data=body, headers=headers) as answer:
                    codes.append(answer.status)
        return codes


@dataclass
class Origin:
    """A feed that names a hub, in its headers or itself."""

    port: int = 0
    hub: str | None = None
    headers: list[str] = field(default_factory=list)
    name: str = "/feed"
    polls: int = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.polls += 1
        links = f'<atom:link rel="hub" href="{self.hub}"/>' if self.hub else ""
        return web.Response(
            text='<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>'
            f'<atom:link rel="self" href="http://127.0.0.1:{self.port}{self.name}"/>{links}'
            f"<item><title>Entry {self.polls}</title><guid>{self.polls}</guid></item></channel></rss>",
            headers=[("Link", value) for value in self.headers],
        )

    @property
    def topic(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.name}"


@asynccontextmanager
async def serving(*peers: Any) -> AsyncIterator[None]:
    """Peers that answer on ports of their own."""
    for peer in peers:
        peer.port = await _start(peer)
    try:
        yield
    finally:
        for peer in peers:
            for task in getattr(peer, "tasks", ()):
                task.cancel()
            await peer.runner.cleanup()


@dataclass
class World:
    """A feedbot whose clock stands still until it is moved, and whose calls are made when told."""

    app: App
    websub: WebSub
    base_url: str
    now: list[datetime]

    def later(self, **span: float) -> None:
        self.now[0] += timedelta(**span)

    def document(self, body: bytes, path: str = TOPIC, media_type: str = ATOM) -> None:
        """Lay a document on the shelf, as publishing does."""
        self.app.tools.site.shelf.put(path, body, media_type, self.now[0])

    async def ask(self, **fields: str) -> tuple[int, str]:
        """Ask our hub."""
        told = {
            "hub.mode": "subscribe",
            "hub.topic": self.base_url + TOPIC,
            **{name.replace("_", ".", 1): value for name, value in fields.items()},
        }
        return await self.post("/hub", data=told)

    async def post(self, path: str, **options: Any) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(URL(self.base_url + path, encoded=True), **options) as answer,
        ):
            return answer.status, await answer.text()

    async def get(self, path: str, **params: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.base_url + path, params=params) as answer,
        ):
            return answer.status, await answer.text()

    async def settle(self, *, source_side: bool = False) -> None:
        """Make every call that is due, and every one that follows from it."""
        while True:
            await self.websub.tell()
            started = await self.websub.publish_side()
            started = (source_side and await self.websub.source_side()) or started
            running = [task for _, task in self.websub._running.values()]
            if running:
                await asyncio.wait(running)
            elif not started:
                return

    async def count(self, table: str) -> int:
        return await self.app.tools.store.do(
            lambda c: int(c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
        )


@asynccontextmanager
async def feedbot(
    folder: Path, *allowed: Any, hub: str = "", base_url: str | None = None, more: str = ""
) -> AsyncIterator[World]:
    """A feedbot that may call these peers, with its web server."""
    listener = bind("127.0.0.1", 0, "web.listen")
    base_url = base_url or f"http://127.0.0.1:{listener.getsockname()[1]}"
    networks = ", ".join(f'"127.0.0.1/32:{peer.port}"' for peer in allowed)
    path = folder / "config.toml"
    path.write_text(
        f'[feedbot]\nbase_url = "{base_url}"\n[publish]\nhub = "{hub}"\n'
        f'[fetch]\nhost_gap = "0s"\nallow_networks = [{networks}]\n'
        f'[[category]]\nslug = "policies"\ntitle = "Policies"\n{more}',
        encoding="utf-8",
    )
    database = folder / "var" / "feedbot.db"
    if not database.exists():
        database.parent.mkdir()
        database.write_bytes(_new_database())
    now = [NOW]
    observer = Observer()
    async with open_app(load(path), lambda: now[0], observer) as app:
        tools = app.tools
        parts = WebSubParts(tools.store, tools.client, tools.site.shelf, base_url, lambda: now[0])
        own = tools.hub is not None and tools.hub.client is None
        server = Server(build_app(_parts(app, websub_routes(parts, own_hub=own))), listener)
        server.start()
        world = World(app, WebSub(tools, observer, lambda: now[0], lambda: 0.0), base_url, now)
        try:
            yield world
        finally:
            await world.websub.stop()
            await server.stop()


def _parts(app: App, routes: Any) -> Parts:
    async def none(*_: object) -> None:
        return None

    async def health() -> Health:
        return Health(True, 0.0, None, None)

    return Parts(
        shelf=app.tools.site.shelf,
        base_url=app.tools.site.base_url,
        hub=app.tools.hub.url if app.tools.hub else None,
        entry_page=none,
        category_page=none,
        missing_page=lambda what: what.encode(),
        health=health,
        metrics=lambda: b"",
        routes=routes,
    )


@cache
def _new_database() -> bytes:
    """A database as it is made; the tables are made once for all tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feedbot.db"
        Store.open(path).close_now()
        return path.read_bytes()
