"""Digests: one line in the place of many messages. Each is a delivery that knows how many it tells of."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Address, Announce, State, StoredEntry
from feedbot.rules.delivery import MOST_WAITING, Planned
from feedbot.store import deliveries
from feedbot.store.deliveries import WAITING
from feedbot.store.tables import EPOCH, MILLISECOND, entries, subscriptions
from feedbot.store.tables import deliveries as table

_TOO_MANY = Announce.TOO_MANY.value
_GATHER = timedelta(minutes=1)  # articles whose pages are read one by one come together in one line


def tell_of(
    connection: Connection, planned: Iterable[Planned], found: Iterable[StoredEntry], now: datetime
) -> None:
    """Tell each address in a line of how many new entries it is not told one by one."""
    counts: defaultdict[tuple[Address, int], list[int]] = defaultdict(list)
    for row in planned:
        if row.reason == _TOO_MANY:
            counts[row.address, row.subscription].append(row.entry_row)
    if not counts:
        return
    together = list(found)
    sort_at = max(one.entry.sort_at for one in together) + MILLISECOND  # after what is told one by one
    due_at = now if len(together) > 1 else now + _GATHER
    for (address, subscription), rows in counts.items():
        _add(connection, address, subscription, max(rows), len(rows), sort_at, due_at)


def _add(
    connection: Connection,
    address: Address,
    subscription: int,
    entry_row: int,
    count: int,
    sort_at: datetime,
    due_at: datetime,
) -> None:
    """Count more into the line that waits already, or begin one."""
    waits = and_(
        table.c.chat == address.chat,
        table.c.topic == address.topic,
        table.c.subscription_id == subscription,
        WAITING,
        table.c.state == State.PENDING.value,
        table.c.more > 0,
    )
    later = func.max(table.c.sort_at, (sort_at - EPOCH) // MILLISECOND)
    more = table.update().where(waits).values(more=table.c.more + count, sort_at=later)
    if connection.execute(more).rowcount:
        return
    values = {
        "story": f"digest:{subscription}:{entry_row}",
        "chat": address.chat,
        "topic": address.topic,
        "entry_id": entry_row,
        "subscription_id": subscription,
        "state": State.PENDING.value,
        "sort_at": sort_at,
        "due_at": due_at,
        "attempts": 0,
        "more": count,
    }
    connection.execute(insert(table).values(values).on_conflict_do_nothing())


def fold(connection: Connection, chat: str, now: datetime) -> None:
    """Of what waits in a chat far behind, leave the newest of each address, and one line for the others.

    What a subscriber asked for when the subscription began is none of it.
    """
    waiting = (
        select(table.c.id, table.c.topic, table.c.subscription_id, table.c.entry_id, table.c.sort_at)
        .select_from(table.join(entries).join(subscriptions))
        .where(
            WAITING,
            table.c.state == State.PENDING.value,
            table.c.chat == chat,
            table.c.more == 0,
            entries.c.first_seen >= subscriptions.c.created_at,
        )
        .order_by(table.c.sort_at.desc(), table.c.entry_id.desc())
    )
    of_topic = defaultdict(list)
    for row in connection.execute(waiting):
        of_topic[row.topic].append(row)
    for topic, rows in of_topic.items():
        left = defaultdict(list)
        for row in rows[MOST_WAITING:]:
            deliveries.skip(connection, row.id, _TOO_MANY)
            left[row.subscription_id].append(row.entry_id)
        for subscription, skipped in left.items():
            address, last = Address(chat, topic), rows[0].sort_at + MILLISECOND
            _add(connection, address, subscription, max(skipped), len(skipped), last, now)
