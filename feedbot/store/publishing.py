"""What our feeds hold: entries come in, are shown, lie in archives; and how they were rendered."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, exists, select, text, update
from sqlalchemy.dialects.sqlite import insert

from feedbot.model import Fragment, StoredEntry
from feedbot.store import feeds, rows
from feedbot.store.feeds import ALL, FeedState
from feedbot.store.tables import archives, entries, entry_categories, feed_entries, fragments, sources
from feedbot.store.tables import feeds as feed_rows

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Live:
    """What the live document of a feed shows: entries newest first, each with the categories it is in, its
    source, and how it was rendered, where it was. `lost` are ids of retracted entries, and when.

    `full` are those that lie in no archive, the first that came, up to the serial `full_to`; none where they
    do not fill one, or all of them are among the newest. `is_last`: the rest will not fill another.
    """

    feed: FeedState
    shown: Sequence[int]
    full: Sequence[int]
    full_to: int
    is_last: bool
    slugs: dict[int, tuple[str, ...]]
    sources: dict[int, str]
    records: dict[str, str]
    kept: dict[tuple[int, str], Fragment]
    lost: Sequence[tuple[str, datetime]] = ()


@dataclass(slots=True)
class _Shelves:
    """What a batch of entries finds in the feeds, and what is to be written there."""

    known: dict[tuple[str, int], RowMapping]
    told: dict[tuple[str, str], set[int]]
    serials: dict[str, int]
    put: list[dict[str, Any]] = field(default_factory=list)
    drop: list[dict[str, Any]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    again: set[int] = field(default_factory=set)


def take_in(connection: Connection, host: str, now: datetime, most: int = MOST_AT_ONCE) -> bool:
    """Put entries that are new or changed into their feeds; whether there are more.

    Of entries that tell one story a feed holds the first that came; an entry of no category is in none.
    """
    waiting = select(entries.c.id, entries.c.source_id, entries.c.story, entries.c.sort_at)
    waiting = waiting.add_columns(entries.c.updates, entries.c.retracted_at)
    waiting = waiting.add_columns(entries.c.first_seen, entries.c.updated_at)
    waiting = waiting.where(text("listed = 0"), entries.c.ready).order_by(entries.c.id).limit(most)
    found = connection.execute(waiting).mappings().all()
    if not found:
        return False
    numbers = [row["id"] for row in found]
    slugs = slugs_of(connection, numbers)
    of_source = _feeds_of_sources(connection, {row["source_id"] for row in found}, host, now)
    shelves = _find_shelves(connection, found)
    for row in found:
        wanted = {*slugs[row["id"]], ALL, of_source[row["source_id"]]} if slugs[row["id"]] else set()
        _put(shelves, row, wanted)
    _write(connection, shelves, numbers)
    return True


def slugs_of(connection: Connection, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The categories of entries."""
    found: dict[int, list[str]] = {number: [] for number in numbers}
    labels = select(entry_categories).where(entry_categories.c.entry_id.in_(numbers))
    for label in connection.execute(labels.order_by(entry_categories.c.slug)).mappings():
        found[label["entry_id"]].append(label["slug"])
    return {number: tuple(slugs) for number, slugs in found.items()}


def _feeds_of_sources(
    connection: Connection, wanted: Collection[str], host: str, now: datetime
) -> dict[str, str]:
    query = select(feed_rows.c.source_id, feed_rows.c.slug).where(feed_rows.c.source_id.in_(wanted))
    known: dict[str, str] = {row[0]: row[1] for row in connection.execute(query)}
    for source_id in sorted(set(wanted) - known.keys()):
        known[source_id] = feeds.make_feed_of_source(connection, source_id, host, now)
    return known


def _find_shelves(connection: Connection, found: Sequence[RowMapping]) -> _Shelves:
    numbers = [row["id"] for row in found]
    here = select(feed_entries).where(feed_entries.c.entry_id.in_(numbers))
    known = {(row["feed"], row["entry_id"]): row for row in connection.execute(here).mappings()}
    told: dict[tuple[str, str], set[int]] = {}
    stories = select(feed_entries.c.feed, entries.c.story, entries.c.id).join(entries)
    stories = stories.where(
        entries.c.story.in_({row["story"] for row in found}), feed_entries.c.retracted_at.is_(None)
    )
    for feed, story, number in connection.execute(stories):
        told.setdefault((feed, story), set()).add(number)
    serials = {row[0]: row[1] for row in connection.execute(select(feed_rows.c.slug, feed_rows.c.serial))}
    return _Shelves(known, told, serials)


