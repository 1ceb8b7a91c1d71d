"""Changes: real news is pushed, backlogs and floods are not, and nothing comes twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Announce, Candidate, SourceState, StoredEntry
from feedbot.rules.changes import MOST_PUSHED, find_changes, flood_of, keep_identity
from feedbot.rules.identity import link_mark, rekeyed
from feedbot.rules.normalise import digest_of
from tests.support import NOW, entry, stored

HOUR = timedelta(hours=1)
NEVER = SourceState("gazette")
POLLED = SourceState("gazette", last_success=NOW - HOUR)
PUSH, SILENT, TOO_MANY = Announce.PUSH, Announce.FIRST_SIGHT, Announce.TOO_MANY


def told(number: int, **changes: object) -> Candidate:
    made = entry(number, **changes)
    keys = (f"guid:{number}", f"link:{number}")
    return Candidate(made, keys, made.url or made.id, ("policies",), digest_of(made))


def known(*candidates: Candidate, **changes: object) -> dict[str, StoredEntry]:
    found = {}
    for row, one in enumerate(candidates, start=1):
        kept = stored(one.entry, row, first_key=one.keys[0], digest=one.digest)
        found |= dict.fromkeys(one.keys, replace(kept, **changes))  # type: ignore[arg-type]
    return found


def said(*candidates: Candidate, state: SourceState = POLLED, newest=NOW, **options) -> list[Announce]:
    changes = find_changes(candidates, {}, state, newest, NOW, **options)
    return [announce for _, announce in changes.new]


def test_the_first_sight_of_a_source_is_silent():
    assert said(told(1), told(2), state=NEVER, newest=None) == [SILENT, SILENT]


def test_a_source_not_read_for_thirty_days_is_seen_for_the_first_time_again():
    away = SourceState("gazette", last_success=NOW - timedelta(days=30, seconds=1))
    assert said(told(1), state=away) == [SILENT]
    assert said(told(1), state=replace(away, last_success=NOW - timedelta(days=30))) == [PUSH]


def test_a_new_entry_of_a_known_source_is_pushed():
    assert said(told(1)) == [PUSH]


def stories(*candidates: Candidate, before: dict[str, StoredEntry] | None = None, **options) -> list[str]:
    changes = find_changes(candidates, before or {}, POLLED, NOW, NOW, **options)
    return [candidate.story for candidate, _ in changes.new]


def test_a_link_that_several_articles_have_tells_no_story():
    """A page of releases, a board of warnings: each of them is published and sent."""
    board = "https://gazette.example/warnings"
    one, two = (told(number, url=board) for number in (1, 2))
    assert stories(one, two) == [one.entry.id, two.entry.id]
    assert stories(two, before=known(one) | {"link:2": stored(one.entry, 1, story=board)}) == [two.entry.id]
    assert stories(two, others=[("guid:1", link_mark(board))]) == [two.entry.id]


def test_an_article_that_a_source_lists_twice_is_one_story():
    one = told(1)
    twin = replace(one, entry=replace(one.entry, id="tag:twin"), keys=("guid:twin",))
    assert stories(one, twin) == [one.story, one.story]


def test_a_change_of_rule_announces_nothing():
    assert said(told(1), silent=True) == [SILENT]


def test_an_entry_older_than_the_window_before_the_newest_known_is_silent():
    assert said(told(1, published=NOW - timedelta(days=30, seconds=1))) == [SILENT]
    assert said(told(1, published=NOW - timedelta(days=30))) == [PUSH]


def test_the_window_counts_from_the_newest_known_entry_and_not_from_now():
    newest = NOW - timedelta(days=400)
    assert said(told(1, published=newest - timedelta(days=10)), newest=newest) == [PUSH]
    assert said(told(1, published=newest - timedelta(days=31)), newest=newest) == [SILENT]


@pytest.mark.parametrize("published", [NOW, None])
def test_what_comes_after_our_clock_was_set_back_by_ten_years_is_news(published):
    then = NOW - timedelta(days=3650)
    polled = SourceState("gazette", last_success=then)
    one = told(1, first_seen=then, published=published)
    assert [announce for _, announce in find_changes([one], {}, polled, NOW, then).new] == [PUSH]


def test_a_source_that_was_empty_counts_from_the_newest_entry_it_brings():
    old = told(1, published=NOW - timedelta(days=100))
    assert said(old, told(2), newest=None) == [SILENT, PUSH]


def test_an_entry_without_a_date_is_news_when_it_is_first_seen():
    assert said(told(1, published=None, published_precision=None)) == [PUSH]


def test_a_date_in_the_future_counts_as_now():
    far = told(1, published=NOW + timedelta(days=4000))
    assert said(far, told(2)) == [PUSH, PUSH]
    assert far.entry.sort_at == NOW


@pytest.mark.parametrize("count", [1, 10, 20])
def test_up_to_twenty_new_entries_are_all_pushed(count):
    assert said(*map(told, range(count))) == [PUSH] * count


def test_of_more_the_newest_twenty_are_pushed():
    assert said(*map(told, range(35))) == [TOO_MANY] * 15 + [PUSH] * MOST_PUSHED


def test_many_new_entries_of_a_much_longer_document_are_all_pushed():
    before = [told(number) for number in range(100, 160)]
    changes = find_changes([*before, *map(told, range(30))], known(*before), POLLED, NOW, NOW)
    assert [announce for _, announce in changes.new] == [PUSH] * 30


def test_entries_that_were_not_read_make_a_document_longer():
    others = [(f"guid:{number}", None) for number in range(100, 130)]
    assert said(*map(told, range(30)), others=others) == [PUSH] * 30


def test_many_old_entries_are_silent_a_flood_and_reported():
    old = [told(number, published=NOW - timedelta(days=300)) for number in range(50)]
    changes = find_changes([*old, told(60)], {}, POLLED, NOW, NOW)
    assert [announce for _, announce in changes.new] == [SILENT] * 50 + [PUSH]
    assert flood_of(changes, NOW, 51, quiet=False) == 50
    assert flood_of(changes, NOW, 51, quiet=True) == 0
    assert flood_of(changes, NOW, 200, quiet=False) == 0


def test_old_entries_do_not_crowd_out_news():
    old = [told(number, published=NOW - timedelta(days=300)) for number in range(500)]
    fresh = [told(number) for number in range(500, 505)]
    changes = find_changes([*old, *fresh], {}, POLLED, NOW, NOW)
    assert [announce for _, announce in changes.new][-5:] == [PUSH] * 5


def test_a_known_entry_that_says_the_same_is_no_change():
    one = told(1)
    assert find_changes([one], known(one), POLLED, NOW, NOW).updated == ()


def test_an_edit_is_an_update_and_no_news():
    edited = told(1, title="Edited")
    changes = find_changes([edited], known(told(1)), POLLED, NOW, NOW)
    assert changes.new == ()
    assert [(before.row, after.entry.title) for before, after in changes.updated] == [(1, "Edited")]


def test_titles_that_flip_are_updates_each_time():
    one, other = told(1, title="A"), told(1, title="B")
    for before, now in ((one, other), (other, one)):
        changes = find_changes([now], known(before), POLLED, NOW, NOW)
        assert (len(changes.new), len(changes.updated)) == (0, 1)


def test_an_entry_is_rewritten_twenty_four_times_at_most():
    one = told(1)
    for updates, expected in ((23, 1), (24, 0)):
        before = known(one, updates=updates)
        changes = find_changes([told(1, title="Edited")], before, POLLED, NOW, NOW)
        assert (len(changes.new), len(changes.updated)) == (0, expected)


def test_the_first_date_wins():
    moved = told(1, title="Edited", published=NOW)
    changes = find_changes([moved], known(told(1)), POLLED, NOW, NOW + HOUR)
    assert changes.updated[0][1].entry.published == told(1).entry.published


def test_an_entry_that_came_without_a_date_keeps_its_first_sight():
    before = entry(1, published=None, published_precision=None)
    after = keep_identity(entry(1, first_seen=NOW + HOUR), before)
    assert (after.published, after.first_seen, after.sort_at) == (None, NOW, NOW)


def test_an_update_keeps_the_id():
    edited = told(1, title="Edited", id="tag:other")
    changes = find_changes([edited], known(told(1)), POLLED, NOW, NOW)
    assert changes.updated[0][1].entry.id == told(1).entry.id


def test_an_empty_or_shorter_document_changes_nothing():
    before = known(told(1), told(2))
    for listed in ([], [told(2)]):
        changes = find_changes(listed, before, POLLED, NOW, NOW)
        assert (changes.new, changes.updated) == ((), ())


def test_what_was_deleted_here_does_not_come_back():
    one, other = told(1), told(2)
    changes = find_changes([one, other], {}, POLLED, NOW, NOW, forgotten={one.keys[0]})
    assert [candidate for candidate, _ in changes.new] == [other]


def test_a_second_entry_under_a_known_guid_has_an_id_of_its_own():
    first = told(1, published=NOW - HOUR)
    second = replace(
        told(2),
        keys=first.keys[:1],
        entry=entry(2, title="Other", published=NOW, url="https://gazette.example/x"),
    )
    changes = find_changes([second], known(first), POLLED, NOW, NOW)
    assert [candidate.entry.id for candidate, _ in changes.new] == [rekeyed(second).entry.id]
    assert rekeyed(second).entry.id not in {first.entry.id, second.entry.id}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), unique=True), st.lists(st.integers(0, 60), unique=True), st.integers(0, 900)
)
def test_each_entry_is_known_or_new_and_never_both(before, now, days):
    candidates = [told(number, published=NOW - timedelta(days=days * number / 60)) for number in now]
    changes = find_changes(candidates, known(*map(told, before)), POLLED, NOW, NOW)
    fresh = {candidate.keys[0] for candidate, _ in changes.new}
    assert fresh == {f"guid:{number}" for number in set(now) - set(before)}
    pushed = sum(announce is PUSH for _, announce in changes.new)
    assert pushed <= max(MOST_PUSHED, len(now) / 2)
