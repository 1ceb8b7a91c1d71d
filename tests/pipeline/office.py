"""An outbox, a bot and the pictures of articles, for tests of what is delivered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feedbot.model import Changes, Entry, Photo, SourceState
from feedbot.pipeline import Desk, deliver
from feedbot.store import Store, deliveries, entries, subscriptions
from tests.support import NOW, SOURCE, candidate, new, save_poll, subscription

STATE = SourceState("gazette", next_poll=NOW, last_success=NOW)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Office:
    """A store, a bot and a page of pictures; time is moved by hand."""

    store: Store
    desk: Desk
    pictures: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    now: datetime = NOW

    def subscribe(self, chat: str = "-1001", topic: int = 0, **settings: object) -> None:
        wanted = subscription(chat, **settings)
        wanted = replace(wanted, address=replace(wanted.address, topic=topic))
        self.store.do_now(subscriptions.subscribe, wanted, self.now)

    def publish(self, *made: Entry) -> None:
        save_poll(self.store, SOURCE, new(*made), STATE, self.now)

    def known(self, made: Entry):
        keys = candidate(made).keys
        return self.store.do_now(entries.recall, "gazette", keys).known[keys[0]]

    def correct(self, made: Entry, **changes: object) -> Entry:
        said = replace(made, **changes)
        changed = Changes(updated=((self.known(made), candidate(said)),))
        save_poll(self.store, SOURCE, changed, STATE, self.now)
        return said

    def take_back(self, made: Entry) -> None:
        gone = replace(self.known(made), tombstone_at=self.now)
        save_poll(self.store, SOURCE, Changes(retracted=(gone,)), STATE, self.now)

    def picture(self, name: str, body: bytes) -> Photo:
        self.pictures[name] = body
        return Photo(f"{self.url}/{name}", "A caption", "Gazette")

    async def step(self, chat: str = "-1001"):
        report, _ = await deliver(self.desk, chat, self.now, jitter=0.0)
        return report

    async def all(self, chat: str = "-1001") -> list[str]:
        """Do what is due, and what each came to."""
        found = []
        for _ in range(20):
            report, left = await deliver(self.desk, chat, self.now, jitter=0.0)
            if report:
                found.append(type(report.outcome).__name__)
            elif left is None or left.due_at > self.now:
                break
        return found

    async def everybody(self, chats: Sequence[str]) -> list[list[str]]:
        """Do what is due in each chat at once; who waited for a photo comes again."""
        found: list[list[str]] = [[] for _ in chats]
        for _ in range(3):
            more = await asyncio.gather(*map(self.all, chats))
            found = [came + new for came, new in zip(found, more, strict=True)]
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {state: n for state, n in self.store.do_now(deliveries.counts).items() if n}
