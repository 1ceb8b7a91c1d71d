"""Changes: which entries of a document are new, which say something new, and which are news."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from feedbot.model import Announce, Candidate, Changes, Entry, SourceState, StoredEntry
from feedbot.rules.identity import is_same
from feedbot.rules.text import fold_case

WINDOW = timedelta(days=30)


def find_changes(
    candidates: Iterable[Candidate],
    known: Mapping[str, StoredEntry],
    state: SourceState,
    newest_known: datetime | None,
    now: datetime,
) -> Changes:
    """Compare a document's entries (oldest first) with what is stored under their keys."""
    new: list[tuple[Candidate, Announce]] = []
    updated: list[tuple[StoredEntry, Candidate]] = []
    for candidate in candidates:
        stored = find_known(candidate, known)
        if stored is None:
            new.append((candidate, announce(candidate.entry, state, newest_known, now)))
        elif stored.digest != candidate.digest:
            updated.append((stored, replace(candidate, entry=keep_identity(candidate.entry, stored.entry))))
    return Changes(tuple(new), tuple(updated))


def find_known(candidate: Candidate, known: Mapping[str, StoredEntry]) -> StoredEntry | None:
    """The stored entry that a candidate is, if any."""
    shared: dict[int, int] = {}
    found: dict[int, StoredEntry] = {}
    for key in candidate.keys:
        if stored := known.get(key):
            found[stored.row] = stored
            shared[stored.row] = shared.get(stored.row, 0) + 1
    for row in sorted(shared, key=lambda row: (-shared[row], row)):
        stored = found[row]
        same_title = fold_case(stored.entry.title) == fold_case(candidate.entry.title)
        first = known.get(candidate.keys[0]) is stored
        if is_same(shared[row], first_key=first, same_title=same_title):
            return stored
    return None


def keep_identity(told: Entry, stored: Entry) -> Entry:
    """What a source says now, under the id and the first dates that the entry has."""
    return replace(
        told,
        id=stored.id,
        first_seen=stored.first_seen,
        published=stored.published or told.published,
        published_precision=stored.published_precision if stored.published else told.published_precision,
    )


def announce(entry: Entry, state: SourceState, newest_known: datetime | None, now: datetime) -> Announce:
    """Whether a new entry is news. Silent: a source never polled with success, or not for 30 days, and
    entries dated more than 30 days before the newest one known of that source (design, "Numbers").
    """
    if state.last_success is None or now - state.last_success > WINDOW:
        return Announce.FIRST_SIGHT
    if newest_known is not None and entry.sort_at < newest_known - WINDOW:
        return Announce.FIRST_SIGHT
    return Announce.PUSH
