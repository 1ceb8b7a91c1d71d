"""Subscriptions: which address wants which category; and the chats behind them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, exists, func, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Address, Announce, Chat, ChatState, State, Subscription
from feedbot.store import deliveries, numbers, rows
from feedbot.store.prepared import Prepared, among
from feedbot.store.tables import (
    chats,
    entries,
    entry_categories,
    source_states,
    sources,
    subscriptions,
    topics,
)
from feedbot.store.tables import deliveries as delivery_rows

_OF_CATEGORIES = Prepared(
    select(subscriptions)
    .join(chats, chats.c.chat == subscriptions.c.chat)
    .where(
        among(subscriptions.c.category, "slugs"),
        subscriptions.c.ended_at.is_(None),
        chats.c.state != ChatState.GONE.value,
        ~exists().where(
            topics.c.chat == subscriptions.c.chat,
            topics.c.topic == subscriptions.c.topic,
            topics.c.blocked_until.is_(None),
        ),
    )
    .order_by(subscriptions.c.id)
)


def of_categories(connection: Connection, slugs: Sequence[str]) -> list[Subscription]:
    """The subscriptions of living chats to any of these categories, oldest first."""
    return [rows.subscription(row) for row in _OF_CATEGORIES.rows(connection, {"slugs": list(slugs)})]


def all_subscriptions(connection: Connection) -> list[tuple[Subscription, Chat]]:
    """Every subscription that was not ended, with its chat."""
    query = select(subscriptions).where(subscriptions.c.ended_at.is_(None)).order_by(subscriptions.c.id)
    known = {row["chat"]: rows.chat(row) for row in connection.execute(select(chats)).mappings()}
    found = [rows.subscription(row) for row in connection.execute(query).mappings()]
    return [(subscription, known[subscription.address.chat]) for subscription in found]


def closed_topics(connection: Connection) -> dict[Address, str]:
    """The forum topics that take no messages, and why."""
    return {Address(row.chat, row.topic): row.reason for row in connection.execute(select(topics))}


def of_address(connection: Connection, address: Address) -> list[Subscription]:
    """What one address is subscribed to."""
    here = and_(subscriptions.c.chat == address.chat, subscriptions.c.topic == address.topic)
    query = select(subscriptions).where(here, subscriptions.c.ended_at.is_(None)).order_by(subscriptions.c.id)
    return [rows.subscription(row) for row in connection.execute(query).mappings()]


def sync_configured(connection: Connection, wanted: Iterable[Subscription], now: datetime) -> None:
    """Make the operator's subscriptions those of the configuration.

    One that is new begins now; one that is gone ends, and what waited for it is skipped. A chat is known by
    its number and by what the configuration called it before it had that number.
    """
    numbers.follow_migrated(connection, now)
    active = select(subscriptions).where(subscriptions.c.ended_at.is_(None)).order_by(subscriptions.c.id)
    rows_now = connection.execute(active).mappings().all()
    known = {_place(row[word], row): row for word in ("chat", "name") for row in rows_now if row[word]}
    asked = {
        _place(one.address.chat, {"topic": one.address.topic, "category": one.category}): one
        for one in wanted
    }
    kept = set()
    for place, subscription in asked.items():
        word = subscription.address.chat
        present = numbers.chat_of(connection, word)
        row = known.get(place) or known.get((present.lower(), *place[1:]))
        if row is None:
            address = Address(present, subscription.address.topic)
            name = None if present == word else word
            subscribe(connection, replace(subscription, address=address, name=name), now)
        elif row["id"] not in kept:
            kept.add(row["id"])
            _renew(connection, row, subscription, now, keeps_name=_place(row["name"] or "", row) in asked)
    for row in rows_now:
        if row["configured"] and row["id"] not in kept:
            _end(connection, row["id"], now)


def _place(chat: str, row: Mapping[Any, Any]) -> tuple[str, int, str]:
    return chat.lower(), row["topic"], row["category"]


def _renew(
    connection: Connection, row: RowMapping, wanted: Subscription, now: datetime, *, keeps_name: bool
) -> None:
    """Give a subscription of the operator its settings as they are now; others keep theirs."""
    if not row["configured"]:
        return
    settings = rows.subscription_values(wanted, now)
    for begun in ("chat", "created_at", "latest", "paused"):
        del settings[begun]
    word = wanted.address.chat
    settings["name"] = row["name"] if keeps_name else None if word == row["chat"] else word
    connection.execute(subscriptions.update().where(subscriptions.c.id == row["id"]).values(settings))


def subscribe(connection: Connection, wanted: Subscription, now: datetime) -> bool:
    """Begin a subscription; False where it is there already."""
    place = and_(
        subscriptions.c.chat == wanted.address.chat,
        subscriptions.c.topic == wanted.address.topic,
        subscriptions.c.category == wanted.category,
    )
    new_chat = {"chat": wanted.address.chat, "state": ChatState.ACTIVE.value, "since": now}
    connection.execute(insert(chats).values(new_chat).on_conflict_do_nothing())
    known = connection.execute(select(subscriptions).where(place)).mappings().first()
    if known and known["ended_at"] is None:
        return False
    values = rows.subscription_values(wanted, now) | {"muted": "[]"}
    where = ["chat", "topic", "category"]
    connection.execute(insert(subscriptions).values(values).on_conflict_do_update(where, set_=values))
    return True


def unsubscribe(connection: Connection, address: Address, category: str | None, now: datetime) -> list[str]:
    """End the subscriptions of an address to a category, or to all; the categories that it was."""
    ended = [one for one in of_address(connection, address) if category in {None, one.category}]
    for subscription in ended:
        _end(connection, subscription.id, now)
    return [subscription.category for subscription in ended]


def mute(connection: Connection, subscription: int, chat: str, source_id: str) -> bool:
    """Have a subscription of that chat without a source from now on; what waits of it is skipped."""
    here = and_(subscriptions.c.id == subscription, subscriptions.c.chat == chat)
    row = connection.execute(select(subscriptions).where(here)).mappings().first()
    if row is None:
        return False
    muted = sorted({*rows.subscription(row).muted, source_id})
    connection.execute(subscriptions.update().where(here).values(muted=json.dumps(muted)))
    deliveries.drop_of_source(connection, subscription, source_id)
    return True


def unmute(connection: Connection, address: Address) -> list[str]:
    """Have the muted sources of an address again; which those are."""
    found = sorted({source for one in of_address(connection, address) for source in one.muted})
    here = and_(subscriptions.c.chat == address.chat, subscriptions.c.topic == address.topic)
    connection.execute(subscriptions.update().where(here).values(muted="[]"))
    return found


def pause(connection: Connection, address: Address, category: str | None, *, paused: bool) -> list[str]:
    """Pause the subscriptions of an address to a category, or to all, or go on with them; which those are.

    Who goes on says that the chat and the topic take messages again.
    """
    found = [one for one in of_address(connection, address) if category in {None, one.category}]
    here = subscriptions.c.id.in_([one.id for one in found])
    connection.execute(subscriptions.update().where(here).values(paused=paused))
    return [one.category for one in found]


def _end(connection: Connection, row: int, now: datetime) -> None:
    connection.execute(subscriptions.update().where(subscriptions.c.id == row).values(ended_at=now))
    deliveries.drop_of_subscription(connection, row)


def set_chat_state(
    connection: Connection, chat: str, state: ChatState, reason: str | None, now: datetime
) -> None:
    """Say that a chat takes messages, or why it does not; what waits for a gone one is skipped."""
    values = {"chat": chat, "state": state.value, "reason": reason, "since": now, "blocked_until": None}
    connection.execute(insert(chats).values(values).on_conflict_do_update(["chat"], set_=values))
    if state is ChatState.GONE:
        deliveries.drop_of_chat(connection, chat)


def close_chat(
    connection: Connection, chat: str, state: ChatState, reason: str | None, now: datetime
) -> None:
    """Say that a chat takes no messages; one that nobody here knows is left alone."""
    if connection.execute(select(chats.c.chat).where(chats.c.chat == chat)).first():
        set_chat_state(connection, chat, state, reason, now)


def revive(connection: Connection, chat: str, now: datetime) -> None:
    """A person wrote: whatever closed their chat is over."""
    closed = and_(chats.c.chat == chat, chats.c.state != ChatState.ACTIVE.value)
    open_again = {"state": ChatState.ACTIVE.value, "reason": None, "since": now, "blocked_until": None}
    connection.execute(chats.update().where(closed).values(open_again))


def purge_gone(connection: Connection, before: datetime) -> int:
    """Forget the chats that were gone before that time, with their subscriptions and deliveries; how many.

    One that the configuration names is kept.
    """
    named = exists().where(
        subscriptions.c.chat == chats.c.chat, subscriptions.c.configured, subscriptions.c.ended_at.is_(None)
    )
    long_gone = and_(chats.c.state == ChatState.GONE.value, chats.c.since < before, ~named)
    found = connection.execute(select(chats.c.chat).where(long_gone)).scalars().all()
    for chat in found:
        for table in (delivery_rows, subscriptions, topics, chats):
            connection.execute(table.delete().where(table.c.chat == chat))
    return len(found)


def plan_latest(connection: Connection, now: datetime) -> int:
    """Give the newest entries to subscriptions that asked for them when they began.

    That waits until every source of the category was asked and its entries are complete: the first
    poll of a source is silent, and this is the exception that a subscriber asked for.
    """
    waiting = select(subscriptions).where(subscriptions.c.latest > 0, subscriptions.c.ended_at.is_(None))
    planned = 0
    for row in connection.execute(waiting).mappings().all():
        if _is_settled(connection, row["category"]):
            planned += _send_latest(connection, rows.subscription(row), now)
            here = subscriptions.c.id == row["id"]
            connection.execute(subscriptions.update().where(here).values(latest=0))
    return planned


def _is_settled(connection: Connection, category: str) -> bool:
    of_sources = select(sources.c.record, source_states.c.next_poll).join(source_states)
    for row in connection.execute(of_sources.where(sources.c.paused.is_(False))).mappings():
        source = rows.source_of(row)
        if category in {*source.categories, *source.category_map.values()} and row["next_poll"] is None:
            return False
    here = select(entries.c.ready).join(entry_categories).where(entry_categories.c.slug == category)
    here = here.where(entries.c.retracted_at.is_(None))
    states = connection.execute(here.distinct()).scalars().all()
    return bool(states) and all(states)


def _send_latest(connection: Connection, subscription: Subscription, now: datetime) -> int:
    told = select(func.min(entries.c.id)).join(entry_categories)  # of each story the first that told it
    told = told.where(entry_categories.c.slug == subscription.category, entries.c.ready)
    told = told.where(entries.c.retracted_at.is_(None))
    newest = select(entries.c.id, entries.c.story, entries.c.sort_at)
    newest = newest.where(entries.c.id.in_(told.group_by(entries.c.story)))
    newest = newest.order_by(entries.c.sort_at.desc(), entries.c.id.desc())
    planned = 0
    for entry in reversed(connection.execute(newest.limit(subscription.latest)).mappings().all()):
        place = {
            "story": entry["story"],
            "chat": subscription.address.chat,
            "topic": subscription.address.topic,
        }
        values = {
            **place,
            "entry_id": entry["id"],
            "subscription_id": subscription.id,
            "state": State.PENDING.value,
            "sort_at": entry["sort_at"],
            "due_at": now,
            "attempts": 0,
        }
        silent = and_(
            delivery_rows.c.state == State.SKIPPED.value,
            delivery_rows.c.reason == Announce.FIRST_SIGHT.value,
        )
        waken = {"state": State.PENDING.value, "reason": None, "due_at": now}
        statement = insert(delivery_rows).values(values)
        wake = statement.on_conflict_do_update(list(place), set_=waken, where=silent)
        planned += connection.execute(wake).rowcount
    return planned


def newest_time(connection: Connection) -> datetime | None:
    """The newest time that the store knows of its own rounds; a clock before it would be wrong."""
    times = (
        select(func.max(source_states.c.last_success)),
        select(func.max(entries.c.first_seen)),
        select(func.max(entries.c.updated_at)),
        select(func.max(subscriptions.c.created_at)),
    )
    found = [time for query in times if (time := connection.execute(query).scalar()) is not None]
    return max(found, default=None)
