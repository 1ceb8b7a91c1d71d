"""The daemon is killed again and again, at named points and at any moment, while much is to be delivered.

FEEDBOT_KILLS says how often (`make crash`: 100 times); FEEDBOT_SEED what chance does.
"""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from feedbot.demo.botapi import BotApi
from tests.rig import Rig, end, until
from tests.starter import Process
from tests.support import jpeg

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("FEEDBOT_KILLS", "8"))
SEED = int(os.environ.get("FEEDBOT_SEED", "0"))
LONGEST = 10.0  # a point that is not reached until then: the end comes now
POSTING = {"sendmessage", "sendphoto", "sendmediagroup", "senddocument"}
# Of a message: it arrived (and will be accepted, or never), it was accepted, its answer is out. Of the rest:
# the source or a photo is asked for; or so many seconds after the start.
POINTS = ("photo", "arrived", "lost", "accepted", "answered", "later", "feed", "start")


class Source:
    """Feeds that grow: one a category, two of three entries with a photo of its own."""

    def __init__(self, slugs: tuple[str, ...]) -> None:
        self.titles: dict[str, list[str]] = {slug: [] for slug in slugs}
        self.corrected: set[str] = set()
        self.watch: Any = lambda step: None
        self.url = ""
        self._began = datetime.now(UTC) - timedelta(days=1)

    def publish(self, slug: str) -> None:
        """One more entry."""
        self.titles[slug].append(f"{slug}-{len(self.titles[slug]):03d} is the news")

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/{slug}.rss", self._feed)
        app.router.add_get("/photos/{name}.jpg", self._photo)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def _feed(self, request: web.Request) -> web.Response:
        self.watch("feed")
        slug = request.match_info["slug"]
        items = [self._item(slug, at, title) for at, title in enumerate(self.titles[slug])]
        text = f'<rss version="2.0"><channel><title>{slug}</title>{"".join(reversed(items))}</channel></rss>'
        return web.Response(text=text, content_type="application/rss+xml")

    def _item(self, slug: str, at: int, title: str) -> str:
        text = "It was not so" if title in self.corrected else "What happened"
        photo = f'<enclosure url="{self.url}/photos/{slug}-{at}.jpg" type="image/jpeg" length="1"/>'
        return (
            f"<item><title>{title}</title><link>{self.url}/{slug}/{at}</link><guid>{slug}-{at}</guid>"
            f"<pubDate>{format_datetime(self._began + timedelta(minutes=at))}</pubDate>"
            f"<description>{text} at {at} in {slug}.</description>{photo if at % 3 else ''}</item>"
        )

    async def _photo(self, request: web.Request) -> web.Response:
        self.watch("photo")
        name = request.match_info["name"]
        colour = f"#{random.Random(name).randrange(2**24):06x}"
        return web.Response(body=jpeg(300, 200, colour), content_type="image/jpeg")


@dataclass
class Killer:
    """Ends the daemon when a point was passed so many times."""

    api: BotApi
    point: str = ""
    count: int = 0
    number: signal.Signals = signal.SIGKILL
    process: Process | None = None
    passed: asyncio.Event = field(default_factory=asyncio.Event)

    def aim(self, point: str, count: int, process: Process) -> None:
        """Wait for that point."""
        self.point, self.count, self.process = point, count, process
        self.passed.clear()

    def of_call(self, step: str, method: str, _chat: int | None) -> None:
        """A call to the Bot API is one step on."""
        if method in POSTING:
            self.of(
                {("arrived", "lost"): "lost", ("answered", "later"): "later"}.get((step, self.point), step)
            )

    def of(self, step: str) -> None:
        """Something happened: is this the time?"""
        if step != self.point or self.process is None:
            return
        self.count -= 1
        if self.count > 0:
            return
        process, self.process = self.process, None
        if step != "later":
            process.send_signal(self.number)
        if step == "lost":  # it never reaches Telegram
            self.api.fail("*", when="before", how="reset")
        self.passed.set()


