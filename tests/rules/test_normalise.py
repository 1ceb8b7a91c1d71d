"""Normalising: whatever a document says becomes an entry with nothing missing that it needs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import (
    Author,
    Candidate,
    Enclosure,
    Entry,
    ParsedEntry,
    ParsedFeed,
    Photo,
    Precision,
    Related,
    Source,
)
from feedbot.rules.identity import marks
from feedbot.rules.normalise import (
    MAX_HTML,
    MAX_SUMMARY,
    MAX_TITLE,
    digest_of,
    language_of,
    merge,
    normalise,
    slugs_of,
    story_of,
    summary_of,
    text_as_html,
)
from tests.support import NOW, entry

URL = "https://gazette.example/feed"
SOURCE = Source("gazette", URL, categories=("policies",), timezone="Asia/Seoul")
ITEM = ParsedEntry(
    guid="urn:1", link="/articles/1", title="Article 1", content_text="It rained.", published="Jun 18, 2025"
)


def found(*items: ParsedEntry, source: Source = SOURCE, **feed: object) -> tuple[Candidate, ...]:
    return normalise(ParsedFeed(entries=items, **feed), source, URL, NOW, "feeds.example")  # type: ignore[arg-type]


def one(source: Source = SOURCE, **changes: object) -> Entry:
    return found(replace(ITEM, **changes), source=source)[0].entry  # type: ignore[arg-type]


def page(**changes: object) -> ParsedEntry:
    return ParsedEntry(**changes)  # type: ignore[arg-type]


def test_links_are_made_absolute_and_rid_of_tracking():
    made = one(
        link="/articles/1?utm_source=rss&id=3",
        related=(Related("/2", " More \u00a0rain "), Related("javascript:x")),
    )
    assert made.url == "https://gazette.example/articles/1?id=3"
    assert made.related == (Related("https://gazette.example/2", "More rain"),)


def test_enclosures_that_are_no_address_of_the_web_are_dropped():
    files = (Enclosure("/a.mp3", 12, "audio/mpeg"), Enclosure("file:///etc/passwd"), Enclosure("/a.mp3"))
    assert [file.url for file in one(enclosures=files).enclosures] == ["https://gazette.example/a.mp3"]


def test_a_date_is_read_in_the_sources_zone_and_keeps_its_precision():
    made = one()
    assert made.published is not None
    assert (made.published.isoformat(), made.published_precision) == (
        "2025-06-18T00:00:00+09:00",
        Precision.DAY,
    )


def test_without_a_date_the_first_sight_orders_an_entry():
    made = one(published=None)
    assert (made.published, made.sort_at) == (None, NOW)


def test_the_time_of_an_update_stands_in_for_a_missing_date():
    made = one(published=None, updated="2025-06-18T10:00:00Z")
    assert (made.published, made.updated) == (datetime(2025, 6, 18, 10, tzinfo=UTC), None)


def test_the_parsers_reading_stands_in_where_ours_fails_but_not_where_two_are_possible():
    assert one(published="gestern", published_parsed="2025-06-18T10:00:00+00:00").published is not None
    assert one(published="05/06/2025", published_parsed="2025-05-06T00:00:00+00:00").published is None


@pytest.mark.parametrize(
    "published", ["9999-12-31T23:59:59Z", "10000-01-01", "1970-01-01T00:00:00Z", "0", "-1"]
)
def test_dates_that_cannot_be_are_none(published):
    assert one(published=published).published is None


def test_entries_stand_oldest_first_and_future_dates_count_as_now():
    dates = ["2026-02-01", "2031-01-01", "2026-01-01"]
    made = found(*(replace(ITEM, guid=date, link=f"/{date}", published=date) for date in dates))
    assert [candidate.entry.published.year for candidate in made if candidate.entry.published] == [
        2026,
        2026,
        2031,
    ]
    assert made[-1].entry.sort_at == NOW


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (" A \u202eb\u200b \n c ", "x", "A b c"),
        (None, "It rained all day. Nobody came.", "It rained all day"),
        ("\u3164 \u200b", "It rained.", "It rained"),
        ("", None, "gazette.example"),
    ],
)
def test_an_entry_always_has_a_title(title, text, expected):
    assert one(title=title, content_text=text).title == expected


def test_long_fields_are_capped():
    made = one(
        title="word " * 100_000,
        content_html="<p>word</p>" * 100_000,
        content_text="word " * 500_000,
        categories=tuple(f"{number} " + "x" * 500 for number in range(100)),
        authors=tuple(Author(f"{number} " + "x" * 500) for number in range(100)),
    )
    assert len(made.title) <= MAX_TITLE
    assert len(made.content_html or "") <= MAX_HTML
    assert (made.content_html or "").endswith("</p>")
    assert len(made.content_text or "") <= MAX_HTML
    assert (len(made.categories), max(map(len, made.categories))) == (32, 100)
    assert (len(made.authors), max(len(author.name) for author in made.authors)) == (20, 200)


def test_a_summary_is_told_or_begins_the_text():
    assert summary_of(" Short \n one. ", "Long.") == "Short one."
    assert summary_of(None, "It rained. " * 100) == ("It rained. " * 27).strip()
    assert summary_of(None, None) is None
    assert len(summary_of(None, "x" * 10_000) or "") == MAX_SUMMARY


def test_a_text_without_html_becomes_paragraphs():
    assert (
        one(content_html=None, content_text="a < b\n\nc & d").content_html
        == "<p>a &lt; b</p><p>c &amp; d</p>"
    )
    assert text_as_html(None) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((Author("By Kim Hyelin"),), (Author("Kim Hyelin"),)),
        (
            (Author("  Kim \u00a0Hyelin "), Author("KIM HYELIN", "kim@gazette.example")),
            (Author("Kim Hyelin", "kim@gazette.example"),),
        ),
        ((Author("kim@gazette.example (Kim Hyelin)"),), (Author("Kim Hyelin", "kim@gazette.example"),)),
        ((Author("Kim Hyelin <kim@gazette.example>"),), (Author("Kim Hyelin", "kim@gazette.example"),)),
        ((Author("kim@gazette.example"),), (Author("kim", "kim@gazette.example"),)),
        ((Author("Byron Ada"), Author(" ")), (Author("Byron Ada"),)),
        ((Author("Stand by Me Theatre"),), (Author("Stand by Me Theatre"),)),
        ((Author("Ada", uri="javascript:x"),), (Author("Ada"),)),
    ],
)
def test_authors_are_people_named_once(told, expected):
    assert one(authors=told).authors == expected


def test_labels_are_told_once_however_they_are_written():
    assert one(categories=("Policies", " policies ", "Sci\u00a0Tech", "")).categories == (
        "Policies",
        "Sci Tech",
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("en",), "en"),
        (("EN-us",), "en-US"),
        (("ko_KR",), "ko-KR"),
        (("zh-hant-tw",), "zh-Hant-TW"),
        (("en_US.UTF-8",), "en-US"),
        (("english", "ko"), "ko"),
        (("und", None, "", "de"), "de"),
        (("<b>", "x", "1"), None),
        ((None,), None),
    ],
)
def test_the_first_tag_that_is_a_language_is_taken(told, expected):
    assert language_of(*told) == expected


def test_the_operators_language_wins_over_the_entrys_and_that_over_the_feeds():
    assert one(replace(SOURCE, language="de"), language="ko").language == "de"
    assert found(replace(ITEM, language="ko"), language="en")[0].entry.language == "ko"
    assert found(replace(ITEM, language="???"), language="en")[0].entry.language == "en"


def test_the_lead_photo_stands_first():
    made = one(photos=(Photo(None, "Words"), Photo("/logo.png"), Photo("/a.jpg", "A"), Photo("/b.jpg", "B")))
    assert [photo.caption for photo in made.photos] == ["A", "Words", "B"]
    assert made.photo == made.photos[0]


@pytest.mark.parametrize(
    ("url", "canonical", "expected"),
    [
        ("https://x.example/a?utm_id=1", None, "https://x.example/a"),
        ("https://x.example/a?id=1", "https://y.example/a", "https://y.example/a"),
        ("https://x.example/a", "/b#top", "https://x.example/b"),
        ("https://x.example/a", "https://x.example/", "https://x.example/a"),
        ("https://x.example/a", "javascript:x", "https://x.example/a"),
        (None, "https://y.example/a", "https://y.example/a"),
        (None, None, "tag:x"),
        ("https://x.example/", None, "tag:x"),
    ],
)
def test_a_story_is_its_canonical_address_else_its_own_else_its_id(url, canonical, expected):
    assert story_of(url, canonical, "tag:x") == expected


def test_one_story_in_two_sources_is_one_story():
    told = replace(ITEM, canonical="https://agency.example/1")
    other = replace(ITEM, link="https://other.example/9", guid="9", canonical="http://agency.example/1#x")
    assert found(told)[0].story == found(other)[0].story


def test_categories_are_the_sources_and_those_its_labels_map_to():
    source = replace(SOURCE, category_map={"Weather News": "sky", "x": "policies"})
    assert slugs_of(source, ["weather\u00a0news", "X", "other"]) == ("policies", "sky")


def test_a_digest_is_of_title_text_link_and_lead_photo():
    made = entry(1)
    for changes in (
        {"published": NOW},
        {"authors": ()},
        {"categories": ("Other",)},
        {"summary": "Other"},
        {"title": " ARTICLE  1"},
        {"url": "http://gazette.example/articles/1?utm_id=1#top"},
    ):
        assert digest_of(replace(made, **changes)) == digest_of(made)
    for changes in (
        {"title": "Other"},
        {"content_text": "Other"},
        {"url": "https://gazette.example/2"},
        {"photo": Photo("https://gazette.example/a.jpg")},
    ):
        assert digest_of(replace(made, **changes)) != digest_of(made)


@given(
    st.one_of(
        st.text(max_size=80),
        st.sampled_from(["\u202ea\u200bB", " \n\n ", "\u1e9e" * 60_000, "a \n" * 20_000]),
    )
)
@settings(max_examples=50, deadline=None)
def test_a_digest_made_beside_the_keys_is_that_of_the_entry(text: str):
    (candidate,) = found(replace(ITEM, content_text=text))
    assert candidate.digest == digest_of(candidate.entry)


def test_another_size_of_the_lead_photo_is_no_change():
    small, large = (
        replace(entry(1), photo=Photo(f"https://x.example/a{size}.jpg")) for size in ("-300x200", "")
    )
    assert digest_of(small) == digest_of(large)


def test_marks_of_what_was_not_read_tell_apart_what_was():
    other = replace(ITEM, link="/articles/2", title="Article 2")
    alone = found(ITEM)[0]
    beside = normalise(
        ParsedFeed(entries=(ITEM,)), SOURCE, URL, NOW, "feeds.example", others=[marks(other, URL)]
    )[0]
    assert alone.keys[0].startswith("guid:")
    assert beside.keys[0].startswith("link:")


def test_by_link_the_link_is_the_identity():
    made = normalise(ParsedFeed(entries=(ITEM,)), SOURCE, URL, NOW, "feeds.example", by_link=True)[0]
    assert made.keys[0].startswith("link:")
    assert not any(key.startswith(("guid:", "path:")) for key in made.keys)


PAGE_URL = "https://gazette.example/articles/1"


def test_the_page_wins_each_field_that_it_has():
    merged = merge(
        entry(1),
        page(
            title="Page title",
            content_text="Page text.",
            authors=(Author("By Lee Sol"),),
            categories=("Sci-Tech",),
            language="ko",
            photos=(Photo("/a.jpg", "A"),),
            related=(Related("/2", "Two"),),
            published="2026-02-01T10:00:00Z",
            provenance={"title": "css"},
        ),
        SOURCE,
        PAGE_URL,
        "UTC",
    )
    assert (merged.title, merged.content_text, merged.content_html) == (
        "Page title",
        "Page text.",
        "<p>Page text.</p>",
    )
    assert (merged.authors, merged.categories, merged.language) == ((Author("Lee Sol"),), ("Sci-Tech",), "ko")
    assert merged.photo is not None
    assert merged.photo.url == "https://gazette.example/a.jpg"
    assert merged.related == (Related("https://gazette.example/2", "Two"),)
    assert merged.published == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert merged.provenance == {"title": "css"}


def test_the_feed_fills_what_the_page_lacks_and_identity_stays():
    made = entry(1, photo=Photo("https://x.example/a.jpg"), photos=(Photo("https://x.example/a.jpg"),))
    merged = merge(made, page(), SOURCE, PAGE_URL, "UTC")
    assert merged == made


def test_a_day_on_the_page_does_not_blur_the_feeds_time_of_that_day():
    made = entry(1)
    told = made.published
    assert told is not None
    assert merge(made, page(published=told.date().isoformat()), SOURCE, PAGE_URL, "UTC").published == told
    earlier = (told - timedelta(days=3)).date().isoformat()
    assert merge(made, page(published=earlier), SOURCE, PAGE_URL, "UTC").published_precision is Precision.DAY


def test_the_address_of_the_page_is_taken_where_the_feed_has_none():
    assert merge(entry(1, url=None), page(), SOURCE, PAGE_URL, "UTC").url == PAGE_URL


hostile = st.none() | st.text(
    st.one_of(
        st.characters(), st.characters(categories=["Cs"]), st.sampled_from("\x00\u202e\u200b\ufffe<>&")
    ),
    max_size=30,
)
parsed = st.builds(
    ParsedEntry,
    guid=hostile,
    link=hostile | st.sampled_from(["/a", "javascript:x", "//[", "http://a:b/"]),
    title=hostile,
    summary_html=hostile,
    content_html=hostile,
    content_text=hostile,
    authors=st.lists(st.builds(Author, st.text(max_size=10), hostile, hostile), max_size=2).map(tuple),
    categories=st.lists(st.text(max_size=10), max_size=2).map(tuple),
    language=hostile,
    published=hostile,
    published_parsed=hostile,
    photos=st.lists(st.builds(Photo, hostile, hostile, hostile, hostile), max_size=3).map(tuple),
    related=st.lists(st.builds(Related, st.text(max_size=10), hostile), max_size=2).map(tuple),
    canonical=hostile,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(parsed, max_size=4))
def test_anything_becomes_entries_that_every_sink_takes(items):
    for candidate in found(*items):
        made = candidate.entry
        assert made.title.strip()
        assert made.url is None or made.url.startswith(("http://", "https://"))
        for text in (
            made.title,
            made.summary,
            made.content_html,
            made.content_text,
            made.id,
            candidate.story,
        ):
            (text or "").encode()
            assert "\x00" not in (text or "")
        for author in made.authors:
            f"{author.name}{author.email}{author.uri}".encode()
        merged = merge(made, items[0], SOURCE, PAGE_URL, "UTC")
        assert (merged.id, merged.first_seen) == (made.id, made.first_seen)


def test_a_summary_that_a_list_cut_off_gives_way_to_the_text_of_the_page():
    whole = "The harbour was opened by 119 visitors and a brass band. Then it rained."
    cut_off = entry(1, summary="The harbour was opened by 119 vis...")
    assert merge(cut_off, page(content_text=whole), SOURCE, PAGE_URL, "UTC").summary == whole
    own = entry(1, summary="A day at the harbour...")
    assert merge(own, page(content_text=whole), SOURCE, PAGE_URL, "UTC").summary == own.summary
