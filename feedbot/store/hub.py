"""Our hub's units of work: documents that changed, who asked for them, and what each is owed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.rules.websub import Refusal, Wish
from feedbot.store.tables import websub_requests, websub_subscribers, websub_topics

MOST_SUBSCRIBERS, MOST_OF_TOPIC, MOST_OF_HOST = 10_000, 2_000, 1_000
MOST_WAITING, MOST_WAITING_OF_HOST = 1_000, 50
SLOWED = timedelta(seconds=10)  # for all that waits at a host, after one there that did not verify
_BUSY = 503
_MOST_NAMED = 500


@dataclass(frozen=True, slots=True)
class Ping:
    """A document of ours that the operator's hub is to be told of; `failures` in a row so far."""

    path: str
    digest: str
    failures: int


@dataclass(frozen=True, slots=True)
class Request:
    """A wish that is to be verified."""

    id: int
    wish: Wish


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A callback that is owed the newest document of a path."""

    id: int
    callback: str
    path: str
    host: str
    secret: str | None
    sent: str | None
    failures: int
    failing_since: datetime | None


def offer(connection: Connection, found: Mapping[str, str], now: datetime, *, ping: bool) -> list[str]:
    """Say what our documents are, each path with the digest of its body; gives those that are new or changed.

    What changed is owed to its subscribers, and with `ping` to the operator's hub. Equal digests change
    nothing: a start may say again what was said before it.
    """
    query = select(websub_topics.c.path, websub_topics.c.digest)
    query = query.where(websub_topics.c.path.in_(found)) if len(found) <= _MOST_NAMED else query
    known = {row.path: row.digest for row in connection.execute(query)}
    changed = [path for path, digest in found.items() if known.get(path) != digest]
    for path in changed:
        values = {"path": path, "digest": found[path]}
        due = {"ping_due": func.coalesce(websub_topics.c.ping_due, now)} if ping else {}
        put = insert(websub_topics).values(**values, ping_due=now if ping else None, ping_failures=0)
        connection.execute(put.on_conflict_do_update(["path"], set_={"digest": found[path], **due}))
        here = websub_subscribers.c.path == path
        owed = websub_subscribers.update().where(here, websub_subscribers.c.due_at.is_(None))
        connection.execute(owed.values(due_at=now))
    return changed


def forget_pings(connection: Connection) -> None:
    """There is no hub to be told any more."""
    is_due = websub_topics.c.ping_due.is_not(None)
    connection.execute(websub_topics.update().where(is_due).values(ping_due=None, ping_failures=0))


def due_pings(connection: Connection, now: datetime, most: int) -> list[Ping]:
    """What the operator's hub is to be told now."""
    here = websub_topics
    query = select(here.c.path, here.c.digest, here.c.ping_failures).where(here.c.ping_due <= now)
    return [Ping(*row) for row in connection.execute(query.order_by(here.c.ping_due).limit(most))]


def pinged(connection: Connection, ping: Ping, now: datetime) -> None:
    """The hub was told; what changed meanwhile it is told next."""
    here = websub_topics.update().where(websub_topics.c.path == ping.path)
    is_told = websub_topics.c.digest == ping.digest
    connection.execute(here.where(is_told).values(ping_due=None))
    connection.execute(here.where(~is_told).values(ping_due=now))
    connection.execute(here.values(ping_failures=0, ping_error=None))


def ping_failed(connection: Connection, ping: Ping, error: str, again: datetime) -> None:
    """The hub was not told; it is to be tried again then."""
    here = websub_topics.update().where(websub_topics.c.path == ping.path)
    connection.execute(here.values(ping_due=again, ping_failures=ping.failures + 1, ping_error=error))


def take_wish(connection: Connection, wish: Wish, now: datetime) -> None:
    """Keep a wish until it is verified; a newer one of the same callback takes its place. Raises Refusal."""
    known = _find(connection, websub_subscribers, wish)
    if not wish.subscribe and known is None and _find(connection, websub_requests, wish) is None:
        raise Refusal("there is no such subscription", 404)
    if wish.subscribe and known is None:
        _check_room(connection, wish)
    values = {
        "callback": wish.callback,
        "path": wish.path,
        "host": wish.host,
        "subscribe": wish.subscribe,
        "lease_seconds": int(wish.lease.total_seconds()),
        "secret": wish.secret,
    }
    if _find(connection, websub_requests, wish) is None:
        _check_waiting(connection, wish.host)
    put = insert(websub_requests).values(**values, due_at=now)
    connection.execute(put.on_conflict_do_update(["callback", "path"], set_=values))


def _find(connection: Connection, table: Table, wish: Wish) -> int | None:
    here = (table.c.callback == wish.callback, table.c.path == wish.path)
    found: int | None = connection.execute(select(table.c.id).where(*here)).scalar()
    return found


def _check_room(connection: Connection, wish: Wish) -> None:
    here = websub_subscribers
    for most, condition in (
        (MOST_SUBSCRIBERS, None),
        (MOST_OF_TOPIC, here.c.path == wish.path),
        (MOST_OF_HOST, here.c.host == wish.host),
    ):
        if _count(connection, here, condition) >= most:
            raise Refusal("there is no room for another subscription", _BUSY)


def _check_waiting(connection: Connection, host: str) -> None:
    here = websub_requests
    if _count(connection, here, here.c.host == host) >= MOST_WAITING_OF_HOST:
        raise Refusal("too many requests for this host wait to be verified", _BUSY)
    if _count(connection, here) >= MOST_WAITING:
        raise Refusal("too many requests wait to be verified", _BUSY)


