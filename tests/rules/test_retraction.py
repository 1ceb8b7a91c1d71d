"""Retraction: a tombstone takes back what was not published again since; no old one does it twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedbot.model import Candidate, Changes, SourceState, StoredEntry, Tombstone
from feedbot.rules.changes import find_changes
from feedbot.rules.identity import guid_key
from feedbot.rules.normalise import digest_of
from feedbot.rules.retraction import buried
from tests.support import NOW, entry, stored

HOUR = timedelta(hours=1)
POLLED = SourceState("gazette", last_success=NOW - HOUR)
KEY = guid_key("1") or ""


def told(**changes: object) -> Candidate:
    made = replace(entry(1, published=NOW, updated=NOW), **changes)  # type: ignore[arg-type]
    return Candidate(made, (KEY, "link:1"), made.url or made.id, ("policies",), digest_of(made))


def kept(**changes: object) -> StoredEntry:
    one = told()
    return stored(one.entry, 7, first_key=KEY, digest=one.digest, **changes)


def found(before: StoredEntry | None, when=None, *listed: Candidate) -> Changes:
    known = {KEY: before, "link:1": before} if before else {}
    graves = {KEY: when} if when else {}
    return find_changes(listed, known, POLLED, NOW, NOW + 9 * HOUR, graves=graves)


def test_a_tombstone_takes_back_what_it_names_at_its_time() -> None:
    [retracted] = found(kept(), NOW + HOUR).retracted
    assert (retracted.row, retracted.tombstone_at) == (7, NOW + HOUR)


@pytest.mark.parametrize(("when", "counts"), [(-HOUR, 0), (timedelta(), 1), (HOUR, 1)])
def test_a_tombstone_older_than_the_entry_says_nothing(when: timedelta, counts: int) -> None:
    assert len(found(kept(), NOW + when).retracted) == counts
    assert len(found(kept(), NOW + when, told(title="Listed as well")).retracted) == counts


def test_what_is_listed_and_taken_back_at_once_is_neither_new_nor_updated() -> None:
    assert found(None, NOW + HOUR, told()) == Changes()
    changes = found(kept(), NOW + HOUR, told(title="Edited"))
    assert (changes.updated, len(changes.retracted)) == ((), 1)


def test_an_entry_that_is_new_since_its_tombstone_is_news() -> None:
    assert len(found(None, NOW - HOUR, told()).new) == 1


def test_the_same_tombstone_counts_once() -> None:
    gone = kept(retracted_at=NOW + 2 * HOUR, tombstone_at=NOW + HOUR)
    assert found(gone, NOW + HOUR) == Changes()


def test_a_retracted_entry_that_is_listed_as_it_was_stays_away() -> None:
    """An old copy of the document from another server must not bring it back."""
    gone = kept(retracted_at=NOW + 2 * HOUR, tombstone_at=NOW + HOUR)
    assert found(gone, None, told(title="Old")) == Changes()


def test_an_entry_newer_than_its_tombstone_is_restored_and_not_new() -> None:
    gone = kept(retracted_at=NOW + 3 * HOUR, tombstone_at=NOW + HOUR)
    again = told(title="Corrected", updated=NOW + 2 * HOUR)
    for when in (None, NOW + HOUR):
        changes = found(gone, when, again)
        [(restored, candidate)] = changes.restored
        assert (restored.row, candidate.entry.title, candidate.entry.id) == (7, "Corrected", gone.entry.id)
        assert changes == Changes(restored=changes.restored)


def test_a_restored_entry_is_not_taken_back_by_the_tombstone_that_it_outlived() -> None:
    outlived = kept(tombstone_at=NOW + HOUR)
    assert found(outlived, NOW + HOUR) == Changes()
    assert len(found(outlived, NOW + 2 * HOUR).retracted) == 1


def test_a_tombstone_that_a_known_entry_outlives_is_remembered() -> None:
    newer = told(updated=NOW + 2 * HOUR)
    [(marked, _)] = found(kept(), NOW + HOUR, newer).restored
    assert (marked.retracted_at, marked.tombstone_at) == (None, NOW + HOUR)


def test_an_entry_whose_page_was_gone_is_looked_at_when_it_is_listed_again() -> None:
    gone = kept(retracted_at=NOW, missing_since=NOW - HOUR)
    changes = found(gone, None, told(title="Edited"))
    assert changes == Changes(listed_again=(gone,))


def test_tombstones_never_lie_in_the_future_and_the_newest_counts() -> None:
    told_whens = ["2026-03-01T09:00:00Z", "2026-03-01T11:00:00+01:00", "no date", ""]
    assert buried([Tombstone("1", when) for when in told_whens], NOW) == {KEY: NOW - 2 * HOUR}
    assert buried([Tombstone("1", "2031-01-01T00:00:00Z")], NOW) == {KEY: NOW}
