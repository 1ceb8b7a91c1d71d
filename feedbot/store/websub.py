"""What we ask the hubs of sources, what they confirmed, and the hints to poll that they give."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, literal, or_, select

from feedbot.model import HubLink
from feedbot.rules import websub
from feedbot.store import sources as known_sources
from feedbot.store.tables import (
    source_states,
    sources,
    websub_requests,
    websub_sources,
    websub_subscribers,
    websub_topics,
)

_HERE = websub_sources.c
_ENOUGH = 3  # a hub that does not let go after so many requests is left; the lease ends by itself
_AWAITED, _REPEATED = timedelta(days=1), timedelta(minutes=10)
_ASKED_BY_PUSH = "its hub pushed"


@dataclass(frozen=True, slots=True)
class Ask:
    """A subscription of ours at a hub; `wanted` False: it is to end. `failures` counts requests in a row that
    were not confirmed.
    """

    token: str
    source_id: str
    hub: str
    topic: str
    secret: str
    wanted: bool
    failures: int
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class Hint:
    """A source that its hub asks to poll."""

    token: str
    source_id: str


def _ask_of(row: RowMapping) -> Ask:
    return Ask(**{name: row[name] for name in Ask.__dataclass_fields__})


def subscription_of(connection: Connection, source_id: str) -> Ask | None:
    """The subscription that a source has or is to have."""
    query = select(websub_sources).where(_HERE.source_id == source_id, _HERE.wanted)
    row = connection.execute(query).mappings().first()
    return _ask_of(row) if row else None


def put_subscription(
    connection: Connection, source_id: str, link: HubLink | None, token: str, secret: str, now: datetime
) -> None:
    """Give a source a subscription at this hub in the place of any other; `token` and `secret` are for a new
    one. None: it names no hub any more.
    """
    known = subscription_of(connection, source_id)
    if known and link and (known.hub, known.topic) == (link.hub, link.topic):
        return
    leaving = websub_sources.update().where(_HERE.source_id == source_id, _HERE.wanted)
    connection.execute(leaving.values(wanted=False, due_at=now, failures=0))
    if link is not None:
        connection.execute(
            websub_sources.insert().values(
                token=token,
                source_id=source_id,
                hub=link.hub,
                topic=link.topic,
                secret=secret,
                wanted=True,
                due_at=now,
                failures=0,
            )
        )


def leave_unpolled(connection: Connection, now: datetime) -> None:
    """End the subscriptions of sources that are not polled any more."""
    polled = select(sources.c.id).join(source_states)
    polled = polled.where(sources.c.paused.is_(False), source_states.c.stopped.is_(None))
    left = websub_sources.update().where(_HERE.wanted, _HERE.source_id.not_in(polled))
    connection.execute(left.values(wanted=False, due_at=now, failures=0))


def renew_elsewhere(connection: Connection, base_url: str, now: datetime) -> None:
    """Ask again where our callbacks moved, for `base_url` is another than it was."""
    moved = _HERE.callback != base_url + websub.CALLBACK_PATH + _HERE.token
    connection.execute(websub_sources.update().where(_HERE.wanted, moved).values(due_at=now, failures=0))


def what_is_due(connection: Connection, now: datetime) -> tuple[bool, bool]:
    """Whether anything is due to those who read us, and whether to the hubs of sources, in one look."""
    publishing = (
        websub_topics.c.ping_due <= now,
        websub_requests.c.due_at <= now,
        websub_subscribers.c.due_at <= now,
    )
    reading = (_HERE.due_at <= now, _HERE.hint_due <= now)
    row = connection.execute(select(*(_any(conditions) for conditions in (publishing, reading)))).one()
    return bool(row[0]), bool(row[1])


def _any(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(*(select(literal(1)).where(condition).exists() for condition in conditions))


def due_asks(connection: Connection, now: datetime, most: int) -> list[Ask]:
    """The subscriptions that are to be asked for, renewed or ended now."""
    query = select(websub_sources).where(_HERE.due_at <= now).order_by(_HERE.due_at).limit(most)
    return [_ask_of(row) for row in connection.execute(query).mappings()]


def asking(connection: Connection, ask: Ask, callback: str, now: datetime, again: datetime) -> bool:
    """Await a verification from now on, written before the hub is asked; False where it is asked no more.

    What is not confirmed by `again` is asked again. Nothing that is to end is asked for ever.
    """
    here = websub_sources.update().where(_HERE.token == ask.token, _HERE.wanted == ask.wanted)
    if not ask.wanted and (ask.failures >= _ENOUGH or (ask.lease_until or now) <= now):
        forget(connection, ask.token)
        return False
    values = {"callback": callback, "asked_until": now + _AWAITED, "due_at": again}
    return connection.execute(here.values(**values, failures=ask.failures + 1)).rowcount == 1


def ask_failed(connection: Connection, ask: Ask, error: str, again: datetime) -> None:
    """A hub refused or did not answer; it is asked again then."""
    here = websub_sources.update().where(_HERE.token == ask.token, _HERE.wanted == ask.wanted)
    connection.execute(here.values(error=error, due_at=again, failures=ask.failures + 1))


def forget(connection: Connection, token: str) -> None:
    """A subscription is no more."""
    connection.execute(websub_sources.delete().where(_HERE.token == token))


def confirm(
    connection: Connection, token: str, topic: str, lease: timedelta, now: datetime, *, subscribe: bool
) -> bool:
    """Whether a hub that asks is to be told yes: we asked for just this. What it confirms is remembered.

    For a few minutes it may ask again, for it may not have got the answer.
    """
    here = (_HERE.token == token, _HERE.topic == topic, _HERE.wanted == subscribe, _HERE.asked_until >= now)
    if not subscribe:
        ended = {"due_at": now + _REPEATED, "failures": _ENOUGH, "asked_until": now + _REPEATED}
        return connection.execute(websub_sources.update().where(*here).values(**ended)).rowcount == 1
    values = {
        "lease_until": now + lease,
        "due_at": now + websub.renew_after(lease),
        "asked_until": now + _REPEATED,
        "failures": 0,
        "error": None,
    }
    return connection.execute(websub_sources.update().where(*here).values(**values)).rowcount == 1


def deny(connection: Connection, token: str, topic: str, reason: str, again: datetime) -> bool:
    """A hub says that it does not push, or no more; whether it is one of ours."""
    here = websub_sources.update().where(_HERE.token == token, _HERE.topic == topic)
    denied = {"error": f"denied: {reason}"[:300], "lease_until": None, "asked_until": None, "due_at": again}
    return connection.execute(here.values(**denied)).rowcount == 1


def secret_of(connection: Connection, token: str) -> str | None:
    """The secret that pushes to this callback are signed with; None where none is wanted there."""
    query = select(_HERE.secret).where(_HERE.token == token, _HERE.wanted)
    found: str | None = connection.execute(query).scalar()
    return found


def take_push(connection: Connection, token: str, now: datetime) -> None:
    """Remember that a hub pushed: a hint to poll, kept until it could be followed."""
    here = websub_sources.update().where(_HERE.token == token)
    connection.execute(here.values(pushed_at=now, hint_due=now))


def due_hints(connection: Connection, now: datetime, most: int) -> list[Hint]:
    """The hints that are to be followed now."""
    query = select(_HERE.token, _HERE.source_id).where(_HERE.hint_due <= now)
    return [Hint(*row) for row in connection.execute(query.order_by(_HERE.hint_due).limit(most))]


def follow_hint(connection: Connection, hint: Hint, gap: timedelta, now: datetime) -> None:
    """Make a source due for the sake of a push, `gap` after its last poll at the earliest.

    While it is due or polled anyhow the hint waits: what that poll fetched may be older than the push. A
    source that fails, or whose host asked to wait, is left its plan.
    """
    found = known_sources.get_source(connection, hint.source_id)
    here = websub_sources.update().where(_HERE.token == hint.token)
    if found is None or found[2] or not websub.may_hint(found[1]):
        connection.execute(here.values(hint_due=None))
        return
    state = found[1]
    if state.next_poll is None or state.next_poll <= now:
        return
    due = max(now, (state.last_success or now) + gap)
    if due < state.next_poll:
        known_sources.save_state(connection, replace(state, next_poll=due, because=_ASKED_BY_PUSH))
    connection.execute(here.values(hint_due=None))


def is_pushed(ask: Ask | None, now: datetime) -> bool:
    """Whether a hub promised to push now."""
    return ask is not None and ask.lease_until is not None and ask.lease_until > now


def counts(connection: Connection, now: datetime) -> tuple[int, int]:
    """How many sources are pushed by a hub now, and how many more name one."""
    rows = list(connection.execute(select(_HERE.lease_until).where(_HERE.wanted)).scalars())
    pushed = sum(lease is not None and lease > now for lease in rows)
    return pushed, len(rows) - pushed
