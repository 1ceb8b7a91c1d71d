"""Deliveries: the outbox. A row is written before anything is sent, and says afterwards what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Chat, ChatState, Delivery, State
from feedbot.rules.agenda import Priority
from feedbot.rules.delivery import Planned, max_age_passed
from feedbot.store import rows
from feedbot.store.prepared import Prepared
from feedbot.store.tables import chats, deliveries, entries, entry_categories, subscriptions

# The partial index is used where its predicate stands as a literal.
_WAITING = text("deliveries.state IN ('pending', 'unknown')")
_OPEN = (State.PENDING.value, State.UNKNOWN.value, State.HELD.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chat with something to be sent: when its first message is due, and since when it waits."""

    chat: str
    due_at: datetime
    since: datetime
    priority: Priority


_PUT = Prepared(insert(deliveries).on_conflict_do_nothing())


def write(connection: Connection, planned: Iterable[Planned], sort_at: datetime, now: datetime) -> int:
    """Write planned deliveries; a story that an address has already is left alone. How many were new."""
    values = [
        {
            "story": row.story,
            "chat": row.address.chat,
            "topic": row.address.topic,
            "entry_id": row.entry_row,
            "subscription_id": row.subscription,
            "state": row.state.value,
            "reason": row.reason,
            "sort_at": sort_at,
            "due_at": now,
            "attempts": 0,
        }
        for row in planned
    ]
    return _PUT.run_all(connection, values)


def recover(connection: Connection, now: datetime) -> int:
    """What was being sent when the last process ended may have been accepted: it is unknown."""
    values = {"state": State.UNKNOWN.value, "due_at": now, "error": "feedbot ended while it was being sent"}
    found = deliveries.update().where(text("deliveries.state = 'sending'")).values(values)
    return connection.execute(found).rowcount


def _sendable() -> Any:
    """Pending, or unknown where the subscription wants it sent again."""
    resend = and_(deliveries.c.state == State.UNKNOWN.value, subscriptions.c.on_unknown == "resend")
    return and_(_WAITING, or_(deliveries.c.state == State.PENDING.value, resend))


def _query(*more: ColumnElement[Any]) -> Select[Any]:
    settings = (subscriptions.c.on_unknown, subscriptions.c.silent, subscriptions.c.language)
    joined = deliveries.join(subscriptions).join(entries)
    return select(deliveries, *settings, *more).select_from(joined)


def waiting(connection: Connection, chat: str | None = None) -> list[Waiting]:
    """Each chat with something to send, and its first message; or that chat alone."""
    place = (deliveries.c.sort_at, deliveries.c.entry_id)
    first = func.row_number().over(partition_by=deliveries.c.chat, order_by=place).label("place")
    of_chat = () if chat is None else (deliveries.c.chat == chat,)
    joined = deliveries.join(subscriptions).join(entries).join(chats, chats.c.chat == deliveries.c.chat)
    found = (
        select(
            deliveries.c.chat,
            deliveries.c.due_at,
            chats.c.blocked_until,
            entries.c.first_seen,
            (entries.c.first_seen < subscriptions.c.created_at).label("backlog"),
            first,
        )
        .select_from(joined)
        .where(_sendable(), chats.c.state != ChatState.GONE.value, *of_chat)
        .subquery()
    )
    return [
        Waiting(
            row["chat"],
            max(row["due_at"], row["blocked_until"] or row["due_at"]),
            row["first_seen"],
            Priority.BACKLOG if row["backlog"] else Priority.ENTRY,
        )
        for row in connection.execute(select(found).where(found.c.place == 1)).mappings()
    ]


def closed_chats(connection: Connection, now: datetime) -> list[tuple[str, datetime]]:
    """The chats that take nothing yet, and until when."""
    query = select(chats.c.chat, chats.c.blocked_until).where(chats.c.blocked_until > now)
    return [(row[0], row[1]) for row in connection.execute(query)]


