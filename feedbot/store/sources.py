"""Sources and what we remember of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, case, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Piece, Source, SourceState
from feedbot.rules.health import Health
from feedbot.store import rows
from feedbot.store.prepared import Prepared
from feedbot.store.tables import entries, entry_keys, source_states, sources

_PIECES = TypeAdapter(tuple[Piece, ...])
_HEALTH = TypeAdapter(Health)
_STATE_COLUMNS = [source_states.c[name] for name in rows.STATE_COLUMNS]  # without what only a poll reads
_JOINED = select(sources, *_STATE_COLUMNS).join(source_states)
_ONE = _JOINED.where(sources.c.id == bindparam("wanted"))
_POLLED = (sources.c.paused.is_(False), source_states.c.stopped.is_(None))
_DUE = Prepared(
    select(sources.c.record, *_STATE_COLUMNS)
    .join(source_states)
    .where(or_(source_states.c.next_poll.is_(None), source_states.c.next_poll <= bindparam("now")), *_POLLED)
    .order_by(source_states.c.next_poll, sources.c.id)
    .limit(bindparam("most"))
)
_WAITING = Prepared(
    select(
        sources.c.id,
        sources.c.record,
        source_states.c.next_poll,
        source_states.c.last_success,
        source_states.c.memory,
    )
    .join(source_states)
    .where(or_(source_states.c.next_poll.is_(None), source_states.c.next_poll <= bindparam("now")), *_POLLED)
    .order_by(source_states.c.next_poll, sources.c.id)
    .limit(bindparam("most"))
)
_OF_SOURCE = source_states.c.source_id == bindparam("wanted")
_PIECES_OF = Prepared(select(source_states.c.pieces).where(_OF_SOURCE))
_HEALTH_OF = Prepared(select(source_states.c.health).where(_OF_SOURCE))
_FAILED = '"failures":'  # what is as always is not written into a memory
_CHANGED = "its configuration changed"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document that was read leaves behind: its pieces (None: it was read whole), and how complete the
    entries of its source are.
    """

    health: Health
    pieces: Sequence[Piece] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is due, with what tells when it is asked. `answered`: its last poll went well."""

    id: str
    url: str
    next_poll: datetime | None
    answered: bool


def sync_sources(connection: Connection, configured: Sequence[Source]) -> None:
    """Make the configured sources those of the configuration.

    One that is gone from it is paused, its entries stay. One whose address or reading changed is asked
    again without the validators of before.
    """
    known = {row["id"]: row for row in connection.execute(select(sources)).mappings()}
    for source in configured:
        _put(connection, source, configured=True)
        if source.id in known and known[source.id]["record"] != rows.source_json(source):
            forget_reading(connection, source.id)
    wanted = {source.id for source in configured}
    gone = [name for name, row in known.items() if row["configured"] and name not in wanted]
    left = sources.update().where(sources.c.id.in_(gone))
    connection.execute(left.values(paused=True, configured=False))


def _put(connection: Connection, source: Source, *, configured: bool) -> None:
    values = {"id": source.id, "record": rows.source_json(source), "configured": configured, "paused": False}
    # A pause by command survives a restart; one because the source was gone from the file ends.
    kept = case((sources.c.configured, sources.c.paused), else_=False)
    put = insert(sources).values(values)
    connection.execute(put.on_conflict_do_update(["id"], set_={**values, "paused": kept}))
    state = insert(source_states).values(rows.state_values(SourceState(source.id)))
    connection.execute(state.on_conflict_do_nothing())


def add_source(connection: Connection, source: Source, *, configured: bool = False) -> bool:
    """Add a source at run time; False where its id is taken. A removed one comes back with its entries."""
    if get_source(connection, source.id):
        return False
    _put(connection, source, configured=configured)
    return True


def remove_source(connection: Connection, source_id: str) -> None:
    """Stop knowing a source; its entries stay, and so does its name for their sake."""
    connection.execute(source_states.delete().where(source_states.c.source_id == source_id))


def is_paused(connection: Connection, source_id: str) -> bool:
    """Whether a source is paused."""
    return bool(connection.execute(select(sources.c.paused).where(sources.c.id == source_id)).scalar())


def pause(connection: Connection, source_id: str, *, paused: bool) -> None:
    """Stop polling a source, or poll it again, one that stopped by itself as well."""
    connection.execute(sources.update().where(sources.c.id == source_id).values(paused=paused))
    if not paused:
        here = source_states.c.source_id == source_id
        connection.execute(source_states.update().where(here).values(stopped=None))


def poll_now(connection: Connection, source_id: str) -> None:
    """Make a source due at once, though it waits or stopped."""
    found = get_source(connection, source_id)
    if found is not None:
        save_state(connection, replace(found[1], stopped=None, next_poll=None, because="asked by command"))


def forget_reading(connection: Connection, source_id: str, because: str = _CHANGED) -> None:
    """Have the next document of a source read whole, as if it had never been seen."""
    found = get_source(connection, source_id)
    if found is None:
        return
    fresh = replace(
        found[1],
        next_poll=None,
        stopped=None,
        validators=None,
        body_hash=None,
        moved_to=None,
        move=None,
        found_url=None,
        because=because,
    )
    save_state(connection, fresh)
    connection.execute(_SAVE, {"wanted": source_id, **_pieces_values(None)})


def all_sources(connection: Connection) -> list[tuple[Source, SourceState, bool]]:
    """Every source with its memory, and whether it is paused, by id."""
    return [
        (rows.source_of(row), rows.source_state(row), row["paused"])
        for row in connection.execute(_JOINED.order_by(sources.c.id)).mappings()
    ]


def get_source(connection: Connection, source_id: str) -> tuple[Source, SourceState, bool] | None:
    """One source with its memory, and whether it is paused."""
    row = connection.execute(_ONE, {"wanted": source_id}).mappings().first()
    return (rows.source_of(row), rows.source_state(row), row["paused"]) if row else None


def due_sources(connection: Connection, now: datetime, most: int = -1) -> list[tuple[Source, SourceState]]:
    """The sources that are due with their memory, the one that waits longest first."""
    found = _DUE.rows(connection, {"now": now, "most": most})
    return [(rows.source_of(row), rows.source_state(row)) for row in found]


def waiting(connection: Connection, now: datetime, most: int) -> list[Waiting]:
    """The same, with no more of each than tells who is next: many may be due at every look."""
    return [
        Waiting(
            row["id"],
            rows.source_of(row).url,
            row["next_poll"],
            row["last_success"] is not None and _FAILED not in row["memory"],
        )
        for row in _WAITING.rows(connection, {"now": now, "most": most})
    ]


def some_sources(connection: Connection, wanted: Sequence[str]) -> list[tuple[Source, SourceState]]:
    """Those of these sources that are known, with their memory, in this order."""
    found = (get_source(connection, name) for name in wanted)
    return [one[:2] for one in found if one]


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Since when the source that waits longest is due; one that was never polled does not count."""
    query = select(func.min(source_states.c.next_poll)).join(sources).where(*_POLLED)
    found: datetime | None = connection.execute(query).scalar()
    return found if found is not None and found <= now else None


