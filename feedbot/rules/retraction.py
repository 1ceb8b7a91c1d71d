"""Retraction: what a source takes back, and what it tells again (design, "complete"; RFC 6721)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from feedbot.model import Candidate, Entry, StoredEntry, Tombstone
from feedbot.rules.dates import parse_date
from feedbot.rules.identity import guid_key


@dataclass(frozen=True, slots=True)
class Returns:
    """What a document takes back, what it tells in spite of a tombstone, and what it lists again though its
    page was gone. `tombstone_at` of each entry is that of the newest tombstone.
    """

    retracted: tuple[StoredEntry, ...] = ()
    restored: tuple[tuple[StoredEntry, Candidate], ...] = ()
    listed_again: tuple[StoredEntry, ...] = ()


def buried(told: Iterable[Tombstone], now: datetime) -> dict[str, datetime]:
    """The keys of the guids that a document takes back, and when each was deleted: never later than now.

    A tombstone without a time that can be read says nothing.
    """
    found: dict[str, datetime] = {}
    for tombstone in told:
        key, read = guid_key(tombstone.guid), parse_date(tombstone.when, "UTC")
        if key and read:
            when = min(read[0].astimezone(UTC), now)
            found[key] = max(found.get(key, when), when)
    return found


def is_buried(candidate: Candidate, graves: Mapping[str, datetime]) -> bool:
    """Whether a document takes back what it lists: its tombstone is not older than the entry."""
    when = max((graves[key] for key in candidate.keys if key in graves), default=None)
    return when is not None and _covers(when, candidate.entry)


def _covers(when: datetime, entry: Entry) -> bool:
    """A tombstone counts where the entry was not published again since (RFC 6721 section 3)."""
    said_at = entry.updated or entry.published
    return said_at is None or said_at <= when


def returns(
    known: Mapping[str, StoredEntry], listed: Mapping[int, Candidate], graves: Mapping[str, datetime]
) -> Returns:
    """What becomes of known entries by a document's tombstones, and of retracted ones that it lists.

    `listed` are the entries that it tells, by the row of the known one that each is. What outlived a
    tombstone is not taken back by it later, when the source lists it no more.
    """
    concerned = {entry.row: entry for entry in known.values() if entry.retracted_at and entry.row in listed}
    whens: dict[int, datetime] = {}
    for key, when in graves.items():
        if (stored := known.get(key)) and (stored.tombstone_at is None or when > stored.tombstone_at):
            concerned[stored.row] = stored
            whens[stored.row] = max(whens.get(stored.row, when), when)
    retracted, restored, again = [], [], []
    for row, stored in concerned.items():
        candidate, fresh = listed.get(row), whens.get(row)
        marked = replace(stored, tombstone_at=fresh or stored.tombstone_at)
        if fresh and _covers(fresh, (candidate or stored).entry):
            retracted.append(marked)
        elif candidate is None:
            continue
        elif stored.retracted_at and stored.missing_since:
            again.append(marked)
        elif marked.tombstone_at and not _covers(marked.tombstone_at, candidate.entry):
            restored.append((marked, candidate))
    return Returns(tuple(retracted), tuple(restored), tuple(again))