def head(connection: Connection, chat: str, now: datetime) -> Delivery | None:
    """The first message of a chat, if it is due and none is being sent there.

    What became too old for its subscription is skipped on the way.
    """
    of_chat = connection.execute(select(chats).where(chats.c.chat == chat)).mappings().first()
    if of_chat is None or of_chat["state"] == ChatState.GONE.value or (of_chat["blocked_until"] or now) > now:
        return None
    busy = select(deliveries.c.id).where(text("deliveries.state = 'sending'"), deliveries.c.chat == chat)
    if connection.execute(busy).first():
        return None
    query = _query(entries.c.first_seen, entries.c.retracted_at, subscriptions.c.max_age).where(
        deliveries.c.chat == chat, _sendable()
    )
    ordered = query.order_by(deliveries.c.sort_at, deliveries.c.entry_id).limit(50)
    for row in connection.execute(ordered).mappings().all():
        if row["retracted_at"] is not None:  # it was being sent then, and Telegram wanted it later
            drop_of_entry(connection, row["entry_id"])
            continue
        if not max_age_passed(row["first_seen"], rows.seconds(row["max_age"]), now):
            return rows.delivery(row) if row["due_at"] <= now else None
        _set(connection, row["id"], state=State.SKIPPED.value, reason="max_age")
    return None


def claim(connection: Connection, delivery: Delivery, now: datetime, owner: str) -> bool:
    """Take a message: the row says `sending` before a byte is sent. False where another was quicker."""
    mine = deliveries.update().where(
        deliveries.c.id == delivery.id, deliveries.c.state == delivery.state.value
    )
    values = {"state": State.SENDING.value, "owner": owner, "claimed_at": now}
    return connection.execute(mine.values(values)).rowcount == 1


def _set(connection: Connection, row: int, **values: Any) -> None:
    connection.execute(deliveries.update().where(deliveries.c.id == row).values(values))


def settle(
    connection: Connection,
    delivery: Delivery,
    state: State,
    *,
    now: datetime,
    wait: timedelta = timedelta(),
    counts: bool = True,
    message_id: int | None = None,
    reason: str | None = None,
) -> None:
    """Write what became of a message. One that goes back to wait is due after `wait`; `counts` is whether
    this was an attempt.
    """
    sent = state is State.SENT
    _set(
        connection,
        delivery.id,
        state=state.value,
        due_at=now + wait,
        attempts=delivery.attempts + int(counts),
        message_id=message_id,
        sent_at=now if sent else None,
        error=None if sent else reason,
        reason=reason if state in {State.GONE, State.SKIPPED} else None,
        owner=None,
    )


def block_chat(connection: Connection, chat: str, until: datetime) -> None:
    """A chat takes nothing before that time; kept here, so a restart waits as well."""
    connection.execute(chats.update().where(chats.c.chat == chat).values(blocked_until=until))


def drop_of_chat(connection: Connection, chat: str) -> None:
    """What waits for a chat that is gone is skipped."""
    here = and_(deliveries.c.chat == chat, deliveries.c.state.in_(_OPEN))
    values = {"state": State.SKIPPED.value, "reason": "chat_gone"}
    connection.execute(deliveries.update().where(here).values(values))


def drop_of_subscription(connection: Connection, subscription_id: int) -> None:
    """What waits for a subscription that ended is skipped, or handed to another one of that address
    whose category has the entry too.
    """
    here = and_(deliveries.c.subscription_id == subscription_id, deliveries.c.state.in_(_OPEN))
    for row in connection.execute(select(deliveries).where(here)).mappings().all():
        other = select(subscriptions.c.id).join(
            entry_categories, entry_categories.c.slug == subscriptions.c.category
        )
        heir = other.where(
            entry_categories.c.entry_id == row["entry_id"],
            subscriptions.c.chat == row["chat"],
            subscriptions.c.topic == row["topic"],
            subscriptions.c.ended_at.is_(None),
        )
        found = connection.execute(heir.order_by(subscriptions.c.id)).scalars().first()
        if found is None:
            _set(connection, row["id"], state=State.SKIPPED.value, reason="unsubscribed")
        else:
            _set(connection, row["id"], subscription_id=found)


def drop_of_entry(connection: Connection, entry_row: int) -> None:
    """What waits of an entry that was taken back is skipped, or tells its story as another source does."""
    here = and_(deliveries.c.entry_id == entry_row, deliveries.c.state.in_(_OPEN))
    query = select(deliveries.c.id, deliveries.c.story, subscriptions.c.category)
    query = query.select_from(deliveries.join(subscriptions)).where(here)
    for row in connection.execute(query).mappings().all():
        heir = select(func.min(entries.c.id)).join(entry_categories)
        heir = heir.where(entries.c.story == row["story"], entry_categories.c.slug == row["category"])
        heir = heir.where(entries.c.ready, entries.c.retracted_at.is_(None))
        found = connection.execute(heir).scalar()
        if found is None:
            _set(connection, row["id"], state=State.SKIPPED.value, reason="retracted")
        else:
            _set(connection, row["id"], entry_id=found)


