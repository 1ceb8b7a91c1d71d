"""What is answered over real HTTP: ready bytes with what lets readers ask for less, and never a surprise."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from feedbot.publish.people import Page
from feedbot.publish.shelf import ATOM, HTML, OPML, Item, Shelf
from feedbot.web import bounded
from feedbot.web.app import Health, Parts, build_app
from feedbot.web.bounded import Bounded
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


def _parts(shelf: Shelf, health: list[Health]) -> Parts:
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
    server = Server(build_app(_parts(shelf, health), **options), listener)
    server.start()
    return server, Web(listener.getsockname()[1], shelf, server._server.server_state, health)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    server, made = await serve()
    yield made
    await server.stop()


async def test_a_feed_comes_as_atom_with_what_lets_it_be_asked_again(web: Web):
    answer = await web.get(PATH)
    assert (answer.status, answer.body) == (200, FEED)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["last-modified"] == DATE
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["content-length"] == str(len(FEED))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", HTML), ("/feeds.opml", OPML), ("/e/7", HTML), ("/healthz", "text/plain; charset=utf-8")],
)
async def test_each_document_has_its_type(web: Web, path: str, kind: str):
    answer = await web.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


async def test_each_coding_has_its_own_strong_etag(web: Web):
    plain, packed = await web.get(PATH), await web.get(PATH, Accept_Encoding="gzip, deflate, br")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == FEED
    assert len({plain.headers["etag"], packed.headers["etag"]}) == 2
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_who_has_it_gets_304_with_the_same_headers_and_no_body(web: Web, coding: str):
    first = await web.get(PATH, Accept_Encoding=coding)
    again = await web.get(PATH, Accept_Encoding=coding, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "last-modified", "vary", "cache-control", "access-control-allow-origin"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ('"other" ,W/{etag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("{etag}x", 200),
        ("", 200),
        (",,,", 200),
    ],
)
async def test_if_none_match_is_a_list_compared_weakly(web: Web, asked: str, status: int):
    etag = (await web.get(PATH)).headers["etag"]
    found = await web.get(PATH, If_None_Match=asked.format(etag=etag), If_Modified_Since=DATE)
    assert found.status == (status if asked else 304)  # an empty one says nothing, so the date counts


async def test_who_has_it_in_a_coding_that_he_takes_needs_no_other(web: Web):
    """The answer names what he has, so that a cache between answers with bytes that he can read."""
    plain, packed = [(await web.get(PATH, Accept_Encoding=how)).headers["etag"] for how in ("", "gzip")]
    found = await web.get(PATH, If_None_Match=plain, Accept_Encoding="gzip")
    assert (found.status, found.headers["etag"]) == (304, plain)
    assert (await web.get(PATH, If_None_Match=packed)).status == 200
    assert (await web.get(PATH, If_None_Match=plain, Accept_Encoding="gzip, identity;q=0")).status == 200
    both = await web.get(PATH, If_None_Match=f"{plain}, {packed}", Accept_Encoding="gzip")
    assert both.headers["etag"] == packed


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (DATE, 304),
        ("Mon, 02 Mar 2026 00:00:00 GMT", 304),
        ("Sunday, 01-Mar-26 12:00:00 GMT", 304),
        ("Sun, 01 Mar 2026 11:59:59 GMT", 200),
        ("yesterday", 200),
        ("Sun, 01 Mar 99999 12:00:00 GMT", 200),
        ("Sun, 01 Mar 2026 12:00:00 +99999999999999999999", 200),
    ],
)
async def test_if_modified_since_is_a_date_or_nothing(web: Web, since: str, status: int):
    assert (await web.get(PATH, If_Modified_Since=since)).status == status


@pytest.mark.parametrize("path", [PATH, "/", "/e/7", "/healthz", "/nowhere", "/e/8"])
async def test_head_is_get_without_the_body(web: Web, path: str):
    got, head = await web.get(path), await web.get(path, "HEAD")
    assert head.body == b""
    assert head.status == got.status
    for answer in (got, head):
        answer.headers.pop("date")
    assert head.headers == got.headers


@pytest.mark.parametrize("path", [PATH, "/", "/e/7", "/c/policies", "/healthz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
async def test_another_method_is_refused_with_those_that_are_not(web: Web, path: str, method: str):
    answer = await web.get(path, method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_a_script_of_another_site_may_ask_for_a_feed_and_see_its_etag(web: Web):
    asked = await web.get(PATH, "OPTIONS", Origin="https://a.example", Access_Control_Request_Method="GET")
    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers["allow"] == "GET, HEAD, OPTIONS"
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in asked.headers["access-control-allow-headers"]
    assert (await web.get(PATH)).headers["access-control-expose-headers"] == "ETag, Link"
    for path in ("/", "/e/7"):
        assert "access-control-allow-origin" not in (await web.get(path, "OPTIONS")).headers
        assert "access-control-allow-origin" not in (await web.get(path)).headers


async def test_a_feed_names_itself_and_its_hub_before_its_first_byte(web: Web):
    told = f'<https://feeds.example{PATH}>; rel="self", <{HUB}>; rel="hub"'
    answer = await web.get(PATH)
    assert answer.headers["link"] == told
    assert (await web.get(PATH, If_None_Match=answer.headers["etag"])).headers["link"] == told
    assert "link" not in (await web.get("/feeds.opml")).headers


async def test_an_archive_keeps_for_good_and_has_no_hub(web: Web):
    web.shelf.put("/feeds/policies/archive/1.atom", FEED, ATOM, WRITTEN)
    answer = await web.get("/feeds/policies/archive/1.atom")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["link"].endswith('/feeds/policies/archive/1.atom>; rel="self"')


async def test_the_smallest_form_goes_to_those_who_take_it(web: Web):
    known = web.shelf.get(PATH)
    assert known is not None
    web.shelf._items[PATH] = replace(known, brotli=b"as brotli")
    answer = await web.get(PATH, Accept_Encoding="gzip, deflate, br")
    assert (answer.headers["content-encoding"], answer.body) == ("br", b"as brotli")
    assert answer.headers["etag"].endswith('-br"')
    assert (await web.get(PATH, Accept_Encoding="gzip")).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "range_", ["bytes=0-9", "bytes=-5", "bytes=99999-", "bytes=0-0,5-6", "lines=1-2", "nonsense"]
)
async def test_a_range_is_not_obeyed(web: Web, range_: str):
    answer = await web.get(PATH, Range=range_)
    assert (answer.status, answer.body) == (200, FEED)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?page=1", 200),
        ("?page=2", 200),
        ("?page=3", 404),
        ("?page=0", 404),
        ("?page=-1", 404),
        ("?page=", 404),
        ("?page=two", 404),
        ("?page=" + "9" * 30, 404),
        ("?page=1&page=2", 200),
        ("?utm_source=x", 200),
        ("?page=%31", 200),
        ("?page=%00", 404),
        ("?" + "a=1&" * 2000, 200),
    ],
)
async def test_a_page_of_a_category_has_a_number(web: Web, query: str, status: int):
    assert (await web.get(f"/c/policies{query}")).status == status


async def test_an_article_that_was_taken_back_is_gone_with_a_page(web: Web):
    answer = await web.get("/e/9")
    assert (answer.status, answer.body) == (410, ARTICLE.body)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_page_can_be_asked_again(web: Web):
    first = await web.get("/e/7")
    again = await web.get("/e/7", If_None_Match=first.headers["etag"])
    assert (again.status, again.headers["etag"]) == (304, first.headers["etag"])


@pytest.mark.parametrize(
    "path",
    [
        "/feeds",
        "/feeds/",
        "/feeds/../config.toml",
        "/feeds/..%2fconfig.toml",
        "/feeds/%2e%2e/%2e%2e/etc/passwd",
        "/feeds/%252e%252e%252fetc%252fpasswd",
        "/feeds/..%5c..%5cetc%5cpasswd",
        "/feeds/policies.atom%00",
        "/feeds/%ff%fe",
        "/feeds//etc/passwd",
        "/feeds/policies.atom/",
        "/healthz/",
        "/.git/config",
        "/e/0",
        "/e/07",
        "/e/-1",
        "/e/99999999999999999999999",
        "/e/" + "9" * 5000,
        "/e/%D9%A7",
        "/e/8",
        "/c/",
        "/c/Policies",
        "/c/nowhere",
        "/c/../feeds/policies.atom",
        "/c/policies/",
        "//evil.example/",
        "/docs",
        "/openapi.json",
    ],
)
async def test_there_is_nothing_beside_what_is_published(web: Web, path: str):
    """No listing, no way out, no redirect."""
    answer = await web.get(path)
    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == HTML
    assert "location" not in answer.headers


@pytest.mark.parametrize("host", ["[", "evil.example", "a b", "x" * 300, "[::1", "\xff"])
async def test_the_host_header_decides_nothing(web: Web, host: str):
    assert (await web.get(PATH, Host=host)).body == FEED


async def test_a_surprise_is_answered_with_the_same_care_and_the_next_request_works(web: Web):
    answer = await web.get("/e/13")
    assert answer.status == 500
    assert b"a surprise" not in answer.body
    assert answer.headers["cache-control"] == "no-store"
    assert (await web.get("/e/7")).status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 5000 + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000,
    ],
)
async def test_what_is_no_request_is_a_400_and_ends_there(web: Web, request_: bytes):
    assert parse(await web.raw(request_)).status == 400
    assert (await web.get(PATH)).status == 200


async def test_an_upgrade_is_not_taken(web: Web):
    answer = await web.get("/", Upgrade="websocket", Connection="Upgrade, close", Sec_WebSocket_Key="x")
    assert answer.status == 200


@given(st.binary(max_size=30), st.text(st.characters(max_codepoint=255), max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_path_and_no_header_is_a_surprise(path: bytes, value: str):
    """The server is only asked; whatever comes, it is an answer of ours and no 500."""

    async def ask() -> int:
        statuses: list[int] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/" + path.decode("utf-8", "replace"),
            "raw_path": b"/" + path,
            "query_string": path,
            "headers": [
                (name, value.encode("latin-1"))
                for name in (b"host", b"accept-encoding", b"if-none-match", b"if-modified-since")
            ],
            "client": ("nobody", 1),
        }

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        shelf = Shelf()
        shelf.put("/", FEED, HTML, WRITTEN)
        await build_app(_parts(shelf, [WELL]))(scope, receive, send)
        return statuses[0]

    assert asyncio.run(ask()) in {200, 304, 404}


async def test_health_tells_what_waits_and_turns_when_it_waits_too_long(web: Web):
    answer = await web.get("/readyz")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert json.loads(answer.body) == {
        "ready": True,
        "database": True,
        "scheduler_lag_seconds": 0.0,
        "oldest_due_source_seconds": None,
        "oldest_undelivered_seconds": None,
        "sending_stopped": None,
    }
    for ill in (
        replace(WELL, database=False),
        replace(WELL, scheduler_lag_seconds=31.0),
        replace(WELL, oldest_due_source_seconds=901.0),
    ):
        web.health[0] = ill
        answer = await web.get("/readyz")
        assert (answer.status, json.loads(answer.body)["ready"]) == (503, False)
    assert (await web.get("/healthz")).body == b"ok\n"  # the process lives


@pytest.mark.parametrize(
    ("client", "status"),
    [
        ("", 200),
        ("127.0.0.1", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("203.0.113.5", 404),
        ("x", 404),
    ],
)
async def test_metrics_are_for_loopback_behind_a_proxy_too(web: Web, client: str, status: int):
    told = {"X_Forwarded_For": client} if client else {}
    answer = await web.get("/metrics", **told)
    assert answer.status == status
    if status == 200:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_operators_own_listener_has_metrics_and_no_pages():
    server, own = await serve(public=False, metrics_for_all=True)
    assert (await own.get("/metrics", X_Forwarded_For="203.0.113.5")).body == b"polls 1\n"
    assert (await own.get(PATH)).status == (await own.get("/")).status == 404
    await server.stop()


async def test_an_equal_document_keeps_its_date_and_another_has_another_etag(web: Web):
    first = await web.get(PATH)
    web.shelf.put(PATH, FEED, ATOM, datetime(2026, 4, 1, tzinfo=UTC))
    assert (await web.get(PATH)).headers["last-modified"] == DATE
    web.shelf.put(PATH, FEED + b"\n", ATOM, datetime(2026, 4, 1, tzinfo=UTC))
    second = await web.get(PATH, If_None_Match=first.headers["etag"], If_Modified_Since=DATE)
    assert (second.status, second.body) == (200, FEED + b"\n")


async def test_who_never_finishes_a_request_is_cut_off(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Bounded, "head_seconds", 0.05)
    assert await web.raw(b"") == b""
    assert await web.raw(b"GET / HTTP/1.1\r\nHo") == b""


async def test_who_never_takes_the_answer_is_cut_off(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Bounded, "answer_seconds", 0.05)
    web.shelf.put(PATH, FEED * 10_000, ATOM, WRITTEN)
    with socket.create_connection(("127.0.0.1", web.port)) as slow:
        slow.setblocking(False)
        loop, request = asyncio.get_running_loop(), f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n"
        await loop.sock_sendall(slow, request.encode())
        assert await loop.sock_recv(slow, 1) == b"H"
        await until_gone(web)


async def test_too_many_at_once_are_turned_away_and_the_others_are_served(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded, "MOST_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(2)]
    assert await web.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    for _, writer in held:
        writer.close()
    await until_gone(web)
    assert (await web.get("/healthz")).status == 200


async def until_gone(web: Web) -> None:
    """Wait until the server holds no connection."""
    async with asyncio.timeout(20):
        while web.server.connections:  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.01)
