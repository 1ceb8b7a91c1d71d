"""A listener with a few documents, and a client that sees every byte."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from uvicorn.server import ServerState

from feedbot.publish.people import Page
from feedbot.publish.shelf import ATOM, HTML, OPML, Item, Shelf
from feedbot.web.app import Health, Parts, build_app
from feedbot.web.serve import POLICY, Server, bind

FEED = b"<feed>" + b"a document that is long enough to be worth packing; " * 40 + b"</feed>"
WRITTEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
WELL = Health(True, 0.0, None, None)
PATH = "/feeds/policies.atom"
HUB = "https://hub.example/"
ARTICLE = Item(b"<h1>An article</h1>", None, "an-article", WRITTEN, HTML)


@dataclass
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """A listener, and what it answers from."""

    port: int
    shelf: Shelf
    server: ServerState
    health: list[Health] = field(default_factory=lambda: [WELL])

    async def raw(self, request: bytes) -> bytes:
        """Everything that comes back until the server closes; nothing where it cuts the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        async with asyncio.timeout(20):
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask once."""
        told = {"Host": "feeds.example", "Connection": "close"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return parse(await self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")))


def parse(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines), "a header stands twice"
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    return Answer(int(first.split()[1]), headers, body)


def parts_of(shelf: Shelf, health: list[Health]) -> Parts:
    async def entry_page(row: int) -> Page | None:
        if row == 13:
            raise RuntimeError("a surprise")
        return {7: Page(ARTICLE), 9: Page(ARTICLE, 410)}.get(row)

    async def category_page(slug: str, number: int) -> Page | None:
        return Page(ARTICLE) if slug == "policies" and number <= 2 else None

    async def well() -> Health:
        return health[0]

    return Parts(
        shelf=shelf,
        base_url="https://feeds.example",
        hub=HUB,
        entry_page=entry_page,
        category_page=category_page,
        missing_page=lambda what: f"<h1>{what}</h1>".encode(),
        health=well,
        metrics=lambda: b"polls 1\n",
    )


async def serve(**options: Any) -> tuple[Server, Web]:
    shelf = Shelf()
    shelf.put("/", b"<h1>Feeds</h1>", HTML, WRITTEN)
    shelf.put(PATH, FEED, ATOM, WRITTEN)
    shelf.put("/feeds.opml", b"<opml/>", OPML, WRITTEN)
    listener = bind("127.0.0.1", 0, "web.listen")
    health = [WELL]
    server = Server(build_app(parts_of(shelf, health), **options), listener)
    server.start()
    return server, Web(listener.getsockname()[1], shelf, server._server.server_state, health)
