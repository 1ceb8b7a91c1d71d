"""robots.txt (RFC 9309): what its lines mean to feedbot."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.net.robots import Robots, parse_robots


def robots(text: str) -> Robots:
    return parse_robots(text.encode())


def everybody(*rules: str) -> Robots:
    return robots("User-agent: *\n" + "\n".join(rules))


# Which group


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: feedbot\nDisallow: /", False),
        ("USER-AGENT :  FeedBot/2.0 \nDISALLOW:/", False),
        ("User-agent: feedbot-news\nDisallow: /", True),
        ("User-agent: feed\nDisallow: /", True),
        ("User-agent: otherbot\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: feedbot\nAllow: /", True),
        ("User-agent: feedbot\nDisallow:\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: feedbot\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: other\nUser-agent: feedbot\nUser-agent: *\nDisallow: /", False),
        ("User-agent: feedbot\nAllow: /x\nUser-agent: other\nDisallow: /", True),
        ("User-agent: feedbot\nAllow: /x\nUser-agent: b\nAllow: /\nUser-agent: feedbot\nDisallow: /", False),
        ("User-agent: feedbot\nCrawl-delay: 5\nUser-agent: other\nDisallow: /", False),
        ("User-agent: feedbot\nSitemap: https://gazette.example/s.xml\nDisallow: /", False),
        ("Disallow: /", True),
        ("<html><body>Disallow: /</body></html>", True),
        ("User-agent: * # everybody\nDisallow: / # everything", False),
        ("# User-agent: *\nDisallow: /", True),
        ("User-agent: *\rDisallow: /\r", False),
        ("User-agent: *\r\n\r\nDisallow: /\r\n", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow /", True),
    ],
)  # fmt: skip
def test_a_group_is_for_whom_it_names(text: str, allowed: bool) -> None:
    assert robots(text).allows("/news/1") is allowed


# Which rule


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        (["Disallow: /news"], "/news", False),
        (["Disallow: /news"], "/newspaper/1", False),
        (["Disallow: /news"], "/News", True),
        (["Disallow: /news/"], "/news", True),
        (["Disallow: /", "Allow: /news"], "/news/1", True),
        (["Allow: /news", "Disallow: /"], "/other", False),
        (["Allow: /news/", "Disallow: /news/private"], "/news/private/1", False),
        (["Disallow: /news", "Allow: /news"], "/news", True),
        (["Disallow: /*.pdf"], "/a/b.pdf", False),
        (["Disallow: /*.pdf$"], "/a/b.pdf?x", True),
        (["Disallow: /*.pdf$"], "/a.pdf.pdf", False),
        (["Disallow: *.pdf"], "/a.pdf", False),
        (["Disallow: /news$"], "/news", False),
        (["Disallow: /news$"], "/news/", True),
        (["Disallow: /a*b*c$"], "/aXbYc", False),
        (["Disallow: /a*b*c$"], "/abcd", True),
        (["Disallow: /a*a$"], "/a", True),
        (["Disallow: /*"], "/", False),
        (["Disallow: /$"], "/", False),
        (["Disallow: /$"], "/x", True),
        (["Disallow: /*?"], "/view?articleId=1", False),
        (["Disallow: /*?"], "/view", True),
        (["Disallow: /a$b"], "/a$b", False),
        (["Disallow: /a$b"], "/a", True),
        (["Disallow: news"], "/news", True),
        (["Disallow: "], "/news", True),
        (["Disallow: /"], "/robots.txt", True),
        (["Disallow: /caf%C3%A9"], "/caf%c3%a9", False),
        (["Disallow: /café"], "/caf%C3%A9", False),
        (["Disallow: /%7Eann"], "/~ann", False),
        (["Disallow: /~ann"], "/%7eann", False),
        (["Disallow: /a%2Fb"], "/a/b", True),
        (["Disallow: /a%2fb"], "/a%2Fb", False),
        (["Disallow: /file-with-a-%2A.html"], "/file-with-a-*.html", False),
        (["Disallow: /file-with-a-%2A.html"], "/file-with-a-b.html", True),
        (["Disallow: /a b"], "/a%20b", False),
        (["Disallow: /100%"], "/100%25", False),
    ],
)
def test_the_longest_pattern_decides(rules: list[str], path: str, allowed: bool) -> None:
    assert everybody(*rules).allows(path) is allowed


@pytest.mark.parametrize(
    ("value", "delay"),
    [("5", 5.0), ("0.5", 0.5), ("600", 30.0), ("1e99", 30.0), ("0", 0.0), ("-5", 0.0), ("nan", 0.0),
     ("inf", 0.0), ("soon", 0.0), ("", 0.0)],
)  # fmt: skip
def test_a_crawl_delay_is_a_hint_within_bounds(value: str, delay: float) -> None:
    assert everybody(f"Crawl-delay: {value}").delay == delay


def test_what_is_beyond_500_kibibytes_is_not_there() -> None:
    head = b"User-agent: *\nDisallow: /private\n" + b"#" * 512_000
    found = parse_robots(head + b"\nDisallow: /\n")
    assert found.allows("/news")
    assert not found.allows("/private")


@given(st.binary(max_size=300), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_some_rules(body: bytes, path: str) -> None:
    assert parse_robots(b"User-agent: *\nDisallow: " + body).allows("/" + path) in {True, False}


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12), st.booleans())
@settings(max_examples=100, deadline=None)
def test_stars_match_as_a_regular_expression_would(pattern: str, path: str, anchored: bool) -> None:
    expression = "/" + pattern.replace("*", ".*") + ("$" if anchored else "")
    expected = re.match(expression, "/" + path) is None
    assert everybody("Disallow: /" + pattern + ("$" if anchored else "")).allows("/" + path) is expected


def test_a_pattern_of_stars_takes_no_time() -> None:
    """A backtracking matcher would not come back."""
    assert everybody("Disallow: /" + "*a" * 5000 + "*b").allows("/" + "a" * 8000)
