"""The feeds that a page names."""

import pytest

from feedbot.sources.discover import discover

URL = "https://blog.example/section/"


def page(*head: str, body: str = "") -> tuple[str, ...]:
    return discover(f"<html><head>{''.join(head)}</head><body>{body}</body></html>", URL)


def alternate(kind: str, href: str, title: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


RSS, ATOM, JSON = "application/rss+xml", "application/atom+xml", "application/feed+json"


def test_the_pages_own_order_counts_but_comments_come_last_and_json_after_xml():
    assert page(
        alternate(RSS, "/comments/feed/", "Blog » Comments Feed"),
        alternate(JSON, "/feed.json"),
        alternate(RSS, "/feed/", "Blog » Feed"),
        alternate(ATOM, "atom.xml"),
    ) == (
        "https://blog.example/feed/",
        "https://blog.example/section/atom.xml",
        "https://blog.example/feed.json",
        "https://blog.example/comments/feed/",
    )


@pytest.mark.parametrize(
    "other",
    [
        alternate("application/json", "/wp-json/wp/v2/posts/1"),
        alternate("application/json+oembed", "/wp-json/oembed/1.0/embed?url=a"),
        alternate("text/xml+oembed", "/oembed?format=xml"),
        '<link rel="alternate" hreflang="ko" href="/ko/">',
        '<link rel="stylesheet" type="text/css" href="/feed.css">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:feed()">',
    ],
)
def test_other_alternates_are_no_feeds(other: str):
    assert page(other) == ()


def test_a_plain_xml_alternate_counts_where_its_address_is_a_feeds():
    assert page(alternate("text/xml", "/rss.xml")) == ("https://blog.example/rss.xml",)
    assert page(alternate("text/xml", "/sitemap.xml")) == ()


@pytest.mark.parametrize(
    "href",
    ["/feed", "/feed/", "/rss.xml", "/index.xml", "/atom.xml", "/rss/news/2", "/feeds/all.atom",
     "/?feed=rss2", "/blog.rss", "https://feeds.other.example/blog/rss", "/rss/allArticle.xml"],
)  # fmt: skip
def test_without_a_declaration_a_link_with_a_feeds_address_counts(href: str):
    assert len(page(body=f'<a href="{href}">subscribe</a>')) == 1


@pytest.mark.parametrize(
    "href", ["/news/feeding-cats", "/feedback", "/about", "mailto:rss@blog.example", "/rssi/"]
)
def test_a_link_to_something_else_does_not(href: str):
    assert page(body=f'<a href="{href}">read</a>') == ()


def test_a_link_that_is_called_rss_counts_on_the_same_site():
    assert page(body='<a href="/export?id=2">RSS</a>') == ("https://blog.example/export?id=2",)
    assert page(body='<a href="https://rss.example/what">RSS</a>') == ()


def test_what_is_linked_counts_only_where_nothing_is_declared():
    assert page(alternate(RSS, "/feed/"), body='<a href="/rss">RSS</a>') == ("https://blog.example/feed/",)


def test_the_base_of_the_page_is_heeded():
    assert page('<base href="https://cdn.example/x/">', alternate(RSS, "f.xml")) == (
        "https://cdn.example/x/f.xml",
    )


def test_a_hostile_page_is_read_to_a_bound():
    assert page(alternate(RSS, "/feed/"), body="<div>" * 100_000) == ("https://blog.example/feed/",)
    assert len(page(*(alternate(RSS, f"/{n}") for n in range(10_000)))) == 20
