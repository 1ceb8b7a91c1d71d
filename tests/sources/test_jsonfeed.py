"""JSON Feed, with anything in it of any type."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import ParsedEntry, ParsedFeed
from feedbot.sources.jsonfeed import parse_json_feed
from tests.sources.golden import URL

VERSION = "https://jsonfeed.org/version/1.1"


def items(*told: Any, **feed: Any) -> ParsedFeed:
    return parse_json_feed(json.dumps({"version": VERSION, "items": told, **feed}), URL)


def item(**told: Any) -> ParsedEntry:
    (entry,) = items({"id": "1", **told}).entries
    return entry


@pytest.mark.parametrize(
    "hostile",
    [
        '{"items":' + "[" * 200_000 + "]" * 200_000 + "}",
        '{"items": [1, 2',
        '{"items": {}}',
        '{"version": 7, "items": []}',
        "{}",
        "[]",
        '{"openapi": "3.0", "items": [{"name": "a"}]}',
    ],
)
def test_what_is_no_json_feed_is_refused(hostile: str):
    assert "no feed" in (parse_json_feed(hostile, URL).fault or "")


def test_numbers_beyond_all_bounds_do_no_harm():
    attached = '[{"url": "https://a.example/", "size_in_bytes": 1e999}]'
    told = f'"id": {"9" * 100_000}, "title": "a", "attachments": {attached}'
    (entry,) = parse_json_feed(f'{{"version": "{VERSION}", "items": [{{{told}}}]}}', URL).entries
    assert (entry.guid, entry.title, entry.enclosures[0].length) == (None, "a", None)
    (entry,) = parse_json_feed(
        f'{{"version": "{VERSION}", "items": [{{"id": NaN, "title": "a"}}]}}', URL
    ).entries
    assert entry.guid is None


def test_lone_surrogates_are_dropped():
    entry = item(title="a\ud800b", content_text="\udfffc")
    assert (entry.title, entry.content_text) == ("ab", "c")


def test_an_item_that_says_nothing_is_passed_by():
    assert items({"id": "1"}, "item", None, 3, [], {"id": "2", "title": "b"}).entries[0].guid == "2"


def test_an_id_may_be_a_number_or_an_address():
    assert item(id=7, title="a").guid == "7"
    assert item(id="https://a.example/7").link == "https://a.example/7"


def test_a_feed_without_version_is_known_by_its_items():
    text = json.dumps({"items": [{"id": "1", "content_text": "a"}]})
    assert parse_json_feed(text, URL).fault is None


def test_the_author_of_version_1_0_is_read():
    assert item(title="a", author={"name": "Mo"}).authors[0].name == "Mo"


def test_only_a_thousand_items_are_read():
    parsed = items(*({"id": str(n), "title": "a"} for n in range(1001)))
    assert (len(parsed.entries), parsed.cut_off) == (1000, True)


def test_only_new_items_are_read_and_each_as_it_is_in_the_whole():
    told = [{"id": n, "url": f"/{n}", "title": f"Item {n}", "content_html": f"<p>{n}"} for n in range(4)]
    told.append({"id": "", "authors": "nobody"})  # says nothing
    text = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": told})
    whole = parse_json_feed(text, URL)
    assert whole.pieces is not None
    for chosen in itertools.product([True, False], repeat=len(told)):
        pieces = [piece for piece, is_known in zip(whole.pieces, chosen, strict=True) if is_known]
        some = parse_json_feed(text, URL, {piece.hash: (piece.guid, piece.link) for piece in pieces})
        assert some.pieces == whole.pieces
        new = [entry for entry, is_known in zip(whole.entries, chosen, strict=False) if not is_known]
        assert list(some.entries) == new


def test_a_changed_item_and_another_address_make_it_new():
    text = json.dumps({"items": [{"id": "1", "title": "a", "content_text": "b"}]})
    (piece,) = parse_json_feed(text, URL).pieces or ()
    known = {piece.hash: (piece.guid, piece.link)}
    assert not parse_json_feed(text, URL, known).entries
    assert parse_json_feed(text.replace("b", "c"), URL, known).entries
    assert parse_json_feed(text, URL + "?", known).entries


@pytest.mark.parametrize("depth", [100, 940, 970, 980, 990, 995, 1100])
def test_json_that_is_nested_deep_is_read_or_refused(depth: int):
    deep = "[" * depth + "]" * depth
    parsed = parse_json_feed(f'{{"items": [{{"title": "a", "content_text": "b", "x": {deep}}}]}}', URL)
    assert bool(parsed.fault) != bool(parsed.entries)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("url name title".split()), inner)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    "id url external_url title content_html content_text summary image banner_image date_published"
    " date_modified authors author tags language attachments".split()
)


@given(
    st.lists(st.dictionaries(FIELDS, JSON, max_size=6), max_size=3), st.dictionaries(FIELDS, JSON, max_size=3)
)
@settings(max_examples=80, deadline=None)
def test_any_type_anywhere_raises_nothing_and_can_be_written(
    told: list[dict[str, Any]], feed: dict[str, Any]
):
    for entry in items(*told, **feed).entries:
        json.dumps([entry.title, entry.content_text, entry.guid, entry.summary_html]).encode()
        assert entry.link is None or entry.link.startswith("http")
