"""A wall clock that is set, forth or back, changes no wait."""

from datetime import datetime, timedelta

import pytest

from feedbot.model import SourceState, State
from feedbot.store import Store, clock, deliveries, sources, subscriptions
from feedbot.store.outbox import Outbox
from tests.support import NOW, SOURCE, entry, new, save_poll, subscription

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def fill(store: Store, now: datetime = NOW) -> None:
    store.do_now(subscriptions.subscribe, subscription("1001"), NOW)
    save_poll(store, SOURCE, new(entry(1)), SourceState("gazette", next_poll=now, last_success=now), now)


def is_due(store: Store, now: datetime) -> bool:
    """Whether there is something to be sent, which is taken if so."""
    return store.do_now(Outbox("bot").pick, "1001", now) is not None


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_what_is_to_be_tried_again_in_a_minute_is_tried_in_a_minute(store: Store, by: timedelta) -> None:
    fill(store)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW)
    store.do_now(deliveries.settle, picked.delivery, State.PENDING, now=NOW, wait=60 * SECOND, reason="503")
    later = NOW + 10 * SECOND + by
    store.do_now(clock.was_set, later, by)
    assert not is_due(store, later + 49 * SECOND)
    assert is_due(store, later + 51 * SECOND)


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_what_is_due_stays_due(store: Store, by: timedelta) -> None:
    fill(store)
    store.do_now(clock.was_set, NOW + SECOND + by, by)
    assert is_due(store, NOW + SECOND + by)


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_chat_that_wants_to_be_left_alone_is(store: Store, by: timedelta) -> None:
    fill(store)
    store.do_now(deliveries.block_chat, "1001", NOW + 60 * SECOND)
    store.do_now(clock.was_set, NOW + by, by)
    assert not is_due(store, NOW + by + 59 * SECOND)
    assert is_due(store, NOW + by + 61 * SECOND)


def test_what_was_never_tried_waits_for_no_clock_that_was_set_back_while_nobody_looked(store: Store) -> None:
    fill(store, NOW + DAY)
    store.do_now(clock.may_have_been_set, NOW)
    assert is_due(store, NOW)


@pytest.mark.parametrize("by", [400 * DAY, -DAY])
def test_a_source_is_polled_when_it_would_have_been_and_is_no_new_one(store: Store, by: timedelta) -> None:
    fill(store)
    store.do_now(clock.was_set, NOW + SECOND + by, by)
    ((_, state),) = store.do_now(sources.due_sources, NOW + SECOND + by)
    assert state.last_success == NOW + by


def test_at_the_start_no_source_and_no_chat_waits_for_a_clock_that_was_set_back(store: Store) -> None:
    fill(store)
    store.do_now(deliveries.block_chat, "1001", NOW + 60 * SECOND)
    before = NOW - 3650 * DAY
    store.do_now(clock.may_have_been_set, before)
    assert store.do_now(sources.due_sources, before)
    assert store.do_now(deliveries.closed_chats, before) == [("1001", before + 60 * SECOND)]


def test_what_comes_after_the_clock_was_set_back_is_for_those_who_subscribed_before(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription("1001"), NOW)
    before = NOW - DAY
    save_poll(store, SOURCE, new(entry(1, first_seen=before)), SourceState("gazette"), before)
    assert is_due(store, before)


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_what_waits_is_no_older_for_a_clock_that_was_set(store: Store, by: timedelta) -> None:
    store.do_now(subscriptions.subscribe, subscription("1001", max_age=3600 * SECOND), NOW)
    save_poll(store, SOURCE, new(entry(1)), SourceState("gazette"), NOW)
    store.do_now(clock.was_set, NOW + 60 * SECOND + by, by)
    assert is_due(store, NOW + 60 * SECOND + by)


def test_what_comes_after_the_clock_was_set_back_goes_after_what_waits(store: Store) -> None:
    fill(store)
    before = NOW - 3650 * DAY
    store.do_now(clock.was_set, before, before - NOW)
    save_poll(store, SOURCE, new(entry(2, first_seen=before)), SourceState("gazette"), before)
    picked = store.do_now(Outbox("bot").pick, "1001", before)
    assert picked is not None
    assert picked.entry.entry.title == entry(1).title
