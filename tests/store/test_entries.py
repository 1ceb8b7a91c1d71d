"""One transaction saves entries, source state and deliveries; completion and failure follow the same rule."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from feedbot.errors import StoreError
from feedbot.model import Announce, Changes, SourceState
from feedbot.store import Store, deliveries, entries, feeds, sources, subscriptions
from tests.support import NOW, SOURCE, candidate, entry, new, subscription, with_photo

STATE = SourceState("gazette", next_poll=NOW + timedelta(hours=1), last_success=NOW)
COMPLETED = replace(SOURCE, site="korea-net")


def test_a_poll_saves_entries_deliveries_and_state_together(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    saved = store.do_now(entries.save_poll, SOURCE, new(entry(1), entry(2)), STATE, NOW)
    assert (saved.new, saved.planned) == (2, 2)
    assert store.do_now(deliveries.counts)["pending"] == 2
    assert store.do_now(sources.get_source, "gazette")[1] == STATE


def test_a_failure_in_the_transaction_leaves_nothing(store: Store) -> None:
    """A clash inside the unit of work takes the entries and the state with it."""
    twice = Changes((*new(entry(1)).new, *new(entry(1)).new))
    with pytest.raises(StoreError):
        store.do_now(entries.save_poll, SOURCE, twice, STATE, NOW)
    assert store.do_now(entries.of_category, "policies", 10) == []
    assert store.do_now(sources.get_source, "gazette")[1].last_success is None


def test_an_entry_comes_back_as_it_was_saved(store: Store) -> None:
    made = with_photo(entry(1))
    store.do_now(entries.save_poll, SOURCE, new(made), STATE, NOW)
    assert store.do_now(entries.of_category, "policies", 10)[0].entry == made


def test_silent_entries_are_written_as_skipped_and_say_why(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    store.do_now(entries.save_poll, SOURCE, new(entry(1), announce=Announce.FIRST_SIGHT), STATE, NOW)
    counts = store.do_now(deliveries.counts)
    assert (counts["pending"], counts["skipped"]) == (0, 1)


def test_an_incomplete_entry_is_neither_published_nor_planned(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    store.do_now(entries.save_poll, COMPLETED, new(entry(1)), STATE, NOW)
    assert store.do_now(entries.of_category, "policies", 10) == []
    assert store.do_now(deliveries.counts)["pending"] == 0
    assert store.do_now(entries.waiting_sources, NOW) == ["gazette"]


def test_a_completed_entry_is_published_and_planned_at_once(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    store.do_now(entries.save_poll, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    better = replace(waiting.entry, title="Better")
    saved = store.do_now(entries.save_completed, waiting, better, waiting.story, ("policies",), NOW)
    assert saved.planned == 1
    assert [one.entry.title for one in store.do_now(entries.of_category, "policies", 10)] == ["Better"]
    assert store.do_now(entries.waiting_sources, NOW) == []


def test_a_page_that_failed_for_good_lets_the_feeds_record_out(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    store.do_now(entries.save_poll, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    again = NOW + timedelta(seconds=30)
    assert store.do_now(entries.page_failed, waiting, "404", again, NOW).planned == 0
    assert store.do_now(entries.incomplete, "gazette", NOW, 50) == []
    [later] = store.do_now(entries.incomplete, "gazette", again, 50)
    assert later.page_failures == 1
    assert store.do_now(entries.page_failed, later, "404", None, again).planned == 1
    assert len(store.do_now(entries.of_category, "policies", 10)) == 1


def test_a_changed_entry_is_rewritten_and_its_feed_marked(store: Store) -> None:
    store.do_now(entries.save_poll, SOURCE, new(entry(1)), STATE, NOW)
    [feed] = store.do_now(feeds.changed_feeds)
    store.do_now(feeds.feed_published, "policies", feed.changed)
    assert store.do_now(feeds.changed_feeds) == []
    known = store.do_now(entries.known, "gazette", list(candidate(entry(1)).keys))
    changed = Changes(updated=((next(iter(known.values())), candidate(entry(1, title="New title"))),))
    store.do_now(entries.save_poll, SOURCE, changed, STATE, NOW + timedelta(hours=1))
    [found] = store.do_now(entries.of_category, "policies", 10)
    assert (found.entry.title, found.updated_at) == ("New title", NOW + timedelta(hours=1))
    assert [feed.slug for feed in store.do_now(feeds.changed_feeds)] == ["policies"]


def test_a_changed_piece_of_a_completed_entry_asks_its_page_again(store: Store) -> None:
    store.do_now(entries.save_poll, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    store.do_now(entries.save_completed, waiting, waiting.entry, waiting.story, ("policies",), NOW)
    known = store.do_now(entries.known, "gazette", list(candidate(entry(1)).keys))
    changed = Changes(updated=((next(iter(known.values())), candidate(entry(1, title="Corrected"))),))
    store.do_now(entries.save_poll, COMPLETED, changed, STATE, NOW + timedelta(hours=1))
    [again] = store.do_now(entries.incomplete, "gazette", NOW + timedelta(hours=1), 50)
    assert again.ready
    corrected = replace(again.entry, title="Corrected")
    saved = store.do_now(
        entries.save_completed, again, corrected, again.story, ("policies",), NOW + timedelta(hours=1)
    )
    assert (saved.updated, saved.planned) == (1, 0)


def test_the_newest_entries_come_first_and_no_more_than_asked(store: Store) -> None:
    store.do_now(entries.save_poll, SOURCE, new(*(entry(n) for n in range(1, 6))), STATE, NOW)
    titles = [one.entry.title for one in store.do_now(entries.of_category, "policies", 3)]
    assert titles == ["Article 5", "Article 4", "Article 3"]
    assert store.do_now(entries.count_of_category, "policies") == 5


def test_many_keys_are_looked_up_in_batches(store: Store) -> None:
    store.do_now(entries.save_poll, SOURCE, new(entry(1)), STATE, NOW)
    keys = [f"guid:none-{n}" for n in range(2000)] + list(candidate(entry(1)).keys)
    assert len(store.do_now(entries.known, "gazette", keys)) == 1


def test_a_source_gone_from_the_configuration_is_paused_and_its_entries_stay(store: Store) -> None:
    store.do_now(entries.save_poll, SOURCE, new(entry(1)), STATE, NOW)
    store.do_now(sources.sync_sources, [])
    assert store.do_now(sources.due_sources, NOW + timedelta(days=2)) == []
    assert len(store.do_now(entries.of_category, "policies", 10)) == 1


def test_a_source_whose_configuration_changed_is_asked_anew(store: Store) -> None:
    store.do_now(entries.save_poll, SOURCE, new(entry(1)), replace(STATE, body_hash="x"), NOW)
    assert store.do_now(sources.due_sources, NOW) == []
    store.do_now(sources.sync_sources, [replace(SOURCE, categories=("policies", "other"))])
    assert store.do_now(sources.due_sources, NOW) == ["gazette"]
    assert store.do_now(sources.get_source, "gazette")[1].body_hash is None


def test_secret_headers_of_a_source_do_not_reach_the_database(store: Store) -> None:
    store.do_now(sources.sync_sources, [replace(SOURCE, headers={"Cookie": "session=hidden-value"})])
    rows = store.do_now(lambda c: c.execute(text("SELECT record FROM sources")).scalars().all())
    assert "hidden-value" not in "".join(rows)