def _put(shelves: _Shelves, row: RowMapping, wanted: set[str]) -> None:
    number, story = row["id"], row["story"]
    have = {feed for feed, one in shelves.known if one == number}
    for feed in sorted(wanted & shelves.serials.keys()):
        known, tellers = shelves.known.get((feed, number)), shelves.told.setdefault((feed, story), set())
        if row["retracted_at"] is None and tellers - {number}:
            if known is not None:
                _leave(shelves, feed, row)
        elif row["retracted_at"] is None:
            tellers.add(number)
            _come(shelves, feed, row, known)
        elif known is not None and known["retracted_at"] is None:
            tellers.discard(number)
            shelves.put.append(_values(feed, row, known["serial"]))
            shelves.changed.add(feed)
            shelves.again.add(number)
    for feed in have - wanted:
        _leave(shelves, feed, row)


def _come(shelves: _Shelves, feed: str, row: RowMapping, known: RowMapping | None) -> None:
    """One that says something new counts as come again, so that it is shown again where it lies archived."""
    is_same = known and known["updates"] == row["updates"] and known["retracted_at"] is None
    serial = known["serial"] if known and is_same else shelves.serials[feed] + 1
    shelves.serials[feed] = max(shelves.serials[feed], serial)
    shelves.put.append(_values(feed, row, serial))
    shelves.changed.add(feed)


def _leave(shelves: _Shelves, feed: str, row: RowMapping) -> None:
    shelves.told.get((feed, row["story"]), set()).discard(row["id"])
    shelves.drop.append({"one_feed": feed, "one_id": row["id"]})
    shelves.changed.add(feed)
    shelves.again.add(row["id"])


def _values(feed: str, row: RowMapping, serial: int) -> dict[str, Any]:
    is_undated = row["sort_at"] >= row["first_seen"]  # it stands where `published_of` says it appeared
    return {
        "feed": feed,
        "entry_id": row["id"],
        "serial": serial,
        "updates": row["updates"],
        "sort_at": min(row["sort_at"], row["updated_at"]) if is_undated else row["sort_at"],
        "retracted_at": row["retracted_at"],
        "shown": False,
    }


_PUT = insert(feed_entries)
_PUT_ENTRIES = _PUT.on_conflict_do_update(
    ["feed", "entry_id"],
    set_={name: _PUT.excluded[name] for name in ("serial", "updates", "sort_at", "retracted_at")},
)
_DROP_ENTRIES = delete(feed_entries).where(
    feed_entries.c.feed == bindparam("one_feed"), feed_entries.c.entry_id == bindparam("one_id")
)
_SET_SERIAL = (
    update(feed_rows)
    .where(feed_rows.c.slug == bindparam("one_feed"))
    .values(serial=bindparam("last"), changed=feed_rows.c.changed + 1)
)


def _write(connection: Connection, shelves: _Shelves, numbers: Sequence[int]) -> None:
    if shelves.drop:
        connection.execute(_DROP_ENTRIES, shelves.drop)
    if shelves.put:
        connection.execute(_PUT_ENTRIES, shelves.put)
    if shelves.changed:
        last = [{"one_feed": feed, "last": shelves.serials[feed]} for feed in sorted(shelves.changed)]
        connection.execute(_SET_SERIAL, last)
    connection.execute(fragments.delete().where(fragments.c.entry_id.in_(numbers)))
    connection.execute(entries.update().where(entries.c.id.in_(numbers)).values(listed=True))
    if shelves.again:  # who tells the same story may take the place that became free
        gone = select(entries.c.story).where(entries.c.id.in_(shelves.again))
        beside = entries.update().where(entries.c.story.in_(gone), entries.c.id.not_in(shelves.again))
        connection.execute(beside.values(listed=False))


def live(connection: Connection, slug: str, most: int) -> Live | None:
    """What a feed shows: its newest entries, and those that lie in no full archive."""
    feed = feeds.get_feed(connection, slug)
    if feed is None:
        return None
    here = and_(feed_entries.c.feed == slug, feed_entries.c.retracted_at.is_(None))
    numbers = select(feed_entries.c.entry_id).where(here)
    by_time = (feed_entries.c.sort_at.desc(), feed_entries.c.entry_id.desc())
    newest = connection.execute(numbers.order_by(*by_time).limit(most)).scalars().all()
    loose = select(feed_entries.c.serial, feed_entries.c.entry_id).where(here)
    loose = loose.where(feed_entries.c.serial > feed.archived).order_by(feed_entries.c.serial)
    serials = {row[1]: row[0] for row in connection.execute(loose.limit(2 * most + 1))}
    waiting, rest = list(serials)[: most + 1], list(serials)[most:]
    full = waiting[:most] if _is_due(waiting, newest, most) else []
    wanted = {*newest, *waiting}
    ordered = numbers.where(feed_entries.c.entry_id.in_(wanted)).order_by(*by_time)
    shown = connection.execute(ordered).scalars().all()
    told = select(entries.c.id, entries.c.source_id).where(entries.c.id.in_(wanted))
    of_source = {row[0]: row[1] for row in connection.execute(told)}
    records = select(sources.c.id, sources.c.record).where(sources.c.id.in_(set(of_source.values())))
    return Live(
        feed=feed,
        shown=shown,
        full=full,
        full_to=serials[full[-1]] if full else feed.archived,
        is_last=not _is_due(rest, newest, most),
        slugs=slugs_of(connection, wanted),
        sources=of_source,
        records={row[0]: row[1] for row in connection.execute(records)},
        kept=_kept(connection, wanted),
        lost=_lost(connection, slug, most),
    )


