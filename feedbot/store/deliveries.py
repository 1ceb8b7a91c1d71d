"""Deliveries: the outbox. A row is written before anything is sent, and says afterwards what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Address, Chat, ChatState, Delivery, State
from feedbot.rules.delivery import Planned
from feedbot.store import rows
from feedbot.store.prepared import Prepared
from feedbot.store.tables import (
    EPOCH,
    MILLISECOND,
    chats,
    deliveries,
    entries,
    entry_categories,
    subscriptions,
    topics,
)

# The partial index is used where its predicate stands as a literal.
WAITING = text("deliveries.state IN ('pending', 'unknown')")
_OPEN = (State.PENDING.value, State.UNKNOWN.value, State.HELD.value)
# What a delivery takes from its subscription.
SETTINGS = ("on_unknown", "silent", "language", "style", "template", "category")
NOT_THERE = -1  # in the place of the last number that was probed: the message was not found, nor can be
MOST_EDITS = 5
EDITED_WITHIN = timedelta(hours=48)
EDIT_GAP = timedelta(seconds=60)
ASIDE_PATIENCE = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Made:
    """What was sent: the kind of message, the hash of its photo and of what it says, and the numbers of an
    album after the first.
    """

    kind: str | None = None
    photo: str | None = None
    composed: str | None = None
    others: tuple[int, ...] = ()


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


def is_resent(given_up: Any) -> ColumnElement[bool]:
    """Whether an unknown message is sent again: its subscription wants it, and it did not stand aside since
    before `given_up`, its answers lost again and again.
    """
    since = deliveries.c.aside_since
    return and_(subscriptions.c.on_unknown == "resend", or_(since.is_(None), since > given_up))


def closed_chats(connection: Connection, now: datetime) -> list[tuple[str, datetime]]:
    """The chats that take nothing yet, and until when."""
    query = select(chats.c.chat, chats.c.blocked_until).where(chats.c.blocked_until > now)
    return [(row[0], row[1]) for row in connection.execute(query)]


_SET = Prepared(deliveries.update().where(deliveries.c.id == bindparam("row")))


def _set(connection: Connection, row: int, **values: Any) -> None:
    _SET.run(connection, {"row": row, **values})


def skip(connection: Connection, row: int, reason: str) -> None:
    """Say that a message is not sent, and why."""
    _set(connection, row, state=State.SKIPPED.value, reason=reason)


def probed(connection: Connection, row: int, number: int) -> None:
    """Remember which message number was looked at last for a message that may have been accepted."""
    _set(connection, row, probed=number)


def wait_until(connection: Connection, row: int, due_at: datetime) -> None:
    """Leave a message as it is until then."""
    _set(connection, row, due_at=due_at)


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
    made: Made | None = None,
) -> None:
    """Write what became of a message. One that goes back to wait is due after `wait`; `counts` is whether
    this was an attempt. A `message_id` of 0 is one that is not known; what is known of an earlier attempt
    stays where `made` is not told.
    """
    sent = state is State.SENT
    shown = made and {
        "kind": made.kind,
        "photo": made.photo,
        "album": ",".join(map(str, made.others)) or None,
        "composed": made.composed,
    }
    _set(
        connection,
        delivery.id,
        state=state.value,
        due_at=now + wait,
        attempts=delivery.attempts + int(counts),
        message_id=message_id or None,
        sent_at=now if sent else None,
        error=None if sent else reason,
        reason=reason if state in {State.GONE, State.SKIPPED} else None,
        owner=None,
        probed=None,
        **(shown or {}),
    )


def failed(connection: Connection, delivery: Delivery, aside_since: datetime | None) -> None:
    """Count that Telegram failed over a message, and since when it lets the others go first."""
    _set(connection, delivery.id, refusals=delivery.refusals + 1, aside_since=aside_since)


def back_in_line(
    connection: Connection, chat: str, *, before: int | None = None, now: datetime | None = None
) -> None:
    """What stands aside in a chat takes its own place again, and is tried `now` if that is told; or what was
    written `before` a delivery. Not where answers were lost, then: each try may be one more copy.
    """
    aside = and_(deliveries.c.chat == chat, WAITING, deliveries.c.aside_since.is_not(None))
    if before is not None:
        aside = and_(aside, deliveries.c.state == State.PENDING.value, deliveries.c.id < before)
    values = {"refusals": 0, "aside_since": None} | ({"due_at": now} if now else {})
    connection.execute(deliveries.update().where(aside).values(values))


def want_edits(connection: Connection, entry_row: int, now: datetime) -> None:
    """Have the messages of an entry edited that were sent of late, or may be, as it was: the last change
    wins, a minute after the one before, and five times at most.
    """
    last, due_then = (type_coerce(deliveries.c[name], BigInteger) for name in ("edited_at", "edit_due"))
    due = func.max(
        (now - EPOCH) // MILLISECOND,
        func.coalesce(last + EDIT_GAP // MILLISECOND, 0),
        func.coalesce(due_then + 1, 0),  # who edits now sees that there is more
    )
    sent = and_(
        text("+deliveries.state = 'sent'"),
        deliveries.c.message_id.is_not(None),
        deliveries.c.kind.is_not(None),
        deliveries.c.edits < MOST_EDITS,
        deliveries.c.sent_at > now - EDITED_WITHIN,
    )
    told = or_(sent, text("+deliveries.state IN ('sending', 'unknown')"))
    of_entry = and_(deliveries.c.entry_id == entry_row, deliveries.c.more == 0)
    connection.execute(deliveries.update().where(of_entry, told).values(edit_due=due))


_EDIT_DUE = Prepared(select(deliveries.c.edit_due).where(deliveries.c.id == bindparam("row")))


def edited(
    connection: Connection,
    delivery: Delivery,
    now: datetime,
    *,
    counts: bool,
    photo: str | None = None,
    composed: str | None = None,
) -> None:
    """An edit is done. Where something changed meanwhile, the next one is due after the gap."""
    more = _EDIT_DUE.scalar(connection, {"row": delivery.id}) != delivery.edit_due
    edits = delivery.edits + int(counts)
    due = now + EDIT_GAP if more and edits < MOST_EDITS else None
    values = {"edit_due": due, "edits": edits} | ({"edited_at": now} if counts else {})
    shown = {"photo": photo, "composed": composed}
    _set(connection, delivery.id, **values, **{name: value for name, value in shown.items() if value})


def put_off_edit(connection: Connection, delivery: Delivery, until: datetime) -> None:
    """An edit failed, and is tried again at that time; it counts as none."""
    _set(connection, delivery.id, edit_due=until)


def forget_edit(connection: Connection, row: int, *, message: bool = False) -> None:
    """Edit a message no more now; `message`: never again, for it is not there any more."""
    _set(connection, row, edit_due=None, **({"message_id": None} if message else {}))


def block_topic(
    connection: Connection, address: Address, reason: str, now: datetime, until: datetime | None
) -> None:
    """A forum topic takes nothing before that time; None: until it is resumed."""
    values = {"chat": address.chat, "topic": address.topic, "reason": reason, "since": now}
    values["blocked_until"] = until
    renewed = {"reason": reason, "blocked_until": until}
    statement = insert(topics).values(values).on_conflict_do_update(["chat", "topic"], set_=renewed)
    connection.execute(statement)


def open_topic(connection: Connection, address: Address) -> None:
    """A forum topic takes messages again."""
    here = and_(topics.c.chat == address.chat, topics.c.topic == address.topic)
    connection.execute(topics.delete().where(here))


def block_chat(connection: Connection, chat: str, until: datetime) -> None:
    """A chat takes nothing before that time; kept here, so a restart waits as well."""
    connection.execute(chats.update().where(chats.c.chat == chat).values(blocked_until=until))


def drop_of_chat(connection: Connection, chat: str) -> None:
    """What waits for a chat that is gone is skipped."""
    here = and_(deliveries.c.chat == chat, deliveries.c.state.in_(_OPEN))
    values = {"state": State.SKIPPED.value, "reason": "chat_gone"}
    connection.execute(deliveries.update().where(here).values(values))


def drop_of_topic(connection: Connection, address: Address) -> None:
    """What waits for a forum topic that is gone is skipped."""
    here = and_(deliveries.c.chat == address.chat, deliveries.c.topic == address.topic)
    values = {"state": State.SKIPPED.value, "reason": "chat_gone"}
    connection.execute(deliveries.update().where(here, deliveries.c.state.in_(_OPEN)).values(values))


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


def drop_of_source(connection: Connection, subscription: int, source_id: str) -> None:
    """What waits for a subscription of a source that it muted is skipped."""
    told = select(entries.c.id).where(entries.c.source_id == source_id)
    here = and_(deliveries.c.subscription_id == subscription, deliveries.c.entry_id.in_(told))
    here = and_(here, deliveries.c.state.in_(_OPEN), deliveries.c.more == 0)
    values = {"state": State.SKIPPED.value, "reason": "muted"}
    connection.execute(deliveries.update().where(here).values(values))


def drop_of_entry(connection: Connection, entry_row: int) -> None:
    """What waits of an entry that was taken back is skipped, or tells its story as another source does."""
    here = and_(deliveries.c.entry_id == entry_row, deliveries.c.state.in_(_OPEN), deliveries.c.more == 0)
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


def drop_unwanted(connection: Connection, row: Mapping[str, Any], source_id: str) -> bool:
    """Drop what was taken back, unsubscribed or muted while it was being sent in vain; whether it was."""
    if row["retracted_at"] is not None and not row["more"]:
        drop_of_entry(connection, row["entry_id"])
    elif row["ended_at"] is not None:
        drop_of_subscription(connection, row["subscription_id"])
    elif not row["more"] and source_id in from_json(row["muted"]):
        drop_of_source(connection, row["subscription_id"], source_id)
    else:
        return False
    return True


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
    wanted = or_(deliveries.c.state == State.PENDING.value, is_resent(now - ASIDE_PATIENCE))
    found: datetime | None = connection.execute(query.where(WAITING, wanted, active)).scalar()
    return found


def recent_sends(connection: Connection, since: datetime) -> list[tuple[str, datetime]]:
    """The chat and time of each message since then, in order: pacing remembers them over a restart. An album
    is as many messages as it has photos.

    What was in flight at its end may have been sent up to the time when that was found out.
    """
    sent = select(deliveries.c.chat, deliveries.c.sent_at, deliveries.c.album).where(
        text("deliveries.state = 'sent'"), deliveries.c.sent_at >= since
    )
    doubtful = select(deliveries.c.chat, deliveries.c.due_at, deliveries.c.album).where(
        text("deliveries.state = 'unknown'"), deliveries.c.claimed_at >= since
    )
    found = [
        (chat, at)
        for query in (sent, doubtful)
        for chat, at, album in connection.execute(query)
        for _ in range(1 + len(album.split(",")) if album else 1)
    ]
    return sorted(found, key=lambda one: one[1])


def get_chat(connection: Connection, chat: str) -> Chat | None:
    """What is known of a chat."""
    row = connection.execute(select(chats).where(chats.c.chat == chat)).mappings().first()
    return rows.chat(row) if row else None
