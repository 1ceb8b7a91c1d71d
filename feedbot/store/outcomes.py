"""What an attempt to send came to, written in one transaction."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

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
)
from feedbot.store import deliveries, numbers, subscriptions
from feedbot.store.deliveries import Made

_TRY_AGAIN = timedelta(days=1)
_NOT_FOUND = "chat not found"
_NOT_FOUND_PATIENCE = timedelta(days=3)
_MOST_REFUSALS, _MOST_LOST = 10, 8  # four minutes of tries, and eight and a half
_ASIDE, _ASIDE_LONGEST = timedelta(minutes=1), timedelta(minutes=2)
_LOST, _LOST_LONGEST = timedelta(seconds=2), timedelta(minutes=10)


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
            _works_again(connection, delivery, now)
            if delivery.address.topic:
                deliveries.open_topic(connection, delivery.address)
        case RetryAfter():
            _again(connection, delivery, outcome, now)
        case Unknown(reason):
            wait = _lost(connection, delivery, now)
            settle = partial(deliveries.settle, wait=wait, reason=reason)
            settle(connection, delivery, State.UNKNOWN, now=now, made=made)  # as it is, if it arrived
        case ChatClosed(state, reason):
            waits = _close(connection, delivery, state, reason, now)
            left = State.PENDING if waits else State.GONE
            deliveries.settle(connection, delivery, left, now=now, reason=reason, counts=False)
        case TopicClosed(reason):
            left = State.GONE if _is_deleted(delivery, outcome) else State.PENDING
            deliveries.settle(connection, delivery, left, now=now, reason=reason, counts=False)
            _close_topic(connection, delivery, outcome, now)
        case Migrated(new):
            deliveries.settle(connection, delivery, State.PENDING, now=now, counts=False)
            numbers.migrate_chat(connection, delivery.address.chat, new, now)
        case BotStopped(reason):
            deliveries.settle(connection, delivery, State.PENDING, now=now, reason=reason, counts=False)
        case _:  # refused for good
            reason = getattr(outcome, "reason", "Telegram made nothing of it")
            deliveries.settle(connection, delivery, State.GONE, now=now, reason=reason)


def _again(connection: Connection, delivery: Delivery, outcome: RetryAfter, now: datetime) -> None:
    """It is sent again after a while. One over which Telegram itself fails each time lets the others of its
    chat go first, and is given up after two days.
    """
    state, wait = State.PENDING, outcome.wait
    if outcome.refused and delivery.aside_since is None:
        # It fails as those before it did: that is an outage, in which the order is kept.
        deliveries.back_in_line(connection, delivery.address.chat, before=delivery.id)
    if outcome.refused and (since := _failed(connection, delivery, _MOST_REFUSALS, now)):
        wait = _aside_wait(since, now)
        state = State.GONE if now - since >= deliveries.ASIDE_PATIENCE else state
    deliveries.settle(
        connection, delivery, state, now=now, wait=wait, reason=outcome.reason, counts=not outcome.flood
    )
    _closed_for(connection, delivery, outcome, now)


def _lost(connection: Connection, delivery: Delivery, now: datetime) -> timedelta:
    """How long one waits whose answer was lost: longer each time, for each may be one more copy. In the end
    it lets the others of its chat go first, and after two days it is not sent again by itself.
    """
    if since := _failed(connection, delivery, _MOST_LOST, now):
        return max(2 * (now - since), _ASIDE)
    return min(_LOST * (1 << delivery.refusals), _LOST_LONGEST)


def _failed(connection: Connection, delivery: Delivery, most: int, now: datetime) -> datetime | None:
    """Count a failure that may be this message's own. Since when it stands aside, if it was one too many."""
    since = delivery.aside_since or (now if delivery.refusals + 1 >= most else None)
    deliveries.failed(connection, delivery, since)
    return since


def _aside_wait(since: datetime, now: datetime) -> timedelta:
    """How long one waits that was refused too often: as long as it stands aside, one minute to two."""
    return min(max(now - since, _ASIDE), _ASIDE_LONGEST)


def _works_again(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """What failed as others did and is accepted now says that it was an outage: the others take their places
    again.
    """
    if delivery.refusals:
        deliveries.back_in_line(connection, delivery.address.chat, now=now)


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
        case ChatClosed(ChatState.GONE, reason):
            _close(connection, delivery, ChatState.GONE, reason, now)
            deliveries.forget_edit(connection, delivery.id)
        case ChatClosed():  # maybe it lacks the right to edit alone: what is new will tell
            deliveries.put_off_edit(connection, delivery, now + _TRY_AGAIN)
        case Migrated(new):
            numbers.migrate_chat(connection, chat, new, now)
        case BotStopped():
            pass
        case TopicClosed() if not _is_deleted(delivery, outcome):
            deliveries.put_off_edit(connection, delivery, now + _TRY_AGAIN)
            _close_topic(connection, delivery, outcome, now)
        case _:  # refused for good, in whatever form, or there is nothing to be edited any more
            deliveries.forget_edit(connection, delivery.id, message=isinstance(outcome, Lost))


def record_probe(
    connection: Connection, delivery: Delivery, outcome: Outcome, number: int, now: datetime
) -> None:
    """Write whether the message of that number is the one that may have been accepted."""
    match outcome:
        case Sent() | Unchanged():
            deliveries.settle(connection, delivery, State.SENT, now=now, message_id=number, counts=False)
        case RetryAfter(wait):
            since = _failed(connection, delivery, _MOST_REFUSALS, now) if outcome.refused else None
            wait = _aside_wait(since, now) if since else wait
            deliveries.wait_until(connection, delivery.id, now + wait)
            _closed_for(connection, delivery, outcome, now)
        case Unknown():
            deliveries.wait_until(connection, delivery.id, now + _lost(connection, delivery, now))
        case ChatClosed(state, reason):
            _close(connection, delivery, state, reason, now)
        case TopicClosed():
            _close_topic(connection, delivery, outcome, now)
        case Migrated(new):
            numbers.migrate_chat(connection, delivery.address.chat, new, now)
        case BotStopped():
            pass
        case Lost(_, foreign) if foreign:
            deliveries.probed(connection, delivery.id, number)
        case _:  # it is not there, or this way nobody can say: the policy decides
            deliveries.probed(connection, delivery.id, deliveries.NOT_THERE)


def _closed_for(connection: Connection, delivery: Delivery, outcome: RetryAfter, now: datetime) -> None:
    if outcome.flood:
        deliveries.block_chat(connection, delivery.address.chat, now + outcome.wait)


def _close_topic(connection: Connection, delivery: Delivery, outcome: TopicClosed, now: datetime) -> None:
    """A closed topic is tried daily; a deleted one is not, and what waits for it is skipped."""
    address, is_deleted = delivery.address, _is_deleted(delivery, outcome)
    until = None if is_deleted else now + _TRY_AGAIN
    deliveries.block_topic(connection, address, outcome.reason, now, until)
    if is_deleted:
        deliveries.drop_of_topic(connection, address)


def _is_deleted(delivery: Delivery, outcome: TopicClosed) -> bool:
    """Whether a topic is gone for good. A chat as a whole, where no topic is named, cannot be."""
    return outcome.deleted and delivery.address.topic != 0


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
