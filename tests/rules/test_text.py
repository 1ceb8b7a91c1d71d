"""Text: fit for every sink, on one line where a line is meant, cut where a reader would cut."""

import json
import sqlite3
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot.rules.text import (
    clean,
    cut,
    first_sentence,
    fold,
    fold_case,
    headline,
    paragraphs,
    sentence_ends,
    utf16_length,
)

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
hostile = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from(
            "\x00\x0b\x0c\x1c\x85\u2028\u2029\ufffe\uffff\u202e\u2066\u200b\ufeff\u3164\r\n\t \u00a0]>&<"
        ),
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(hostile)
def test_clean_text_survives_xml(text):
    told = clean(text)
    element = etree.Element("title", {"name": told})
    element.text = told
    read = etree.fromstring(etree.tostring(element, encoding="utf-8"))
    assert (read.text or "", read.get("name")) == (told, told)


@settings(max_examples=100, deadline=None)
@given(hostile)
def test_clean_text_survives_json_and_sqlite(text):
    told = clean(text)
    assert json.loads(json.dumps(told, ensure_ascii=False).encode()) == told
    connection = sqlite3.connect(":memory:")
    assert connection.execute("select ?", (told,)).fetchone() == (told,)
    connection.close()


def test_a_folded_text_is_one_line_of_a_log(tmp_path: Path):
    log = tmp_path / "log"
    folded: list[str] = []

    @settings(max_examples=100, deadline=None)
    @given(hostile)
    def write(text: str) -> None:
        folded.append(fold(text))
        assert len(folded[-1].splitlines()) <= 1

    write()
    log.write_text("".join(f"{line}\n" for line in folded), encoding="utf-8")
    assert log.read_text(encoding="utf-8").split("\n")[:-1] == folded


@settings(max_examples=100, deadline=None)
@given(hostile)
def test_cleaning_and_folding_twice_change_nothing(text):
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)
    assert fold_case(fold_case(text)) == fold_case(text)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=60))
def test_letters_digits_and_punctuation_stay(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x1bc\ufffed\ud800", "abcd"),
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("a\u2029b", "a\n\nb"),
        ("\ud83d\ude00", "😀"),
        ("a\tb", "a\tb"),
    ],
)
def test_what_sinks_refuse_is_gone_and_line_ends_are_line_feeds(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a \u00a0 b\n\tc\u3000d ", "a b c d"),
        ("soft\u00adhyphen and zero\u200bwidth\ufeff", "softhyphen and zerowidth"),
        ("\u202eevil\u202c", "evil"),
        ("\u2066a\u2069 \u2067b", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (FAMILY, FAMILY),
        ("\u3164\u3164", ""),
        ("\u200b \u2060\u00a0", ""),
        ("\u2800\u2800", ""),
        ("\u0301", ""),
        ("한글\u3164제목", "한글 제목"),
        (None, ""),
    ],
)
def test_a_line_holds_what_is_seen(text, expected):
    assert fold(text) == expected


def test_marks_piled_on_one_letter_are_capped():
    assert len(fold("Z" + "\u0335\u0321\u0323" * 400 + "algo")) < 12
    assert fold("ก" + "\u0e47" * 100) == "ก" + "\u0e47" * 5


@pytest.mark.parametrize("word", ["Việt Nam", "e\u0302\u0323\u0301", "שָׁלֽוֹם", "हिन्दी", "ภาษาไทยนี้"])
def test_marks_of_real_words_stay(word):
    assert fold(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ａｄａ  Lovelace", "ada lovelace"), ("STRASSE", "straße"), ("한글", "한글"), ("ﬁn", "fin")],
)
def test_spellings_of_the_same_words_fold_to_the_same(one, other):
    assert fold_case(one) == fold_case(other)


def test_paragraphs_are_parted_by_empty_lines():
    assert paragraphs("One\r\nline.\n \u00a0\nTwo.\n\n\n\n") == ("One line.", "Two.")


def test_shortened_words_end_no_sentence():
    assert first_sentence("Dr. Kim of the U.S. spoke. Then she left.") == "Dr. Kim of the U.S. spoke."
    assert list(sentence_ends("One. Two!")) == [4, 9]


def test_a_headline_is_the_first_sentence_without_its_stop():
    assert headline("It rained all day. Nobody came.") == "It rained all day"
    assert headline("") == ""


def test_a_long_headline_ends_on_no_small_word():
    assert (
        headline("The minister opened the bridge of the northern river", 36)
        == "The minister opened the bridge…"
    )


@pytest.mark.parametrize(
    "whole",
    [FAMILY, "🇰🇷", "👍🏽", ENGLAND, "1\ufe0f\u20e3", "각", "क्षि", "e\u0301", "ﾊ\uff9f"],
)
@pytest.mark.parametrize("limit", range(2, 16))
def test_no_grapheme_is_cut(whole, limit):
    shortened = cut(whole * 20, limit, at_sentence=False).removesuffix("…")
    assert shortened == whole * (len(shortened) // len(whole)) or len(whole) >= limit


def test_flags_are_cut_between_countries():
    assert cut("🇰🇷🇫🇷🇩🇪🇯🇵", 6, at_sentence=False) == "🇰🇷🇫🇷…"


def test_a_text_is_cut_at_a_sentence_else_at_a_word():
    assert cut("It rained. It poured all day long", 22) == "It rained."
    assert cut("It rained and poured all day", 16) == "It rained and…"


@settings(max_examples=100, deadline=None)
@given(hostile, st.integers(1, 40), st.booleans())
def test_a_cut_text_is_short_enough_and_begins_as_the_whole(text, limit, at_sentence):
    whole = fold(text)
    shortened = cut(whole, limit, at_sentence=at_sentence)
    assert len(shortened) <= limit
    assert whole.startswith(shortened.removesuffix("…")) or shortened == whole


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_length_is_counted_as_telegram_counts(text):
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


def test_hostile_texts_of_a_megabyte_are_folded_and_headed():
    for part in ("a. ", "!", "\u0301", "🇰", "\u202e", "U.S. ", " \u00a0"):
        text = part * (1_000_000 // len(part))
        assert len(cut(fold(text), 1000)) <= 1000
        assert len(headline(text)) <= 151


def test_combining_ranges_hold_marks_only():
    assert all(unicodedata.category(char)[0] == "M" for char in "\u0300\u036f\u0e31\u0e47\u20d0\u1ab0\u1dc0")


def test_a_number_with_a_full_stop_is_no_sentence():
    assert first_sentence("1. The harbour opens. Ships wait.") == "1. The harbour opens."


def test_what_one_character_takes_alone_is_not_cut_in_two():
    assert cut("👨\u200d👩\u200d👧 at home", 3) == "…"
