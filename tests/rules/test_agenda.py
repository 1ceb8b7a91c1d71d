"""The next message is always the right one: in virtual time, against the bounds of the limits."""

import heapq
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.rules.agenda import INF, Agenda, Head, Priority
from feedbot.rules.pace import GROUP_MESSAGES, GROUP_WINDOW, PRIVATE_GAP, Pacer, is_private

TRIP = 0.1
RATE = 25
Sent = tuple[float, str, Priority, float]


def simulate(
    waiting: dict[str, list[tuple[float, Priority]]], rate: int = RATE, trip: float = TRIP
) -> list[Sent]:
    """Send everything: each chat's messages with the time since when they wait. When, to whom, what, and
    since when, in order.
    """
    pacer = Pacer(rate)
    agenda = Agenda(pacer)
    queues = {chat: list(reversed(messages)) for chat, messages in waiting.items()}

    def head(chat: str) -> Head | None:
        if not queues[chat]:
            return None
        since, priority = queues[chat][-1]
        return Head(chat, since, since, priority)

    agenda.load(filter(None, map(head, queues)))
    flying: list[tuple[float, str]] = []
    sent: list[Sent] = []
    now = 0.0
    while True:
        while flying and flying[0][0] <= now:
            at, chat = heapq.heappop(flying)
            pacer.answered(chat, at)
            agenda.put(chat, head(chat))
        while (found := agenda.take(now)) is not None:
            since, priority = queues[found.chat].pop()
            pacer.note(found.chat, now)
            sent.append((now, found.chat, priority, since))
            heapq.heappush(flying, (now + trip, found.chat))
        now = min(agenda.next_at(now), flying[0][0] if flying else INF)
        if now == INF:
            return sent


def bound(waiting: dict[str, list[tuple[float, Priority]]], rate: int = RATE) -> float:
    """No sender that keeps the limits can be done before (shared facts, "Lower bounds")."""
    total = sum(map(len, waiting.values()))
    alone = [
        (len(one) - 1) * PRIVATE_GAP if is_private(chat) else (len(one) - 1) // GROUP_MESSAGES * GROUP_WINDOW
        for chat, one in waiting.items()
    ]
    return max((total - rate) / rate, *alone)


def of(
    privates: int, each: int, groups: int = 0, of_group: int = 0
) -> dict[str, list[tuple[float, Priority]]]:
    chats = {str(1 + number): [(0.0, Priority.ENTRY)] * each for number in range(privates)}
    return chats | {f"-{1 + number}": [(0.0, Priority.ENTRY)] * of_group for number in range(groups)}


WORKLOADS = {
    "A: one article to 1,000 people": of(1000, 1),
    "B: five articles to 300 people": of(300, 5),
    "C: ten articles to 180 people and 20 groups": of(180, 10, 20, 10),
    "D: a group with sixty waiting, and 500 people": of(500, 1, 1, 60),
    "E: thirty articles to three people and two groups": of(3, 30, 2, 30),
    "F: one article to 3,000 people": of(3000, 1),
}


