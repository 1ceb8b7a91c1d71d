"""What is answered at which path over real HTTP, and never a surprise."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.publish.shelf import HTML, Shelf
from feedbot.web.app import build_app
from tests.web.asking import ARTICLE, FEED, PATH, WELL, WRITTEN, Web, parse, parts_of, serve


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
        await build_app(parts_of(shelf, [WELL]))(scope, receive, send)
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
