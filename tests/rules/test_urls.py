"""Addresses: only of the web, absolute, and equal where they mean the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.rules.urls import MAX_URL, absolute, is_front_page, normalised, without_tracking

BASE = "https://gazette.example/news/list?page=2"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a", "https://gazette.example/a"),
        ("a", "https://gazette.example/news/a"),
        ("../a/./b", "https://gazette.example/a/b"),
        ("?id=3", "https://gazette.example/news/list?id=3"),
        ("//other.example/a", "https://other.example/a"),
        ("HTTPS://Other.EXAMPLE", "https://other.example/"),
        ("  /a\n/b\t ", "https://gazette.example/a/b"),
        ("/a b?c=d e#f g", "https://gazette.example/a%20b?c=d%20e#f%20g"),
        ("/a\u3000b", "https://gazette.example/a%E3%80%80b"),
        ("/a\u202eb", "https://gazette.example/ab"),
        ("/기사/1", "https://gazette.example/기사/1"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://한국.example:8443/", "https://xn--3e0b707e.example:8443/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://user:word@other.example/a", "https://user:word@other.example/a"),
    ],
)
def test_links_become_absolute(href, expected):
    assert absolute(href, BASE) == expected


@pytest.mark.parametrize(
    "href",
    [
        None, "", "   ", "javascript:alert(1)", "JaVa\nScript:alert(1)", "data:text/html,x", "file:///etc/passwd",
        "mailto:ada@gazette.example", "ftp://gazette.example/", "tel:1", "gopher://x/", "blob:https://x/y",
        "https://", "https:///a", "http://[::1", "http://[zz]/", "http://host:99999/", "http://host:0/",
        "http://host:x/", "http://a b/", "http://a\\@b/", "http://<b>/", "http://" + "a" * 64 + "ü.example/",
        "http://a%00b/", "https://x.example/" + "a" * MAX_URL, "https://x.example/" + "가" * 700,
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_none(href):
    assert absolute(href, None) is None


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/tag/harbour?page=2#top", "https://news.example/tag/harbour?page=2#top"),
        ("/a/../b", "https://news.example/b"),
        ("/.well-known/feed", "https://news.example/.well-known/feed"),
        ("/a?", "https://news.example/a"),
        ("/a#", "https://news.example/a"),
        ("//other.example/a", "https://other.example/a"),
        ("http://other.example", "http://other.example/"),
        ("http://other.example/a;b?c=%41", "http://other.example/a;b?c=%41"),
        ("http://other.example:8080/a/./b", "http://other.example:8080/a/./b"),
    ],
)
def test_plain_links_and_nearly_plain_ones_follow_one_rule(href, expected):
    assert absolute(href, "https://news.example/feeds/all.xml") == expected


def test_a_path_from_the_root_keeps_the_port_and_the_user_of_its_base():
    assert absolute("/a", "http://ada@news.example:81/feed") == "http://ada@news.example:81/a"


def test_a_relative_link_without_a_base_is_none():
    assert absolute("/a") is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/a?utm_source=rss&id=3&utm_medium=feed", "https://x.example/a?id=3"),
        ("https://x.example/a?fbclid=x", "https://x.example/a"),
        ("https://x.example/a?UTM_Source=rss", "https://x.example/a"),
        ("https://x.example/a#utm_source=rss", "https://x.example/a"),
        ("https://x.example/a#xtor=RSS-1", "https://x.example/a"),
        ("https://x.example/a?id=3#part", "https://x.example/a?id=3#part"),
        ("https://x.example/a?sid=3&ref=b&source=c", "https://x.example/a?sid=3&ref=b&source=c"),
    ],
)
def test_parameters_that_count_readers_are_dropped_and_no_others(url, expected):
    assert without_tracking(url) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.example/a", "https://x.example/a#part"),
        ("https://x.example:443/a", "https://x.example/a"),
        ("http://x.example:80/a", "https://x.example/a"),
        ("https://x.example./a", "https://x.example/a"),
        ("https://ada@x.example/a", "https://x.example/a"),
        ("https://x.example", "https://x.example/"),
        ("https://x.example/%7eada/%c3%a9", "https://x.example/~ada/%C3%A9"),
        ("https://x.example/기사", "https://x.example/%EA%B8%B0%EC%82%AC"),
        ("https://x.example/a?utm_id=1", "https://x.example/a?"),
        ("https://x.example/a;jsessionid=12AB?id=1", "https://x.example/a?id=1"),
        ("https://x.example/a?PHPSESSID=12&id=1", "https://x.example/a?id=1"),
    ],
)
def test_spellings_of_one_address_are_equal(one, other):
    assert normalised(one) == normalised(other)


def test_a_sites_move_to_https_changes_no_address():
    assert normalised("http://x.example/a") == normalised("https://x.example/a")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.example/a", "https://www.x.example/a"),
        ("https://x.example/a", "https://x.example/A"),
        ("https://x.example/a", "https://x.example/a/"),
        ("https://x.example/a?id=1", "https://x.example/a?id=2"),
        ("https://x.example/a%2Fb", "https://x.example/a/b"),
        ("http://x.example:8080/a", "http://x.example/a"),
    ],
)
def test_addresses_that_may_differ_stay_different(one, other):
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("url", "front"),
    [
        ("https://x.example", True),
        ("https://x.example/", True),
        ("https://x.example/index.html", True),
        ("https://x.example/?p=12", False),
        ("https://x.example/a", False),
    ],
)
def test_a_front_page_is_known_by_its_path(url, front):
    assert is_front_page(url) is front


urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp", "javascript", ""]),
    st.sampled_from(["x.example", "bücher.example", "[::1]", "a@x.example", "x..example", "1.2.3.4", ""]),
    st.sampled_from(["", ":80", ":443", ":99999", ":x"]),
    st.text(max_size=30),
    st.sampled_from(["", "?a=%e4&b", "?utm_source=x", "#ü", "?q=\u202e"]),
)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | urls)
def test_an_absolute_address_is_short_writable_and_stays_as_it_is(href):
    url = absolute(href, BASE)
    if url is not None:
        assert url.startswith(("http://", "https://"))
        assert len(url.encode()) <= MAX_URL
        assert not any(char.isspace() for char in url)
        assert absolute(url) == url


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | urls)
def test_normalising_twice_changes_nothing(href):
    url = absolute(href, BASE)
    if url is not None:
        once = normalised(url)
        assert normalised(once) == once
        assert normalised(without_tracking(url)) == once
        assert once.isascii()