def keeps_the_limits(sent: list[Sent], rate: int) -> None:
    times = [at for at, *_ in sent]
    assert all(later - first >= 1.0 for first, later in zip(times, times[rate:], strict=False))
    of_chat = defaultdict(list)
    for at, chat, *_ in sent:
        of_chat[chat].append(at)
    for chat, mine in of_chat.items():
        most, window = (1, PRIVATE_GAP) if is_private(chat) else (GROUP_MESSAGES, GROUP_WINDOW)
        pairs = zip(mine, mine[most:], strict=False)
        assert all(later - first >= window - 1e-6 for first, later in pairs)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_is_done_within_a_twentieth_of_what_the_limits_allow(name: str) -> None:
    waiting = WORKLOADS[name]
    sent = simulate(waiting)
    assert Counter(chat for _, chat, *_ in sent) == {chat: len(one) for chat, one in waiting.items()}
    keeps_the_limits(sent, RATE)
    assert sent[-1][0] + TRIP <= 1.05 * bound(waiting) + 2 * TRIP


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*map(str, range(1, 30)), "-1", "-2", "@news"]),
        st.lists(st.tuples(st.floats(0, 20), st.sampled_from(Priority)), min_size=1, max_size=25),
        min_size=1,
    ),
    st.integers(1, 30),
    st.floats(0.01, 3),
)
def test_nothing_is_dropped_no_limit_met_no_order_broken_and_no_slot_wasted(waiting, rate, trip) -> None:
    waiting = {chat: sorted(messages, key=lambda one: one[0]) for chat, messages in waiting.items()}
    sent = simulate(waiting, rate, trip)
    keeps_the_limits(sent, rate)
    for chat, messages in waiting.items():
        assert [(since, what) for _, to, what, since in sent if to == chat] == messages
    # A gap longer than the bot's slot and the slowest chat's wait means that nothing could have been sent.
    for (before, *_), (at, chat, _, since) in pairwise(sent):
        idle = max(before + 1.02 / rate, since)
        mine = [time for time, to, *_ in sent if to == chat and time < at]
        chat_free = max((mine[-1] + max(trip + 1.0, PRIVATE_GAP)) if mine else 0.0, 0.0)
        group_free = mine[-GROUP_MESSAGES] + trip + GROUP_WINDOW if len(mine) >= GROUP_MESSAGES else 0.0
        window = sent[0][0]
        earlier = [time for time, *_ in sent if time < at]
        if len(earlier) >= rate:
            window = earlier[-rate] + 1.003 + 0.1  # as far as an answer may tell that it came late
        assert (
            at
            <= max(
                idle,
                window,
                chat_free if is_private(chat) else max(group_free, (mine[-1] + trip) if mine else 0.0),
            )
            + 1e-6
        )


def test_entries_go_before_edits_and_edits_before_the_backlog() -> None:
    waiting = {
        "1": [(0.0, Priority.BACKLOG)],
        "2": [(0.0, Priority.EDIT)],
        "3": [(0.0, Priority.ENTRY)],
    }
    assert [what for _, _, what, _ in simulate(waiting, rate=1)] == [
        Priority.ENTRY,
        Priority.EDIT,
        Priority.BACKLOG,
    ]


def test_the_backlog_is_not_starved_by_news_without_end() -> None:
    news = {str(chat): [(float(at), Priority.ENTRY) for at in range(0, 1200, 30)] for chat in range(2, 62)}
    sent = simulate({"1": [(0.0, Priority.BACKLOG)]} | news, rate=1)
    assert next(at for at, chat, *_ in sent if chat == "1") <= 700


def test_a_chat_that_is_taken_is_not_shown_again_before_it_is_put_back() -> None:
    agenda = Agenda(Pacer(25))
    agenda.load([Head("1", 0.0, 0.0)])
    assert agenda.take(1.0) is not None
    agenda.load([Head("1", 0.0, 5.0)])
    assert agenda.take(9.0) is None
    agenda.put("1", Head("1", 9.0, 9.0))
    assert agenda.take(9.0) == Head("1", 9.0, 9.0)


def test_a_chat_that_vanished_is_not_written_to() -> None:
    agenda = Agenda(Pacer(25))
    agenda.load([Head("1", 0.0, 0.0), Head("2", 0.0, 0.0)])
    agenda.load([Head("2", 0.0, 0.0)])
    assert [agenda.take(1.0), agenda.take(5.0)] == [Head("2", 0.0, 0.0), None]
    assert agenda.next_at(5.0) == INF


def test_a_429_closes_its_chat_and_lets_the_others_go_on() -> None:
    pacer = Pacer(25)
    agenda = Agenda(pacer)
    agenda.load([Head("1", 0.0, 0.0), Head("2", 0.0, 1.0)])
    pacer.flood("1", 4.0, 0.0)
    assert agenda.take(1.0) == Head("2", 0.0, 1.0)
    assert agenda.take(2.0) is None
    assert agenda.next_at(2.0) == 4.0
    assert agenda.take(4.0) == Head("1", 0.0, 0.0)


def test_chats_that_are_shown_anew_for_days_take_no_more_room() -> None:
    agenda = Agenda(Pacer(25))
    for second in range(500):
        agenda.load(Head(str(chat), float(second), float(second)) for chat in range(50))
        agenda.next_at(second / 2)
    assert len(agenda._later) + len(agenda._ready) <= 2 * (64 + 2 * 50)