def sent_of_retracted(connection: Connection, limit: int) -> list[Delivery]:
    """The messages that tell what was taken back since, the newest loss first."""
    gone = select(entries.c.id).where(entries.c.retracted_at.is_not(None))
    is_sent = text("+deliveries.state = 'sent'")  # the sign keeps SQLite from walking through all of these
    lost = _query().where(deliveries.c.entry_id.in_(gone), is_sent)
    newest = lost.order_by(entries.c.retracted_at.desc(), deliveries.c.id).limit(limit)
    return [rows.delivery(row) for row in connection.execute(newest).mappings()]


def migrate_chat(connection: Connection, old: str, new: str, now: datetime) -> None:
    """A group became a supergroup: everything of the old id belongs to the new one, merged with what
    is there already.
    """
    values = {"chat": new, "state": ChatState.ACTIVE.value, "since": now}
    connection.execute(insert(chats).values(values).on_conflict_do_nothing())
    for table, place in (
        (subscriptions, ("topic", "category")),
        (deliveries, ("story", "topic")),
    ):
        twin = table.alias()
        same = and_(*(twin.c[name] == table.c[name] for name in place))
        is_there = exists().where(twin.c.chat == new, same)
        connection.execute(table.update().where(table.c.chat == old, ~is_there).values(chat=new))
    left = and_(deliveries.c.chat == old, deliveries.c.state.in_((*_OPEN, State.SENDING.value)))
    skipped = {"state": State.SKIPPED.value, "reason": "chat_gone"}
    connection.execute(deliveries.update().where(left).values(skipped))
    here = and_(subscriptions.c.chat == old, subscriptions.c.ended_at.is_(None))
    connection.execute(subscriptions.update().where(here).values(ended_at=now))
    gone = {"state": ChatState.GONE.value, "reason": f"became {new}", "since": now, "blocked_until": None}
    connection.execute(chats.update().where(chats.c.chat == old).values(gone))


def purge(connection: Connection, before: datetime) -> int:
    """Delete deliveries that were settled before that time; those still open are kept for ever."""
    settled = deliveries.c.state.in_((State.SENT.value, State.SKIPPED.value, State.GONE.value))
    old = func.coalesce(deliveries.c.sent_at, deliveries.c.due_at) < before
    return connection.execute(deliveries.delete().where(settled, old)).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries there are in each state."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in State}


def oldest_waiting(connection: Connection, now: datetime) -> datetime | None:
    """Since when the oldest message waits that could be sent: it is due, and its chat takes messages."""
    query = select(func.min(entries.c.first_seen)).select_from(
        deliveries.join(entries).join(subscriptions).join(chats, chats.c.chat == deliveries.c.chat)
    )
    active = and_(chats.c.state == ChatState.ACTIVE.value, deliveries.c.due_at <= now)
    found: datetime | None = connection.execute(query.where(_sendable(), active)).scalar()
    return found


def recent_sends(connection: Connection, since: datetime) -> list[tuple[str, datetime]]:
    """The chat and time of each message since then, in order: pacing remembers them over a restart."""
    query = select(deliveries.c.chat, deliveries.c.sent_at).where(
        text("deliveries.state = 'sent'"), deliveries.c.sent_at >= since
    )
    return [(row[0], row[1]) for row in connection.execute(query.order_by(deliveries.c.sent_at))]


def get_chat(connection: Connection, chat: str) -> Chat | None:
    """What is known of a chat."""
    row = connection.execute(select(chats).where(chats.c.chat == chat)).mappings().first()
    return rows.chat(row) if row else None


def unknown(connection: Connection, limit: int) -> list[tuple[Delivery, str]]:
    """Deliveries that may have been accepted, with the title of their entry."""
    found = (
        _query(entries.c.record)
        .where(deliveries.c.state == State.UNKNOWN.value)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [
        (rows.delivery(row), rows.entry_of(row["record"]).title)
        for row in connection.execute(found).mappings()
    ]
