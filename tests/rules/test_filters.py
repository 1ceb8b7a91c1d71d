"""Filters: a rule means what it says, in any script, and a wrong one is refused with the reason."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Author, Source
from feedbot.rules.filters import MAX_DEPTH, MAX_PATTERN, MAX_RULE, parse_rule, parse_rules, slugs_for
from tests.support import entry

FLOOD = entry(
    1,
    title="Storm floods the harbour",
    content_text="Heavy rain fell on Busan.\n\nAI models didn\u2019t see it coming.",
    summary="Heavy rain fell.",
    authors=(Author("Kim Hyelin", "kim@gazette.example"),),
    categories=("Weather", "Policies"),
    language="en-GB",
    url="https://gazette.example/view?id=273475",
)
KOREAN = entry(
    2,
    title="정부가 새로운 정책을 발표했다",
    content_text="AI가 바꾼다. 東京都の天気",
    language="ko",
    categories=(),
)


def matches(rule: str, made=FLOOD) -> bool:
    return parse_rule(rule).matches(made, "gazette")


@pytest.mark.parametrize(
    "rule",
    [
        "storm",
        "STORM",
        "ｓｔｏｒｍ",
        '"the harbour"',
        '"The  Harbour"',
        "“the harbour”",
        "harbour storm",
        "storm and rain",
        "storm or snow",
        "snow or storm",
        "not snow",
        "-snow",
        "storm -snow",
        "not not storm",
        "storm and not snow",
        "(storm or snow) and (rain or sun)",
        "storm AND NOT snow",
        "didn't",
        "busan",
        "title:storm",
        'title:"floods the"',
        "text:rain",
        "author:kim",
        'author:"kim hyelin"',
        "TITLE:storm",
        "author:kim@gazette.example",
        "category:weather",
        "link:gazette.example",
        "link:id=273475",
        "-text:snow",
        "source:gazette",
        "source:GAZETTE",
        "language:en",
        "language:en-gb",
        "title:(snow or storm)",
        "weather",
        "-(snow or ice)",
        "/flood(s|ed)/",
        "/STORM/i",
        "title:/^Storm/",
        "link:/\\/view\\?id=\\d+$/",
        "text:/rain.*\\n*/",
        "language:en and (title:storm or title:snow) -sport",
        "/(?i)storm/",
    ],
)
def test_rules_that_mean_this_entry(rule):
    assert matches(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "snow",
        "sto",
        "torm",
        '"harbour the"',
        "storm snow",
        "storm and snow",
        "not storm",
        "-storm",
        "title:rain",
        "text:storms",
        "author:lee",
        "category:sport",
        "link:snow",
        "source:gaz",
        "language:e",
        "language:ko",
        "/STORM/",
        "/^Floods/",
        "title:/rain/",
        "storm -(rain or sun)",
        "not (storm)",
    ],
)
def test_rules_that_mean_others(rule):
    assert not matches(rule)


@pytest.mark.parametrize(
    "rule", ["정책", "정부", '"새로운 정책"', "東京", "天気", "AI", "language:ko", "/정책.?/"]
)
def test_words_without_spaces_between_them_are_found_anywhere(rule):
    assert matches(rule, KOREAN)


def test_and_binds_closer_than_or():
    assert matches("storm or snow and ice")
    assert not matches("(storm or snow) and ice")


def test_a_word_of_the_language_is_looked_for_in_quotes():
    made = entry(1, title="Rock and roll: not dead")
    assert matches('"and" "not" "roll:"', made)


def test_accents_tell_words_apart_but_not_their_unicode_form():
    made = entry(1, title="Cafe\u0301 Müller")
    assert matches("café", made)
    assert not matches("cafe", made)


@pytest.mark.parametrize(
    ("rule", "position", "words"),
    [
        ("", None, "empty"),
        ("   ", None, "empty"),
        ("storm and", 10, "missing before the end"),
        ("or storm", 1, 'missing before "or"'),
        ("storm or or snow", 10, 'missing before "or"'),
        ("not", 4, "missing before the end"),
        ("(storm", 7, '")" is missing for the "(" at character 1'),
        ("storm)", 6, '")" closes nothing'),
        ("()", 2, 'missing before ")"'),
        ("title:()", 8, 'missing before ")"'),
        ('"storm', 1, "quotation mark is not closed"),
        ('""', 1, "nothing to look for"),
        ("titel:storm", 1, 'no field "titel"; fields are title, author'),
        ("https://gazette.example/", 1, 'no field "https"'),
        ("/storm", 1, 'a pattern ends with "/"'),
        ("/storm/x", 1, '"/i", not with "/x"'),
        ("//", 1, "1 to 500 characters"),
        ("rain /(/", 6, "RE2 cannot read the pattern"),
        (r"/(a)\1/", 1, "RE2 cannot read the pattern"),
        ("/(?=a)/", 1, "RE2 cannot read the pattern"),
        ("/((((a{100}){100}){100}){100})/", 1, "RE2 cannot read the pattern"),
        ("/" + "a" * (MAX_PATTERN + 1) + "/", 1, "1 to 500 characters"),
        ("a " * MAX_RULE, None, "at most 2000 characters"),
        ("(" * (MAX_DEPTH + 2) + "a", None, "levels"),
        ("not " * (MAX_DEPTH + 2) + "a", None, "levels"),
        ("title:" * (MAX_DEPTH + 2) + "a", None, "levels"),
    ],
)
def test_a_wrong_rule_is_refused_with_place_and_remedy(rule, position, words):
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        parse_rule(rule)
    if position:
        assert str(refused.value).startswith(f"at character {position} of ")


def test_a_pattern_that_ruins_backtracking_engines_just_ends():
    made = entry(1, content_text="a" * 50_000 + "!")
    assert not matches(r"text:/^(a+)+$/", made)
    assert not matches(r"text:/(a|aa)+$/", made)
    assert not matches(r"text:/(.*)*=(.*)*x$/", made)


def test_a_text_of_lone_surrogates_is_searched():
    assert not matches("/storm/", entry(1, title="\ud800", content_text=None, summary=None))


def test_a_rule_is_a_value():
    assert parse_rule("storm /a/i") == parse_rule("storm /a/i")
    assert hash(parse_rule("storm")) != hash(parse_rule("snow"))
    assert parse_rule("storm -snow").text == "storm -snow"


def test_an_entry_belongs_to_its_sources_its_labels_and_its_rules_categories():
    source = Source(
        "gazette", "https://gazette.example/feed", categories=("news",), category_map={"weather": "sky"}
    )
    rules = {
        "floods": parse_rules(["snow", "flood or floods"]),
        "snow": parse_rules(["snow"]),
        "news": parse_rules(["storm"]),
    }
    assert slugs_for(FLOOD, source, rules) == ("news", "sky", "floods")
    assert slugs_for(FLOOD, source, {}) == ("news", "sky")


tokens = st.sampled_from(
    ["(", ")", "not", "and", "or", "-", "title:", '"', "storm", "/a/", "/", " ", "정책", "\\", ":", "x:"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(tokens, max_size=12).map("".join) | st.text(max_size=40))
def test_any_text_is_a_rule_or_refused(text):
    try:
        rule = parse_rule(text)
    except ValueError:
        return
    assert rule.matches(FLOOD, "gazette") in {True, False}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(categories=["L", "N"], codec="utf-8"), min_size=1, max_size=10))
def test_a_quoted_word_is_found_in_itself_and_not_in_its_negation(word):
    made = entry(1, title=f"x {word} y")
    assert matches(f'title:"{word}"', made)
    assert not matches(f'-title:"{word}"', made)
