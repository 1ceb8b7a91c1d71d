"""When the wall clock was set: what waits in the outbox goes on waiting as long as it was told."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, func, literal, select, text

from feedbot.store.tables import MILLISECOND, chats, deliveries, entries, source_states, topics

_WAITING = text("deliveries.state IN ('pending', 'unknown', 'sending')")
_NEVER_TRIED = text("deliveries.state = 'pending' AND deliveries.attempts = 0 AND deliveries.error IS NULL")


def was_set(connection: Connection, now: datetime, by: timedelta) -> None:
    """Move the times that were still to come: `now` is the clock's time since it was set, by so much. What
    waits is no older for a clock that was set forth.
    """
    future, shift = min(now, now - by), literal(by // MILLISECOND, BigInteger)
    for table, column in (
        (deliveries, deliveries.c.due_at),
        (deliveries, deliveries.c.edit_due),
        (chats, chats.c.blocked_until),
        (topics, topics.c.blocked_until),
    ):
        moved = table.update().where(column > future).values({column: column + shift})
        connection.execute(moved.where(_WAITING) if column is deliveries.c.due_at else moved)
    polls = {one: one + shift for one in (source_states.c.next_poll, source_states.c.last_success)}
    connection.execute(source_states.update().values({one.name: moved for one, moved in polls.items()}))
    ahead = deliveries.update().where(_WAITING, deliveries.c.sort_at > now)  # what comes now goes after it
    connection.execute(ahead.values(sort_at=now.replace(microsecond=0)))
    if by > timedelta():
        of_those = entries.c.id.in_(select(deliveries.c.entry_id).where(_WAITING))
        seen = entries.update().where(of_those, entries.c.first_seen <= future)
        connection.execute(seen.values(first_seen=entries.c.first_seen + shift))


def may_have_been_set(connection: Connection, now: datetime) -> int:
    """What was never tried was due when it was written, and no source was polled later than now. Where that
    is still to come, the clock was set back while nobody looked; how many messages wait no more for that.
    """
    newest = connection.execute(select(func.max(source_states.c.last_success))).scalar()
    if newest is not None and newest > now:
        was_set(connection, now, now - newest)
    future = deliveries.update().where(_NEVER_TRIED, deliveries.c.due_at > now)
    return connection.execute(future.values(due_at=now)).rowcount
