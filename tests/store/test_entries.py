"""One transaction saves entries, source state and deliveries; completion and failure follow the same rule."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from feedbot.errors import StoreError
from feedbot.model import Announce, Changes, Entry, Piece, Source, SourceState, StoredEntry, Validators
from feedbot.store import Store, categories, deliveries, entries, feeds, retention, sources, subscriptions
from feedbot.store.entries import Memory, PageRead, Saved
from tests.support import NOW, SOURCE, candidate, entry, new, save_poll, subscription, with_photo

STATE = SourceState("gazette", next_poll=NOW + timedelta(hours=1), last_success=NOW)
COMPLETED = replace(SOURCE, site="korea-net")


def complete(store: Store, waiting: StoredEntry, told: Entry, again=None, now=NOW) -> Saved:
    page = PageRead(Validators(waiting.entry.url, '"1"'), "hash of the page")
    return store.do_now(entries.save_completed, waiting, told, waiting.story, ("policies",), page, again, now)


def due(store: Store, now=NOW) -> list[str]:
    return [source.id for source, _ in store.do_now(sources.due_sources, now)]


def recalled(store: Store, *keys: str) -> Memory:
    return store.do_now(entries.recall, "gazette", keys)


def test_a_poll_saves_entries_deliveries_and_state_together(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    saved = save_poll(store, SOURCE, new(entry(1), entry(2)), STATE, NOW)
    assert (saved.new, saved.planned) == (2, 2)
    assert store.do_now(deliveries.counts)["pending"] == 2
    assert store.do_now(sources.get_source, "gazette")[1] == STATE


def test_a_failure_in_the_transaction_leaves_nothing(store: Store) -> None:
    """A clash inside the unit of work takes the entries and the state with it."""
    twice = Changes((*new(entry(1)).new, *new(entry(1)).new))
    with pytest.raises(StoreError):
        save_poll(store, SOURCE, twice, STATE, NOW)
    assert store.do_now(categories.of_category, "policies", 10) == []
    assert store.do_now(sources.get_source, "gazette")[1].last_success is None


def test_an_entry_comes_back_as_it_was_saved(store: Store) -> None:
    made = with_photo(entry(1))
    save_poll(store, SOURCE, new(made), STATE, NOW)
    assert store.do_now(categories.of_category, "policies", 10)[0].entry == made


def test_silent_entries_are_written_as_skipped_and_say_why(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1), announce=Announce.FIRST_SIGHT), STATE, NOW)
    counts = store.do_now(deliveries.counts)
    assert (counts["pending"], counts["skipped"]) == (0, 1)


def test_an_incomplete_entry_is_neither_published_nor_planned(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    assert store.do_now(categories.of_category, "policies", 10) == []
    assert store.do_now(deliveries.counts)["pending"] == 0
    assert [one.id for one in store.do_now(entries.waiting_sources, NOW)] == ["gazette"]


def test_a_completed_entry_is_published_and_planned_at_once(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    better = replace(waiting.entry, title="Better")
    saved = complete(store, waiting, better)
    assert saved.planned == 1
    assert [one.entry.title for one in store.do_now(categories.of_category, "policies", 10)] == ["Better"]
    assert store.do_now(entries.waiting_sources, NOW) == []


def test_a_page_that_failed_for_good_lets_the_feeds_record_out(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    again = NOW + timedelta(seconds=30)
    assert store.do_now(entries.page_failed, waiting, "404", again, NOW, give_up=False).planned == 0
    assert store.do_now(entries.incomplete, "gazette", NOW, 50) == []
    [later] = store.do_now(entries.incomplete, "gazette", again, 50)
    assert later.page_failures == 1
    assert store.do_now(entries.page_failed, later, "404", None, again, give_up=True).planned == 1
    assert len(store.do_now(categories.of_category, "policies", 10)) == 1


def test_a_changed_entry_is_rewritten_and_its_feed_marked(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    for feed in store.do_now(feeds.changed_feeds):
        store.do_now(feeds.feed_published, feed.slug, feed.changed)
    assert store.do_now(feeds.changed_feeds) == []
    known = recalled(store, *candidate(entry(1)).keys).known
    changed = Changes(updated=((next(iter(known.values())), candidate(entry(1, title="New title"))),))
    save_poll(store, SOURCE, changed, STATE, NOW + timedelta(hours=1))
    [found] = store.do_now(categories.of_category, "policies", 10)
    assert (found.entry.title, found.updated_at) == ("New title", NOW + timedelta(hours=1))
    assert [feed.slug for feed in store.do_now(feeds.changed_feeds)] == ["policies"]


def test_a_changed_piece_of_a_completed_entry_asks_its_page_again(store: Store) -> None:
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    complete(store, waiting, waiting.entry)
    known = recalled(store, *candidate(entry(1)).keys).known
    changed = Changes(updated=((next(iter(known.values())), candidate(entry(1, title="Corrected"))),))
    save_poll(store, COMPLETED, changed, STATE, NOW + timedelta(hours=1))
    [again] = store.do_now(entries.incomplete, "gazette", NOW + timedelta(hours=1), 50)
    assert again.ready
    corrected = replace(again.entry, title="Corrected")
    saved = complete(store, again, corrected, now=NOW + timedelta(hours=1))
    assert (saved.updated, saved.planned) == (1, 0)


def test_the_newest_entries_come_first_and_no_more_than_asked(store: Store) -> None:
    save_poll(store, SOURCE, new(*(entry(n) for n in range(1, 6))), STATE, NOW)
    titles = [one.entry.title for one in store.do_now(categories.of_category, "policies", 3)]
    assert titles == ["Article 5", "Article 4", "Article 3"]
    assert store.do_now(categories.count_of_category, "policies") == 5


def test_many_keys_are_looked_up_in_batches(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    keys = [f"guid:none-{n}" for n in range(2000)] + list(candidate(entry(1)).keys)
    assert len(recalled(store, *keys).known) == 1


def test_a_source_gone_from_the_configuration_is_paused_and_its_entries_stay(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    store.do_now(sources.sync_sources, [])
    assert due(store, NOW + timedelta(days=2)) == []
    assert len(store.do_now(categories.of_category, "policies", 10)) == 1


def test_a_source_whose_configuration_changed_is_asked_anew(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), replace(STATE, body_hash="x"), NOW)
    assert due(store) == []
    store.do_now(sources.sync_sources, [replace(SOURCE, categories=("policies", "other"))])
    assert due(store) == ["gazette"]
    assert store.do_now(sources.get_source, "gazette")[1].body_hash is None


def test_secret_headers_of_a_source_do_not_reach_the_database(store: Store) -> None:
    store.do_now(sources.sync_sources, [replace(SOURCE, headers={"Cookie": "session=hidden-value"})])
    rows = store.do_now(lambda c: c.execute(text("SELECT record FROM sources")).scalars().all())
    assert "hidden-value" not in "".join(rows)


def test_a_page_is_asked_again_with_the_validators_of_its_last_answer(store: Store) -> None:
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    complete(store, waiting, waiting.entry, again=NOW + timedelta(hours=1))
    assert store.do_now(entries.incomplete, "gazette", NOW, 50) == []
    [later] = store.do_now(entries.incomplete, "gazette", NOW + timedelta(hours=1), 50)
    assert (later.page_validators, later.page_hash) == (Validators(entry(1).url, '"1"'), "hash of the page")


def test_an_entry_is_rewritten_24_times_at_most(store: Store) -> None:
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    complete(store, waiting, waiting.entry)
    updated = 0
    for number in range(30):
        known = next(iter(recalled(store, *candidate(entry(1)).keys).known.values()))
        updated += complete(store, known, replace(known.entry, title=f"Title {number}")).updated
    assert updated == 24


def test_a_story_of_two_sources_stands_once_in_a_category(store: Store) -> None:
    other = Source("herald", "https://herald.example/feed", categories=("policies",))
    store.do_now(sources.sync_sources, [SOURCE, other])
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    same = replace(entry(1, url=entry(1).url), id="tag:feeds.example,2026:herald/1", source_id="herald")
    save_poll(store, other, new(same), SourceState("herald"), NOW)
    [found] = store.do_now(categories.of_category, "policies", 10)
    assert found.entry.source_id == "gazette"
    assert store.do_now(categories.count_of_category, "policies") == 1


def test_the_pieces_of_a_document_are_remembered_with_its_entries(store: Store) -> None:
    pieces = (Piece("a", "guid:1", "link:1"), Piece("b"))
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW, pieces)
    assert store.do_now(sources.pieces_of, "gazette") == pieces
    save_poll(store, SOURCE, Changes(), STATE, NOW, None)
    assert store.do_now(sources.pieces_of, "gazette") == ()


def test_an_entry_that_was_deleted_leaves_its_keys_so_that_it_does_not_come_back(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    silent = new(entry(1), announce=Announce.FIRST_SIGHT)
    save_poll(store, SOURCE, silent, STATE, NOW)
    assert store.do_now(retention.forget_entries, "gazette", NOW + timedelta(days=1)) == 1
    assert store.do_now(categories.of_category, "policies", 10) == []
    assert recalled(store, *candidate(entry(1)).keys).forgotten == set(candidate(entry(1)).keys)


def test_an_entry_that_is_still_to_be_sent_is_not_deleted(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    assert store.do_now(retention.forget_entries, "gazette", NOW + timedelta(days=1)) == 0


class TestSourcesAtRunTime:
    ADDED = Source("added", "https://added.example/feed", categories=("policies",))

    def test_one_is_added_once_and_due_at_once(self, store: Store) -> None:
        assert store.do_now(sources.add_source, self.ADDED)
        assert not store.do_now(sources.add_source, self.ADDED)
        assert "added" in due(store)

    def test_it_survives_a_start_with_a_configuration_that_does_not_name_it(self, store: Store) -> None:
        store.do_now(sources.add_source, self.ADDED)
        store.do_now(sources.sync_sources, [SOURCE])
        assert "added" in due(store)

    def test_a_pause_survives_a_restart(self, store: Store) -> None:
        store.do_now(sources.pause, "gazette", paused=True)
        store.do_now(sources.sync_sources, [SOURCE])
        assert due(store) == []
        store.do_now(sources.pause, "gazette", paused=False)
        assert due(store) == ["gazette"]

    def test_one_that_stopped_is_not_due_until_it_is_resumed(self, store: Store) -> None:
        store.do_now(sources.save_state, replace(STATE, next_poll=None, stopped="410 Gone"))
        assert due(store) == []
        store.do_now(sources.pause, "gazette", paused=False)
        assert due(store) == ["gazette"]

    def test_a_removed_one_leaves_its_entries_and_comes_back_with_them(self, store: Store) -> None:
        store.do_now(sources.add_source, self.ADDED)
        made = new(entry(1, source_id="added"))
        save_poll(store, self.ADDED, made, SourceState("added"), NOW)
        store.do_now(sources.remove_source, "added")
        assert store.do_now(sources.get_source, "added") is None
        assert len(store.do_now(categories.of_category, "policies", 10)) == 1
        assert store.do_now(sources.add_source, self.ADDED)

    def test_a_429_holds_every_source_of_its_host(self, store: Store) -> None:
        same = Source("twin", "https://gazette.example/other", categories=("policies",))
        store.do_now(sources.sync_sources, [SOURCE, same, self.ADDED])
        until = NOW + timedelta(hours=3)
        store.do_now(sources.hold_host, SOURCE.url, until, "429 of its host")
        assert due(store) == ["added"]
        assert due(store, until)[:2] == ["added", "gazette"]


def steps_of(store: Store, unit, *arguments) -> int:
    """How many hundreds of steps SQLite takes for a unit of work."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    def counted(connection) -> None:
        connection.connection.driver_connection.set_progress_handler(step, 100)
        unit(connection, *arguments)
        connection.connection.driver_connection.set_progress_handler(None, 0)

    store.do_now(counted)
    return count


def test_a_category_of_many_entries_is_read_in_time_by_their_number(store: Store) -> None:
    """By the square of it, 7,000 entries held up every poll for eight seconds at each publication."""
    save_poll(store, SOURCE, new(*(entry(number) for number in range(1, 201))), STATE, NOW)
    units = ((categories.of_category, "policies", 250), (categories.count_of_category, "policies"))
    few = [steps_of(store, unit, *told) for unit, *told in units]
    save_poll(store, SOURCE, new(*(entry(number) for number in range(201, 601))), STATE, NOW)
    many = [steps_of(store, unit, *told) for unit, *told in units]
    assert [after <= 4 * before for before, after in zip(few, many, strict=True)] == [True, True], (few, many)