_SAVE = source_states.update().where(_OF_SOURCE)
_SAVE_DUE = Prepared(_SAVE.where(source_states.c.next_poll.is_not_distinct_from(bindparam("was_due"))))


def save_state(connection: Connection, state: SourceState) -> None:
    """Remember a source."""
    connection.execute(_SAVE, {"wanted": state.source_id, **rows.state_values(state)})


def save_poll_state(
    connection: Connection, before: SourceState, after: SourceState, reading: Reading | None = None
) -> bool:
    """Remember a source after a poll that began with the memory `before`; `reading` where there was something
    new to read. False, and nothing is written, where somebody else polled it or changed its plan meanwhile.
    """
    values = {"wanted": after.source_id, "was_due": before.next_poll, **rows.state_values(after)}
    if reading is not None:
        values |= _pieces_values(reading.pieces) | _health_values(reading.health)
    return _SAVE_DUE.run(connection, values).rowcount == 1


def hold_host(connection: Connection, url: str, until: datetime, because: str) -> None:
    """Let every source and page of a host wait at least until then: a 429 speaks for the whole host."""
    host = urlsplit(url).hostname
    for source, state, _ in all_sources(connection):
        if urlsplit(source.url).hostname != host:
            continue
        if state.next_poll is None or state.next_poll < until:
            save_state(connection, replace(state, next_poll=until, because=because))
        waiting = entries.update().where(entries.c.source_id == source.id, entries.c.page_due < until)
        connection.execute(waiting.values(page_due=until))


def pieces_of(connection: Connection, source_id: str) -> tuple[Piece, ...]:
    """The pieces of the last document of a source."""
    text = _PIECES_OF.scalar(connection, {"wanted": source_id})
    return _PIECES.validate_json(text) if text else ()


def unlisted(connection: Connection, source_id: str, wanted: Sequence[int]) -> set[int]:
    """Which of these entries the last document of their source did not list, as far as it is known."""
    pieces = pieces_of(connection, source_id)
    marks = {mark for piece in pieces for mark in (piece.guid, piece.link) if mark}
    if not marks:
        return set()
    keys: dict[int, set[str]] = {}
    query = select(entry_keys.c.entry_id, entry_keys.c.key).where(entry_keys.c.entry_id.in_(wanted))
    for row in connection.execute(query).mappings():
        if row["key"].startswith(("guid:", "link:")):
            keys.setdefault(row["entry_id"], set()).add(row["key"])
    return {row for row, own in keys.items() if not own & marks}


def _pieces_values(pieces: Sequence[Piece] | None) -> dict[str, str | None]:
    return {"pieces": _PIECES.dump_json(tuple(pieces)).decode() if pieces is not None else None}


def health_of(connection: Connection, source_id: str) -> Health:
    """How complete the entries of a source are."""
    text = _HEALTH_OF.scalar(connection, {"wanted": source_id})
    return _HEALTH.validate_json(text) if text else Health()


def _health_values(health: Health) -> dict[str, str]:
    return {"health": _HEALTH.dump_json(health).decode()}


def save_health(connection: Connection, source_id: str, health: Health) -> None:
    """Remember how complete the entries of a source are."""
    connection.execute(_SAVE, {"wanted": source_id, **_health_values(health)})


_COUNT = Prepared(
    select(func.count().label("count"), func.min(entries.c.sort_at).label("first"))
    .select_from(entries)
    .where(entries.c.source_id == bindparam("wanted"), entries.c.sort_at >= bindparam("since"))
)


def count_since(connection: Connection, source_id: str, since: datetime) -> tuple[int, datetime | None]:
    """How many entries of a source are dated since then, and the time of the first of them."""
    (row,) = _COUNT.rows(connection, {"wanted": source_id, "since": since})
    return row["count"], row["first"]
