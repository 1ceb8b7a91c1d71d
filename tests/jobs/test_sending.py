"""The lane over a real store and the emulator: nothing in doubt at its end, no clock that stalls it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feedbot.app import App, open_app
from feedbot.config import load
from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.errors import StoreError
from feedbot.jobs.observe import Observer
from feedbot.jobs.sending import SLOW, Lane
from feedbot.model import Address, Message, Photo, Subscription
from feedbot.rules.health import Health
from feedbot.rules.pace import Pacer
from feedbot.store import clock, deliveries, entries, sources, subscriptions
from tests.rig import TOKEN, until
from tests.support import SOURCE, entry, jpeg, new

deliver_step = import_module("feedbot.pipeline.deliver")  # the package shows the function of that name
CONFIG = """
[fetch]
allow_networks = ["127.0.0.1/32"]
[telegram]
api_url = "{url}"
[[category]]
slug = "policies"
title = "Policies"
[[source]]
id = "gazette"
url = "https://gazette.example/feed"
category = "policies"
"""


@dataclass
class Rig:
    app: App
    api: BotApi
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def lane(self, rate: int = 1000, slow: float = SLOW) -> Lane:
        assert self.app.sender is not None
        return Lane(self.app.tools, self.app.sender, Pacer(rate), Observer(), self.now, slow=slow)

    async def fill(self, people: int, *articles: int, photo: Photo | None = None) -> None:
        store, now = self.app.tools.store, self.now()
        for number in range(people):
            self.api.add_private(1001 + number, "Ada")
            wanted = Subscription(0, Address(str(1001 + number)), "policies")
            await store.do(subscriptions.subscribe, wanted, now)
        before = (await store.do(sources.get_source, "gazette"))[1]
        after = replace(before, next_poll=now + timedelta(days=1), last_success=now)
        made = (entry(number, first_seen=now) for number in articles)
        found = new(*(replace(one, photo=photo, photos=(photo,)) if photo else one for one in made))
        await store.do(entries.save_poll, SOURCE, found, before, after, now, sources.Reading(Health()))

    async def counts(self) -> dict[str, int]:
        found = await self.app.tools.store.do(deliveries.counts)
        return {state: count for state, count in found.items() if count}


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN", TOKEN)
    api = BotApi(TOKEN, enforce_limits=False)
    await api.start()
    (tmp_path / "config.toml").write_text(CONFIG.format(url=api.url))
    async with open_app(load(tmp_path / "config.toml"), lambda: datetime.now(UTC), Observer()) as app:
        yield Rig(app, api)
    await api.stop()


@dataclass
class SlowSite:
    """Has one photo, and gives it when it is let."""

    url: str = ""
    asked: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await self.go_on.wait()
        return web.Response(body=jpeg(), content_type="image/jpeg")


@pytest.fixture
async def slow_site() -> AsyncIterator[SlowSite]:
    site, app = SlowSite(), web.Application()
    app.router.add_get("/lead.jpg", site.answer)
    async with TestServer(app, host="127.0.0.1") as served:
        site.url = str(served.make_url("/lead.jpg"))
        yield site
        site.go_on.set()


async def test_all_calls_that_are_in_flight_end_and_none_is_in_doubt(rig: Rig) -> None:
    await rig.fill(40, 1)
    rig.api.slow(after=0.3)
    lane = rig.lane()
    running = asyncio.create_task(lane.run())
    await until(lambda: len(rig.api.ledger) >= 25)
    await lane.stop(20)
    await running
    sent = len(rig.api.ledger)
    assert sent >= 25
    assert await rig.counts() == {"sent": sent} | ({"pending": 40 - sent} if sent < 40 else {})


async def test_chats_that_never_answer_hold_up_no_others(rig: Rig) -> None:
    await rig.fill(140, 1)
    for number in range(100):
        rig.api.fail("sendMessage", how="silence", chat_id=1001 + number, times=9)
    lane = rig.lane(slow=0.1)
    running = asyncio.create_task(lane.run())
    await until(lambda: lane.delivered == 40)
    await lane.stop(0)
    await running
    assert await rig.counts() == {"sent": 40, "unknown": 100}


async def test_a_photo_that_takes_its_time_holds_up_no_other_article(rig: Rig, slow_site: SlowSite) -> None:
    await rig.fill(60, 1, photo=Photo(slow_site.url))
    lane = rig.lane()
    running = asyncio.create_task(lane.run())
    await until(lambda: slow_site.asked > 0)
    for number in range(20):
        rig.api.add_private(5001 + number, "Grace")
        wanted = Subscription(0, Address(str(5001 + number)), "policies")
        await rig.app.tools.store.do(subscriptions.subscribe, wanted, rig.now())
    await rig.fill(0, 2)
    lane.wake()
    await until(lambda: len(rig.api.ledger) == 20)
    slow_site.go_on.set()
    await until(lambda: len(rig.api.ledger) == 140)
    await lane.stop(5)
    await running
    assert slow_site.asked == 1
    assert len([call for call in rig.api.calls if call["method"] == "sendPhoto"]) == 60


async def test_a_fault_of_ours_leaves_no_message_as_being_sent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chat would seem busy until the next start."""
    compose = deliver_step.compose

    def failing(*_args: object, **_how: object) -> Message:
        monkeypatch.setattr(deliver_step, "compose", compose)
        raise RuntimeError("nobody thought of that")

    monkeypatch.setattr(deliver_step, "compose", failing)
    await rig.fill(1, 1, 2)
    await rig.lane().run_until_idle(0.5)
    assert await rig.counts() == {"pending": 1, "unknown": 1}
    rig.ahead = timedelta(seconds=10)
    await rig.lane().run_until_idle(5)
    assert await rig.counts() == {"sent": 2}
    assert ["Article 1" in str(one) for one in rig.api.ledger] == [True, False]


