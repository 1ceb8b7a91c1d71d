"""Who is asked next: the quick before the slow, and nobody is kept waiting by a host that hangs."""

from datetime import timedelta

from feedbot.jobs.turns import MOST_POLLS, Due, Turns
from feedbot.model import Source, SourceState
from tests.support import NOW


def due(name: str, late: float = 0.0, *, host: str | None = None, failures: int = 0) -> Due:
    """A source that answered well before, and is late by so many seconds."""
    state = SourceState(name, NOW - timedelta(seconds=late), last_success=NOW, failures=failures)
    return Source(name, f"http://{host or name}/feed", categories=("c",)), state


def ids(chosen: list[Due]) -> list[str]:
    return [source.id for source, _ in chosen]


def test_who_waits_for_longest_goes_first() -> None:
    assert ids(Turns(2).choose([due("a", 1), due("b", 3), due("c", 2)], (), NOW)) == ["b", "c", "a"]


def test_who_takes_long_lets_those_pass_that_came_in_that_time() -> None:
    turns = Turns(2)
    turns.note("slow", 4.0, failed=True)
    assert ids(turns.choose([due("slow", 3), due("quick", 0)], (), NOW)) == ["quick", "slow"]
    assert ids(turns.choose([due("slow", 5), due("quick", 0)], (), NOW)) == ["slow", "quick"]


def test_once_is_no_habit_where_it_went_well() -> None:
    turns = Turns(2)
    turns.note("a", 20.0)
    assert ids(turns.choose([due("a", 3), due("b", 0)], (), NOW)) == ["a", "b"]
    turns.note("a", 20.0)
    assert ids(turns.choose([due("a", 3), due("b", 0)], (), NOW)) == ["b", "a"]


def test_who_fails_is_not_expected_to_be_quick() -> None:
    assert ids(Turns(2).choose([due("a", 3, failures=1), due("b", 0)], (), NOW)) == ["b", "a"]


def test_slow_ones_take_no_more_than_half_of_the_requests_to_their_host() -> None:
    turns = Turns(4)
    hanging = [due(f"h{at}", host="one") for at in range(6)]
    for source, _ in hanging:
        turns.note(source.id, 30.0, failed=True)
    chosen = turns.choose([*hanging, due("good", host="one")], (), NOW)
    assert ids(chosen) == ["good", "h0", "h1"]
    assert ids(turns.choose([*hanging, due("good", host="one")], {"h0", "h1"}, NOW)) == ["good"]


def test_however_many_hang_there_is_room_for_the_others() -> None:
    turns = Turns(2)
    hanging = [due(f"h{at}", late=100) for at in range(MOST_POLLS + 50)]
    for source, _ in hanging:
        turns.note(source.id, 30.0, failed=True)
    first = ids(turns.choose(hanging, (), NOW))
    others = [due(f"good{at}") for at in range(50)]
    assert ids(turns.choose([*hanging, *others], first, NOW)) == [source.id for source, _ in others]


def test_those_never_polled_yet_leave_room_for_those_that_answer_well() -> None:
    fresh = [(Source(f"f{at}", f"http://f{at}/"), SourceState(f"f{at}")) for at in range(MOST_POLLS)]
    assert "good" in ids(Turns(2).choose([*fresh, due("good")], (), NOW))


def test_no_more_run_than_there_are_places_for() -> None:
    assert (
        len(Turns(2).choose([due(f"s{at}") for at in range(MOST_POLLS + 1)], {"x", "y"}, NOW))
        == MOST_POLLS - 2
    )
