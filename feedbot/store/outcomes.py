"""What an attempt to send came to, written in one transaction."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from feedbot.model import ChatState, Delivery, State
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Migrated,
    NextRung,
    Outcome,
    Refused,
    RetryAfter,
    Sent,
    Unknown,
    retry_wait,
)
from feedbot.store import deliveries, subscriptions

_TRY_AGAIN = timedelta(days=1)
_NOT_FOUND = "chat not found"
_NOT_FOUND_PATIENCE = timedelta(days=3)
_UNKNOWN_LEAST = timedelta(seconds=2)


def record(connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """Write what became of a delivery, and of its chat."""
    chat = delivery.address.chat
    match outcome:
        case Sent(message_id):
            deliveries.settle(connection, delivery, State.SENT, now=now, message_id=message_id)
        case RetryAfter(wait, reason, flood):
            deliveries.settle(
                connection, delivery, State.PENDING, now=now, wait=wait, reason=reason, counts=not flood
            )
            if flood:
                deliveries.block_chat(connection, chat, now + wait)
        case Unknown(reason):
            wait = max(retry_wait(delivery.attempts), _UNKNOWN_LEAST)
            deliveries.settle(connection, delivery, State.UNKNOWN, now=now, wait=wait, reason=reason)
        case Refused(reason) | NextRung(reason):
            deliveries.settle(connection, delivery, State.GONE, now=now, reason=reason)
        case ChatClosed(state, reason):
            _close(connection, delivery, state, reason, now)
        case Migrated(new):
            deliveries.settle(connection, delivery, State.PENDING, now=now, counts=False)
            deliveries.migrate_chat(connection, chat, new, now)
        case BotStopped(reason):
            deliveries.settle(connection, delivery, State.PENDING, now=now, reason=reason, counts=False)


def _close(connection: Connection, delivery: Delivery, state: ChatState, reason: str, now: datetime) -> None:
    """A chat that cannot be found is gone after three days, a suspended one is tried daily."""
    chat = delivery.address.chat
    known = deliveries.get_chat(connection, chat)
    since = known.since if known and known.state is ChatState.SUSPENDED else now
    if _NOT_FOUND in reason.casefold() and now - since >= _NOT_FOUND_PATIENCE:
        state = ChatState.GONE
    if state is ChatState.GONE:
        deliveries.settle(connection, delivery, State.GONE, now=now, reason=reason)
        subscriptions.set_chat_state(connection, chat, state, reason, now)
        return
    deliveries.settle(connection, delivery, State.PENDING, now=now, reason=reason, counts=False)
    subscriptions.set_chat_state(connection, chat, state, reason, since)
    deliveries.block_chat(connection, chat, now + _TRY_AGAIN)
