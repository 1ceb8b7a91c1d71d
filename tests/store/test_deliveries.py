"""The outbox: claimed before sending, settled after, recovered at start."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedbot.model import Address, Announce, Changes, ChatState, SourceState, State
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Migrated,
    Refused,
    RetryAfter,
    Sent,
    TopicClosed,
    Unknown,
)
from feedbot.store import (
    Store,
    deliveries,
    entries,
    ledger,
    numbers,
    outcomes,
    photos,
    sources,
    subscriptions,
)
from feedbot.store.outbox import Outbox, Task, claim, claim_later
from tests.support import NOW, SOURCE, entry, new, save_poll, subscription

STATE = SourceState("gazette", next_poll=NOW, last_success=NOW)
LATER = NOW + timedelta(seconds=10)


def fill(store: Store, *numbers: int, chats: tuple[str, ...] = ("1001",), **settings: object) -> None:
    for chat in chats:
        store.do_now(subscriptions.subscribe, subscription(chat, **settings), NOW)
    save_poll(store, SOURCE, new(*(entry(n) for n in numbers)), STATE, NOW)


def head(store: Store, chat: str, now):
    """The first message of a chat, untaken; the outbox takes it with the same look."""
    picked = store.do_now(Outbox("bot").pick, chat, now)
    if picked is None:
        return None
    before = {"state": picked.delivery.state.value}
    store.do_now(lambda c: deliveries._set(c, picked.delivery.id, **before))
    return picked.delivery


def take(store: Store, chat: str = "1001", now=NOW):
    picked = store.do_now(Outbox("bot").pick, chat, now)
    assert picked is not None
    assert picked.claimed or store.do_now(claim_later, picked, now, "bot")
    return picked.delivery


def settle(store: Store, outcome, chat: str = "1001", now=NOW):
    taken = take(store, chat, now)
    store.do_now(outcomes.record, taken, outcome, now)
    return taken


def test_the_oldest_article_is_sent_first(store: Store) -> None:
    fill(store, 3, 1, 2)
    order = [settle(store, Sent(n)).entry_row for n in range(3)]
    titles = [store.do_now(entries.get_entry, row).entry.title for row in order]
    assert titles == ["Article 1", "Article 2", "Article 3"]


def test_a_message_is_claimed_once(store: Store) -> None:
    fill(store, 1, on_unknown="park")
    first = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert first is not None
    assert store.do_now(claim, first, NOW, "one")
    assert not store.do_now(claim, first, NOW, "two")


def test_nothing_else_of_a_chat_is_sent_while_one_message_is_under_way(store: Store) -> None:
    fill(store, 1, 2)
    take(store)
    assert head(store, "1001", LATER) is None


def test_what_was_being_sent_at_a_crash_is_unknown_and_sent_again(store: Store) -> None:
    fill(store, 1)
    take(store)
    assert store.do_now(deliveries.recover, LATER) == 1
    assert store.do_now(deliveries.counts)["unknown"] == 1
    assert head(store, "1001", LATER).state is State.UNKNOWN


def test_a_parked_unknown_waits_for_the_operator(store: Store) -> None:
    fill(store, 1, on_unknown="park")
    settle(store, Unknown("no answer"))
    assert head(store, "1001", NOW + timedelta(days=1)) is None
    assert [one.reason for one, _ in store.do_now(ledger.unknown, 10)] == [None]
    assert store.do_now(Outbox("bot").waiting, LATER) == []


def test_what_changes_while_it_is_being_sent_is_edited_afterwards(store: Store) -> None:
    fill(store, 1)
    taken = take(store)
    store.do_now(deliveries.want_edits, taken.entry_row, NOW)
    assert store.do_now(Outbox("bot").pick, "1001", NOW) is None
    store.do_now(deliveries.settle, taken, State.SENT, now=NOW, message_id=5, made=deliveries.Made("text"))
    picked = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert picked is not None
    assert (picked.task, picked.number) == (Task.EDIT, 5)


def test_what_changes_while_it_is_being_sent_in_vain_is_sent_as_it_is_then(store: Store) -> None:
    fill(store, 1)
    taken = take(store)
    store.do_now(deliveries.want_edits, taken.entry_row, NOW)
    store.do_now(deliveries.settle, taken, State.PENDING, now=NOW)
    again = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert again is not None
    assert again.task is Task.SEND
    store.do_now(
        deliveries.settle, again.delivery, State.SENT, now=NOW, message_id=5, made=deliveries.Made("text")
    )
    assert store.do_now(Outbox("bot").pick, "1001", NOW) is None  # there is nothing to edit


def test_what_changed_while_its_photo_was_fetched_is_read_anew(store: Store) -> None:
    fill(store, 1)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert picked is not None
    before = replace(picked, delivery=replace(picked.delivery, state=State.SENDING))
    older = replace(before, entry=replace(before.entry, updates=before.entry.updates + 1))
    assert not store.do_now(claim_later, older, NOW, "bot")
    assert store.do_now(claim_later, before, NOW, "bot")


def test_a_sent_message_keeps_its_number(store: Store) -> None:
    fill(store, 1)
    settle(store, Sent(77))
    assert store.do_now(deliveries.counts)["sent"] == 1
    assert store.do_now(deliveries.recent_sends, NOW - timedelta(seconds=60)) == [("1001", NOW)]


def test_what_was_in_flight_at_the_end_counts_for_the_pace_as_sent(store: Store) -> None:
    fill(store, 1)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert picked is not None
    assert picked.claimed
    store.do_now(deliveries.recover, LATER)
    assert store.do_now(deliveries.recent_sends, NOW - timedelta(seconds=60)) == [("1001", LATER)]


def test_a_429_closes_the_chat_and_counts_as_no_attempt(store: Store) -> None:
    fill(store, 1)
    settle(store, RetryAfter(timedelta(seconds=5), "wait", flood=True))
    assert head(store, "1001", NOW + timedelta(seconds=4)) is None
    assert head(store, "1001", NOW + timedelta(seconds=5)).attempts == 0


def test_a_call_that_never_left_is_repeated_later_and_holds_its_place(store: Store) -> None:
    fill(store, 1, 2)
    first = settle(store, RetryAfter(timedelta(seconds=2), "no connection"))
    assert head(store, "1001", NOW) is None
    again = head(store, "1001", NOW + timedelta(seconds=2))
    assert (again.id, again.attempts) == (first.id, 1)


def test_a_refused_message_does_not_hold_up_its_chat(store: Store) -> None:
    fill(store, 1, 2)
    settle(store, Refused("message text is empty"))
    assert head(store, "1001", NOW) is not None
    assert store.do_now(deliveries.counts)["gone"] == 1


def test_a_gone_chat_is_left_in_peace_until_it_writes_again(store: Store) -> None:
    fill(store, 1, 2)
    settle(store, ChatClosed(ChatState.GONE, "Forbidden: bot was blocked by the user"))
    counts = store.do_now(deliveries.counts)
    assert (counts["gone"], counts["skipped"], counts["pending"]) == (1, 1, 0)
    save_poll(store, SOURCE, new(entry(3)), STATE, LATER)
    assert store.do_now(Outbox("bot").waiting, LATER) == []
    store.do_now(subscriptions.revive, "1001", LATER)
    save_poll(store, SOURCE, new(entry(4)), STATE, LATER)
    assert [one.chat for one in store.do_now(Outbox("bot").waiting, LATER)] == ["1001"]


def test_a_suspended_chat_is_tried_daily(store: Store) -> None:
    fill(store, 1)
    settle(store, ChatClosed(ChatState.SUSPENDED, "Bad Request: need administrator rights"))
    assert head(store, "1001", NOW + timedelta(hours=23)) is None
    assert head(store, "1001", NOW + timedelta(hours=24)) is not None


def test_a_chat_that_is_not_found_for_three_days_is_gone(store: Store) -> None:
    fill(store, 1)
    closed = ChatClosed(ChatState.SUSPENDED, "Bad Request: chat not found")
    for day in range(3):
        settle(store, closed, now=NOW + timedelta(days=day))
        assert store.do_now(deliveries.get_chat, "1001").state is ChatState.SUSPENDED
    settle(store, closed, now=NOW + timedelta(days=3))
    assert store.do_now(deliveries.get_chat, "1001").state is ChatState.GONE


def test_a_migrated_group_keeps_everything_under_its_new_id(store: Store) -> None:
    fill(store, 1, 2, chats=("-5",))
    settle(store, Migrated("-100500"), "-5")
    assert head(store, "-5", NOW) is None
    assert head(store, "-100500", NOW) is not None
    assert [one.category for one in store.do_now(subscriptions.of_address, Address("-100500"))] == [
        "policies"
    ]


def test_a_group_that_migrates_into_one_already_known_is_merged(store: Store) -> None:
    fill(store, 1, chats=("-5", "-100500"))
    settle(store, Sent(1), "-100500")
    settle(store, Migrated("-100500"), "-5")
    counts = store.do_now(deliveries.counts)
    assert (counts["sent"], counts["skipped"], counts["pending"]) == (1, 0, 0)


@pytest.mark.parametrize("before", [Sent(1), Unknown("no answer"), None])
def test_what_a_group_had_or_may_have_had_does_not_come_again_in_the_chat_that_it_became(
    store: Store, before: Sent | Unknown | None
) -> None:
    fill(store, 1, chats=("-5", "-100500"), on_unknown="park")
    taken = settle(store, before, "-5") if before else take(store, "-5")
    store.do_now(numbers.migrate_chat, "-5", "-100500", NOW)
    assert head(store, "-100500", LATER) is None
    if before is None:
        store.do_now(outcomes.record, taken, Sent(1), LATER)
    assert store.do_now(Outbox("bot").waiting, LATER) == []


def test_what_a_group_still_waits_for_comes_in_the_chat_that_it_became_though_that_was_gone(
    store: Store,
) -> None:
    fill(store, 1, chats=("-5", "-100500"))
    settle(store, ChatClosed(ChatState.GONE, "Forbidden: bot was kicked"), "-100500")
    settle(store, Migrated("-100500"), "-5")
    assert head(store, "-100500", LATER) is not None


def test_a_stopped_bot_keeps_its_queue(store: Store) -> None:
    fill(store, 1)
    settle(store, BotStopped("Unauthorized"))
    assert head(store, "1001", NOW).attempts == 0


def test_one_story_reaches_an_address_once_though_two_categories_bring_it(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(), NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    again = entry(2, url=entry(1).url)
    store.do_now(sources.sync_sources, [SOURCE])
    save_poll(store, SOURCE, new(again), STATE, NOW)
    assert store.do_now(deliveries.counts)["pending"] == 1


def test_a_subscription_starts_when_it_is_made(store: Store) -> None:
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    store.do_now(subscriptions.subscribe, subscription(), LATER)
    assert store.do_now(deliveries.counts)["pending"] == 0


def test_who_asks_for_the_latest_gets_them_oldest_first(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(latest=2), NOW)
    save_poll(
        store,
        SOURCE,
        new(*(entry(n) for n in (1, 2, 3)), announce=Announce.FIRST_SIGHT),
        STATE,
        NOW,
    )
    assert store.do_now(subscriptions.plan_latest, NOW) == 2
    titles = [store.do_now(entries.get_entry, settle(store, Sent(1)).entry_row).entry.title for _ in range(2)]
    assert titles == ["Article 2", "Article 3"]
    assert store.do_now(subscriptions.plan_latest, NOW) == 0


def test_a_story_that_two_sources_tell_counts_once_among_the_latest(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(latest=2), NOW)
    herald = replace(SOURCE, id="herald")
    store.do_now(sources.sync_sources, [SOURCE, herald])
    for source in (SOURCE, herald):
        told = [replace(entry(n), id=f"{source.id}:{n}", source_id=source.id) for n in range(3)]
        after = SourceState(source.id, next_poll=NOW)
        save_poll(store, source, new(*told, announce=Announce.FIRST_SIGHT), after, NOW)
    assert store.do_now(subscriptions.plan_latest, NOW) == 2


def test_the_latest_wait_until_the_pages_of_the_first_poll_are_read(store: Store) -> None:
    store.do_now(subscriptions.subscribe, subscription(latest=2), NOW)
    assert store.do_now(subscriptions.plan_latest, NOW) == 0
    silent = new(entry(1), announce=Announce.FIRST_SIGHT)
    save_poll(store, replace(SOURCE, full_text=True), silent, STATE, NOW)
    assert store.do_now(subscriptions.plan_latest, NOW) == 0
    [waiting] = store.do_now(entries.incomplete, "gazette", NOW, 9)
    page = entries.PageRead()
    store.do_now(
        entries.save_completed, waiting, waiting.entry, waiting.story, ("policies",), page, None, NOW
    )
    assert store.do_now(subscriptions.plan_latest, NOW) == 1


def test_what_waits_for_an_ended_subscription_is_skipped(store: Store) -> None:
    fill(store, 1)
    assert store.do_now(subscriptions.unsubscribe, Address("1001"), "policies", LATER) == ["policies"]
    counts = store.do_now(deliveries.counts)
    assert (counts["pending"], counts["skipped"]) == (0, 1)


def test_what_another_subscription_of_the_address_wants_as_well_still_comes(store: Store) -> None:
    for category in ("policies", "society"):
        store.do_now(subscriptions.subscribe, subscription(category=category), NOW)
    changes = new(entry(1))
    both = replace(changes.new[0][0], slugs=("policies", "society"))
    save_poll(store, SOURCE, Changes(((both, Announce.PUSH),)), STATE, NOW)
    store.do_now(subscriptions.unsubscribe, Address("1001"), "policies", LATER)
    assert store.do_now(deliveries.counts)["pending"] == 1


def test_a_configured_subscription_gone_from_the_file_ends(store: Store) -> None:
    wanted = subscription("@channel", configured=True)
    store.do_now(subscriptions.sync_configured, [wanted], NOW)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    store.do_now(subscriptions.sync_configured, [wanted], LATER)
    assert store.do_now(deliveries.counts)["pending"] == 1
    store.do_now(subscriptions.sync_configured, [], LATER)
    assert store.do_now(deliveries.counts)["skipped"] == 1


def test_an_article_too_old_for_its_subscription_is_skipped(store: Store) -> None:
    fill(store, 1, max_age=timedelta(hours=1))
    assert head(store, "1001", NOW + timedelta(hours=2)) is None
    assert store.do_now(deliveries.counts)["skipped"] == 1


def test_settled_deliveries_are_purged_and_open_ones_never(store: Store) -> None:
    fill(store, 1, 2)
    settle(store, Sent(1))
    store.do_now(deliveries.purge, NOW + timedelta(days=91))
    counts = store.do_now(deliveries.counts)
    assert (counts["sent"], counts["pending"]) == (0, 1)


@pytest.mark.parametrize("file_id", ["new-id", None])
def test_a_dead_file_id_is_replaced_or_forgotten(store: Store, file_id: str | None) -> None:
    store.do_now(photos.save_file_id, "bot", "hash", "old-id")
    store.do_now(photos.save_file_id, "bot", "hash", file_id)
    assert store.do_now(photos.file_id, "bot", "hash") == file_id


def test_a_muted_source_is_skipped_and_its_waiting_articles_too(store: Store) -> None:
    fill(store, 1)
    [follows] = store.do_now(subscriptions.of_address, Address("1001"))
    assert store.do_now(subscriptions.mute, follows.id, "1001", "gazette")
    save_poll(store, SOURCE, new(entry(2)), STATE, NOW)
    assert {one.reason for one in store.do_now(ledger.newest, State.SKIPPED, 9)} == {"muted"}
    assert store.do_now(deliveries.counts)["skipped"] == 2
    assert store.do_now(subscriptions.unmute, Address("1001")) == ["gazette"]
    save_poll(store, SOURCE, new(entry(3)), STATE, NOW)
    assert store.do_now(deliveries.counts)["pending"] == 1


@pytest.mark.parametrize(
    "outcome", [RetryAfter(timedelta(seconds=9), "429", flood=True), Unknown("no answer")]
)
@pytest.mark.parametrize(("said", "reason"), [("/unsubscribe", "unsubscribed"), ("mute", "muted")])
def test_what_nobody_wants_any_more_since_it_was_being_sent_is_skipped(
    store: Store, outcome: RetryAfter | Unknown, said: str, reason: str
) -> None:
    fill(store, 1)
    taken = take(store)
    if said == "mute":
        assert store.do_now(subscriptions.mute, taken.subscription, "1001", SOURCE.id)
    else:
        store.do_now(subscriptions.unsubscribe, Address("1001"), None, NOW)
    store.do_now(outcomes.record, taken, outcome, NOW)
    assert head(store, "1001", LATER) is None
    assert [one.reason for one in store.do_now(ledger.newest, State.SKIPPED, 9)] == [reason]


def test_a_chat_gone_for_a_month_is_forgotten(store: Store) -> None:
    fill(store, 1, 2, chats=("1001", "1002"))
    settle(store, ChatClosed(ChatState.GONE, "Forbidden: bot was blocked by the user"))
    assert store.do_now(subscriptions.purge_gone, NOW - timedelta(days=1)) == 0
    assert store.do_now(subscriptions.purge_gone, NOW + timedelta(days=1)) == 1
    assert store.do_now(deliveries.get_chat, "1001") is None
    assert store.do_now(subscriptions.of_address, Address("1001")) == []
    assert store.do_now(deliveries.counts)["pending"] == 2
    assert store.do_now(ledger.newest, State.GONE, 9) == []


def test_a_configured_chat_that_is_gone_is_kept_with_its_subscription(store: Store) -> None:
    store.do_now(subscriptions.sync_configured, [subscription("@channel", configured=True)], NOW)
    store.do_now(subscriptions.set_chat_state, "@channel", ChatState.GONE, "kicked", NOW)
    assert store.do_now(subscriptions.purge_gone, NOW + timedelta(days=1)) == 0
    assert len(store.do_now(subscriptions.all_subscriptions)) == 1


def test_a_chat_as_a_whole_is_no_topic_that_could_be_deleted(store: Store) -> None:
    fill(store, 1, 2)
    settle(store, TopicClosed("message thread not found", deleted=True))
    assert head(store, "1001", LATER) is None
    assert head(store, "1001", NOW + timedelta(days=1, seconds=1)) is not None
