"""Who is asked next: the quick before the slow, and nobody is kept waiting by a host that hangs."""

from datetime import datetime, timedelta

from feedbot.jobs.turns import MOST_POLLS, Turns
from feedbot.store.sources import Waiting
from tests.support import NOW


def due(name: str, late: float = 0.0, *, host: str | None = None, answered: bool = True) -> Waiting:
    """A source that answered well before, and is late by so many seconds."""
    return Waiting(name, f"http://{host or name}/feed", NOW - timedelta(seconds=late), answered)


def turns(host_concurrency: int = 2, **took: float) -> Turns:
    """Turns among sources whose answers took so many seconds."""
    return Turns(host_concurrency, lambda name: took.get(name, 0.0), lambda _: True)


def test_who_waits_for_longest_goes_first() -> None:
    assert turns().choose([due("a", 1), due("b", 3), due("c", 2)], (), NOW) == ["b", "c", "a"]


def test_who_takes_long_lets_those_pass_that_came_in_that_time() -> None:
    some = turns(slow=4.0)
    assert some.choose([due("slow", 3), due("quick", 0)], (), NOW) == ["quick", "slow"]
    assert some.choose([due("slow", 5), due("quick", 0)], (), NOW) == ["slow", "quick"]


def test_who_fails_is_not_expected_to_be_quick() -> None:
    assert turns().choose([due("a", 3, answered=False), due("b", 0)], (), NOW) == ["b", "a"]


def test_slow_ones_take_no_more_than_half_of_the_requests_to_their_host() -> None:
    some = turns(4, **{f"h{at}": 30.0 for at in range(6)})
    all_due = [*(due(f"h{at}", host="one") for at in range(6)), due("good", host="one")]
    chosen = some.choose(all_due, (), NOW)
    assert chosen[0] == "good"
    assert len(chosen) == 3
    assert some.choose(all_due, {"h0", "h1"}, NOW) == ["good"]


def test_at_a_host_where_hundreds_fail_there_is_room_for_those_that_answer() -> None:
    failing = [due(f"f{at}", 9, host="one", answered=False) for at in range(400)]
    some = turns()
    first = some.choose(failing, (), NOW)
    assert 2 < len(first) < 40
    assert some.choose([*failing, due("good", host="one")], first, NOW) == ["good"]


def test_however_many_hang_there_is_room_for_the_others() -> None:
    hanging = [due(f"h{at}", late=100) for at in range(MOST_POLLS + 50)]
    some = turns(2, **{one.id: 30.0 for one in hanging})
    first = some.choose(hanging, (), NOW)
    others = [due(f"good{at}") for at in range(50)]
    assert set(some.choose([*hanging, *others], first, NOW)) == {one.id for one in others}


def test_those_never_polled_yet_leave_room_for_those_that_answer_well() -> None:
    fresh = [Waiting(f"f{at}", f"http://f{at}/", None, False) for at in range(MOST_POLLS)]
    assert "good" in turns().choose([*fresh, due("good")], (), NOW)


def test_those_never_polled_yet_are_not_passed_for_ever_by_those_that_fail() -> None:
    fresh = [Waiting(f"f{at}", "http://one/", None, False) for at in range(200)]
    some = turns()
    polled: dict[str, datetime] = {}
    for second in range(20):
        now = NOW + timedelta(seconds=second)
        failing = [
            Waiting(name, "http://one/", at + timedelta(seconds=2), False) for name, at in polled.items()
        ]
        due_now = [one for one in failing if one.next_poll and one.next_poll <= now]
        chosen = some.choose([*(one for one in fresh if one.id not in polled), *due_now], (), now)
        polled |= dict.fromkeys(chosen, now)
    assert len(polled) == 200


def test_no_more_run_than_there_are_places_for() -> None:
    many = [due(f"s{at}") for at in range(MOST_POLLS + 1)]
    assert len(turns().choose(many, {"x", "y"}, NOW)) == MOST_POLLS - 2
