"""Entries that were taken back leave feeds and outbox, are found for tombstones, and return in silence."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from feedbot.model import Changes, Delivery, Piece, Source, SourceState, State, StoredEntry, Validators
from feedbot.store import Store, categories, deliveries, entries, feeds, retractions, sources, subscriptions
from feedbot.store.entries import PageRead
from feedbot.store.outbox import Outbox, Task
from tests.support import NOW, SOURCE, candidate, entry, new, save_poll, subscription

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
STATE = SourceState("gazette", next_poll=NOW + HOUR, last_success=NOW)
COMPLETED = replace(SOURCE, full_text=True)
HERALD = Source("herald", "https://herald.example/feed", categories=("policies",))
PAGE = PageRead(Validators(entry(1).url, '"1"'), "hash of the page")


def known(store: Store, number: int = 1) -> StoredEntry:
    return store.do_now(entries.recall, "gazette", candidate(entry(number)).keys).known[
        f"guid:{entry(number).id}"
    ]


def pick(store: Store, now: datetime) -> Delivery | None:
    """The first message of the chat, taken."""
    picked = store.do_now(Outbox("bot").pick, "1001", now)
    return picked.delivery if picked else None


def published(store: Store) -> list[str]:
    return [one.entry.id.rpartition("/")[2] for one in store.do_now(categories.of_category, "policies", 10)]


def take_back(store: Store, number: int = 1, after: SourceState = STATE, now: datetime = NOW + HOUR) -> int:
    gone = replace(known(store, number), tombstone_at=now)
    return save_poll(store, SOURCE, Changes(retracted=(gone,)), after, now).retracted


def out_with_page(store: Store) -> StoredEntry:
    """An entry whose page was read."""
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    first = NOW + HOUR
    store.do_now(
        entries.save_completed, waiting, waiting.entry, waiting.story, ("policies",), PAGE, first, NOW
    )
    return known(store)


def missed(store: Store, now: datetime) -> bool:
    return store.do_now(retractions.page_gone, known(store), "404 Not Found", now)


def due(store: Store, now: datetime) -> list[int]:
    return [one.row for one in store.do_now(entries.incomplete, "gazette", now, 50)]


def changed(store: Store) -> list[str]:
    """The feeds that changed since this was asked last."""
    found = store.do_now(feeds.changed_feeds)
    for feed in found:
        store.do_now(feeds.feed_published, feed.slug, feed.changed)
    return [feed.slug for feed in found if feed.slug == "policies"]


def test_what_a_tombstone_names_leaves_the_feed_and_is_told_as_lost(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1), entry(2)), STATE, NOW)
    changed(store)
    assert take_back(store) == 1
    assert published(store) == ["2"]
    assert store.do_now(categories.count_of_category, "policies") == 1
    assert store.do_now(entries.get_entry, known(store).row).retracted_at is not None  # its page says so
    assert changed(store) == ["policies"]
    assert store.do_now(retractions.retracted_of, "policies", 10) == [(entry(1).id, NOW + HOUR)]
    assert store.do_now(retractions.count_of_source, "gazette") == 1


def test_losses_are_told_newest_first_and_no_more_than_asked_for(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1), entry(2), entry(3)), STATE, NOW)
    for number in (2, 1, 3):
        take_back(store, number, now=NOW + number * HOUR)
    found = store.do_now(retractions.retracted_of, "policies", 2)
    assert [when for _, when in found] == [NOW + 3 * HOUR, NOW + 2 * HOUR]


def test_the_same_loss_is_told_once(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    assert [take_back(store), take_back(store, now=NOW + 2 * HOUR)] == [1, 0]
    assert known(store).retracted_at == NOW + HOUR


def test_what_waits_to_be_sent_is_skipped_and_says_why(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    take_back(store)
    assert pick(store, NOW + HOUR) is None
    counts = store.do_now(deliveries.counts)
    assert (counts["pending"], counts["skipped"]) == (0, 1)


def test_what_was_being_sent_meanwhile_is_not_sent_again(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    taken = pick(store, NOW)
    take_back(store)
    store.do_now(lambda c: deliveries.settle(c, taken, State.PENDING, now=NOW, reason="429"))
    assert pick(store, NOW + HOUR) is None
    assert store.do_now(deliveries.counts)["skipped"] == 1


def sent(store: Store, taken: Delivery) -> None:
    """The message is out."""
    settle = partial(deliveries.settle, state=State.SENT, now=NOW, message_id=5, made=deliveries.Made("text"))
    store.do_now(settle, taken)


def test_a_message_that_tells_what_was_taken_back_says_so(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    sent(store, pick(store, NOW))
    take_back(store)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW + HOUR)
    assert (picked.task, picked.number, picked.entry.retracted_at) == (Task.EDIT, 5, NOW + HOUR)


def test_a_message_whose_story_another_source_still_tells_stays_as_it_is(twice: Store) -> None:
    sent(twice, pick(twice, NOW))
    take_back(twice)
    assert twice.do_now(Outbox("bot").pick, "1001", NOW + HOUR) is None


@pytest.fixture
def twice(store: Store) -> Store:
    """A story of two sources; the first one stands for it."""
    store.do_now(sources.sync_sources, [SOURCE, HERALD])
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    same = entry(1, id="tag:feeds.example,2026:herald/9", source_id="herald")
    save_poll(store, HERALD, new(same), SourceState("herald"), NOW)
    assert published(store) == ["1"]
    return store


def test_another_sources_entry_takes_the_place_of_its_story(twice: Store) -> None:
    take_back(twice)
    assert published(twice) == ["9"]
    assert twice.do_now(categories.count_of_category, "policies") == 1


def test_a_story_that_waits_to_be_sent_is_told_as_the_other_source_does(twice: Store) -> None:
    take_back(twice)
    waiting = pick(twice, NOW + HOUR)
    assert twice.do_now(entries.get_entry, waiting.entry_row).entry.source_id == "herald"
    assert twice.do_now(deliveries.counts)["sending"] == 1


def test_a_restored_entry_says_what_it_says_now_and_is_announced_to_nobody(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    take_back(store)
    changed(store)
    back = Changes(restored=((known(store), candidate(entry(1, title="Corrected"))),))
    saved = save_poll(store, SOURCE, back, STATE, NOW + 2 * HOUR)
    assert (saved.new, saved.updated, saved.planned) == (0, 1, 0)
    [found] = store.do_now(categories.of_category, "policies", 10)
    assert (found.entry.title, found.updated_at) == ("Corrected", NOW + 2 * HOUR)
    assert found.tombstone_at == NOW + HOUR
    assert changed(store) == ["policies"]
    assert store.do_now(retractions.retracted_of, "policies", 10) == []
    assert store.do_now(deliveries.counts)["pending"] == 0


def test_an_entry_taken_back_before_its_page_was_read_never_comes_out(store: Store) -> None:
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    assert take_back(store) == 0
    assert due(store, NOW + DAY) == []
    told = (waiting, waiting.entry, waiting.story, ("policies",), PAGE, None, NOW + HOUR)
    store.do_now(entries.save_completed, *told)  # its page was being asked
    assert published(store) == []
    assert store.do_now(retractions.retracted_of, "policies", 10) == []


def test_a_page_gone_twice_a_day_apart_takes_its_entry_with_it(store: Store) -> None:
    out_with_page(store)
    assert not missed(store, NOW + HOUR)
    assert not missed(store, NOW + 6 * HOUR)
    assert due(store, NOW + DAY) == [1]
    assert not missed(store, NOW + DAY)
    assert due(store, NOW + DAY + HOUR) == [1]
    assert missed(store, NOW + DAY + HOUR)
    assert published(store) == []
    assert store.do_now(retractions.retracted_of, "policies", 10) == [(entry(1).id, NOW + DAY + HOUR)]


def test_a_page_that_answers_in_between_was_never_gone(store: Store) -> None:
    out_with_page(store)
    missed(store, NOW + HOUR)
    told = (known(store), entry(1), entry(1).url, ("policies",), PAGE, NOW + DAY, NOW + 6 * HOUR)
    store.do_now(entries.save_completed, *told)
    assert not missed(store, NOW + DAY + HOUR)
    assert published(store) == ["1"]


@pytest.mark.parametrize("ill", [{"failures": 1}, {"stopped": "410 Gone"}, {"last_success": None}])
def test_pages_of_a_source_that_is_not_well_prove_nothing(store: Store, ill: dict[str, object]) -> None:
    out_with_page(store)
    missed(store, NOW + HOUR)
    store.do_now(sources.save_state, replace(STATE, **ill))  # type: ignore[arg-type]
    assert not missed(store, NOW + DAY + HOUR)
    assert due(store, NOW + 2 * DAY) == []
    store.do_now(sources.save_state, STATE)
    assert due(store, NOW + 2 * DAY + HOUR) == [1]
    assert missed(store, NOW + 2 * DAY + HOUR)


def test_a_page_that_is_there_again_restores_its_entry(store: Store) -> None:
    out_with_page(store)
    missed(store, NOW)
    missed(store, NOW + DAY)
    later = NOW + 2 * DAY
    told = (known(store), entry(1), entry(1).url, ("policies",), PAGE, None, later)
    assert store.do_now(entries.save_completed, *told).updated == 1
    [found] = store.do_now(categories.of_category, "policies", 10)
    assert (found.updated_at, found.missing_since) == (later, None)


def test_a_retracted_entry_that_is_listed_again_has_its_page_asked(store: Store) -> None:
    out_with_page(store)
    missed(store, NOW)
    missed(store, NOW + DAY)
    save_poll(store, COMPLETED, Changes(), STATE, NOW + DAY, (Piece("", "guid:else", "link:else"),))
    assert due(store, NOW + 9 * DAY) == []
    here = (Piece("", f"guid:{entry(1).id}"),)
    again = Changes(listed_again=(known(store),))
    save_poll(store, COMPLETED, again, STATE, NOW + 10 * DAY, here)
    assert due(store, NOW + 10 * DAY) == [1]


def test_pages_are_asked_again_only_while_their_source_lists_them(store: Store) -> None:
    out_with_page(store)
    listed, unlisted = Piece("a", f"guid:{entry(1).id}"), Piece("b", "guid:else", "link:else")
    save_poll(store, COMPLETED, Changes(), STATE, NOW, (listed, unlisted))
    assert due(store, NOW + HOUR) == [1]
    save_poll(store, COMPLETED, Changes(), STATE, NOW, (unlisted,))
    assert due(store, NOW + HOUR) == []
    save_poll(store, COMPLETED, Changes(), STATE, NOW, (listed,))
    assert due(store, NOW + 6 * HOUR) == []


def test_a_page_that_seems_gone_is_asked_again_though_it_is_not_listed_any_more(store: Store) -> None:
    out_with_page(store)
    missed(store, NOW + HOUR)
    save_poll(store, COMPLETED, Changes(), STATE, NOW, (Piece("b", "guid:else", "link:else"),))
    assert due(store, NOW + DAY + HOUR) == [1]


def feed_says(store: Store, now: datetime, **changes: object) -> int:
    """The feed of a completed source says something new of its entry; how many entries changed."""
    stored = known(store)
    told = candidate(replace(stored.entry, **changes))  # type: ignore[arg-type]
    return save_poll(store, COMPLETED, Changes(updated=((stored, told),)), STATE, now).updated


def test_an_article_that_moved_is_asked_where_it_is_now_and_is_not_missed_where_it_was(store: Store) -> None:
    out_with_page(store)
    missed(store, NOW + HOUR)
    assert feed_says(store, NOW + 2 * HOUR, url="https://gazette.example/moved/1") == 1
    moved = known(store)
    assert (moved.entry.url, moved.missing_since) == ("https://gazette.example/moved/1", None)
    assert moved.entry.content_html == entry(1).content_html
    assert due(store, NOW + 2 * HOUR) == [1]


def test_what_a_feed_corrects_counts_where_the_page_was_never_read(store: Store) -> None:
    save_poll(store, COMPLETED, new(entry(1)), STATE, NOW)
    assert feed_says(store, NOW, title="Better") == 0
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 50)
    assert waiting.entry.title == "Better"
    store.do_now(lambda c: entries.page_failed(c, waiting, "500", None, NOW, give_up=True))
    assert feed_says(store, NOW + HOUR, title="Best") == 1
    assert store.do_now(categories.of_category, "policies", 10)[0].entry.title == "Best"


def test_what_a_feed_corrects_waits_for_the_page_where_that_was_read(store: Store) -> None:
    out_with_page(store)
    assert feed_says(store, NOW + HOUR, title="Better") == 0
    assert published(store) == ["1"]
    assert known(store).entry.title == "Article 1"
