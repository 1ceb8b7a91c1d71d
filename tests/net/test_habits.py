"""What answers took, and what is expected of them."""

from feedbot.net.habits import Habits


def test_who_is_not_known_is_not_quick() -> None:
    habits = Habits()
    assert not habits.is_quick("a")
    assert habits.of("a") is None


def test_who_answered_quickly_is_quick() -> None:
    habits = Habits()
    habits.note("a", 0.2, whole=True)
    assert habits.is_quick("a")


def test_once_is_no_habit_where_the_answer_came() -> None:
    habits = Habits()
    habits.note("a", 20.0, whole=True)
    assert habits.is_quick("a")
    habits.note("a", 20.0, whole=True)
    assert not habits.is_quick("a")


def test_who_did_not_answer_in_long_is_not_quick_and_may_be_again() -> None:
    habits = Habits()
    habits.note("a", 30.0, whole=False)
    assert not habits.is_quick("a")
    habits.note("a", 0.1, whole=True)
    assert habits.is_quick("a")


def test_each_try_gets_twice_the_time_of_the_one_before() -> None:
    habits, tries = Habits(), list[float]()
    for _ in range(4):
        tries.append(habits.first_try("a"))
        habits.note("a", tries[-1], whole=False)
    assert tries == [3.0, 6.0, 12.0, 24.0]


def test_the_most_recent_are_remembered() -> None:
    habits = Habits(most=2)
    for name in ("a", "b", "a", "c"):
        habits.note(name, 1.0, whole=True)
    assert [habits.of(name) is not None for name in "abc"] == [True, False, True]
