"""Chats that have another number now: groups that became supergroups, and `@names` that were looked up.

What the operator wrote stays the `name` of the subscription, so that it is known again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import ChatState, State
from feedbot.store.tables import chats, deliveries, subscriptions, topics

_BECAME = "became "
_STATES = (ChatState.ACTIVE.value, ChatState.SUSPENDED.value, ChatState.GONE.value)  # the most open first
# Of two deliveries of one story to one chat the one that got furthest is kept.
_FURTHEST = (State.SENT, State.SENDING, State.UNKNOWN, State.PENDING, State.HELD, State.SKIPPED, State.GONE)
_RANKS = {state.value: rank for rank, state in enumerate(_FURTHEST)}


def chat_of(connection: Connection, word: str) -> str:
    """The chat that is meant by a number or `@name`, as it is known here now."""
    active = subscriptions.c.ended_at.is_(None)
    written = or_(_is(subscriptions.c.name, word), _is(subscriptions.c.chat, word))
    query = select(subscriptions.c.chat).where(active, written).order_by(subscriptions.c.name.is_(None))
    if found := connection.execute(query).scalars().first():
        word = found
    became = select(chats.c.reason).where(chats.c.chat == word, chats.c.state == ChatState.GONE.value)
    reason: str = connection.execute(became).scalar() or ""
    return reason.removeprefix(_BECAME) if reason.startswith(_BECAME) else word


def _is(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    return func.lower(column) == word.lower()


def unnumbered(connection: Connection) -> list[str]:
    """The chats with subscriptions that are known by their `@name` alone."""
    named = and_(subscriptions.c.ended_at.is_(None), subscriptions.c.chat.startswith("@"))
    query = select(subscriptions.c.chat).where(named).distinct()
    return list(connection.execute(query.order_by(subscriptions.c.chat)).scalars())


def learn_number(connection: Connection, name: str, number: str, now: datetime) -> bool:
    """A chat that was known by its `@name` has that number: it is the same chat, with all its messages, and
    is merged with what is known under the number. False while something is being sent there.
    """
    busy = exists().where(text("deliveries.state = 'sending'"), deliveries.c.chat.in_([name, number]))
    if connection.execute(select(busy)).scalar():
        return False
    _merge_chats(connection, name, number)
    _merge_deliveries(connection, name, number)
    _move_subscriptions(connection, name, number)
    taken = select(topics.c.topic).where(topics.c.chat == number)
    known = and_(topics.c.chat == name, topics.c.topic.in_(taken))
    connection.execute(topics.delete().where(known))
    connection.execute(topics.update().where(topics.c.chat == name).values(chat=number))
    return True


def _merge_chats(connection: Connection, old: str, new: str) -> None:
    """Of both states the more open one holds: if it is wrong, the next message tells."""
    rows = connection.execute(select(chats).where(chats.c.chat.in_([old, new]))).mappings().all()
    best = min(rows, key=lambda row: _STATES.index(row["state"]))
    closed = [row["blocked_until"] for row in rows if row["state"] == best["state"] and row["blocked_until"]]
    values = {**best, "chat": new, "blocked_until": max(closed, default=None)}
    connection.execute(insert(chats).values(values).on_conflict_do_update(["chat"], set_=values))
    connection.execute(chats.delete().where(chats.c.chat == old))


def _merge_deliveries(connection: Connection, old: str, new: str) -> None:
    twin = deliveries.alias()
    same = and_(twin.c.story == deliveries.c.story, twin.c.topic == deliveries.c.topic, twin.c.chat == new)
    query = select(deliveries.c.id, deliveries.c.state, twin.c.id, twin.c.state)
    for row, state, other, its_state in connection.execute(
        query.select_from(deliveries.join(twin, same)).where(deliveries.c.chat == old)
    ).all():
        left = other if _RANKS[state] < _RANKS[its_state] else row
        connection.execute(deliveries.delete().where(deliveries.c.id == left))
    connection.execute(deliveries.update().where(deliveries.c.chat == old).values(chat=new))


def _move_subscriptions(connection: Connection, old: str, new: str) -> None:
    """The subscriptions of one chat are those of another; where that has one of the kind, they become one."""
    for row in connection.execute(select(subscriptions).where(subscriptions.c.chat == old)).mappings().all():
        here = subscriptions.c.id == row["id"]
        place = [subscriptions.c[key] == row[key] for key in ("topic", "category")]
        query = select(subscriptions).where(subscriptions.c.chat == new, *place)
        twin = connection.execute(query).mappings().first()
        name = row["name"] or old
        if twin is None:
            connection.execute(subscriptions.update().where(here).values(chat=new, name=name))
            continue
        is_lead = row["ended_at"] is None and (twin["ended_at"] is not None or not twin["configured"])
        values = {**row} if is_lead else {**twin}
        if row["ended_at"] is None and twin["ended_at"] is None:
            values["created_at"] = min(row["created_at"], twin["created_at"])
        values |= {"id": twin["id"], "chat": new, "name": twin["name"] or name}
        heir = {"subscription_id": twin["id"]}
        connection.execute(deliveries.update().where(deliveries.c.subscription_id == row["id"]).values(heir))
        connection.execute(subscriptions.delete().where(here))
        connection.execute(subscriptions.update().where(subscriptions.c.id == twin["id"]).values(values))


def migrate_chat(connection: Connection, old: str, new: str, now: datetime) -> None:
    """A group became a supergroup: everything of the old id belongs to the new one, merged with what
    is there already.
    """
    _open_chat(connection, new, now)
    sent = and_(deliveries.c.chat == old, deliveries.c.message_id.is_not(None))
    gone_with_it = {"edit_due": None, "message_id": None}  # messages stay in the old group
    connection.execute(deliveries.update().where(sent).values(gone_with_it))
    _merge_deliveries(connection, old, new)
    _move_subscriptions(connection, old, new)
    gone = {"state": ChatState.GONE.value, "reason": f"{_BECAME}{new}", "since": now, "blocked_until": None}
    connection.execute(chats.update().where(chats.c.chat == old).values(gone))


def _open_chat(connection: Connection, chat: str, now: datetime) -> None:
    """A chat that is new, or that was taken for gone, takes messages until it says otherwise."""
    values = {"chat": chat, "state": ChatState.ACTIVE.value, "since": now, "reason": None}
    is_gone = chats.c.state == ChatState.GONE.value
    statement = insert(chats).values(values).on_conflict_do_update(["chat"], set_=values, where=is_gone)
    connection.execute(statement)


def follow_migrated(connection: Connection, now: datetime) -> None:
    """Subscriptions to the old number of a group are ones to its new number, whenever they were made."""
    followed = exists().where(subscriptions.c.chat == chats.c.chat, subscriptions.c.ended_at.is_(None))
    became = and_(chats.c.state == ChatState.GONE.value, chats.c.reason.startswith(_BECAME), followed)
    for old, reason in connection.execute(select(chats.c.chat, chats.c.reason).where(became)).all():
        new = reason.removeprefix(_BECAME)
        _open_chat(connection, new, now)
        _move_subscriptions(connection, old, new)
