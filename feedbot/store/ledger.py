"""The outbox as the operator sees it: what became of each delivery, and what is made of it by hand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from feedbot.model import Delivery, State
from feedbot.store import rows
from feedbot.store.deliveries import SETTINGS
from feedbot.store.tables import deliveries, entries, subscriptions


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery, with the title of what it brings."""

    id: int
    chat: str
    topic: int
    title: str
    state: State
    reason: str | None
    error: str | None
    attempts: int
    message_id: int | None
    due_at: datetime
    sent_at: datetime | None


def newest(connection: Connection, state: State | None, limit: int) -> list[Line]:
    """The newest deliveries, or those in one state, newest first."""
    query = select(deliveries, entries.c.record).join(entries).order_by(deliveries.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    return [
        Line(
            row["id"],
            row["chat"],
            row["topic"],
            f"{row['more']} more" if row["more"] else rows.entry_of(row["record"]).title,
            State(row["state"]),
            row["reason"],
            row["error"],
            row["attempts"],
            row["message_id"],
            row["due_at"],
            row["sent_at"],
        )
        for row in connection.execute(query).mappings()
    ]


def unknown(connection: Connection, limit: int) -> list[tuple[Delivery, str]]:
    """Deliveries that may have been accepted, with the title of their entry, the oldest first."""
    settings = (subscriptions.c[name] for name in SETTINGS)
    query = select(deliveries, *settings, entries.c.record)
    query = query.select_from(deliveries.join(subscriptions).join(entries))
    query = query.where(deliveries.c.state == State.UNKNOWN.value).order_by(deliveries.c.id).limit(limit)
    found = connection.execute(query).mappings()
    return [(rows.delivery(row), rows.entry_of(row["record"]).title) for row in found]


def state_of(connection: Connection, delivery: int) -> State | None:
    """What became of a delivery; None where there is none of that number."""
    found = connection.execute(select(deliveries.c.state).where(deliveries.c.id == delivery)).scalar()
    return None if found is None else State(found)


def settle(connection: Connection, delivery: int, state: State, now: datetime) -> None:
    """Put a delivery into a state by hand: what is to be sent again is due now."""
    values = {"state": state.value, "due_at": now, "error": None, "probed": None, "reason": None}
    values |= {"refusals": None, "aside_since": None}
    if state is State.SENT:
        values["sent_at"] = now
    if state is State.SKIPPED:
        values["reason"] = "dropped"
    connection.execute(deliveries.update().where(deliveries.c.id == delivery).values(values))
