"""Identity: an entry is known again whatever its source changes, and no two entries are one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Candidate, ParsedEntry, ParsedFeed, Source, SourceState, StoredEntry
from feedbot.rules.changes import find_changes
from feedbot.rules.identity import degrades, document_keys, entry_id, link_key, marks
from feedbot.rules.normalise import normalise
from tests.support import NOW, stored

SOURCE = Source("gazette", "https://gazette.example/feed")
BASE = "https://gazette.example/"
POLLED = SourceState("gazette", last_success=NOW - timedelta(hours=1))


class Memory:
    """A source's entries as a store would keep them, over several polls."""

    def __init__(self) -> None:
        self.by_key: dict[str, StoredEntry] = {}
        self.rows: dict[int, StoredEntry] = {}
        self.at = NOW
        self.by_link = False

    def poll(self, *items: ParsedEntry, unread: tuple[ParsedEntry, ...] = ()) -> list[str]:
        """Show a document; gives the titles of the entries that are new. `unread` stand in it, unparsed."""
        self.at += timedelta(hours=1)
        others = [marks(item, BASE) for item in unread]
        self.by_link = self.by_link or degrades(items, BASE, others)
        candidates = normalise(
            ParsedFeed(entries=items),
            SOURCE,
            BASE,
            self.at,
            "feeds.example",
            by_link=self.by_link,
            others=others,
        )
        changes = find_changes(candidates, self.by_key, POLLED, None, self.at, others=others)
        for candidate, _ in changes.new:
            self._save(len(self.rows) + 1, candidate)
        for known, candidate in changes.updated:
            self._save(known.row, candidate)
        assert len({one.entry.id for one in self.rows.values()}) == len(self.rows), "ids are unique"
        return [candidate.entry.title for candidate, _ in changes.new]

    def _save(self, row: int, candidate: Candidate) -> None:
        first = self.rows[row].first_key if row in self.rows else candidate.keys[0]
        entry = stored(candidate.entry, row, digest=candidate.digest, first_key=first)
        self.rows[row] = entry
        self.by_key |= {key: entry for key in candidate.keys if key not in self.by_key}
        self.by_key |= {key: entry for key, one in self.by_key.items() if one.row == row}


def item(number: int, **changes: object) -> ParsedEntry:
    made = ParsedEntry(
        guid=f"urn:gazette:{number}",
        link=f"https://gazette.example/articles/{number}",
        title=f"Article {number}",
        content_text=f"What article {number} says.",
        published=f"Sun, 01 Mar 2026 {number:02}:05:09 GMT",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_same_document_brings_nothing_new():
    memory = Memory()
    assert memory.poll(item(2), item(1)) == ["Article 1", "Article 2"]
    assert memory.poll(item(2), item(1)) == []
    assert memory.poll(item(1), item(2)) == []


def test_a_new_entry_is_new():
    memory = Memory()
    memory.poll(item(1))
    assert memory.poll(item(2), item(1)) == ["Article 2"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another headline"},
        {"link": "https://gazette.example/moved/1"},
        {"content_text": "Corrected."},
        {"published": "Mon, 02 Mar 2026 10:00:00 GMT"},
        {"published": None},
        {"guid": "urn:other:1"},
        {"guid": None},
        {"guid": "URN:GAZETTE:1"},
        {"title": "Another headline", "link": "https://gazette.example/another-headline"},
        {"guid": "urn:other:1", "link": "https://gazette.example/articles/1?session=9"},
        {"guid": "urn:other:1", "content_text": "Corrected.", "published": None},
        {"link": "http://gazette.example/articles/1#top"},
    ],
)
def test_an_entry_with_a_change_is_the_same_entry(change):
    memory = Memory()
    memory.poll(item(1))
    assert memory.poll(item(1, **change)) == []
    assert len(memory.rows) == 1


def test_one_guid_for_ever_does_not_hide_a_new_title_and_link():
    memory = Memory()
    assert memory.poll(item(1, guid="same")) == ["Article 1"]
    assert memory.poll(item(2, guid="same")) == ["Article 2"]
    assert memory.poll(item(2, guid="same")) == []
    assert memory.poll(item(2, guid="same", title="Edited")) == []
    assert memory.poll(item(3, guid="same"), item(2, guid="same")) == ["Article 3"]
    assert memory.poll(item(3, guid="same"), item(2, guid="same")) == []


def test_one_guid_and_one_text_for_ever_do_not_hide_a_new_title_and_link():
    memory = Memory()
    assert memory.poll(item(1, guid="same", content_text="Read on.")) == ["Article 1"]
    assert memory.poll(item(2, guid="same", content_text="Read on.")) == ["Article 2"]


