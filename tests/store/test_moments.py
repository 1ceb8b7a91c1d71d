"""When entries count as updated: no two at one second, none before it was published, none in the future."""

from dataclasses import replace
from datetime import datetime, timedelta

from feedbot.model import Changes, SourceState
from feedbot.publish.feed import published_of, updated_of
from feedbot.store import Store, categories
from tests.support import NOW, SOURCE, candidate, entry, new, save_poll

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
STATE = SourceState("gazette", next_poll=NOW + timedelta(hours=1), last_success=NOW)


def updated(store: Store, now: datetime = NOW) -> list[datetime]:
    found = store.do_now(categories.of_category, "policies", 100)
    assert all(published_of(one) <= updated_of(one) <= now for one in found)
    return sorted(map(updated_of, found))


def test_entries_of_one_day_count_as_updated_from_then_on_one_after_another(store: Store) -> None:
    day = NOW - DAY
    save_poll(store, SOURCE, new(*(entry(n, published=day) for n in range(5))), STATE, NOW)
    assert updated(store) == [day + n * SECOND for n in range(5)]


def test_entries_without_a_time_count_as_updated_one_after_another_up_to_now(store: Store) -> None:
    save_poll(store, SOURCE, new(*(entry(n, published=None) for n in range(5))), STATE, NOW)
    assert updated(store) == [NOW - n * SECOND for n in reversed(range(5))]


def test_entries_from_the_future_have_each_a_second_of_the_past(store: Store) -> None:
    save_poll(store, SOURCE, new(*(entry(n, published=NOW + DAY) for n in range(3))), STATE, NOW)
    assert len(set(updated(store))) == 3


def test_a_later_poll_takes_no_second_of_an_earlier_one(store: Store) -> None:
    for n in range(3):
        save_poll(store, SOURCE, new(entry(n, published=NOW - DAY)), STATE, NOW + n * SECOND)
    assert len(set(updated(store, NOW + DAY))) == 3


def test_corrections_of_one_poll_count_as_updated_at_different_seconds_after_what_was(store: Store) -> None:
    save_poll(store, SOURCE, new(*(entry(n, published=NOW - DAY) for n in range(3))), STATE, NOW)
    before, later = updated(store), NOW + timedelta(hours=1)
    known = store.do_now(categories.of_category, "policies", 100)
    told = [candidate(replace(one.entry, title="Corrected")) for one in known]
    changes = Changes(updated=tuple(zip(known, told, strict=True)))
    save_poll(store, SOURCE, changes, STATE, later)
    after = updated(store, later)
    assert after == [later - n * SECOND for n in reversed(range(3))]
    assert min(after) > max(before)
