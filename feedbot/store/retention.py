"""Forgetting entries: what is deleted leaves its keys, so that it does not come back as new."""

from datetime import datetime

from sqlalchemy import Connection, and_, exists, select

from feedbot.model import State
from feedbot.store import feeds
from feedbot.store.tables import deliveries, entries

_SETTLED = (State.SENT.value, State.SKIPPED.value, State.GONE.value)
_BATCH = 500


def forget_entries(connection: Connection, source_id: str, before: datetime) -> int:
    """Delete the entries of a source dated before that time, with their settled deliveries; how many.

    One that is still to be sent stays until it is.
    """
    waiting = exists().where(deliveries.c.entry_id == entries.c.id, deliveries.c.state.not_in(_SETTLED))
    old = and_(entries.c.source_id == source_id, entries.c.sort_at < before, ~waiting)
    rows = connection.execute(select(entries.c.id).where(old).limit(_BATCH)).scalars().all()
    if rows:
        feeds.mark_feeds_of(connection, rows)
        connection.execute(deliveries.delete().where(deliveries.c.entry_id.in_(rows)))
        connection.execute(entries.delete().where(entries.c.id.in_(rows)))
    return len(rows)
