"""Where redirects lead the client, and what it takes along."""

import pytest

from feedbot.net.client import Client
from tests.net.ask import BODY, failure, get, moved
from tests.net.raw import RawServer, answer

SECRETS = {"X-Api-Key": "of-the-operator", "Cookie": "session=1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_with_get(server: RawServer, client: Client, status: int) -> None:
    url = server.on("/start", moved(status, "sub/../feed#part"))
    server.on("/feed", answer(body=BODY))
    found = await get(client, url)
    assert (found.url, found.body) == (server.url("/feed"), BODY)
    assert server.requests[1].line == "GET /feed HTTP/1.1"
    assert server.requests[1].one("Referer") is None


@pytest.mark.parametrize(
    ("statuses", "kept"),
    [
        ([], None),
        ([301], 1),
        ([308], 1),
        ([302], None),
        ([307], None),
        ([301, 308], 2),
        ([301, 302], 1),
        ([301, 301, 307, 301], 2),
        ([302, 301], None),
        ([303, 308, 301], None),
    ],
)
async def test_only_the_leading_permanent_redirects_are_told(
    server: RawServer, client: Client, statuses: list[int], kept: int | None
) -> None:
    for number, status in enumerate(statuses):
        server.on(f"/{number}", moved(status, f"/{number + 1}"))
    server.on(f"/{len(statuses)}", answer(body=BODY))
    found = await get(client, server.url("/0"))
    assert found.url == server.url(f"/{len(statuses)}")
    assert found.permanent_url == (None if kept is None else server.url(f"/{kept}"))


async def test_five_redirects_are_followed_and_not_one_more(server: RawServer, client: Client) -> None:
    for number in range(6):
        server.on(f"/{number}", moved(302, f"/{number + 1}"))
    server.on("/6", answer(body=BODY))
    assert (await get(client, server.url("/1"))).body == BODY
    assert "more than 5 redirects" in str(await failure(client, server.url("/0")))


async def test_a_redirect_to_itself_ends(server: RawServer, client: Client) -> None:
    assert "more than 5 redirects" in str(await failure(client, server.on("/loop", moved(301, "/loop"))))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        b"", b"file:///etc/passwd", b"gopher://gazette.example/", b"data:text/xml,<rss/>",
        b"javascript:alert(1)", b"http://127.0.0.1:0/", b"http://127.0.0.1:99999/", b"http://[::1/", b"http://[fe80::1%25]:x/",
        b"http://" + b"a" * 64 + b".example/", b"http://a..example/", b"http://", b"http:///feed",
        b"http://user:pw@127.0.0.1/", b"//user@127.0.0.1/", b"http://127.0.0.1\\@gazette.example/",
        b"http://\xff\xfe/", b"http://a\x01b/", b"/a\x01b", b"/" + b"x" * 20_000,
    ],
    ids=lambda value: repr(value[:24]),
)  # fmt: skip
async def test_a_redirect_to_what_cannot_be_fetched_is_a_bad_redirect(
    server: RawServer, client: Client, location: bytes
) -> None:
    error = await failure(client, server.on("/start", moved(302, location)))
    assert str(error).startswith(f"{server.url('/start')}: bad redirect: ") or b"\x01" in location
    assert "pw" not in str(error)
    assert len(server.requests) == 1


async def test_a_redirect_without_a_target_is_a_bad_redirect(server: RawServer, client: Client) -> None:
    error = await failure(client, server.on("/start", answer(b"301 Moved")))
    assert str(error) == f"{server.url('/start')}: bad redirect: it does not say whereto"


async def test_bytes_of_no_charset_in_a_location_arrive_as_they_are(
    server: RawServer, client: Client
) -> None:
    url = server.on("/start", moved(302, b"/caf\xe9"))
    server.on("/caf%E9", answer(body=BODY))
    assert (await get(client, url)).body == BODY


# Credentials and the operator's own headers


async def test_user_information_is_a_header_and_never_shown(server: RawServer, client: Client) -> None:
    server.on("/feed", answer(body=BODY))
    found = await get(client, server.url("/feed", "reader:s%20cret@127.0.0.1"))
    assert server.requests[0].one("Authorization") == b"Basic cmVhZGVyOnMgY3JldA=="
    assert found.url == server.url("/feed")
    error = await failure(client, server.url("/gone", "reader:s%20cret@127.0.0.1"))
    assert "cret" not in str(error)


async def test_own_headers_stay_with_their_origin(
    server: RawServer, other: RawServer, client: Client
) -> None:
    server.on("/feed", moved(302, "/same"))
    server.on("/same", moved(302, other.url("/feed")))
    other.on("/feed", answer(body=BODY))
    await get(client, server.url("/feed", "reader:pw@127.0.0.1"), headers=SECRETS)
    for request in server.requests:
        assert request.one("X-Api-Key") == b"of-the-operator"
        assert request.one("Authorization") is not None
    (request,) = other.requests
    assert {request.one(name) for name in ("X-Api-Key", "Authorization", "Cookie")} == {None}


async def test_own_headers_cannot_offer_a_coding(server: RawServer, client: Client) -> None:
    await get(client, server.on("/feed", answer(body=BODY)), headers={"Accept-Encoding": "br"})
    assert server.requests[0].all("Accept-Encoding") == [b"gzip, deflate"]
