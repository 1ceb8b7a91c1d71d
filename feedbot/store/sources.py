"""Sources and what we remember of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Source, SourceState
from feedbot.store import rows
from feedbot.store.tables import source_states, sources


def sync_sources(connection: Connection, configured: Sequence[Source]) -> None:
    """Make the configured sources those of the configuration.

    One that is gone from it is paused, its entries stay. One whose address or reading changed is asked
    again without the validators of before.
    """
    known = {row["id"]: row for row in connection.execute(select(sources)).mappings()}
    for source in configured:
        record = rows.source_json(source)
        values = {"id": source.id, "record": record, "configured": True, "paused": False}
        connection.execute(insert(sources).values(values).on_conflict_do_update(["id"], set_=values))
        new_state = rows.state_values(SourceState(source.id))
        connection.execute(insert(source_states).values(new_state).on_conflict_do_nothing())
        if source.id in known and known[source.id]["record"] != record:
            _forget_validators(connection, source.id)
    wanted = {source.id for source in configured}
    gone = [name for name, row in known.items() if row["configured"] and name not in wanted]
    connection.execute(sources.update().where(sources.c.id.in_(gone)).values(paused=True))


def _forget_validators(connection: Connection, source_id: str) -> None:
    fresh = {
        "validators_url": None,
        "etag": None,
        "last_modified": None,
        "body_hash": None,
        "next_poll": None,
    }
    here = source_states.c.source_id == source_id
    connection.execute(
        source_states.update().where(here).values(**fresh, because="its configuration changed")
    )


def all_sources(connection: Connection) -> list[tuple[Source, SourceState, bool]]:
    """Every source with its memory, and whether it is paused, by id."""
    query = select(sources, source_states).join(source_states).order_by(sources.c.id)
    return [
        (rows.source_of(row), rows.source_state(row), row["paused"])
        for row in connection.execute(query).mappings()
    ]


def get_source(connection: Connection, source_id: str) -> tuple[Source, SourceState, bool] | None:
    """One source with its memory, and whether it is paused."""
    query = select(sources, source_states).join(source_states).where(sources.c.id == source_id)
    row = connection.execute(query).mappings().first()
    return (rows.source_of(row), rows.source_state(row), row["paused"]) if row else None


def due_sources(connection: Connection, now: datetime) -> list[str]:
    """The ids of the sources that are due, the one that waits longest first."""
    due = or_(source_states.c.next_poll.is_(None), source_states.c.next_poll <= now)
    query = select(sources.c.id).join(source_states).where(due, sources.c.paused.is_(False))
    return list(connection.execute(query.order_by(source_states.c.next_poll, sources.c.id)).scalars())


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Since when the source that waits longest is due; one that was never polled does not count."""
    query = select(func.min(source_states.c.next_poll)).join(sources).where(sources.c.paused.is_(False))
    found: datetime | None = connection.execute(query).scalar()
    return found if found is not None and found <= now else None


def save_state(connection: Connection, state: SourceState) -> None:
    """Remember a source."""
    here = source_states.c.source_id == state.source_id
    connection.execute(source_states.update().where(here).values(rows.state_values(state)))
