"""Entries: what a poll and an article page brought, saved with everything that follows from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import (
    Announce,
    Candidate,
    Changes,
    Entry,
    Source,
    SourceState,
    StoredEntry,
    Validators,
)
from feedbot.rules.changes import MOST_UPDATES
from feedbot.rules.delivery import plan
from feedbot.rules.health import Health, observe
from feedbot.rules.normalise import digest_of
from feedbot.store import deliveries, digests, feeds, retractions, rows, sources, subscriptions
from feedbot.store.moments import Moments
from feedbot.store.prepared import Prepared, among
from feedbot.store.tables import entries, entry_categories, entry_keys
from feedbot.store.tables import sources as source_rows

_BATCH = 500  # SQLite takes at most 32,766 parameters in one statement


@dataclass(frozen=True, slots=True)
class Saved:
    """What a unit of work wrote: counts of entries and deliveries."""

    new: int = 0
    updated: int = 0
    planned: int = 0
    retracted: int = 0


@dataclass(frozen=True, slots=True)
class PageRead:
    """What is remembered of an entry's page: its validators, and the SHA-256 of its body."""

    validators: Validators | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a source's entries: those under some keys, the keys among these of entries that were
    deleted here, the time of the newest entry, and how complete they are.
    """

    known: dict[str, StoredEntry]
    forgotten: frozenset[str]
    newest: datetime | None
    health: Health


_KEYS = Prepared(
    select(entry_keys.c.key, entry_keys.c.entry_id).where(
        entry_keys.c.source_id == bindparam("source"), among(entry_keys.c.key, "keys")
    )
)
_NEWEST = Prepared(select(func.max(entries.c.sort_at)).where(entries.c.source_id == bindparam("source")))


def recall(connection: Connection, source_id: str, keys: Sequence[str]) -> Memory:
    """What a poll must know to tell what is new."""
    found: dict[str, int | None] = dict(
        iter(_KEYS.run(connection, {"source": source_id, "keys": list(keys)}))
    )
    rows_of = sorted({row for row in found.values() if row is not None})
    stored = {entry.row: entry for entry in _by_rows(connection, rows_of)}
    known = {key: stored[row] for key, row in found.items() if row is not None}
    forgotten = frozenset(key for key, row in found.items() if row is None)
    health = sources.health_of(connection, source_id)
    return Memory(known, forgotten, newest_known(connection, source_id), health)


def _by_rows(connection: Connection, wanted: Sequence[int]) -> list[StoredEntry]:
    found: list[StoredEntry] = []
    for at in range(0, len(wanted), _BATCH):
        found += read(connection, select(entries).where(entries.c.id.in_(wanted[at : at + _BATCH])))
    return found


def read(connection: Connection, query: Select[Any]) -> list[StoredEntry]:
    """The entries that a query of their rows finds, with their categories."""
    found: Sequence[RowMapping] = connection.execute(query).mappings().all()
    slugs: dict[int, list[str]] = {row["id"]: [] for row in found}
    for at in range(0, len(found), _BATCH):
        part = [row["id"] for row in found[at : at + _BATCH]]
        labels = select(entry_categories).where(entry_categories.c.entry_id.in_(part))
        for label in connection.execute(labels.order_by(entry_categories.c.slug)).mappings():
            slugs[label["entry_id"]].append(label["slug"])
    return [rows.stored_entry(row, tuple(slugs[row["id"]])) for row in found]


def newest_known(connection: Connection, source_id: str) -> datetime | None:
    """The time of the newest entry of a source."""
    found: datetime | None = _NEWEST.scalar(connection, {"source": source_id})
    return found


def save_poll(
    connection: Connection,
    source: Source,
    changes: Changes,
    before: SourceState,
    after: SourceState,
    now: datetime,
    reading: sources.Reading,
) -> Saved:
    """Save what a poll found: entries, their deliveries and the memory of the source, all or nothing.

    `before` is the memory that the poll began with: where it is not that any more, nothing is saved.
    """
    if not sources.save_poll_state(connection, before, after, reading):
        return Saved()
    fresh = _insert(connection, changes.new, ready=not source.complete, now=now)
    planned = 0 if source.complete else _release(connection, fresh, now)
    updated = 0
    for stored, candidate in changes.updated:
        _add_keys(connection, source.id, [(stored.row, candidate.keys)])
        if source.complete:
            updated += _ask_page(connection, stored, candidate, now)
        else:
            rewrite(connection, stored, candidate.entry, candidate.slugs, candidate.digest, now)
            updated += 1
    restored = [_restore(connection, source, stored, told, now) for stored, told in changes.restored]
    retracted = [retractions.retract(connection, stored, now) for stored in changes.retracted]
    if changes.listed_again:
        retractions.ask_again(connection, changes.listed_again, now)
    return Saved(len(changes.new), updated + sum(restored), planned, sum(retracted))


def _restore(
    connection: Connection, source: Source, stored: StoredEntry, told: Candidate, now: datetime
) -> bool:
    """Let out again what a source tells in spite of a tombstone, as it tells it now; whether it was away."""
    if not retractions.restore(connection, stored, now) or not stored.ready:
        return False
    _add_keys(connection, source.id, [(stored.row, told.keys)])
    if source.complete:
        _ask_page(connection, stored, told, now)
    elif told.digest != stored.digest and stored.updates < MOST_UPDATES:
        rewrite(connection, stored, told.entry, told.slugs, told.digest, now)
    return True


_PUT_ENTRY = Prepared(entries.insert())
_PUT_CATEGORY = Prepared(entry_categories.insert())


def _insert(
    connection: Connection, new: Sequence[tuple[Candidate, Announce]], *, ready: bool, now: datetime
) -> list[StoredEntry]:
    """Write entries with their keys and categories."""
    if not new:
        return []
    updated = Moments(connection, now).of_new([candidate.entry for candidate, _ in new])
    stored = [
        StoredEntry(
            row=_put(connection, candidate, announce, updated_at, ready=ready, now=now),
            entry=candidate.entry,
            story=candidate.story,
            slugs=candidate.slugs,
            updated_at=updated_at,
            digest=candidate.digest,
            first_key=candidate.keys[0],
            ready=ready,
            announce=announce,
        )
        for (candidate, announce), updated_at in zip(new, updated, strict=True)
    ]
    keys = [(one.row, candidate.keys) for one, (candidate, _) in zip(stored, new, strict=True)]
    _add_keys(connection, new[0][0].entry.source_id, keys)
    shelves = [
        {"slug": slug, "entry_id": one.row, "sort_at": one.entry.sort_at}
        for one in stored
        for slug in one.slugs
    ]
    _PUT_CATEGORY.run_all(connection, shelves)
    return stored


def _put(
    connection: Connection,
    candidate: Candidate,
    announce: Announce,
    updated_at: datetime,
    *,
    ready: bool,
    now: datetime,
) -> int:
    entry = candidate.entry
    values = {
        "source_id": entry.source_id,
        "tag": entry.id,
        "story": candidate.story,
        "first_key": candidate.keys[0],
        "digest": candidate.digest,
        "announce": announce.value,
        "ready": ready,
        "first_seen": entry.first_seen,
        "sort_at": entry.sort_at,
        "updated_at": updated_at,
        "page_due": None if ready else now,
        "page_failures": 0,
        "updates": 0,
        "record": rows.entry_json(entry),
    }
    return _PUT_ENTRY.put(connection, values)


_PUT = insert(entry_keys)
# A key of an entry that was deleted here may serve again, one of another entry not.
_PUT_KEYS = Prepared(
    _PUT.on_conflict_do_update(
        ["source_id", "key"], set_={"entry_id": _PUT.excluded.entry_id}, where=entry_keys.c.entry_id.is_(None)
    )
)


def _add_keys(connection: Connection, source_id: str, keys_of: Iterable[tuple[int, Sequence[str]]]) -> None:
    values = [{"source_id": source_id, "key": key, "entry_id": row} for row, keys in keys_of for key in keys]
    _PUT_KEYS.run_all(connection, values)


def _set_categories(connection: Connection, row: int, slugs: Sequence[str], entry: Entry) -> None:
    connection.execute(entry_categories.delete().where(entry_categories.c.entry_id == row))
    values = [{"slug": slug, "entry_id": row, "sort_at": entry.sort_at} for slug in slugs]
    _PUT_CATEGORY.run_all(connection, values)


def _ask_page(connection: Connection, stored: StoredEntry, told: Candidate, now: datetime) -> bool:
    """Have a page asked at once, for it tells what changed; whether the entry changed already.

    It is asked where it is now. What the source says counts until the page was read.
    """
    here = entries.update().where(entries.c.id == stored.row)
    connection.execute(here.values(page_due=now, page_failures=0, digest=told.digest))
    was_read = stored.page_hash is not None
    entry = replace(stored.entry, url=told.entry.url or stored.entry.url) if was_read else told.entry
    if digest_of(entry) == digest_of(stored.entry):
        return False
    as_known = here.where(entries.c.page_hash.is_not_distinct_from(stored.page_hash))  # not read meanwhile
    moved = as_known.values(record=rows.entry_json(entry), missing_since=None)
    if connection.execute(moved).rowcount == 0 or not stored.ready:
        return False
    rewrite(connection, stored, entry, stored.slugs if was_read else told.slugs, told.digest, now)
    return True


def _release(connection: Connection, found: Sequence[StoredEntry], now: datetime) -> int:
    """Publish and plan entries that are complete."""
    wanted = {
        slugs: subscriptions.of_categories(connection, slugs)
        for slugs in dict.fromkeys(one.slugs for one in found)
    }
    feeds.mark_changed(connection, {slug for slugs in wanted for slug in slugs})
    planned = [(one, plan(one, wanted[one.slugs], now)) for one in found]
    digests.tell_of(connection, (row for _, rows_of in planned for row in rows_of), found, now)
    return sum(deliveries.write(connection, rows_of, one.entry.sort_at, now) for one, rows_of in planned)


def rewrite(
    connection: Connection,
    stored: StoredEntry,
    entry: Entry,
    slugs: Sequence[str],
    digest: str,
    now: datetime,
) -> None:
    """Put what the source says now in the place of what it said; the entry counts as updated."""
    values = {
        "record": rows.entry_json(entry),
        "digest": digest,
        "sort_at": entry.sort_at,
        "updated_at": Moments(connection, now, stored.row).of_change(stored.updated_at),
        "updates": stored.updates + 1,
        "listed": False,
    }
    connection.execute(entries.update().where(entries.c.id == stored.row).values(values))
    _set_categories(connection, stored.row, slugs, entry)
    deliveries.want_edits(connection, stored.row, now)
    feeds.mark_changed(connection, {*stored.slugs, *slugs})


def waiting_sources(connection: Connection, now: datetime) -> list[Source]:
    """The sources with entries whose page is due, the longest waiting first."""
    due = select(entries.c.source_id, func.min(entries.c.page_due).label("since"))
    due = due.where(entries.c.page_due.is_not(None), entries.c.page_due <= now).group_by(entries.c.source_id)
    first = due.subquery()
    query = select(source_rows).join(first, first.c.source_id == source_rows.c.id).order_by(first.c.since)
    return [rows.source_of(row) for row in connection.execute(query).mappings()]


def incomplete(connection: Connection, source_id: str, now: datetime, limit: int) -> list[StoredEntry]:
    """The entries of a source whose page is due, oldest first. One that is out and that the source lists no
    more is asked for no more, but for one whose page seems to be gone.
    """
    query = select(entries).where(
        entries.c.source_id == source_id, entries.c.page_due.is_not(None), entries.c.page_due <= now
    )
    due = read(connection, query.order_by(entries.c.sort_at, entries.c.id).limit(limit))
    visits = [one.row for one in due if one.ready and (one.retracted_at or not one.missing_since)]
    left = sources.unlisted(connection, source_id, visits) if visits else set()
    if left:
        connection.execute(entries.update().where(entries.c.id.in_(left)).values(page_due=None))
    return [one for one in due if one.row not in left]


def save_completed(
    connection: Connection,
    stored: StoredEntry,
    entry: Entry,
    story: str,
    slugs: Sequence[str],
    page: PageRead,
    again: datetime | None,
    now: datetime,
) -> Saved:
    """Save the record that the page completed. A new entry is published and planned with it; one that was
    out already counts as updated if it says something else, or was taken back because its page was gone.
    `again` is when the page is asked next. Nothing is saved of one that was taken back meanwhile.
    """
    done = {"page_due": again, "page_failures": 0, "page_error": None, "page_hash": page.hash}
    done |= {"missing_since": None, **rows.validator_values(page.validators, "page_")}
    here = retractions.unchanged(stored)
    if stored.ready:
        if connection.execute(here.values(done)).rowcount == 0:
            return Saved()
        restored = retractions.restore(connection, stored, now)
        changed = digest_of(entry) != digest_of(stored.entry) and stored.updates < MOST_UPDATES
        if changed:
            rewrite(connection, stored, entry, slugs, stored.digest, now)
        return Saved(updated=int(changed or restored))
    moved = {"record": rows.entry_json(entry), "sort_at": entry.sort_at, "story": story, "ready": True}
    [updated] = Moments(connection, now, stored.row).of_new([entry])
    out = here.values(**done, **moved, updated_at=updated)
    if connection.execute(out).rowcount == 0:
        return Saved()
    _set_categories(connection, stored.row, slugs, entry)
    completed = replace(stored, entry=entry, story=story, slugs=tuple(slugs), ready=True)
    health = observe(sources.health_of(connection, entry.source_id), [entry])
    sources.save_health(connection, entry.source_id, health)
    return Saved(planned=_release(connection, [completed], now))


def page_failed(
    connection: Connection,
    stored: StoredEntry,
    error: str,
    again: datetime | None,
    now: datetime,
    *,
    give_up: bool,
) -> Saved:
    """Remember that a page failed, and when it is asked again. `give_up`: what the feed said goes out."""
    here = retractions.unchanged(stored)
    failed = {"page_due": again, "page_failures": stored.page_failures + 1, "page_error": error}
    failed |= {"missing_since": stored.missing_since}
    if connection.execute(here.values(failed)).rowcount == 0 or stored.ready or not give_up:
        return Saved()
    connection.execute(here.values(ready=True))
    return Saved(planned=_release(connection, [replace(stored, ready=True)], now))


def get_entry(connection: Connection, row: int) -> StoredEntry | None:
    """One entry that is out, or was until it was retracted, by its number."""
    return next(iter(read(connection, select(entries).where(entries.c.id == row, entries.c.ready))), None)
