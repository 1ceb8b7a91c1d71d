"""The outbox under everything that may happen, in any order, against a model that only counts.

Chance subscribes, publishes, sends and answers; the model remembers what Telegram accepted and how often it
could not be known. In the end all chats are well and time passes: then nothing may be left that waits.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import Connection, select, text

from feedbot.bot.conversation import Incoming, Place
from feedbot.bot.conversation import take as take_update
from feedbot.model import Address, Announce, Changes, ChatState, SourceState, State, StoredEntry
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Lost,
    Migrated,
    Outcome,
    Refused,
    RetryAfter,
    Sent,
    TopicClosed,
    Unchanged,
    Unknown,
)
from feedbot.store import Store, clock, deliveries, entries, ledger, retractions, subscriptions
from feedbot.store.outbox import Answer, Outbox, Picked, Task, claim_later
from feedbot.store.prepared import driver
from feedbot.store.tables import chats, topics
from feedbot.store.tables import deliveries as table
from feedbot.store.tables import subscriptions as wanted
from tests.support import NOW, SOURCE, candidate, entry, save_poll, subscription

CHATS = ("1001", "-5", "-6", "-1005", "-1006", "-1007")
GROUPS = CHATS[1:3]  # they may become one of the supergroups after them
PLACES = (*map(Address, CHATS[:-1]), Address("-1005", 7))
SLUGS = (("policies",), ("society",), ("policies", "society"))
PARKS = "-1006"  # of whom the policy is to ask the operator
WAITS = st.sampled_from([timedelta(seconds=3), timedelta(minutes=5), timedelta(hours=7)])
STEPS = st.sampled_from([timedelta(seconds=2), timedelta(minutes=2), timedelta(hours=5), timedelta(days=2)])
OUTCOMES = st.one_of(
    *[st.just("sent")] * 4,
    st.builds(RetryAfter, WAITS, st.just("wait"), flood=st.just(True)),
    st.builds(RetryAfter, WAITS, st.just("failed"), refused=st.booleans()),
    *[st.just(Unknown("no answer"))] * 2,
    st.builds(ChatClosed, st.sampled_from(ChatState).filter(lambda one: one != "active"), st.just("closed")),
    st.just(ChatClosed(ChatState.SUSPENDED, "chat not found")),
    st.builds(TopicClosed, st.just("closed"), st.booleans()),
    st.builds(Migrated, st.sampled_from(CHATS[3:])),
    st.sampled_from([Refused("no"), BotStopped("Unauthorized"), Lost("not there"), Unchanged()]),
    st.just(Lost("not ours", foreign=True)),
)


ROWS = select(table, wanted.c.on_unknown, wanted.c.paused).join(wanted)
Story = tuple[str, int, str]  # at an address


class Rules(RuleBasedStateMachine):
    """What may happen to an outbox."""

    database: bytes

    @initialize(probe=st.booleans())
    def begin(self, probe: bool) -> None:
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "feedbot.db"
        path.write_bytes(self.database)
        self.store = Store.open(path)
        self.store.do_now(lambda connection: None)
        driver(self.store._connection).execute("PRAGMA synchronous = OFF")  # the power stays on here
        self.now, self.numbers, self.articles = NOW, 0, 0
        self.outbox, self.probe = Outbox("bot", probe=probe), probe
        self.in_flight: dict[str, Picked] = {}
        self.became: dict[str, str] = {}
        self.accepted: Counter[Story] = Counter()  # copies that Telegram has
        self.granted: Counter[Story] = Counter()  # more copies than one that may be
        self.excused: set[int] = set()  # that Telegram refused, or somebody settled
        for place in PLACES:
            self.subscribe(place, "policies")
        self.publish(("policies",), 3, silent=False)

    def do(self, unit: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.store.do_now(unit, *args, **more)

    def deliveries(self) -> list[Any]:
        return self.do(lambda connection: connection.execute(ROWS).all())

    # What subscribers and sources do.

    @rule(place=st.sampled_from(PLACES), slug=st.sampled_from(["policies", "society"]))
    def subscribe(self, place: Address, slug: str) -> None:
        policy = "park" if place.chat == PARKS else "resend"
        if place.chat in self.became:
            return
        made = replace(subscription(place.chat, slug, style="text", on_unknown=policy), address=place)
        self.do(subscriptions.subscribe, made, self.now)

    @rule(place=st.sampled_from(PLACES), slug=st.sampled_from(["policies", None]))
    def unsubscribe(self, place: Address, slug: str | None) -> None:
        self.do(subscriptions.unsubscribe, place, slug, self.now)

    @rule(place=st.sampled_from(PLACES), paused=st.booleans())
    def pause(self, place: Address, paused: bool) -> None:
        self.do(subscriptions.pause, place, None, paused=paused)

    @rule(chat=st.sampled_from(CHATS))
    def write(self, chat: str) -> None:
        """A person writes, or an operator resumes the chat."""
        if chat not in self.became:
            self.do(subscriptions.revive, chat, self.now)

    @rule(
        slugs=st.sampled_from(SLUGS), count=st.sampled_from([1, 1, 1, 2, 2, 3, 3, 25]), silent=st.booleans()
    )
    def publish(self, slugs: tuple[str, ...], count: int, silent: bool) -> None:
        told = []
        for _ in range(count):
            self.articles += 1
            made = entry(self.articles, first_seen=self.now)
            announce = Announce.TOO_MANY if silent and count > 1 else Announce.PUSH
            told.append((replace(candidate(made), slugs=slugs), announce))
        self.save(Changes(tuple(told)))

    def save(self, changes: Changes) -> None:
        save_poll(self.store, SOURCE, changes, SourceState("gazette", last_success=self.now), self.now)

    def article(self, number: int) -> StoredEntry:
        found = self.do(entries.get_entry, number % self.articles + 1)
        assert found is not None
        return found

    @precondition(lambda self: self.articles)
    @rule(number=st.integers(0, 99))
    def correct(self, number: int) -> None:
        known = self.article(number)
        says = replace(known.entry, title=f"{known.entry.title}!")
        self.save(Changes(updated=((known, replace(candidate(says), slugs=known.slugs)),)))

    @precondition(lambda self: self.articles)
    @rule(number=st.integers(0, 99))
    def retract(self, number: int) -> None:
        self.do(retractions.retract, self.article(number), self.now)

    @precondition(lambda self: self.articles)
    @rule(number=st.integers(0, 99))
    def restore(self, number: int) -> None:
        self.do(retractions.restore, self.article(number), self.now)

    # What the sender and Telegram do.

    @rule(chat=st.sampled_from(CHATS))
    def take(self, chat: str) -> None:
        if (picked := self.pick(chat)) is not None:
            self.in_flight[chat] = picked

    def pick(self, chat: str) -> Picked | None:
        picked: Picked | None = self.do(self.outbox.pick, chat, self.now)
        if picked is None or chat in self.in_flight:
            assert picked is None or picked.task is not Task.SEND, "two are sent in one chat"
            return None
        assert picked.task is Task.PROBE or self.state_of(chat) is not ChatState.GONE
        if picked.task is not Task.SEND:
            return picked
        was = picked.delivery.state
        assert was in {State.PENDING, State.UNKNOWN}
        assert was is State.PENDING or picked.delivery.on_unknown == "resend"
        self.granted[self.story(picked)] += was is State.UNKNOWN
        if picked.delivery.aside_since is None:
            self.assert_first(picked.delivery.id)
        if not picked.claimed and not self.do(claim_later, picked, self.now, "bot"):
            return None
        return picked

    def assert_first(self, picked: int) -> None:
        """Nothing of its chat that waits and comes before it was passed by."""
        rows = self.deliveries()
        [mine] = [row for row in rows if row.id == picked]
        closed = {(row.chat, row.topic) for row in self.do(lambda c: c.execute(select(topics)).all())}
        for row in rows:
            waits = row.state == "pending" and row.aside_since is None and not row.paused
            if waits and row.chat == mine.chat and (row.chat, row.topic) not in closed:
                place = (row.sort_at, row.entry_id, row.id)
                assert place >= (mine.sort_at, mine.entry_id, mine.id), "the order is broken"

    def state_of(self, chat: str) -> ChatState | None:
        known = self.do(deliveries.get_chat, chat)
        return known and known.state

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=3), arrived=st.booleans())
    def go_round(self, outcomes: list[Outcome | str], arrived: bool) -> None:
        """Each chat gets what is first in it."""
        for number, chat in enumerate(CHATS):
            self.take(chat)
            if chat in self.in_flight:
                self.answered(chat, outcomes[number % len(outcomes)], arrived=arrived)

    @precondition(lambda self: self.in_flight)
    @rule(outcome=OUTCOMES, arrived=st.booleans(), data=st.data())
    def answer(self, outcome: Outcome | str, arrived: bool, data: st.DataObject) -> None:
        chat = data.draw(st.sampled_from(sorted(self.in_flight)))
        self.answered(chat, outcome, arrived=arrived)

    def answered(self, chat: str, outcome: Outcome | str, *, arrived: bool = True) -> None:
        picked = self.in_flight.pop(chat)
        if outcome == "sent":
            self.numbers += 1
            outcome = Sent(self.numbers)
        if isinstance(outcome, Migrated):
            outcome = self.migration(chat, outcome.chat)
        if isinstance(outcome, Sent) or (isinstance(outcome, Unknown) and arrived):
            self.accept(picked)
        if not isinstance(outcome, Sent | RetryAfter | Migrated | BotStopped) or picked.task is Task.PROBE:
            self.excused.add(picked.delivery.id)
        answer = Answer(outcome, kind="text", composed="hash")
        self.do(self.outbox.record, picked, answer, self.now)

    def accept(self, picked: Picked) -> None:
        if picked.task is Task.SEND:
            story = self.story(picked)
            self.accepted[story] += 1
            assert self.accepted[story] <= 1 + self.granted[story], "sent twice"

    def story(self, picked: Picked) -> Story:
        """What a message tells, and where, under the number that the chat has now."""
        row = select(table.c.story).where(table.c.id == picked.delivery.id)
        told = self.do(lambda c: c.execute(row).scalar_one())
        address = picked.delivery.address
        return self.became.get(address.chat, address.chat), address.topic, told

    def migration(self, old: str, new: str) -> Outcome:
        """Only a group migrates, and once: its messages are the supergroup's then."""
        if old not in GROUPS:
            return Unknown("no answer")
        self.became.setdefault(old, new)
        new = self.became[old]
        for counts in (self.accepted, self.granted):
            for chat, topic, story in [one for one in counts if one[0] == old]:
                more = counts.pop((chat, topic, story))
                counts[new, topic, story] += more
        for story, copies in self.accepted.items():  # those that were in both
            self.granted[story] = max(self.granted[story], copies - 1)
        return Migrated(new)

    @rule(old=st.sampled_from(GROUPS), new=st.sampled_from(CHATS[3:]))
    def migrate(self, old: str, new: str) -> None:
        """Telegram tells it by itself, whatever is being sent."""
        if old not in self.became and not {old, new} <= {*self.in_flight}:
            self.migration(old, new)
            update = Incoming(self.articles, old, migrated_to=new)
            self.do(take_update, f"bot{old}", 1, update, Place("", ()), self.now)

    @precondition(lambda self: self.in_flight)
    @rule(arrived=st.booleans())
    def crash(self, arrived: bool) -> None:
        for picked in self.in_flight.values():
            if arrived:
                self.accept(picked)
        self.in_flight.clear()
        self.outbox = Outbox("bot", probe=self.probe)
        self.do(deliveries.recover, self.now)

    @rule()
    def turn_probing(self) -> None:
        self.probe = not self.probe
        self.outbox._probe = self.probe

    # What operators and clocks do.

    @rule(how=st.sampled_from([State.SENT, State.PENDING, State.SKIPPED]), number=st.integers(0, 99))
    def settle(self, how: State, number: int) -> None:
        open_states = {"unknown", "pending"}
        if how is State.PENDING:
            open_states |= {"gone", "skipped"}
        found = [row for row in self.deliveries() if row.state in open_states]
        if not found:
            return
        row = found[number % len(found)]
        chat = self.became.get(row.chat, row.chat)
        self.granted[chat, row.topic, row.story] += how is State.PENDING
        self.excused.add(row.id)
        self.do(ledger.settle, row.id, how, self.now)

    @rule(step=STEPS)
    def wait(self, step: timedelta) -> None:
        self.now += step

    @rule(by=STEPS, back=st.booleans(), noticed=st.booleans())
    def set_clock(self, by: timedelta, back: bool, noticed: bool) -> None:
        by = -by if back else by
        self.now += by
        if noticed:
            self.do(clock.was_set, self.now, by)
        else:
            self.crash(arrived=True)
            self.do(clock.may_have_been_set, self.now)

    # What is true at any time.

    @invariant()
    def the_rows_are_sound(self) -> None:
        found = self.deliveries()
        assert self.do(lambda c: c.execute(text("PRAGMA foreign_key_check")).all()) == []
        busy = Counter(row.chat for row in found if row.state == "sending")
        assert all(count == 1 for chat, count in busy.items() if chat not in self.became.values())
        assert all(row.edits <= deliveries.MOST_EDITS for row in found)

    @rule()
    def look(self) -> None:
        self.do(self.compare)

    def compare(self, connection: Connection) -> None:
        """What is shown as waiting is what would be picked; nothing of it is kept."""
        outbox = Outbox("bot", probe=self.probe)
        shown = {one.chat: one for one in outbox.waiting(connection, self.now)}
        busy = {row.chat for row in connection.execute(select(table).where(table.c.state == "sending"))}
        for chat in connection.execute(select(chats.c.chat)).scalars().all():
            assert outbox.next_of(connection, chat, self.now) == shown.get(chat), chat
            look = connection.begin_nested()
            picked = outbox.pick(connection, chat, self.now)
            left = outbox.next_of(connection, chat, self.now)
            look.rollback()
            is_due = chat in shown and shown[chat].due_at <= self.now
            if picked is not None:
                assert is_due, "what is not shown is picked"
            elif is_due and chat not in busy:
                assert left is None or left.due_at > self.now, "what is due cannot be picked"

    # The end: all is well, and time passes.

    def teardown(self) -> None:
        try:
            for chat in list(self.in_flight):
                self.answered(chat, "sent")
            self.drain()
            self.assert_done()
        finally:
            self.store.close_now()
            self.folder.cleanup()

    def drain(self) -> None:
        for chat in CHATS:
            if self.state_of(chat) is ChatState.SUSPENDED:
                self.do(subscriptions.revive, chat, self.now)
        for place in (*PLACES, Address("-1007")):
            self.do(subscriptions.pause, place, None, paused=False)
        for number, chat in enumerate(CHATS * 2):
            self.now += timedelta(days=30 * (number == len(CHATS)))  # closed topics show when they are tried
            tries = 0
            while head := self.do(self.outbox.next_of, chat, self.now):
                tries += 1
                assert tries < 300, "there is no end of it"
                self.now = max(self.now + timedelta(seconds=1), head.due_at)
                self.take(chat)
                if chat in self.in_flight:
                    is_probe = self.in_flight[chat].task is Task.PROBE
                    self.answered(chat, Unchanged() if is_probe else "sent")
        assert self.do(self.outbox.waiting, self.now) == []

    def assert_done(self) -> None:
        """Each article was accepted, or there is a reason why it was not."""
        closed = {(row.chat, row.topic) for row in self.do(lambda c: c.execute(select(topics)).all())}
        for row in self.deliveries():
            assert row.state != "sending"
            if row.state == "pending":
                is_resent = row.id in self.excused and (row.chat, row.topic) in closed  # by hand, in vain
                assert is_resent or self.state_of(row.chat) is ChatState.GONE, "it is stuck"
            if row.state == "unknown":
                is_kept = row.on_unknown == "park" or row.aside_since is not None
                assert is_kept or self.state_of(row.chat) is ChatState.GONE, "it is not sent again"
            if row.state == "sent" and row.id not in self.excused:
                chat = self.became.get(row.chat, row.chat)
                assert self.accepted[chat, row.topic, row.story], "it was never sent"
            if row.state == "gone":
                assert row.id in self.excused
            if row.state == "skipped":
                assert row.reason


@pytest.mark.slow
def test_nothing_is_lost_sent_twice_or_stuck_whatever_happens(new_database: bytes) -> None:
    machine = type("Rules", (Rules,), {"database": new_database})
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run(
        machine,
        settings=settings(max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=slow),
    )