def _is_due(waiting: Sequence[int], newest: Sequence[int], most: int) -> bool:
    """Whether entries that lie in no archive fill one, and one of them would be shown nowhere else."""
    return len(waiting) >= most and not set(waiting) <= set(newest)


def _kept(connection: Connection, numbers: Collection[int]) -> dict[tuple[int, str], Fragment]:
    query = select(fragments).where(fragments.c.entry_id.in_(numbers))
    return {
        (row["entry_id"], row["content"]): Fragment(
            row["made_with"], row["updated"], row["atom"], row["rss"], row["json"]
        )
        for row in connection.execute(query).mappings()
    }


def _lost(connection: Connection, slug: str, most: int) -> list[tuple[str, datetime]]:
    query = select(entries.c.tag, feed_entries.c.retracted_at).join(entries)
    query = query.where(feed_entries.c.feed == slug, text("feed_entries.retracted_at IS NOT NULL"))
    query = query.order_by(feed_entries.c.retracted_at.desc(), entries.c.id.desc()).limit(most)
    return [(row[0], row[1]) for row in connection.execute(query)]


def entries_of(connection: Connection, numbers: Collection[int]) -> list[StoredEntry]:
    """Entries by number."""
    slugs = slugs_of(connection, numbers)
    query = select(entries).where(entries.c.id.in_(numbers))
    return [rows.stored_entry(row, slugs[row["id"]]) for row in connection.execute(query).mappings()]


_KEEP = insert(fragments)
_KEEP_FRAGMENT = _KEEP.on_conflict_do_update(
    ["entry_id", "content"],
    set_={name: _KEEP.excluded[name] for name in ("made_with", "updated", "atom", "rss", "json")},
)


def keep(connection: Connection, made: Iterable[tuple[int, str, Fragment]], listed: Collection[int]) -> None:
    """Remember how entries were rendered: those of `listed` that did not change meanwhile."""
    still = select(entries.c.id).where(entries.c.id.in_(listed), entries.c.listed)
    same = set(connection.execute(still).scalars())
    values = [
        {
            "entry_id": number,
            "content": content,
            "made_with": one.made_with,
            "updated": one.updated,
            "atom": one.atom,
            "rss": one.rss,
            "json": one.json,
        }
        for number, content, one in made
        if number in same
    ]
    if values:
        connection.execute(_KEEP_FRAGMENT, values)


def put_archive(connection: Connection, slug: str, number: int, packed: bytes, last: int) -> None:
    """Store an archive, whole, as it will be from now on: it holds the entries up to that serial."""
    connection.execute(archives.insert().values(feed=slug, number=number, gzip=packed))
    values = {"archived": last, "archives": number}
    connection.execute(feed_rows.update().where(feed_rows.c.slug == slug).values(values))


def get_archive(connection: Connection, slug: str, number: int) -> bytes | None:
    """An archive, in gzip."""
    query = select(archives.c.gzip).where(archives.c.feed == slug, archives.c.number == number)
    found: bytes | None = connection.execute(query).scalar()
    return found


def published(
    connection: Connection, slug: str, changed: int, shown: Collection[int], archived: Collection[int] = ()
) -> None:
    """Say that a feed was written as it was at that count. How entries were rendered that no feed shows any
    more is forgotten, those that went straight into an archive included.
    """
    feeds.feed_published(connection, slug, changed)
    here = and_(feed_entries.c.feed == slug, text("shown = 1"))
    before = set(connection.execute(select(feed_entries.c.entry_id).where(here)).scalars())
    for numbers, is_shown in ((before - set(shown), False), (set(shown) - before, True)):
        if numbers:
            those = feed_entries.update().where(
                feed_entries.c.feed == slug, feed_entries.c.entry_id.in_(numbers)
            )
            connection.execute(those.values(shown=is_shown))
    gone = (before | set(archived)) - set(shown)
    if gone:
        elsewhere = exists().where(feed_entries.c.entry_id == fragments.c.entry_id, text("shown = 1"))
        connection.execute(fragments.delete().where(fragments.c.entry_id.in_(gone), ~elsewhere))
