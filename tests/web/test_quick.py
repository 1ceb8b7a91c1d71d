"""A document is answered the same at once and by the application, whatever stands around the request."""

import re

import pytest

from tests.web.asking import ARTICLE, FEED, PATH, Web

BY_THE_APPLICATION = "Content-Length: 0\r\n"  # what nobody says who asks for a document


def request(head: str, more: str = "", *, last: bool = True) -> bytes:
    end = "Connection: close\r\n" if last else ""
    return f"{head} HTTP/1.1\r\nHost: a\r\n{more}{end}\r\n".encode("latin-1")


def undated(answer: bytes) -> bytes:
    return re.sub(rb"date: [^\r]*\r\n", b"", answer)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [PATH, "/", PATH + "?page=1", "/nowhere", "/feeds/policies%2Eatom", "/e/7"])
@pytest.mark.parametrize(
    "more",
    [
        "",
        "Accept-Encoding: gzip\r\n",
        "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n",
        "If-None-Match: *\r\n",
        "If-Modified-Since: Sun, 01 Mar 2026 12:00:00 GMT\r\n",
        'ACCEPT-ENCODING: gzip\r\nIF-NONE-MATCH: W/"x"\r\n',
        "Upgrade: h2c\r\n",
    ],
)
async def test_both_ways_lead_to_the_same_answer(web: Web, method: str, path: str, more: str):
    at_once = await web.raw(request(f"{method} {path}", more))
    slowly = await web.raw(request(f"{method} {path}", more + BY_THE_APPLICATION))
    assert undated(at_once) == undated(slowly)
    assert at_once.count(b"date: ") == 1


async def test_requests_in_one_piece_are_answered_in_their_order(web: Web):
    """The first and the third wait for the application, the others would not have to."""
    asked = ["GET /e/7", f"GET {PATH}", "GET /e/7", f"GET {PATH}"]
    pieces = [request(head, last=at == 3) for at, head in enumerate(asked)]
    answer = await web.raw(b"".join(pieces))
    found = re.findall(re.escape(ARTICLE.body) + b"|" + re.escape(FEED), answer)
    assert found == [ARTICLE.body, FEED, ARTICLE.body, FEED]


async def test_a_connection_serves_until_its_client_ends_it(web: Web):
    asked = request(f"GET {PATH}", last=False) * 50 + request(f"GET {PATH}") + request(f"GET {PATH}")
    answer = await web.raw(asked)
    assert answer.count(FEED) == 51  # nothing after the last one
    assert answer.count(b"connection: close") == 1


async def test_http_1_0_ends_after_its_answer(web: Web):
    answer = await web.raw(f"GET {PATH} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
    assert answer.endswith(FEED)
    assert b"connection: close" in answer


async def test_a_document_too_large_for_one_piece_comes_whole(web: Web):
    known = web.shelf.get(PATH)
    assert known is not None
    large = FEED * 100
    web.shelf.put(PATH, large, known.media_type, known.modified)
    assert (await web.get(PATH)).body == large