def test_an_edited_title_of_an_entry_whose_link_all_share_is_no_new_entry():
    link = "https://gazette.example/news"
    listed = [item(number, link=link, published=None) for number in (3, 2, 1)]
    memory = Memory()
    assert len(memory.poll(*listed)) == 3
    edited = item(2, link=link, published=None, title="Another headline")
    assert memory.poll(edited, unread=(listed[0], listed[2])) == []
    assert memory.poll(listed[0], edited, listed[2]) == []


def test_a_new_entry_among_others_that_were_not_read_is_new_and_an_edit_is_not():
    listed = tuple(item(number) for number in range(9, 0, -1))
    memory = Memory()
    memory.poll(*listed)
    assert memory.poll(item(10), unread=listed) == ["Article 10"]
    assert memory.poll(item(9, guid="other", link="/other"), unread=(item(10), *listed[1:])) == []


def test_all_guids_change_and_links_stay():
    memory = Memory()
    memory.poll(*(item(number) for number in range(9, 0, -1)))
    assert memory.poll(*(item(number, guid=f"new-{number}") for number in range(9, 0, -1))) == []


def test_a_site_moves_to_another_host_with_links_and_guids():
    old, new = ("https://gazette.example/articles/1", "https://www.gazette.example/articles/1")
    memory = Memory()
    memory.poll(item(1, guid=old, link=old))
    assert memory.poll(item(1, guid=new, link=new, published=None)) == []


@pytest.mark.parametrize("published", ["Sun, 01 Mar 2026 10:05:09 GMT", "2026-03-01", None])
def test_session_ids_in_guids_and_links_bring_nothing_new(published):
    memory = Memory()

    def seen(session: str) -> list[ParsedEntry]:
        return [
            item(
                number,
                guid=f"https://gazette.example/{session}/{number}",
                link=f"https://gazette.example/{session}/{number}",
                published=published,
            )
            for number in (3, 2, 1)
        ]

    assert len(memory.poll(*seen("a81"))) == 3
    assert memory.poll(*seen("b92")) == []
    assert memory.poll(*seen("c03")) == []


def test_no_guid_and_a_token_in_the_link_are_known_by_title_and_date():
    memory = Memory()
    memory.poll(item(1, guid=None, link="https://gazette.example/v/ab1", published="2026-03-01"))
    assert memory.poll(item(1, guid=None, link="https://gazette.example/v/cd2", published="2026-03-01")) == []


def test_a_headline_test_that_changes_guid_link_and_title_keeps_text_and_time():
    text = "The river rose by two metres in the night, and the old bridge was closed. " * 6
    memory = Memory()
    memory.poll(item(1, content_text=text))
    assert (
        memory.poll(item(1, content_text=text, guid="b", link="https://gazette.example/b", title="B")) == []
    )


def live(number: int, **changes: object) -> ParsedEntry:
    return item(number, title="Live updates", published="2026-03-01", **changes)


def test_two_entries_of_one_title_and_day_are_two_in_one_document():
    assert len(Memory().poll(live(1), live(2))) == 2


def test_two_entries_of_one_title_and_day_are_two_while_both_are_listed():
    memory = Memory()
    memory.poll(live(1, content_text=None))
    assert memory.poll(live(2, content_text=None), live(1, content_text=None)) == ["Live updates"]
    assert memory.poll(live(2, content_text=None), live(1, content_text=None)) == []


def test_two_entries_of_one_title_and_day_are_two_while_the_first_is_listed_unread():
    memory = Memory()
    memory.poll(live(1, content_text=None))
    assert memory.poll(live(2, content_text=None), unread=(live(1, content_text=None),)) == ["Live updates"]


def test_two_entries_of_one_title_and_day_are_two_by_their_texts_after_the_first_has_left():
    memory = Memory()
    memory.poll(live(1))
    assert memory.poll(live(2)) == ["Live updates"]


def test_a_daily_title_and_text_is_a_new_entry_each_day():
    memory = Memory()
    for day in range(1, 5):
        thread = item(day, title="Open thread", content_text="Talk.", published=f"2026-03-0{day}T09:00:00Z")
        assert memory.poll(thread) == ["Open thread"]


def test_a_ticker_with_one_link_has_many_entries():
    link = "https://gazette.example/ticker"
    memory = Memory()
    assert memory.poll(item(1, link=f"{link}#1")) == ["Article 1"]
    assert memory.poll(item(2, link=f"{link}#2")) == ["Article 2"]
    assert memory.poll(item(3, link=f"{link}#3"), item(2, link=f"{link}#2")) == ["Article 3"]


def test_a_guid_twice_in_a_document_is_one_entry_whatever_stands_first():
    first, second = item(1, title="Draft"), item(1, title="Final", updated="2026-03-01T12:00:00Z")
    for order in ((first, second), (second, first)):
        memory = Memory()
        assert memory.poll(*order) == ["Final"]
    assert memory.poll(first, second) == memory.poll(second, first) == []


