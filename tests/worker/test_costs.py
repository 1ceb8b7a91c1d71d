"""What jobs took is remembered by name, of the most recent ones."""

from feedbot.worker.costs import Costs


def test_the_last_job_counts() -> None:
    costs = Costs()
    costs.note("a", 3.0)
    costs.note("a", 0.1)
    assert (costs.of("a"), costs.of("b")) == (0.1, None)


def test_who_was_not_there_for_longest_is_forgotten_first() -> None:
    costs = Costs(most=2)
    for name in ("a", "b", "a", "c"):
        costs.note(name, 1.0)
    assert [costs.of(name) for name in "abc"] == [1.0, None, 1.0]


def test_nobody_has_no_past() -> None:
    costs = Costs()
    costs.note("", 9.0)
    assert costs.of("") is None