def _count(connection: Connection, table: Table, condition: object = None) -> int:
    query = select(func.count()).select_from(table)
    query = query if condition is None else query.where(condition)  # type: ignore[arg-type]  # a clause
    return connection.execute(query).scalar_one()


def due_requests(
    connection: Connection, now: datetime, most: int, full: Collection[str] = ()
) -> list[Request]:
    """The wishes that are to be verified now, the oldest first, but for those of hosts that are `full`."""
    here = websub_requests
    query = select(here).where(here.c.due_at <= now, here.c.host.not_in(full))
    query = query.order_by(here.c.due_at, here.c.id).limit(most)
    return [
        Request(
            row.id,
            Wish(row.callback, row.path, row.subscribe, timedelta(seconds=row.lease_seconds), row.secret),
        )
        for row in connection.execute(query)
    ]


def verified(connection: Connection, request: Request, now: datetime) -> bool:
    """The subscriber meant it: the subscription begins, is renewed, or ends. False where it has no room.

    A wish that was replaced while it was verified stays, to be verified itself.
    """
    wish = request.wish
    _drop_request(connection, request)
    here = (websub_subscribers.c.callback == wish.callback, websub_subscribers.c.path == wish.path)
    if not wish.subscribe:
        connection.execute(websub_subscribers.delete().where(*here))
        return True
    terms = {"secret": wish.secret, "lease_until": now + wish.lease}
    if _find(connection, websub_subscribers, wish) is None:
        try:
            _check_room(connection, wish)
        except Refusal:
            return False
    digest = select(websub_topics.c.digest).where(websub_topics.c.path == wish.path).scalar_subquery()
    values = {"callback": wish.callback, "path": wish.path, "host": wish.host, **terms}
    put = insert(websub_subscribers).values(**values, sent=digest, failures=0)
    connection.execute(put.on_conflict_do_update(["callback", "path"], set_=terms))
    return True


def refused(connection: Connection, request: Request, now: datetime) -> None:
    """The subscriber did not confirm the wish. What else waits at its host waits a little longer: somebody
    may be asking in its name.
    """
    _drop_request(connection, request)
    here = websub_requests.c.host == request.wish.host
    soon = (here, websub_requests.c.due_at < now + SLOWED)
    connection.execute(websub_requests.update().where(*soon).values(due_at=now + SLOWED))


def put_off(connection: Connection, request: Request, again: datetime) -> None:
    """The wish could not be verified yet: others of its host were."""
    here = websub_requests.c.id == request.id
    connection.execute(websub_requests.update().where(here).values(due_at=again))


def _drop_request(connection: Connection, request: Request) -> None:
    wish, here = request.wish, websub_requests.c
    same = (
        here.id == request.id,
        here.subscribe == wish.subscribe,
        here.lease_seconds == int(wish.lease.total_seconds()),
        here.secret.is_not_distinct_from(wish.secret),
    )
    connection.execute(websub_requests.delete().where(*same))


def end_leases(connection: Connection, now: datetime) -> None:
    """Forget subscriptions that nobody renewed."""
    connection.execute(websub_subscribers.delete().where(websub_subscribers.c.lease_until <= now))


def due_subscribers(
    connection: Connection, now: datetime, most: int, full: Collection[str] = ()
) -> list[Subscriber]:
    """Who is owed a document now, the longest waiting first, but for those of hosts that are `full`."""
    here = websub_subscribers
    names = (here.c[name] for name in Subscriber.__dataclass_fields__)
    query = select(*names).where(here.c.due_at <= now, here.c.lease_until > now, here.c.host.not_in(full))
    query = query.order_by(here.c.due_at, here.c.id).limit(most)
    return [Subscriber(**row) for row in connection.execute(query).mappings()]


def delivered(connection: Connection, subscriber: Subscriber, digest: str, now: datetime) -> None:
    """A subscriber took the document with that digest; a newer one it is owed at once."""
    here = websub_subscribers.update().where(websub_subscribers.c.id == subscriber.id)
    newest = select(websub_topics.c.digest).where(websub_topics.c.path == subscriber.path).scalar_subquery()
    well = {"sent": digest, "failures": 0, "failing_since": None, "error": None}
    connection.execute(here.where(newest == digest).values(**well, due_at=None))
    connection.execute(here.where(newest != digest).values(**well, due_at=now))


def push_failed(
    connection: Connection, subscriber: Subscriber, error: str, now: datetime, again: datetime
) -> None:
    """A subscriber did not take a document; it is tried again then."""
    since = subscriber.failing_since or now
    values = {"failures": subscriber.failures + 1, "failing_since": since, "due_at": again, "error": error}
    connection.execute(
        websub_subscribers.update().where(websub_subscribers.c.id == subscriber.id).values(**values)
    )


def drop(connection: Connection, subscriber: Subscriber) -> None:
    """A subscription ends."""
    connection.execute(websub_subscribers.delete().where(websub_subscribers.c.id == subscriber.id))


def owe_nothing(connection: Connection, subscriber: Subscriber) -> None:
    """A subscriber has the newest document already, or the document is gone."""
    here = websub_subscribers.update().where(websub_subscribers.c.id == subscriber.id)
    connection.execute(here.values(due_at=None, failures=0, failing_since=None, error=None))


def counts(connection: Connection) -> tuple[int, int]:
    """How many subscribers our hub has, and how many of them are owed a document."""
    query = select(func.count(), func.count(websub_subscribers.c.due_at)).select_from(websub_subscribers)
    row = connection.execute(query).one()
    return row[0], row[1]
