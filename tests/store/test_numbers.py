"""A chat that has another number now stays what it was: its subscriptions, its messages, its name."""

from datetime import timedelta

from sqlalchemy import text

from feedbot.model import Address, State
from feedbot.rules.delivery import Migrated, Sent
from feedbot.store import Store, deliveries, ledger, numbers, subscriptions
from feedbot.store.outbox import Outbox
from tests.store.test_deliveries import STATE, fill, settle, take
from tests.support import NOW, SOURCE, entry, new, save_poll, subscription

LATER = NOW + timedelta(hours=1)
GROUP, SUPERGROUP, NAME, NUMBER = "-5", "-100500", "@news", "-100123"


def sync(store: Store, *chats: str, now=NOW) -> None:
    wanted = [subscription(chat, configured=True) for chat in chats]
    store.do_now(subscriptions.sync_configured, wanted, now)


def places(store: Store) -> list[tuple[str, str | None, str]]:
    found = store.do_now(subscriptions.all_subscriptions)
    return [(one.address.chat, one.name, chat.state.value) for one, chat in found]


def states(store: Store) -> list[tuple[str, State]]:
    return sorted((one.chat, one.state) for one in store.do_now(ledger.newest, None, 99))


def test_a_configured_group_that_migrated_is_still_configured_after_a_restart(store: Store) -> None:
    sync(store, GROUP)
    save_poll(store, SOURCE, new(entry(1)), STATE, NOW)
    settle(store, Migrated(SUPERGROUP), GROUP)
    sync(store, GROUP, now=LATER)
    assert places(store) == [(SUPERGROUP, GROUP, "active")]
    save_poll(store, SOURCE, new(entry(2)), STATE, LATER)
    assert states(store) == [(SUPERGROUP, State.PENDING)] * 2


def test_a_group_that_migrated_ends_when_it_is_gone_from_the_configuration(store: Store) -> None:
    sync(store, GROUP)
    store.do_now(numbers.migrate_chat, GROUP, SUPERGROUP, NOW)
    sync(store, now=LATER)
    assert places(store) == []


def test_the_new_number_in_the_configuration_is_the_same_subscription(store: Store) -> None:
    sync(store, GROUP)
    store.do_now(numbers.migrate_chat, GROUP, SUPERGROUP, NOW)
    for chats in ((GROUP, SUPERGROUP), (SUPERGROUP,)):
        sync(store, *chats, now=LATER)
        assert len(places(store)) == 1
    assert places(store) == [(SUPERGROUP, None, "active")]


def test_a_subscription_that_was_begun_anew_on_the_old_number_follows_the_group(store: Store) -> None:
    """Before names were kept, a restart began it there."""
    sync(store, GROUP)
    store.do_now(numbers.migrate_chat, GROUP, SUPERGROUP, NOW)
    store.do_now(subscriptions.unsubscribe, Address(SUPERGROUP), None, NOW)
    store.do_now(subscriptions.subscribe, subscription(GROUP, configured=True), NOW)
    sync(store, GROUP, now=LATER)
    assert places(store) == [(SUPERGROUP, GROUP, "active")]


def test_a_learned_number_keeps_what_was_sent_and_a_restart_begins_nothing(store: Store) -> None:
    sync(store, NAME)
    save_poll(store, SOURCE, new(entry(1), entry(2)), STATE, NOW)
    sent = settle(store, Sent(7), NAME)
    store.do_now(deliveries.put_off_edit, sent, LATER)
    store.do_now(deliveries.block_chat, NAME, LATER)
    assert store.do_now(numbers.learn_number, NAME, NUMBER, NOW)
    assert store.do_now(numbers.unnumbered) == []
    sync(store, NAME, now=LATER)
    assert places(store) == [(NUMBER, NAME, "active")]
    assert states(store) == [(NUMBER, State.PENDING), (NUMBER, State.SENT)]
    assert store.do_now(deliveries.closed_chats, NOW) == [(NUMBER, LATER)]
    row = store.do_now(
        lambda c: c.execute(text("SELECT message_id, edit_due FROM deliveries WHERE state = 'sent'")).one()
    )
    assert row.message_id == 7
    assert row.edit_due is not None


def test_a_channel_by_name_and_by_number_gets_each_article_once(store: Store) -> None:
    sync(store, NAME, NUMBER)
    save_poll(store, SOURCE, new(entry(1), entry(2)), STATE, NOW)
    settle(store, Sent(7), NAME)
    assert store.do_now(numbers.learn_number, NAME, NUMBER, NOW)
    sync(store, NUMBER, NAME, now=LATER)
    assert places(store) == [(NUMBER, NAME, "active")]
    assert states(store) == [(NUMBER, State.PENDING), (NUMBER, State.SENT)]


def test_a_number_is_learned_when_nothing_is_being_sent_there(store: Store) -> None:
    fill(store, 1, chats=(NAME,))
    take(store, NAME)
    assert not store.do_now(numbers.learn_number, NAME, NUMBER, NOW)
    assert store.do_now(Outbox("bot").pick, NUMBER, NOW) is None


def test_a_chat_is_found_by_its_name_in_any_case_and_by_its_number(store: Store) -> None:
    sync(store, NAME)
    assert store.do_now(numbers.chat_of, "@News") == NAME
    store.do_now(numbers.learn_number, NAME, NUMBER, NOW)
    for word in (NAME, "@News", NUMBER):
        assert store.do_now(numbers.chat_of, word) == NUMBER
    assert store.do_now(numbers.chat_of, "@other") == "@other"
