"""Never over a limit of Telegram's, whatever is asked."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from feedbot.telegram.pacer import Pacer


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


def test_a_chat_that_waits_holds_up_no_other() -> None:
    pacer = Pacer(25)
    pacer.note("1", 10.0)
    assert pacer.ready_at("1") > 10.0
    assert pacer.ready_at("2") <= 10.0


def test_one_short_429_closes_its_chat_only() -> None:
    pacer = Pacer(25)
    assert not pacer.flood("1", timedelta(seconds=3), 10.0)
    assert pacer.ready_at("2") <= 10.0


def test_a_second_chats_429_within_a_second_closes_the_bot() -> None:
    pacer = Pacer(25)
    pacer.flood("1", timedelta(seconds=3), 10.0)
    assert pacer.flood("2", timedelta(seconds=3), 10.5)
    assert pacer.ready_at("9") == 13.5


def test_a_long_429_closes_the_bot() -> None:
    pacer = Pacer(25)
    assert pacer.flood("1", timedelta(seconds=30), 10.0)
    assert pacer.ready_at("9") == 40.0


def test_what_was_sent_before_a_restart_counts() -> None:
    pacer = Pacer(25)
    pacer.remember([("-3", float(n)) for n in range(18)])
    assert pacer.ready_at("-3") == 60.0
