"""What a subscriber reads: everything in its place, counted in UTF-16, never too long."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.entities import read_text
from feedbot.model import Author, Message
from feedbot.rules.text import clean, utf16_length
from feedbot.telegram.message import CAPTION_LIMIT, TEXT_LIMIT, Form, compose, digest, hashtag, with_buttons
from feedbot.telegram.styled import cut_utf16
from tests.support import entry, with_photo

BIDI = re.compile("[\u202a-\u202e]")
TITLES = {"policies": "Policies"}


def of(made, *, photo: bool = True, language: str = "en") -> Message:
    return compose(made, TITLES, Form(language=language), photo=photo)


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


# What readers see as one character each, to be cut apart nowhere.
CLUSTERS = [
    "a",
    "Z",
    ".",
    " ",
    "한",
    "글",
    "é",
    "e\u0301",
    "ש",
    "ا",
    "🙂",
    "👍🏽",
    "👨\u200d👩\u200d👧",
    "🇰🇷",
    "1\ufe0f\u20e3",
]
WORDS = st.lists(st.sampled_from(CLUSTERS), max_size=900).map("".join)
ANYTHING = st.one_of(WORDS, st.text(max_size=1500))


def taken(message: Message, *, caption: bool) -> tuple[str, list[dict]]:
    """What a Bot API server makes of a message; it refuses what breaks its rules."""
    entities = [
        {"type": one.type, "offset": one.offset, "length": one.length, "url": one.url}
        for one in message.spans
    ]
    return read_text(message.text, entities, None, caption=caption)


@settings(max_examples=100, deadline=None)
@given(
    ANYTHING,
    ANYTHING,
    ANYTHING,
    ANYTHING,
    st.lists(ANYTHING, max_size=4),
    st.booleans(),
    st.sampled_from(["en", "ko", "ko-KR", "fr"]),
)
def test_whatever_an_entry_says_the_server_takes_its_message_as_it_is(
    title, summary, caption, credit, names, photo, language
) -> None:
    made = with_photo(entry(1), caption=clean(caption), credit=clean(credit))
    authors = tuple(Author(clean(name) or "x") for name in names)
    made = replace(made, title=clean(title), summary=clean(summary), authors=authors)
    message = of(made, photo=photo, language=language)
    assert utf16_length(message.text) <= (CAPTION_LIMIT if photo else TEXT_LIMIT)
    text, entities = taken(message, caption=photo)
    assert text == BIDI.sub("", message.text)
    assert len(entities) == len(message.spans)
    assert not message.text.startswith("\n")
    assert spanned(message, "bold")[0].strip()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(CLUSTERS), max_size=120), st.integers(0, 200))
def test_nothing_is_cut_inside_what_a_reader_sees_as_one_character(clusters: list[str], room: int) -> None:
    whole = "".join(clusters)
    shortened = cut_utf16(whole, room, at_sentence=False).removesuffix("…")
    assert whole.startswith(shortened)
    edges = {len("".join(clusters[:n])) for n in range(len(clusters) + 1)}
    assert len(shortened) in edges


@pytest.mark.parametrize("title", ["", " ", "\u200b", "\u00ad", "\u2060\ufeff"])
def test_a_title_that_shows_nothing_is_made_of_the_text(title: str) -> None:
    assert spanned(of(entry(1, title=title)), "bold") == ["What article 1 says"]
    bare = entry(1, title=title, summary=None, content_text=None, authors=(), published=None)
    assert of(bare).text.startswith("Untitled\n")
    assert of(bare, language="ko").text.startswith("제목 없음\n")


def test_a_hebrew_title_keeps_its_line_to_itself() -> None:
    first, second = of(entry(1, title="שלום עולם (חדש)")).text.split("\n")[:2]
    assert first == "שלום עולם (חדש)"
    assert second.startswith("#Policies")


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


ARTICLE = "<p>The <b>harbour</b> opened.</p><blockquote>So they said.</blockquote><ul><li>one</li></ul>"


def in_style(style: str, **changes) -> Message:
    return compose(entry(1, content_html=ARTICLE, **changes), TITLES, Form(style=style), photo=False)


def test_the_full_style_holds_the_whole_article_in_a_quote_that_opens() -> None:
    message = in_style("full")
    assert spanned(message, "expandable_blockquote") == ["The harbour opened.\n\nSo they said.\n\n• one"]
    assert spanned(message, "blockquote") == []
    assert message.text.startswith("Article 1\n#Policies")
    assert message.text.endswith("Read on → gazette.example")


def test_the_full_style_without_a_text_says_the_summary() -> None:
    message = compose(entry(1, content_html=None), TITLES, Form(style="full"), photo=False)
    assert "What article 1 says." in message.text


def test_the_link_style_is_the_title_and_its_link() -> None:
    assert in_style("link").text == "Article 1\nRead on → gazette.example"


def test_the_text_style_says_the_summary_and_no_caption() -> None:
    assert "What article 1 says." in in_style("text").text


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["<p>", "word 글 ", "😀" * 50, "<b>", "</b>", "<pre>"]), max_size=60))
def test_every_style_is_taken_by_the_server_whatever_the_article(pieces: list[str]) -> None:
    made = replace(entry(1), content_html="".join(pieces) * 8)
    for style in ("text", "full", "link"):
        message = compose(made, TITLES, Form(style=style), photo=False, updated=made.first_seen)
        assert utf16_length(message.text) <= TEXT_LIMIT
        text, entities = taken(message, caption=False)
        assert (text, len(entities)) == (message.text, len(message.spans))


def test_a_corrected_message_says_so_and_still_fits() -> None:
    made = with_photo(entry(1, summary="A sentence of it. " * 200))
    message = compose(made, TITLES, Form(), photo=True, updated=made.first_seen)
    assert message.text.endswith("\n\nUpdated Mar 1, 2026")
    assert utf16_length(message.text) <= CAPTION_LIMIT


def test_a_withdrawn_article_is_struck_through() -> None:
    message = compose(entry(1), TITLES, Form(language="ko"), photo=False, withdrawn=True)
    assert spanned(message, "strikethrough") == ["Article 1"]
    assert message.text.endswith("발행처에서 삭제한 기사")
    assert "What article 1 says." not in message.text


def test_a_template_says_what_the_subscriber_wants() -> None:
    form = Form(template="<b>{{ title }}</b>\n{{ summary }}{% if credit %}\n© {{ credit }}{% endif %}")
    message = compose(with_photo(entry(1, summary="5 < 6")), TITLES, form, photo=True)
    assert message.text == "Article 1\n5 < 6\n© Gazette Pictures"
    assert spanned(message, "bold") == ["Article 1"]


def test_a_template_that_says_nothing_gives_way_to_the_style() -> None:
    form = Form(template="{% if summary == 'x' %}y{% endif %}")
    assert compose(entry(1), TITLES, form, photo=False).text.startswith("Article 1\n#Policies")


def test_a_digest_says_how_many_more_there_are_and_where() -> None:
    message = digest(12, "Policies", "https://news.example/c/policies", language="en", silent=False)
    assert message.text == "and 12 more in Policies → news.example"
    assert spanned(message, "text_link") == ["news.example"]
    assert "12건" in digest(12, "정책", "https://news.example/", language="ko-KR", silent=False).text


def test_buttons_read_the_article_and_mute_its_source() -> None:
    message = with_buttons(of(entry(1)), entry(1), 7, "en")
    assert [(one.text, one.url, one.data) for one in message.buttons] == [
        ("Read on", entry(1).url, None),
        ("Mute gazette.example", None, f"mute:7:{entry(1).source_id}"),
    ]


def test_a_source_whose_name_is_too_long_for_a_button_has_none_to_mute_it() -> None:
    made = replace(entry(1), source_id="s" * 70)
    assert [one.data for one in with_buttons(of(made), made, 7, "en").buttons] == [None]
