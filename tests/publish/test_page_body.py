"""The article as a part of a page: sound for a screen reader, and nothing that acts comes back."""

import re

import pytest

from feedbot.publish.page_body import page_body
from tests.support import entry


def body(html: str) -> str:
    return str(page_body(entry(content_html=html)))


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<p><a href="https://a.example/"><img src="https://a.example/x.png"></a> x</p>', "a"),
        ('<p><a href="https://a.example/"> </a>x</p>', "a"),
        ("<h3></h3><p>x</p>", "h3"),
        ('<h3><a href="https://a.example/"></a></h3><p>x</p>', "h3"),
        ("<ul><li>x</li><ul><li>y</li></ul></ul>", "ul><li>x</li><ul"),
    ],
)
def test_what_would_be_read_out_without_words_gives_way_to_what_is_in_it(html: str, found: str):
    made = body(html)
    assert f"<{found}" not in made
    assert "x" in made
    assert ("img" in html) == ("<img" in made)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.example/">x</a>',
        '<a href="https://a.example/"><img src="https://a.example/x.png" alt="x"></a>',
        "<ul><li>x<ul><li>y</li></ul></li></ul>",
        "<h2>x</h2>",
    ],
)
def test_what_has_words_stays(html: str):
    assert re.findall(r"</?\w+", body(html)) == re.findall(r"</?\w+", html)


@pytest.mark.parametrize(
    ("html", "levels"),
    [
        ("<h1>a</h1>", "2"),
        ("<h4>a</h4><h6>b</h6><h6>c</h6>", "233"),
        ("<h2>a</h2><h5>b</h5><h2>c</h2><h3>d</h3>", "2323"),
        ("<h6>a</h6><h1>b</h1>", "22"),
    ],
)
def test_headings_stand_under_the_title_without_a_gap(html: str, levels: str):
    made = body(html)
    assert "".join(re.findall(r"<h(\d)>", made)) == levels
    assert "".join(re.findall(r"</h(\d)>", made)) == levels


@pytest.mark.parametrize(
    "html",
    [
        "<a href='https://a.example/' title='\"><script>alert(1)</script>'></a>",
        "<img src='https://a.example/x.png' alt='<h1><script>x</script>' title='</h1><img src=x onerror=y>'>",
        "<p title='<a><img src=x onerror=alert(1)>'>x</p><a><h1></a></h1>",
        "<ul><ul><a><ul><script>x</script></ul></a></ul></ul>",
    ],
)
def test_nothing_that_acts_comes_back(html: str):
    made = re.sub(r'"[^"]*"', '""', body(html))  # inside an attribute it is words
    assert not re.search(r"<script|\son\w+=|<img[^>]*src=x", made)


def test_a_body_of_nothing_but_nesting_keeps_its_words():
    assert "x" in body("<ul>" * 20_000 + "x" + "<a href='https://a.example/'></a>" * 5_000)