async def test_a_bot_whose_token_was_refused_sends_again_when_it_works(rig: Rig) -> None:
    await rig.fill(3, 1)
    pacer = Pacer(1000)
    lane = Lane(rig.app.tools, rig.app.sender, pacer, Observer(), rig.now)
    rig.api.fail("*", how="error", error=ApiError(401, "Unauthorized"), times=99)
    await lane.run_until_idle(0.5)
    assert 50 < pacer.bot_ready_at() - time.monotonic() < 61
    assert lane.stopped == "the Bot API refuses the token: Unauthorized"
    assert await rig.counts() == {"pending": 3}


@pytest.mark.parametrize("days", [1, -1])
async def test_a_clock_that_is_set_by_a_day_stalls_nothing(rig: Rig, days: int) -> None:
    await rig.fill(3, 1)
    lane = rig.lane()
    await lane.begin()
    rig.ahead = timedelta(days=days)
    await lane.run_until_idle(10)
    assert await rig.counts() == {"sent": 3}


@pytest.mark.parametrize("days", [1, -1])
async def test_a_clock_that_is_set_while_a_call_is_in_flight_changes_no_wait(rig: Rig, days: int) -> None:
    await rig.fill(1, 1)
    lane, sender = rig.lane(), rig.app.sender
    ask = sender.ask

    async def refused_a_day_later(method: str, fields: dict[str, object]) -> object:
        rig.ahead = timedelta(days=days)
        await lane.wall.notice()
        return await ask(method, fields)

    sender.ask = refused_a_day_later  # type: ignore[method-assign]
    rig.api.fail("sendMessage", how="error", error=ApiError(429, "Too Many Requests", retry_after=9))
    await lane.run_until_idle(0.5)
    [(_, until)] = await rig.app.tools.store.do(deliveries.closed_chats, rig.now())
    assert 8 < (until - rig.now()).total_seconds() < 11


async def test_a_clock_that_was_set_back_before_the_start_stalls_nothing(rig: Rig) -> None:
    await rig.fill(3, 1)
    await (first := rig.lane()).run_until_idle(10)
    await first.stop(1)
    await rig.fill(0, 2)
    rig.ahead = timedelta(days=-1)
    await rig.app.tools.store.do(clock.may_have_been_set, rig.now())
    lane = rig.lane()
    await lane.begin()
    await lane.run_until_idle(10)
    assert await rig.counts() == {"sent": 6}


async def test_what_waits_for_a_group_goes_to_the_supergroup_that_it_became_at_once(rig: Rig) -> None:
    rig.api.add_group(-5, "Readers")
    await rig.app.tools.store.do(
        subscriptions.subscribe, Subscription(0, Address("-5"), "policies"), rig.now()
    )
    await rig.fill(0, 1)
    rig.api.migrate(-5, -1005)
    await rig.lane().run_until_idle(10)
    assert await rig.counts() == {"sent": 1}


async def test_what_is_planned_while_the_lane_runs_is_sent(rig: Rig) -> None:
    await rig.fill(2, 1)
    lane = rig.lane()
    running = asyncio.create_task(lane.run())
    await until(lambda: len(rig.api.ledger) == 2)
    await rig.fill(0, 2)
    lane.wake()
    await until(lambda: len(rig.api.ledger) == 4)
    await lane.stop(5)
    await running
    assert await rig.counts() == {"sent": 4}


async def test_a_database_that_refuses_for_a_moment_loses_nothing_and_sends_nothing_twice(rig: Rig) -> None:
    """What Telegram said is written when the database takes it again."""
    await rig.fill(5, 1)
    store, refused = rig.app.tools.store, 0
    do = store.do

    async def refusing(unit, *args, **kwargs):
        nonlocal refused
        if getattr(unit, "__name__", "") == "record" and refused < 3:
            refused += 1
            raise StoreError("database is locked")
        return await do(unit, *args, **kwargs)

    store.do = refusing  # type: ignore[method-assign]
    lane = rig.lane()
    await lane.run_until_idle(20)
    store.do = do  # type: ignore[method-assign]
    assert refused == 3
    assert (await rig.counts(), len(rig.api.ledger)) == ({"sent": 5}, 5)


async def test_a_lane_whose_outbox_cannot_be_read_goes_on_when_it_can(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedbot.jobs.observe._FIRST_PAUSE", 0.2)
    await rig.fill(2, 1)
    store, refused = rig.app.tools.store, 0
    do = store.do

    async def refusing(unit, *args, **kwargs):
        nonlocal refused
        if getattr(unit, "__name__", "") == "waiting" and refused < 1:
            refused += 1
            raise StoreError("database is locked")
        return await do(unit, *args, **kwargs)

    store.do = refusing  # type: ignore[method-assign]
    lane = rig.lane()
    running = asyncio.create_task(lane.run())
    await until(lambda: len(rig.api.ledger) == 2)
    await lane.stop(5)
    await running
    assert (await rig.counts(), refused) == ({"sent": 2}, 1)


async def test_a_channel_that_is_known_by_name_is_known_by_number_before_anything_goes_there(
    rig: Rig,
) -> None:
    rig.api.add_channel(-100_123, "News", "News")
    store = rig.app.tools.store
    for chat in ("@news", "-100123", "@nobody"):
        await store.do(subscriptions.subscribe, Subscription(0, Address(chat), "policies"), rig.now())
    await rig.fill(0, 1)
    lane = rig.lane()
    await lane.run_until_idle(10)
    assert [one["chat"] for one in rig.api.ledger] == [-100_123]
    known = await store.do(subscriptions.all_subscriptions)
    assert [(one.address.chat, one.name) for one, _ in known] == [("-100123", "@news"), ("@nobody", None)]
