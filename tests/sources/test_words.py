"""The small texts of a feed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Author
from feedbot.sources.words import labels_of, language_of, line, merged, person, text_of


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("A <b>b</b>old &amp; brave", "A bold & brave"),
        ("One<br/>two<p>three</p>", "One two three"),
        ("a<script>alert(1)</script>b", "ab"),
        ("5 < 6 and R&D", "5 < 6 and R&D"),
        (" \xa0 ", None),
        (None, None),
    ],
)
def test_markup_is_taken_out_and_words_stay(written: str | None, words: str | None):
    assert text_of(written) == words


def test_a_line_keeps_its_signs():
    assert line("vector<b>\n &amp;") == "vector<b> &amp;"


@pytest.mark.parametrize(
    ("told", "tag"),
    [("en_GB", "en-GB"), (" ko ", "ko"), ("zh-Hant-TW", "zh-Hant-TW"), ("English", None), ("", None)],
)
def test_a_language_is_a_tag_or_nothing(told: str, tag: str | None):
    assert language_of(told) == tag


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("Mo Finn", Author("Mo Finn")),
        ("mo@a.example (Mo Finn)", Author("Mo Finn", "mo@a.example")),
        ("Mo Finn (mo@a.example)", Author("Mo Finn", "mo@a.example")),
        ('"Mo Finn" <mo@a.example>', Author("Mo Finn", "mo@a.example")),
        ("Mo Finn &lt;mo@a.example&gt;", Author("Mo Finn", "mo@a.example")),
        ("Mo Finn, mailto:mo@a.example", Author("Mo Finn", "mo@a.example")),
        ("mo@a.example", Author("mo", "mo@a.example")),
        ("@mo", Author("@mo")),
        ("do-not-reply@a.example", None),
        ("", None),
    ],
)
def test_a_person_is_read_in_the_usual_forms(written: str, author: Author | None):
    assert person(written) == author


@given(st.text(max_size=200) | st.sampled_from(["a.@" * 5000, "<" * 5000, "(" * 5000, " " * 5000 + "@"]))
@settings(max_examples=80, deadline=None)
def test_any_words_make_an_author_or_none(words: str):
    author = person(words)
    assert author is None or 0 < len(author.name) <= 200


def test_one_person_in_two_elements_is_one():
    twice = [Author("Mo Finn"), None, Author("mo  finn", "mo@a.example"), Author("Ada")]
    assert merged(twice) == (Author("Mo Finn", "mo@a.example"), Author("Ada"))


def test_labels_come_once_and_in_their_order():
    assert labels_of(["b", " a ", "b", "", None]) == ("b", "a")
