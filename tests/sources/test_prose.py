"""The paragraphs of HTML as a parser writes it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from feedbot.rules.text import fold
from feedbot.sources.blocks import SKIPPED
from feedbot.sources.prose import prose_of

SENTENCE = "The ferry of the evening waits for the last train from the capital, whatever the weather says."


def prose(html: str) -> list[str]:
    body = LexborHTMLParser(f"<body>{html}</body>").body
    assert body is not None
    return [part for part in prose_of(body.inner_html or "").split("\n\n") if part]


@pytest.mark.parametrize(
    ("html", "paragraphs"),
    [
        ("", []),
        ("one <b>two</b>three", ["one twothree"]),
        ("<p>one\n  two<p>three", ["one two", "three"]),
        ("one<br>two<br><br>three", ["one two", "three"]),
        ("one<br> <br>two", ["one", "two"]),
        (f"{SENTENCE}<br>Two", [SENTENCE, "Two"]),
        (f"<li>{SENTENCE}<br>Two</li>", [f"{SENTENCE} Two"]),
        ("one<hr>two<img src=a.jpg>three", ["one", "two", "three"]),
        ("a &lt;b&gt; &amp;amp; c&nbsp;d", ["a <b> &amp; c d"]),
        ("one<!-- <p>no</p> -->two", ["onetwo"]),
        ("one<script>if (a < b) '<p>no</p>'</script>two", ["onetwo"]),
        ("one<nav>no<nav>no</nav>no</nav>two", ["onetwo"]),
        ("one<noscript>no</noscript><button>no</button>two", ["onetwo"]),
        ("one<input value='>no'>two", ["onetwo"]),
        ('<p title="a > b" x=\'"\'>one', ["one"]),
        ('<p class="a"">one</p><p>two', ["one", "two"]),
        ("<p\u00a0class=x>one</p\u00a0class=x>two", ["onetwo"]),
        ("<p>one <span class=photo-credit>Photo: <span>Ada</span></span> two", ["one", "Photo: Ada", "two"]),
        ("<table><tr><th>Year<th>Boats<tr><td>2024<td>31</table>", ["Year | Boats", "2024 | 31"]),
        ("<table><tr><td><p>a<p>b<td>c<td></table>", ["a b | c |"]),
        ("<table><tr><td>a<td><a href=/>b</a></table>", ["a", "b"]),
        (f"<table><tr><td>{SENTENCE * 2}<td>b</table>", [SENTENCE * 2, "b"]),
        ("<table><tr><td>a<td><table><tr><td>b<td>c</table><td>d</table>", ["a", "b | c", "d"]),
    ],
)
def test_a_fragment_is_read_in_paragraphs(html: str, paragraphs: list[str]) -> None:
    assert prose(html) == [fold(part) for part in paragraphs]


_PARTS = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<div class='a > b'>", "</div>", "<br>", "<td>", "<li>", "</li>", "<nav>",
     "</nav>", "<i x='\"' \">", "<table><tr>", "</table>", "<!-- > -->", "<style>p > a {}</style>", "words ",
     "&lt;p&gt;", "&amp;lt;", "<iframe src=x></iframe>", "<h2>", "</h2>", "<svg><path/>", "</svg>", "it<x:y>"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=25))
@settings(max_examples=100, deadline=None)
def test_no_word_is_lost_and_none_comes_from_elsewhere(parts: list[str]) -> None:
    tree = LexborHTMLParser("<body>" + "".join(parts))
    assert tree.body is not None
    written = tree.body.inner_html or ""
    tree.strip_tags([*SKIPPED, "noscript"])
    words = tree.body.text(deep=True, separator="")
    assert re.sub(r"[\s|]", "", prose_of(written)) == re.sub(r"\s", "", words)


@pytest.mark.parametrize(
    "written", ["<" * 100_000, "a" * 300_000, "<!--" * 50_000, "<script>" * 50_000, '<p a="' * 50_000]
)
def test_what_no_parser_writes_is_read_in_one_go(written: str) -> None:
    assert len(prose_of(written)) <= len(written)
