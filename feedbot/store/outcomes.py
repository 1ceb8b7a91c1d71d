"""What an attempt to send came to, written in one transaction."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from feedbot.model import ChatState, Delivery, State
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Lost,
    Migrated,
    Outcome,
    RetryAfter,
    Sent,
    TopicClosed,
    Unchanged,
    Unknown,
    retry_wait,
)
from feedbot.store import deliveries, subscriptions
from feedbot.store.deliveries import Made

_TRY_AGAIN = timedelta(days=1)
_NOT_FOUND = "chat not found"
_NOT_FOUND_PATIENCE = timedelta(days=3)
_MOST_REFUSALS = 10
_ASIDE, _ASIDE_PATIENCE = timedelta(hours=1), timedelta(hours=48)
_UNKNOWN_LEAST = timedelta(seconds=2)


def record(
    connection: Connection,
    delivery: Delivery,
    outcome: Outcome,
    now: datetime,
    *,
    made: Made | None = None,
) -> None:
    """Write what became of a delivery, and of its chat; `made` is what was sent."""
    match outcome:
        case Sent(message_id, others):
            made = replace(made or Made(), others=others)
            deliveries.settle(connection, delivery, State.SENT, now=now, message_id=message_id, made=made)
            if delivery.address.topic:
                deliveries.open_topic(connection, delivery.address)
        case RetryAfter():
            _again(connection, delivery, outcome, now)
        case Unknown(reason):
            wait = max(retry_wait(delivery.attempts), _UNKNOWN_LEAST)
            deliveries.settle(connection, delivery, State.UNKNOWN, now=now, wait=wait, reason=reason)
        case ChatClosed(state, reason):
            waits = _close(connection, delivery, state, reason, now)
            left = State.PENDING if waits else State.GONE
            deliveries.settle(connection, delivery, left, now=now, reason=reason, counts=False)
        case TopicClosed(reason, deleted):
            left = State.GONE if deleted else State.PENDING
            deliveries.settle(connection, delivery, left, now=now, reason=reason, counts=False)
            _close_topic(connection, delivery, outcome, now)
        case Migrated(new):
            deliveries.settle(connection, delivery, State.PENDING, now=now, counts=False)
            deliveries.migrate_chat(connection, delivery.address.chat, new, now)
        case BotStopped(reason):
            deliveries.settle(connection, delivery, State.PENDING, now=now, reason=reason, counts=False)
        case _:  # refused for good
            reason = getattr(outcome, "reason", "Telegram made nothing of it")
            deliveries.settle(connection, delivery, State.GONE, now=now, reason=reason)


def _again(connection: Connection, delivery: Delivery, outcome: RetryAfter, now: datetime) -> None:
    """It is sent again after a while. One over which Telegram itself fails each time lets the others of its
    chat go first and is tried hourly, for two days.
    """
    state, wait = State.PENDING, outcome.wait
    if outcome.refused:
        since = _aside_since(delivery, now)
        deliveries.refused(connection, delivery, since)
        wait = _ASIDE if since else wait
        state = State.GONE if since and now - since >= _ASIDE_PATIENCE else state
    deliveries.settle(
        connection, delivery, state, now=now, wait=wait, reason=outcome.reason, counts=not outcome.flood
    )
    _closed_for(connection, delivery, outcome, now)


def _aside_since(delivery: Delivery, now: datetime) -> datetime | None:
    """Since when a message stands aside that was refused once more."""
    return delivery.aside_since or (now if delivery.refusals + 1 >= _MOST_REFUSALS else None)


def record_edit(
    connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime, made: Made
) -> None:
    """Write what became of an edit; `made` is what the message is now."""
    chat = delivery.address.chat
    match outcome:
        case Sent() | Unchanged():
            counts = isinstance(outcome, Sent)
            told = {"photo": made.photo, "composed": made.composed}
            deliveries.edited(connection, delivery, now, counts=counts, **told)
        case RetryAfter(wait):
            deliveries.put_off_edit(connection, delivery, now + max(wait, deliveries.EDIT_GAP))
            _closed_for(connection, delivery, outcome, now)
        case Unknown():  # whatever became of it, the same edit again does no harm
            deliveries.put_off_edit(connection, delivery, now + deliveries.EDIT_GAP)
        case ChatClosed(state, reason):
            deliveries.put_off_edit(connection, delivery, now + _TRY_AGAIN)
            if not _close(connection, delivery, state, reason, now):
                deliveries.forget_edit(connection, delivery.id)
        case Migrated(new):
            deliveries.migrate_chat(connection, chat, new, now)
        case BotStopped():
            pass
        case Lost():
            deliveries.forget_edit(connection, delivery.id, message=True)
        case _:
            deliveries.forget_edit(connection, delivery.id)


def record_probe(
    connection: Connection, delivery: Delivery, outcome: Outcome, number: int, now: datetime
) -> None:
    """Write whether the message of that number is the one that may have been accepted."""
    match outcome:
        case Sent() | Unchanged():
            deliveries.settle(connection, delivery, State.SENT, now=now, message_id=number, counts=False)
        case RetryAfter(wait):
            since = _aside_since(delivery, now) if outcome.refused else None
            if outcome.refused:
                deliveries.refused(connection, delivery, since)
            deliveries.wait_until(connection, delivery.id, now + (_ASIDE if since else wait))
            _closed_for(connection, delivery, outcome, now)
        case Unknown():
            deliveries.wait_until(connection, delivery.id, now + _UNKNOWN_LEAST)
        case ChatClosed(state, reason):
            _close(connection, delivery, state, reason, now)
        case Migrated(new):
            deliveries.migrate_chat(connection, delivery.address.chat, new, now)
        case BotStopped():
            pass
        case Lost(_, foreign) if foreign:
            deliveries.probed(connection, delivery.id, number)
        case _:
            deliveries.probed(connection, delivery.id, deliveries.NOT_THERE)


def _closed_for(connection: Connection, delivery: Delivery, outcome: RetryAfter, now: datetime) -> None:
    if outcome.flood:
        deliveries.block_chat(connection, delivery.address.chat, now + outcome.wait)


def _close_topic(connection: Connection, delivery: Delivery, outcome: TopicClosed, now: datetime) -> None:
    """A closed topic is tried daily; a deleted one is not, and what waits for it is skipped."""
    address = delivery.address
    until = None if outcome.deleted else now + _TRY_AGAIN
    deliveries.block_topic(connection, address, outcome.reason, now, until)
    if outcome.deleted:
        deliveries.drop_of_topic(connection, address)


def _close(connection: Connection, delivery: Delivery, state: ChatState, reason: str, now: datetime) -> bool:
    """A chat that cannot be found is gone after three days, a suspended one is tried daily. Whether it may
    come back.
    """
    chat = delivery.address.chat
    known = deliveries.get_chat(connection, chat)
    since = known.since if known and known.state is ChatState.SUSPENDED else now
    if _NOT_FOUND in reason.casefold() and now - since >= _NOT_FOUND_PATIENCE:
        state = ChatState.GONE
    if state is ChatState.GONE:
        subscriptions.set_chat_state(connection, chat, state, reason, now)
        return False
    subscriptions.set_chat_state(connection, chat, state, reason, since)
    deliveries.block_chat(connection, chat, now + _TRY_AGAIN)
    return True