@dataclass
class World:
    """Everything around the daemon, and what it must have done at the end."""

    rig: Rig
    source: Source
    chats: dict[int, str]
    killer: Killer
    chance: random.Random
    in_flight: Counter[tuple[int, str]] = field(default_factory=Counter)

    async def crash(self, point: str, number: signal.Signals) -> int:
        """Start the daemon and end it at that point; its code."""
        self.rig.api.faults.clear()
        self.killer.number = number
        process = await self.rig.start("run")
        self.killer.aim(point, 1 if point in {"feed", "photo"} else self.chance.randint(1, 9), process)
        patience = self.chance.uniform(0.0, 0.6) if point == "start" else LONGEST
        try:
            async with asyncio.timeout(patience):
                await self.killer.passed.wait()
            await asyncio.sleep(self.chance.uniform(0.0, 0.02) if point == "later" else 0.0)
        except TimeoutError:
            self.killer.process = None
        done = await end(process, number)
        in_order = number is signal.SIGTERM and point != "start"  # there it may not have begun to listen
        assert done.code in ({0} if in_order else {0, -number}), done.err
        return done.code

    def examine(self) -> dict[str, int]:
        """Look at what the dead left, without touching it: it is sound. How many rows are in each state;
        those that were being sent are noted.
        """
        here, there = self.rig.folder / "var", self.rig.folder / "copy"
        shutil.copytree(here, there, ignore=shutil.ignore_patterns("*-shm"))
        try:
            connection = sqlite3.connect(there / "feedbot.db")
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            query = "SELECT d.chat, d.story FROM deliveries d WHERE d.state = 'sending'"
            for chat, story in connection.execute(query):
                self.in_flight[int(chat), _key(story.rpartition("/")[0], int(story.rpartition("/")[2]))] += 1
            states = dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
            connection.close()
        finally:
            shutil.rmtree(there)
        return states

    def got(self, chat: int) -> list[str]:
        """What a chat got, in order, as keys of entries."""
        posts = (row for row in self.rig.api.ledger if row["method"].casefold() in POSTING)
        return [row["text"].split(" ")[0] for row in posts if row["chat"] == chat]

    def wanted(self, chat: int) -> list[str]:
        """What it must have got, but for what was there at first sight."""
        return [title.split(" ")[0] for title in self.source.titles[self.chats[chat]][1:]]

    def reads(self, chat: int) -> set[str]:
        """What of it the chat's messages tell as it is now."""
        said = [one.get("text") or one["caption"] for one in self.rig.api.messages(chat)]
        titles = self.source.titles[self.chats[chat]]
        return {
            title.split(" ")[0]
            for title in titles
            if any(
                text.startswith(title) and (title not in self.source.corrected or "It was not so" in text)
                for text in said
            )
        }

    def is_done(self) -> bool:
        """Whether everything was delivered, and what was corrected since is told so."""
        return all(set(self.wanted(chat)) <= self.reads(chat) for chat in self.chats)

    def assert_settled(self) -> None:
        """Every row says sent, but for those of what was there at first sight, if it has any."""
        states = self.examine()
        states.pop("skipped", None)
        assert states == {"sent": sum(len(self.wanted(chat)) for chat in self.chats)}

    async def finish(self) -> None:
        """Let the daemon do what is left."""
        self.killer.process = None
        self.rig.api.faults.clear()
        daemon = await self.rig.daemon()
        try:
            await until(self.is_done, lambda: daemon.returncode is not None, 30.0 + 5.0 * KILLS)
        finally:
            done = await end(daemon)
        assert done.code == 0, done.err


def _key(place: str, at: int) -> str:
    return f"{place.rpartition('/')[2]}-{at:03d}"


def _configure(rig: Rig, chats: dict[int, str], slugs: tuple[str, ...], url: str) -> None:
    more = "".join(f'[[category]]\nslug = "{slug}"\ntitle = "{slug.title()}"\n' for slug in slugs)
    sources = "".join(
        f'[[source]]\nid = "{slug}"\nurl = "{url}/{slug}.rss"\ncategory = "{slug}"\ninterval = "1s"\n'
        for slug in slugs
    )
    following = "".join(
        f'[[subscription]]\nchat = "{chat}"\ncategory = "{slug}"\n' for chat, slug in chats.items()
    )
    rig.configure(sources=sources, categories=more, more=following)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A source in several categories, and chats of all kinds: private ones, groups, channels."""
    chance = random.Random(SEED)
    slugs = tuple(f"c{number}" for number in range(2 + KILLS // 12))
    source, api = Source(slugs), BotApi()
    await source.start()
    await api.start()
    chats: dict[int, str] = {}
    for number, slug in enumerate(slugs):
        for at in range(8):
            chat = 1000 + number * 100 + at
            chats[chat if at < 3 else -chat] = slug
            if at < 3:
                api.add_private(chat, f"Reader {at}")
            elif at < 6:
                api.add_group(-chat, f"Group {at}")
            else:
                api.add_channel(-chat, f"Channel {at}")
        source.publish(slug)
    killer = Killer(api)
    api.watch, source.watch = killer.of_call, killer.of
    api.slow(before=0.03, after=0.03)
    rig = Rig(tmp_path, source, api)  # type: ignore[arg-type]
    _configure(rig, chats, slugs, source.url)
    yield World(rig, source, chats, killer, chance)
    await api.stop()
    await source.stop()


async def _go_through(world: World, number: signal.Signals) -> None:
    """End the daemon as often as is asked for, at points in turn, while entries come; then let it finish."""
    slugs = list(world.source.titles)
    assert (await world.rig.command("once")).code == 0  # what is there at first sight is sent to nobody
    points = [point for point in POINTS if point != "lost" or number is signal.SIGKILL]
    for count in range(KILLS if number is signal.SIGKILL else KILLS // 2):
        for slug in slugs * 2 if count == 0 else world.chance.sample(slugs, 1):
            world.source.publish(slug)
        if count == KILLS // 3:  # what was sent is edited, what was not is sent as it is then
            world.source.corrected |= {title for slug in slugs for title in world.source.titles[slug][1:]}
        await world.crash(points[count % len(points)], number)
        states = world.examine()
        if number is signal.SIGTERM:
            assert not {"sending", "unknown"} & set(states), states
    await world.finish()


async def test_killed_at_any_moment_it_loses_nothing_and_repeats_only_what_was_in_flight(
    world: World,
) -> None:
    await _go_through(world, signal.SIGKILL)
    repeated = Counter[tuple[int, str]]()
    for chat in world.chats:
        got = world.got(chat)
        firsts = list(dict.fromkeys(got))
        assert firsts == world.wanted(chat), "something was lost, or out of order"
        repeated += Counter((chat, key) for key in got) - Counter((chat, key) for key in firsts)
    assert repeated <= world.in_flight, "something came twice that was not being sent when the daemon died"
    world.assert_settled()


async def test_ended_in_order_it_repeats_nothing_at_all(world: World) -> None:
    await _go_through(world, signal.SIGTERM)
    for chat in world.chats:
        assert world.got(chat) == world.wanted(chat)
    world.assert_settled()
