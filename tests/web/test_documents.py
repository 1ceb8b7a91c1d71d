"""A document over real HTTP: its types, its codings, and what lets readers ask for less."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedbot.publish.shelf import ATOM, HTML, OPML
from tests.web.asking import DATE, FEED, HUB, PATH, WRITTEN, Web


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


async def test_an_equal_document_keeps_its_date_and_another_has_another_etag(web: Web):
    first = await web.get(PATH)
    web.shelf.put(PATH, FEED, ATOM, datetime(2026, 4, 1, tzinfo=UTC))
    assert (await web.get(PATH)).headers["last-modified"] == DATE
    web.shelf.put(PATH, FEED + b"\n", ATOM, datetime(2026, 4, 1, tzinfo=UTC))
    second = await web.get(PATH, If_None_Match=first.headers["etag"], If_Modified_Since=DATE)
    assert (second.status, second.body) == (200, FEED + b"\n")
