"""Entries that their source took back: they leave the feeds and the outbox, and may come back in silence."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Update, exists, func, select

from feedbot.model import StoredEntry
from feedbot.rules.schedule import PAGE_GONE_AFTER, next_page_visit
from feedbot.store import deliveries, feeds, sources
from feedbot.store.moments import Moments
from feedbot.store.tables import entries, entry_categories


def retract(connection: Connection, stored: StoredEntry, now: datetime) -> bool:
    """Take back what a tombstone names; whether it was out."""
    values = {"tombstone_at": stored.tombstone_at, "missing_since": None, "page_due": None}
    connection.execute(entries.update().where(entries.c.id == stored.row).values(values))
    return _take_back(connection, stored, now)


def _take_back(connection: Connection, stored: StoredEntry, now: datetime) -> bool:
    if stored.retracted_at is not None:
        return False
    here = entries.update().where(entries.c.id == stored.row)
    connection.execute(here.values(retracted_at=now.replace(microsecond=0), listed=False))
    deliveries.drop_of_entry(connection, stored.row)
    if not _is_told_elsewhere(connection, stored):
        deliveries.want_edits(connection, stored.row, now)
    if stored.ready:
        feeds.mark_changed(connection, stored.slugs)
    return stored.ready


def _is_told_elsewhere(connection: Connection, stored: StoredEntry) -> bool:
    other = select(entries.c.id).where(entries.c.story == stored.story, entries.c.id != stored.row)
    other = other.where(entries.c.ready, entries.c.retracted_at.is_(None)).limit(1)
    return connection.execute(other).first() is not None


def page_gone(connection: Connection, stored: StoredEntry, error: str, now: datetime) -> bool:
    """Remember that a page that was read before is gone, and when it is asked again; whether its entry is
    retracted by that: at the second time, a day after the first, and while its source is well.
    """
    since = stored.missing_since
    if _is_well(connection, stored.entry.source_id):
        since = since or now
        is_over = now - since >= PAGE_GONE_AFTER
    else:
        is_over = False
    values = {
        "missing_since": since,
        "page_due": next_page_visit(stored.entry.first_seen, now, since),
        "page_failures": stored.page_failures + 1,
        "page_error": error,
    }
    if connection.execute(unchanged(stored).values(values)).rowcount == 0:
        return False
    return is_over and _take_back(connection, stored, now)


def unchanged(stored: StoredEntry) -> Update:
    """The row of an entry, unless it was retracted or restored while its page was asked."""
    here = entries.update().where(entries.c.id == stored.row)
    return here.where(entries.c.retracted_at.is_not_distinct_from(stored.retracted_at))


def _is_well(connection: Connection, source_id: str) -> bool:
    found = sources.get_source(connection, source_id)
    if found is None:
        return False
    _, state, is_paused = found
    return state.failures == 0 and state.last_success is not None and not (state.stopped or is_paused)


def restore(connection: Connection, stored: StoredEntry, now: datetime) -> bool:
    """Let out again what was retracted; nobody is told twice. Whether it had been: of another only the
    tombstone is remembered that it outlived.
    """
    here = entries.update().where(entries.c.id == stored.row)
    connection.execute(here.values(tombstone_at=stored.tombstone_at))
    if stored.retracted_at is None:
        return False
    updated = Moments(connection, now, stored.row).of_change(stored.updated_at)
    values = {"retracted_at": None, "missing_since": None, "updated_at": updated}
    connection.execute(here.values(values).values(listed=False))
    if stored.ready:
        deliveries.want_edits(connection, stored.row, now)
        feeds.mark_changed(connection, stored.slugs)
    else:
        connection.execute(here.values(page_due=now, page_failures=0))
    return True


def ask_again(connection: Connection, listed: Iterable[StoredEntry], now: datetime) -> None:
    """Have the pages of retracted entries asked that their source lists again, where none is planned."""
    rows = [stored.row for stored in listed]
    here = entries.update().where(entries.c.id.in_(rows), entries.c.page_due.is_(None))
    connection.execute(here.values(page_due=now))


def retracted_of(connection: Connection, slug: str, limit: int) -> list[tuple[str, datetime]]:
    """The ids of the entries that a category lost, and when, the newest loss first."""
    held = exists().where(entry_categories.c.slug == slug, entry_categories.c.entry_id == entries.c.id)
    lost = select(entries.c.tag, entries.c.retracted_at)  # few, whatever the category holds
    lost = lost.where(entries.c.retracted_at.is_not(None), entries.c.ready, held)
    newest = lost.order_by(entries.c.retracted_at.desc(), entries.c.id.desc()).limit(limit)
    return [(row[0], row[1]) for row in connection.execute(newest)]


def count_of_source(connection: Connection, source_id: str) -> int:
    """How many entries a source took back."""
    lost = select(func.count()).select_from(entries).where(entries.c.retracted_at.is_not(None))
    found: int = connection.execute(lost.where(entries.c.source_id == source_id)).scalar_one()
    return found
