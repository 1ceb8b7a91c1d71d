"""A document is found out by what it is, not by what its server calls it."""

import gzip
from typing import Any

import pytest

from feedbot.model import Kind, ParsedFeed
from feedbot.sources.pack import pack_data
from feedbot.sources.packs import load_packs
from feedbot.sources.read import looks_like_feed, read_file, read_source

URL = "https://site.example/here"
RSS = "<rss version='2.0'><channel><item><title>a</title></item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title></entry></feed>"
JSON = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "a"}]}'
SITEMAP = "<urlset><url><loc>https://site.example/a</loc></url></urlset>"
PAGE = "<!DOCTYPE html><html><head><title>Front</title></head><body><p>Words</p></body></html>"
WITH_FEED = PAGE.replace("</head>", '<link rel="alternate" type="application/rss+xml" href="/feed"></head>')
LOG_IN = PAGE.replace("Words", "<input type='password'>")
LIST = load_packs(None).by_name["korea-net"]


def read(text: str | bytes, kind: Kind | None = None, **arguments: Any) -> ParsedFeed:
    return read_source(text if isinstance(text, bytes) else text.encode(), url=URL, kind=kind, **arguments)


@pytest.mark.parametrize(
    ("text", "kind"),
    [(RSS, Kind.FEED), (ATOM, Kind.FEED), (JSON, Kind.FEED), (SITEMAP, Kind.SITEMAP), (WITH_FEED, Kind.PAGE)],
)
@pytest.mark.parametrize("content_type", [None, "text/html", "application/xml", "text/plain; charset=utf-8"])
def test_the_first_element_decides_and_not_the_media_type(text: str, kind: Kind, content_type: str | None):
    parsed = read(f"\n{text}", content_type=content_type)
    assert (parsed.kind, parsed.fault) == (kind, None)
    assert parsed.entries or parsed.feeds


@pytest.mark.parametrize(
    "before",
    [
        "\ufeff",
        "<?xml version='1.0'?><?xml-stylesheet href='/a.xsl'?>",
        "<!-- <html> -->",
        "<!DOCTYPE html>\n",
        "<br />\n<b>Warning</b>: no such file<br />\n",
    ],
)
def test_a_feed_is_known_behind_what_stands_before_it(before: str):
    assert [entry.title for entry in read(before + RSS).entries] == ["a"]


def test_a_page_gives_the_feeds_it_names():
    parsed = read(WITH_FEED)
    assert (parsed.kind, parsed.feeds, parsed.fault) == (Kind.PAGE, ("https://site.example/feed",), None)


def test_a_page_without_feeds_is_a_fault_that_names_it():
    told = "this is no feed: it is an HTML page ('Front'), it names no feed and lists no articles"
    assert read(PAGE).fault == told


def test_a_page_with_rules_for_its_list_is_a_list():
    listing = (
        "<html><body><div class=\"list-box\"><a href=\"javascript:fnView('NewsFocus/policies','7','')\">"
        "<dl><dt>A title of an article</dt></dl></a></div></body></html>"
    )
    parsed = read(listing, pack=pack_data(LIST))
    assert (parsed.kind, len(parsed.entries)) == (Kind.PAGE, 1)


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        (PAGE, Kind.FEED, "this is no feed: it is an HTML page ('Front')"),
        (LOG_IN, Kind.FEED, "this is no feed: it is an HTML page that asks to log in"),
        (RSS, Kind.PAGE, "this is no page: it is a feed"),
        (RSS, Kind.SITEMAP, "this is no sitemap: it is a feed"),
        (SITEMAP, Kind.FEED, "this is no feed: it is a sitemap"),
        ("", None, "the document is empty"),
        (" \r\n\ufeff", Kind.FEED, "the document is empty"),
        ("<!--" * 100_000, None, "this is no feed: it is neither XML nor JSON nor HTML"),
        ("Just words.", None, "this is no feed: it is neither XML nor JSON nor HTML"),
        ("<opml></opml>", None, "this is no feed: it is an OPML list of feeds, for `feedbot opml import`"),
        ("<soap:Envelope/>", None, "this is no feed: its first element is <soap:Envelope>"),
        ("{}", None, "this is no feed: it is JSON, but no JSON Feed"),
    ],
)
def test_a_document_of_another_kind_is_a_fault_in_clear_words(text: str, kind: Kind | None, fault: str):
    assert read(text, kind).fault == fault


def test_a_fragment_is_a_page_where_a_page_is_expected():
    assert read("<div>Words</div>", Kind.PAGE).kind is Kind.PAGE
    assert read("<div>Words</div>", None, content_type="text/html").kind is Kind.PAGE


def test_a_page_source_without_rules_says_what_is_missing():
    assert "rule pack" in (read(PAGE, Kind.PAGE).fault or "")


def test_a_document_in_a_compressed_file_is_read():
    assert len(read(gzip.compress(SITEMAP.encode())).entries) == 1
    assert read(gzip.compress(b" " * 20_000_000)).fault == "the document is empty"
    assert read(b"\x1f\x8b\x08broken").fault


def test_the_headers_charset_is_heeded():
    body = RSS.replace(">a<", ">소식<").encode("euc-kr")
    assert read(body, charset="euc-kr").entries[0].title == "소식"


def test_known_pieces_are_left_out_and_told():
    first = read(RSS)
    assert first.pieces is not None
    again = read(RSS, known={piece.hash: [piece.guid, piece.link] for piece in first.pieces})
    assert (again.entries, again.pieces) == ((), first.pieces)


def test_looking_like_a_feed_is_a_matter_of_the_first_element():
    assert looks_like_feed(RSS.encode(), "text/html")
    assert not looks_like_feed(PAGE.encode(), "application/xml")


def test_a_file_may_be_a_feed():
    assert [
        entry.title for entry in read_file(RSS.encode(), url="file:///a.xml", name="a.xml", packs=[]).entries
    ] == ["a"]
