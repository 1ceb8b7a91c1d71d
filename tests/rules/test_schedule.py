"""When a source is asked next: its own interval, its wishes, its failures, its moves (design, "Numbers")."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.model import Document, Hints, ParsedFeed, SourceState, Validators
from feedbot.rules.schedule import (
    CEILING,
    FLOOR,
    Terms,
    after_failure,
    after_success,
    asked_rest,
    base_interval,
    is_poison,
    next_page_attempt,
    next_page_visit,
    poisoned,
    poll_url,
    rate_of,
    validators_for,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
URL = "https://gazette.example/feed"
TAGGED = Validators(URL, '"1"')
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HALF_HOUR = Terms(30 * MINUTE, public=True)
ADAPTIVE = Terms(None, public=True)
KNOWN = SourceState(
    "gazette", last_success=NOW - HOUR, last_full=NOW - HOUR, validators=TAGGED, body_hash="a"
)


def answer(status: int = 200, **changes: object) -> Document:
    return replace(Document(URL, status, b"x" if status == 200 else b"", validators=TAGGED), **changes)  # type: ignore[arg-type]


def wait_after(
    document: Document,
    terms: Terms = HALF_HOUR,
    state: SourceState = KNOWN,
    parsed: ParsedFeed | None = None,
    jitter: float = 0.0,
) -> timedelta:
    after = after_success(state, document, parsed, None, NOW, terms, jitter)
    assert after.next_poll is not None
    return after.next_poll - NOW


class TestTheInterval:
    def test_an_explicit_one_is_exact(self):
        assert wait_after(answer(), jitter=0.1) == 30 * MINUTE

    def test_the_floor_holds_for_public_hosts_only(self):
        assert wait_after(answer(), Terms(timedelta(seconds=2), public=True)) == FLOOR
        assert wait_after(answer(), Terms(timedelta(seconds=2), public=False)) == timedelta(seconds=2)

    def test_without_one_it_is_an_hour_until_the_rhythm_is_known(self):
        assert wait_after(answer(), ADAPTIVE) == HOUR

    @pytest.mark.parametrize(
        ("per_week", "wait"), [(0, DAY), (1, DAY), (7, 6 * HOUR), (42, HOUR), (168, FLOOR), (9000, FLOOR)]
    )
    def test_it_follows_the_rhythm_between_a_quarter_and_a_day(self, per_week: float, wait: timedelta):
        assert wait_after(answer(), ADAPTIVE, replace(KNOWN, per_week=per_week)) == wait

    def test_it_is_twice_as_long_without_validators(self):
        assert wait_after(answer(validators=None), ADAPTIVE) == 2 * HOUR

    def test_without_validators_a_body_that_never_changes_is_asked_once_a_day_at_last(self):
        state = replace(KNOWN, validators=None, unchanged=200)
        assert wait_after(answer(validators=None), ADAPTIVE, state) == DAY

    def test_jitter_only_delays_what_was_not_chosen_by_the_operator(self):
        assert wait_after(answer(), ADAPTIVE, jitter=0.1) == HOUR * 1.1

    def test_few_entries_over_few_days_are_many_a_week(self):
        assert rate_of(10, NOW - 2 * DAY, NOW) == 35
        assert rate_of(28, NOW - 90 * DAY, NOW) == 7
        assert rate_of(3, NOW, NOW) == 21
        assert rate_of(0, None, NOW) == 0


class TestWishesOfTheSource:
    @pytest.mark.parametrize("status", [200, 304])
    def test_freshness_is_a_minimum_on_any_status(self, status: int):
        assert wait_after(answer(status, fresh_for=2 * HOUR)) == 2 * HOUR

    def test_a_wish_counts_for_a_day_at_most(self):
        assert wait_after(answer(fresh_for=3650 * DAY)) == DAY

    def test_a_short_wish_makes_nothing_faster(self):
        assert wait_after(answer(fresh_for=timedelta())) == 30 * MINUTE

    def test_ttl_and_update_period_are_minimums(self):
        assert wait_after(answer(), parsed=ParsedFeed(ttl=3 * HOUR)) == 3 * HOUR
        assert wait_after(answer(), parsed=ParsedFeed(update_period=5 * HOUR)) == 5 * HOUR

    def test_hints_are_remembered_for_answers_that_carry_none(self):
        first = after_success(KNOWN, answer(), ParsedFeed(ttl=3 * HOUR), "b", NOW, HALF_HOUR, 0)
        assert wait_after(answer(304), state=first) == 3 * HOUR

    def test_skipped_hours_and_days_delay_to_the_next_hour_that_is_not(self):
        state = replace(KNOWN, hints=Hints(skip_hours=(12, 13)))
        assert wait_after(answer(), state=state) == 2 * HOUR
        tuesday = after_success(
            replace(KNOWN, hints=Hints(skip_days=(0,))), answer(), None, None, NOW, HALF_HOUR, 0
        )
        assert tuesday.next_poll == datetime(2026, 3, 3, tzinfo=UTC)
        assert tuesday.because == "skipHours or skipDays"

    def test_a_feed_that_skips_every_hour_is_asked_all_the_same(self):
        state = replace(KNOWN, hints=Hints(skip_hours=tuple(range(24))))
        assert wait_after(answer(), state=state) == 30 * MINUTE

    def test_it_says_why(self):
        because = after_success(KNOWN, answer(fresh_for=2 * HOUR), None, None, NOW, HALF_HOUR, 0).because
        assert because == "Cache-Control or Expires"


class TestValidators:
    def test_an_answer_replaces_them_and_one_without_forgets_them(self):
        new = Validators(URL, '"2"')
        assert after_success(KNOWN, answer(validators=new), None, "b", NOW, HALF_HOUR, 0).validators == new
        assert after_success(KNOWN, answer(validators=None), None, "b", NOW, HALF_HOUR, 0).validators is None

    def test_a_304_without_any_keeps_them(self):
        assert (
            after_success(KNOWN, answer(304, validators=None), None, None, NOW, HALF_HOUR, 0).validators
            == TAGGED
        )

    def test_after_a_week_of_304s_one_request_is_unconditional(self):
        assert validators_for(replace(KNOWN, last_full=NOW - 6 * DAY), NOW) == TAGGED
        assert validators_for(replace(KNOWN, last_full=NOW - 7 * DAY), NOW) is None

    def test_a_304_is_no_full_answer(self):
        assert after_success(KNOWN, answer(304), None, None, NOW, HALF_HOUR, 0).last_full == KNOWN.last_full
        assert after_success(KNOWN, answer(), None, "a", NOW, HALF_HOUR, 0).last_full == NOW

    def test_a_failure_keeps_them(self):
        assert after_failure(KNOWN, "no", NOW, HALF_HOUR, 0, status=500).validators == TAGGED


class TestFailures:
    def test_the_wait_doubles_up_to_a_day_and_one_success_resets_it(self):
        state, waits = KNOWN, []
        for _ in range(7):
            state = after_failure(state, "timed out", NOW, HALF_HOUR, 0.0)
            waits.append((state.next_poll - NOW) / HOUR)
        assert waits == [1, 2, 4, 8, 16, 24, 24]
        again = after_success(state, answer(), None, None, NOW, HALF_HOUR, 0)
        assert (again.failures, again.error, again.failing_since) == (0, None, None)

    @pytest.mark.parametrize(
        ("asked", "wait"),
        [(0, 30 * MINUTE), (90 * 60, 90 * MINUTE), (40 * 86400, 7 * DAY)],
    )
    @pytest.mark.parametrize("status", [429, 503])
    def test_retry_after_is_waited_for_between_a_minute_and_a_week(
        self, status: int, asked: int, wait: timedelta
    ):
        after = after_failure(
            KNOWN, "busy", NOW, HALF_HOUR, 0.1, status=status, retry_after=timedelta(seconds=asked)
        )
        assert after.next_poll == NOW + wait

    def test_one_on_another_status_is_not(self):
        after = after_failure(KNOWN, "no", NOW, HALF_HOUR, 0, status=500, retry_after=5 * DAY)
        assert after.next_poll == NOW + HOUR

    def test_410_ends_polling(self):
        after = after_failure(KNOWN, "410 Gone", NOW, HALF_HOUR, 0, status=410)
        assert (after.stopped, after.next_poll) == ("410 Gone", None)

    def test_404_ends_it_after_four_weeks_only(self):
        first = after_failure(KNOWN, "404", NOW, HALF_HOUR, 0, status=404)
        assert first.stopped is None
        later = after_failure(first, "404", NOW + 28 * DAY, HALF_HOUR, 0, status=404)
        assert later.stopped == "404"

    def test_what_was_gone_at_the_new_address_is_looked_for_at_the_old_one(self):
        moved = replace(KNOWN, moved_to="https://new.example/feed")
        after = after_failure(moved, "410 Gone", NOW, HALF_HOUR, 0, status=410)
        assert (after.stopped, after.moved_to, after.validators) == (None, None, None)

    @given(st.integers(0, 60), st.floats(0, 0.1), st.integers(1, 3000))
    def test_no_failure_waits_less_than_the_interval_or_longer_than_a_day(self, failures, jitter, minutes):
        terms = Terms(timedelta(minutes=minutes), public=False)
        after = after_failure(replace(KNOWN, failures=failures), "no", NOW, terms, jitter)
        assert terms.interval <= after.next_poll - NOW <= max(CEILING, terms.interval)


class TestMoves:
    MOVED = "https://new.example/feed"

    def poll(self, state: SourceState, hours: float, to: str | None = MOVED) -> SourceState:
        document = answer(permanent_url=to)
        return after_success(state, document, None, None, NOW + timedelta(hours=hours), HALF_HOUR, 0)

    def test_three_equal_answers_over_a_day_are_believed(self):
        state = KNOWN
        for hours in (0, 12, 23.9):
            state = self.poll(state, hours)
            assert poll_url(state, URL) == URL
        assert poll_url(self.poll(state, 24), URL) == self.MOVED

    def test_two_answers_are_not_enough_however_long(self):
        assert self.poll(self.poll(KNOWN, 0), 99).moved_to is None

    def test_flapping_never_moves(self):
        state = KNOWN
        for hours in range(0, 200, 5):
            state = self.poll(state, hours, self.MOVED if hours % 2 else "https://other.example/feed")
        assert state.moved_to is None

    def test_a_failure_in_between_begins_anew(self):
        state = self.poll(self.poll(KNOWN, 0), 12)
        state = after_failure(state, "404", NOW + 13 * HOUR, HALF_HOUR, 0, status=404)
        assert self.poll(state, 30).moved_to is None


class TestPoison:
    def test_a_body_that_killed_the_worker_is_tried_again_once_a_day_later(self):
        state = poisoned(KNOWN, "bad", NOW)
        assert is_poison(state, "bad", NOW + HOUR)
        assert not is_poison(state, "other", NOW + HOUR)
        assert not is_poison(state, "bad", NOW + DAY)
        state = poisoned(state, "bad", NOW + DAY)
        assert is_poison(state, "bad", NOW + 99 * DAY)

    def test_another_body_that_is_read_ends_it(self):
        after = after_success(poisoned(KNOWN, "bad", NOW), answer(), ParsedFeed(), "good", NOW, HALF_HOUR, 0)
        assert after.poison is None


class TestPushed:
    def test_while_a_hub_pushes_an_adaptive_interval_is_four_times_as_long(self):
        rhythm = replace(KNOWN, per_week=42.0)
        alone, pushed = (base_interval(rhythm, replace(ADAPTIVE, pushed=told))[0] for told in (False, True))
        assert (alone, pushed) == (HOUR, 4 * HOUR)

    def test_a_day_is_the_longest_and_an_explicit_interval_stays_exact(self):
        rare = replace(KNOWN, per_week=1.0)
        assert base_interval(rare, replace(ADAPTIVE, pushed=True))[0] == DAY
        assert base_interval(rare, replace(HALF_HOUR, pushed=True)) == base_interval(rare, HALF_HOUR)


class TestPages:
    def test_a_page_that_fails_is_asked_three_times_within_half_an_hour(self):
        assert next_page_attempt(1, NOW, NOW) == NOW + timedelta(seconds=30)
        assert next_page_attempt(2, NOW, NOW) == NOW + 5 * MINUTE
        assert next_page_attempt(3, NOW, NOW) is None
        assert next_page_attempt(1, NOW, NOW + 30 * MINUTE) is None

    def test_a_server_that_asks_for_peace_is_asked_after_it_unless_that_is_too_long(self) -> None:
        assert next_page_attempt(1, NOW, NOW, 10 * MINUTE) == NOW + 10 * MINUTE
        assert next_page_attempt(1, NOW, NOW, 40 * MINUTE) is None
        assert asked_rest(429, None) == 15 * MINUTE
        assert asked_rest(503, 2 * MINUTE) == 2 * MINUTE
        assert asked_rest(429, timedelta(days=90)) == timedelta(days=7)
        assert asked_rest(503, None) == asked_rest(404, MINUTE) == timedelta()

    def test_one_that_is_out_is_asked_after_1_6_and_24_hours(self):
        times = [NOW]
        while following := next_page_visit(NOW, times[-1]):
            times.append(following)
        assert [(time - NOW) / HOUR for time in times] == [0, 1, 6, 24]

    def test_one_that_is_gone_is_asked_once_more_a_day_later_and_then_ever_more_seldom(self):
        times, gone = [NOW], NOW + HOUR
        while (following := next_page_visit(NOW, times[-1], gone if times[-1] >= gone else None)) and (
            following < NOW + 9 * DAY
        ):
            times.append(following)
        assert [(time - NOW) / HOUR for time in times] == [0, 1, 6, 24, 25, 49, 97, 193]
