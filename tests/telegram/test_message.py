"""What a subscriber reads: everything in its place, counted in UTF-16, never too long."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.model import Message
from feedbot.rules.text import clean, fold, utf16_length
from feedbot.telegram.message import CAPTION_LIMIT, TEXT_LIMIT, compose, cut_utf16, hashtag
from tests.support import entry, with_photo

TITLES = {"policies": "Policies"}


def of(made, *, photo: bool = True, language: str = "en") -> Message:
    return compose(made, TITLES, photo=photo, language=language, silent=False)


def spanned(message: Message, kind: str) -> list[str]:
    units = message.text.encode("utf-16-le")
    return [
        units[span.offset * 2 : (span.offset + span.length) * 2].decode("utf-16-le")
        for span in message.spans
        if span.type == kind
    ]


def test_a_message_says_title_category_date_author_summary_caption_credit_and_link() -> None:
    message = of(with_photo(entry(1)))
    assert message.text.split("\n") == [
        "Article 1",
        "#Policies · Mar 1, 2026 · Ada Byron",
        "",
        "What article 1 says.",
        "",
        "A caption of the photo",
        "Photos = Gazette Pictures",
        "",
        "Read on → gazette.example",
    ]


def test_the_title_is_bold_and_linked() -> None:
    message = of(with_photo(entry(1)))
    assert spanned(message, "bold") == ["Article 1"]
    assert spanned(message, "text_link") == ["Article 1", "Read on → gazette.example"]


def test_korean_readers_get_korean_labels_and_dates() -> None:
    text = of(with_photo(entry(1)), language="ko").text
    assert "사진 = Gazette Pictures" in text
    assert "2026. 3. 1." in text


def test_without_a_photo_there_is_no_caption_and_the_link_is_previewed() -> None:
    message = of(with_photo(entry(1)), photo=False)
    assert "caption of the photo" not in message.text
    assert message.preview_url == entry(1).url


def test_a_summary_that_only_repeats_the_title_is_left_out() -> None:
    assert of(entry(1, summary="Article 1.")).text.count("Article 1") == 1


def test_an_entry_without_author_date_and_link_still_makes_a_message() -> None:
    bare = entry(1, authors=(), published=None, url=None, summary=None)
    assert of(bare).text == "Article 1\n#Policies"
    assert spanned(of(bare), "text_link") == []


@pytest.mark.parametrize(
    ("title", "tag"),
    [("Policies", "#Policies"), ("Sci-Tech", "#SciTech"), ("정책", "#정책"), ("2026", ""), ("–", "")],
)
def test_hashtags_are_made_of_what_telegram_takes_for_one(title: str, tag: str) -> None:
    assert hashtag(title) == tag


@given(
    st.text(max_size=2000),
    st.text(max_size=3000),
    st.text(max_size=800),
    st.text(max_size=400),
    st.booleans(),
)
def test_no_message_is_ever_too_long_and_every_span_lies_in_it(
    title, summary, caption, credit, photo
) -> None:
    made = with_photo(entry(1), caption=clean(caption), credit=clean(credit))
    made = replace(made, title=fold(clean(title)) or "x", summary=clean(summary))
    message = of(made, photo=photo)
    assert utf16_length(message.text) <= (CAPTION_LIMIT if photo else TEXT_LIMIT)
    assert message.text == message.text.strip()
    for span in message.spans:
        assert 0 <= span.offset < span.offset + span.length <= utf16_length(message.text)


def test_emoji_count_twice_and_still_fit() -> None:
    made = with_photo(entry(1), caption="🙂" * 900, credit="🙂" * 900)
    made = replace(made, title="🙂" * 900, summary="🙂 " * 900, authors=made.authors * 40)
    assert CAPTION_LIMIT - 80 <= utf16_length(of(made).text) <= CAPTION_LIMIT


def test_a_long_summary_is_cut_at_a_sentence() -> None:
    sentence = "This is a sentence of a certain length. "
    message = of(with_photo(entry(1, summary=sentence * 60)))
    body = message.text.split("\n\n")[1]
    assert body.endswith((".", "…"))
    assert utf16_length(message.text) <= CAPTION_LIMIT


@given(st.text(alphabet="a👨‍👩‍👧 한글. 🇰🇷", max_size=200), st.integers(0, 120))
def test_cutting_counts_utf16_units(text: str, room: int) -> None:
    assert utf16_length(cut_utf16(text, room)) <= max(0, room)