def test_guids_that_differ_in_case_only_are_two_entries():
    assert len(Memory().poll(item(1, guid="aBc"), item(2, guid="AbC"))) == 2


def test_a_guid_in_another_unicode_form_is_the_same():
    assert marks(item(1, guid="caf\u00e9"), BASE) == marks(item(1, guid="cafe\u0301"), BASE)


def test_a_guid_of_a_megabyte_has_a_short_key():
    keys = document_keys([item(1, guid="x" * 1_000_000)], BASE)[0]
    assert all(len(key) < 50 for key in keys)


def test_nothing_but_a_text_is_an_identity():
    bare = ParsedEntry(content_text="It rained all day.")
    other = ParsedEntry(content_text="It was dry.")
    memory = Memory()
    assert len(memory.poll(bare, other)) == 2
    assert memory.poll(other, bare) == []


def test_nothing_at_all_is_one_entry():
    memory = Memory()
    assert len(memory.poll(ParsedEntry(), ParsedEntry())) == 1
    assert memory.poll(ParsedEntry()) == []


def test_links_to_the_front_page_are_no_identity():
    memory = Memory()
    memory.poll(item(1, guid=None, link=BASE))
    assert memory.poll(item(2, guid=None, link=BASE)) == ["Article 2"]
    assert link_key(item(1, link=BASE), BASE) is None


def test_entries_with_one_guid_and_one_link_are_told_apart_by_their_titles():
    memory = Memory()
    same = [item(number, guid="1", link=BASE) for number in (4, 3, 2, 1)]
    assert len(memory.poll(*same)) == 4
    assert memory.poll(*same) == []


@pytest.mark.parametrize(
    ("shared", "of", "expected"), [(0, 20, False), (2, 40, False), (2, 39, True), (20, 20, True)]
)
def test_guids_shared_by_more_than_a_twentieth_are_not_trusted(shared, of, expected):
    items = [
        item(number % 24, guid="same", link=f"/{number}", title=f"T{number}") for number in range(shared)
    ]
    items += [item(number % 24, guid=f"own-{number}", link=f"/{number}") for number in range(shared, of)]
    assert degrades(items, BASE) is expected


def test_guids_shared_with_entries_that_were_not_read_are_not_trusted():
    others = [marks(item(number, guid="same"), BASE) for number in range(2, 9)]
    assert degrades([item(1, guid="same")], BASE, others)
    assert not degrades([item(1)], BASE, [marks(item(number), BASE) for number in range(2, 9)])


def test_a_single_entry_shares_its_guid_with_nobody():
    assert not degrades([item(1)], BASE)
    assert not degrades([], BASE)


def test_the_change_to_links_brings_nothing_new():
    memory = Memory()
    memory.poll(*(item(number) for number in range(9, 0, -1)))
    assert not memory.by_link
    assert memory.poll(*(item(number, guid="same") for number in range(9, 0, -1))) == []
    assert memory.by_link
    assert (
        memory.poll(*(item(number, guid="same", title=f"Edited {number}") for number in range(9, 0, -1)))
        == []
    )


def test_keys_are_the_same_with_and_without_reading_the_rest():
    items = [item(number) for number in range(1, 6)]
    whole = document_keys(items, BASE)
    assert document_keys(items[:1], BASE, others=[marks(one, BASE) for one in items[1:]]) == whole[:1]


def test_an_id_is_a_tag_that_names_host_year_and_source():
    assert entry_id("Feeds.Example", NOW, "gazette", "guid:12ab") == "tag:feeds.example,2026:gazette/12ab"
    assert entry_id("[::1]", NOW, "gazette", "guid:12ab") == "tag:--1,2026:gazette/12ab"


words = st.none() | st.sampled_from(
    ["a", "b", "A", "", " ", "https://gazette.example/", "/a", "/b?c=1", "\ud800", "é"]
)
parsed = st.builds(
    ParsedEntry,
    guid=words,
    link=words,
    title=words,
    content_text=words,
    published=st.sampled_from([None, "2026-03-01", "2026-03-01T10:00:00Z", "yesterday", "1970-01-01"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(parsed, max_size=6), st.booleans())
def test_any_document_has_keys_and_seen_twice_brings_nothing_new(items, by_link):
    keys = document_keys(items, BASE, by_link=by_link)
    assert len(keys) == len(items)
    assert all(keys)
    memory = Memory()
    memory.by_link = by_link
    memory.poll(*items)
    assert memory.poll(*items) == []
    assert memory.poll(*reversed(items)) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 23), unique=True, min_size=1, max_size=8), st.data())
def test_whatever_leaves_and_returns_is_announced_once(numbers, data):
    memory = Memory()
    seen: list[str] = []
    for _ in range(4):
        listed = data.draw(st.lists(st.sampled_from(numbers), unique=True))
        seen += memory.poll(*(item(number) for number in listed))
    assert len(seen) == len(set(seen))
