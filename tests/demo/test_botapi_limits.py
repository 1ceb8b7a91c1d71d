"""The emulator's pace: no window ever holds more than it may, whoever asks and however often."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.limits import Limits

CHATS = {1: True, 2: True, -3: False, -4: False}
ASKED = st.tuples(st.sampled_from(sorted(CHATS)), st.sampled_from([1, 1, 1, 2, 10]), st.integers(0, 40))


@settings(max_examples=100, deadline=None)
@given(st.lists(ASKED, min_size=1, max_size=150))
def test_no_window_holds_more_than_it_may(asked: list[tuple[int, int, int]]) -> None:
    limits, now, taken = Limits(), 0.0, []
    for chat, cost, tenths in asked:
        now += tenths / 10
        if limits.refuse(chat, private=CHATS[chat], cost=cost, now=now) is None:
            taken.append((now, chat, cost))
    for at, chat, _ in taken:
        mine = [(time, cost) for time, other, cost in taken if other == chat and time >= at]
        if CHATS[chat]:  # an album is taken at once and paid for with as many seconds
            first, cost = mine[0]
            assert all(time >= first + cost for time, _ in mine[1:])
        else:
            assert sum(cost for time, cost in mine if time < at + 60) <= 20
        assert sum(cost for time, _, cost in taken if at <= time < at + 1) <= 30


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_who_waits_as_long_as_told_is_never_refused_twice(pauses: list[float]) -> None:
    limits, now = Limits(), 0.0
    for pause in pauses:
        now += pause
        refused = limits.refuse(-3, private=False, cost=1, now=now)
        if refused:
            seconds, ignored = refused
            assert not ignored
            now += seconds
            assert limits.refuse(-3, private=False, cost=1, now=now) is None


def test_waits_grow_while_they_are_ignored_up_to_an_hour() -> None:
    limits = Limits()
    waits = [limits.refuse(1, private=True, cost=1, now=0.0) for _ in range(20)]
    assert waits[0] is None
    seconds = [wait[0] for wait in waits if wait]
    assert seconds[:5] == [1, 2, 4, 8, 16]
    assert seconds[-1] == 3600
