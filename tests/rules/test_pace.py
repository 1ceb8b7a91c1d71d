"""Never over a limit of Telegram's, whatever is asked."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from feedbot.rules.pace import Pacer


@given(
    st.lists(st.sampled_from(["1", "2", "-3", "-4", "@news"]), min_size=1, max_size=120), st.integers(1, 30)
)
def test_sending_as_soon_as_it_is_allowed_never_meets_a_limit(chats: list[str], rate: int) -> None:
    pacer, now, sent = Pacer(rate), 0.0, []
    for chat in chats:
        now = max(now, pacer.ready_at(chat))
        pacer.note(chat, now)
        sent.append((now, chat))
    for at, chat in sent:
        assert sum(1 for time, _ in sent if at <= time < at + 1.0) <= rate
        mine = [time for time, other in sent if other == chat]
        window, most = (1.05, 1) if chat in {"1", "2"} else (60.0, 18)
        assert sum(1 for time in mine if at <= time < at + window - 1e-6) <= most


@given(
    st.lists(st.tuples(st.sampled_from(["1", "-3", "@news"]), st.integers(1, 10)), min_size=1, max_size=60),
    st.integers(10, 30),
)
def test_albums_and_messages_together_never_meet_a_limit(sends: list[tuple[str, int]], rate: int) -> None:
    pacer, now, sent = Pacer(rate), 0.0, []
    for chat, cost in sends:
        now = max(now, pacer.ready_at(chat, cost))
        pacer.note(chat, now, cost)
        sent += [(now, chat)] * cost
    for at, chat in sent:
        assert sum(1 for time, _ in sent if at <= time < at + 1.0) <= rate
        mine = [time for time, other in sent if other == chat]
        if chat != "1":
            assert sum(1 for time in mine if at <= time < at + 60.0 - 1e-6) <= 18


def test_a_chat_that_waits_holds_up_no_other() -> None:
    pacer = Pacer(25)
    pacer.note("1", 10.0)
    assert pacer.ready_at("1") > 10.0
    assert pacer.ready_at("2") <= 10.03


def test_one_short_429_closes_its_chat_only() -> None:
    pacer = Pacer(25)
    assert not pacer.flood("1", 3.0, 10.0)
    assert pacer.ready_at("2") <= 10.03


def test_a_second_chats_429_within_a_second_closes_the_bot() -> None:
    pacer = Pacer(25)
    pacer.flood("1", 3.0, 10.0)
    assert pacer.flood("2", 3.0, 10.5)
    assert pacer.ready_at("9") == 13.5


def test_a_long_429_closes_the_bot() -> None:
    pacer = Pacer(25)
    assert pacer.flood("1", 30.0, 10.0)
    assert pacer.ready_at("9") == 40.0


def test_what_was_sent_before_a_restart_counts() -> None:
    pacer = Pacer(25)
    pacer.remember([("-3", float(n)) for n in range(18)])
    assert pacer.ready_at("-3") == 60.0


def test_a_429_to_the_bot_cuts_its_rate_which_comes_back_by_one_a_minute() -> None:
    pacer = Pacer(25)
    pacer.flood("1", 30.0, 10.0)
    assert pacer.rate(40.0) == 17.5
    assert pacer.rate(40.0 + 60 * 3) == 20.5
    assert pacer.rate(40.0 + 3600) == 25.0


def test_messages_go_evenly_and_a_late_one_is_made_up_for() -> None:
    pacer, now, times = Pacer(10), 0.0, []
    for number in range(40):
        now = max(now, pacer.ready_at(str(number + 1))) + 0.003
        pacer.note(str(number + 1), now)
        pacer.answered(str(number + 1), now + 0.001)
        times.append(now)
    assert times[-1] <= 39 * 0.101 + 0.1
    assert max(later - first for first, later in pairwise(times)) <= 0.15


def test_an_album_costs_as_many_as_it_has_pictures() -> None:
    pacer = Pacer(25)
    pacer.note("-3", 0.0, cost=10)
    pacer.note("-3", 5.0, cost=8)
    assert pacer.chat_ready_at("-3") == 60.0


def test_a_private_chat_rests_a_second_after_an_answer_that_came_late() -> None:
    pacer = Pacer(25)
    pacer.note("1", 0.0)
    pacer.answered("1", 3.0)
    assert pacer.chat_ready_at("1") == 4.0


def test_a_chat_that_is_closed_is_not_forgotten() -> None:
    pacer = Pacer(25)
    pacer.close_chat("1", 500.0)
    pacer.forget_old(400.0)
    assert pacer.chat_ready_at("1") == 500.0


def test_a_call_that_came_late_keeps_its_distance_from_the_one_a_second_later() -> None:
    """The first call opens a connection: it arrives by 40 ms later than those after it."""
    pacer, now, arrived = Pacer(25), 0.0, []
    for number in range(100):
        way = 0.045 if number % 30 == 0 else 0.005
        now = max(now, pacer.ready_at(str(number + 1)))
        pacer.note(str(number + 1), now)
        pacer.answered(str(number + 1), now + way)
        arrived.append(now + way)
    arrived.sort()
    assert all(later - first >= 1.0 for first, later in zip(arrived, arrived[25:], strict=False))
    assert now <= 99 * 1.01 / 25 + 0.4


def test_a_server_that_is_slow_all_the_time_costs_no_rate() -> None:
    pacer, now, flying = Pacer(25), 0.0, []
    for number in range(1000):
        now = max(now, pacer.ready_at(str(number + 1)))
        while flying and flying[0][1] + 0.3 <= now:
            chat, at = flying.pop(0)
            pacer.answered(chat, at + 0.3)
        pacer.note(str(number + 1), now)
        flying.append((str(number + 1), now))
    assert now <= 1.05 * 39


def test_calls_that_stood_in_a_jam_are_followed_by_as_many_fewer() -> None:
    """The way is closed from second 2 to 2.4: what was sent meanwhile arrives at once."""
    pacer, now, arrived = Pacer(25), 0.0, []
    flying: list[tuple[float, str]] = []
    for number in range(150):
        chat = str(number + 1)
        now = max(now, pacer.ready_at(chat))
        for at, other in [one for one in flying if one[0] <= now]:
            pacer.answered(other, at)
            flying.remove((at, other))
        now = max(now, pacer.ready_at(chat))
        pacer.note(chat, now)
        there = max(now + 0.002, 2.4) if 2 <= now < 2.4 else now + 0.002
        arrived.append(there)
        flying.append((there + 0.001, chat))
    arrived.sort()
    jam = [at for at in arrived if 2.4 <= at < 3.4]
    assert jam.count(2.4) >= 9
    assert len(jam) <= 25


def test_one_chat_that_floods_again_and_again_stops_the_others_once() -> None:
    pacer = Pacer(25)
    assert pacer.flood("-1", 35.0, 100.0)
    assert pacer.ready_at("5") == 135.0
    assert pacer.chat_ready_at("-1") > 135.0
    pacer.note("5", 135.1)
    pacer.taken("5", 135.2)
    assert not pacer.flood("-1", 35.0, 136.0)
    assert pacer.bot_ready_at() < 137.0
    assert pacer.chat_ready_at("-1") == 171.0


def test_one_chat_that_is_to_wait_for_an_hour_stops_the_others_for_a_minute() -> None:
    pacer = Pacer(25)
    assert pacer.flood("-1", 4000.0, 100.0)
    assert pacer.ready_at("5") == pacer.closed_until == 160.0
    assert pacer.chat_ready_at("-1") >= 4100.0
    assert not pacer.flood("5", 3.0, 200.0)
    assert pacer.flood("6", 300.0, 200.5)
    assert pacer.bot_ready_at() == 500.5
