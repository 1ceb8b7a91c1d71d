"""What is measured, each in a process of its own: our poll, bare clients, feedparser, lemon24/reader.

`python -m bench.contestants NAME PORT FEEDS ROUNDS` prints, as JSON, the CPU ms of a poll in each mood.
"""

import asyncio
import hashlib
import json
import sys
import tempfile
import urllib.request
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.measure import cpu_here, peak_rss
from bench.origin import ENTRIES, document

AT_ONCE = 32
MOODS = ("first", "304", "same", "one new")


class Lab:
    """The origin, and what each mood cost."""

    def __init__(self, port: int, feeds: int, rounds: int) -> None:
        self.base, self.feeds, self.rounds = f"http://127.0.0.1:{port}", feeds, rounds
        self.newest = ENTRIES
        self.cost: dict[str, float] = {}

    def urls(self) -> list[str]:
        """Every feed."""
        return [f"{self.base}/feed/{number}" for number in range(self.feeds)]

    def set(self, mood: str) -> None:
        """Tell the origin how to answer from now on."""
        self.newest += mood == "one new"
        told = json.dumps({"mood": mood, "newest": self.newest, "feeds": self.feeds}).encode()
        asked = urllib.request.Request(f"{self.base}/mood", told, {"Content-Type": "application/json"})
        urllib.request.urlopen(asked).read()

    @property
    def apart(self) -> str:
        """A feed that is asked before anything is measured: programs start and import only once."""
        return f"{self.base}/feed/{self.feeds}"

    @contextmanager
    def timed(self, mood: str, polls: int) -> Iterator[None]:
        """Measure what happens inside, and share it among so many polls."""
        before = cpu_here()
        yield
        self.cost[mood] = self.cost.get(mood, 0.0) + (cpu_here() - before) * 1000 / polls

    def report(self) -> dict[str, Any]:
        """The cost of each mood, and the memory."""
        return {"cost": self.cost, "rss": peak_rss()}


def plan(lab: Lab) -> Iterator[tuple[str, int]]:
    """The moods in their order, and how often all feeds are polled in each."""
    yield "first", 1
    yield "304", lab.rounds
    yield "same", lab.rounds
    yield "one new", max(1, lab.rounds // 2)


async def feedbot(lab: Lab) -> None:
    """Our poll, from the fetch to the commit, worker included."""
    from feedbot.jobs.memory import keep_started  # noqa: PLC0415
    from feedbot.model import Source, SourceState  # noqa: PLC0415
    from feedbot.pipeline import poll  # noqa: PLC0415
    from feedbot.store import Store, sources  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "feedbot.db")
        tools = _tools(store, Path(folder))
        known = [
            Source(f"feed-{at}", url, categories=("news",), interval=timedelta(minutes=15))
            for at, url in enumerate(lab.urls())
        ]
        now = datetime(2026, 1, 29, tzinfo=UTC)
        apart = Source("apart", lab.apart)
        await store.do(sources.add_source, apart)
        await poll(tools, apart, SourceState("apart"), now, jitter=0.0)
        await store.do(sources.remove_source, "apart")
        await store.do(sources.sync_sources, known)
        keep_started()

        async def all_feeds() -> None:
            nonlocal now
            now += timedelta(hours=1)
            room = asyncio.Semaphore(AT_ONCE)

            async def one(source: Source, state: SourceState) -> None:
                async with room:
                    report = await poll(tools, source, state, now, jitter=0.0)
                    if report.error:
                        raise RuntimeError(report.error)

            due = await store.do(sources.due_sources, now)
            await asyncio.gather(*(one(source, state) for source, state in due))

        await _moods(lab, all_feeds)
        await tools.worker.close()
        await tools.client.close()
        await store.close()


def _tools(store: Any, folder: Path) -> Any:
    from ipaddress import ip_network  # noqa: PLC0415

    from feedbot.net.client import Client  # noqa: PLC0415
    from feedbot.net.guard import Guard  # noqa: PLC0415
    from feedbot.pipeline import Tools  # noqa: PLC0415
    from feedbot.sources.packs import load_packs  # noqa: PLC0415
    from feedbot.telegram.photos import Photos  # noqa: PLC0415
    from feedbot.worker import Worker  # noqa: PLC0415

    guard = Guard([(ip_network("127.0.0.1/32"), None)])
    client = Client(user_agent="feedbot/bench", guard=guard, host_gap=timedelta(), host_concurrency=AT_ONCE)
    worker = Worker()
    site: Any = None  # nothing is published here
    return Tools(
        store, client, worker, load_packs(None), "bench", Photos(store, client, worker, folder), site
    )


async def _moods(lab: Lab, all_feeds: Callable[[], Awaitable[None]]) -> None:
    for mood, times in plan(lab):
        for _ in range(times):
            lab.set(mood)
            with lab.timed(mood, lab.feeds * times):
                await all_feeds()


async def bare(lab: Lab) -> None:
    """aiohttp and nothing else; for a body, inflating it and its SHA-256."""
    import aiohttp  # noqa: PLC0415

    etags: dict[str, str] = {}
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def one(url: str) -> None:
            headers = {
                "If-None-Match": etags.get(url, ""),
                "If-Modified-Since": "Thu, 01 Jan 2026 10:00:00 GMT",
            }
            async with session.get(url, headers=headers) as answer:
                etags[url] = answer.headers["ETag"]
                body = await answer.read()
                if answer.status == 200:
                    hashlib.sha256(zlib.decompress(body, 31)).hexdigest()

        async def all_feeds() -> None:
            room = asyncio.Semaphore(AT_ONCE)

            async def held(url: str) -> None:
                async with room:
                    await one(url)

            await asyncio.gather(*(held(url) for url in lab.urls()))

        await _moods(lab, all_feeds)


async def feedparser(lab: Lab) -> None:
    """feedparser.parse with its defaults, on the same body."""
    import feedparser as parser  # noqa: PLC0415

    bodies = [document(feed, ENTRIES) for feed in range(min(lab.feeds, 10))]
    parser.parse(bodies[0])
    with lab.timed("one new", len(bodies)):
        for body in bodies:
            parser.parse(body)


async def reader(lab: Lab) -> None:
    """lemon24/reader with its defaults, on a database of its own."""
    from reader import make_reader  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        made = make_reader(str(Path(folder) / "reader.sqlite"))
        made.add_feed(lab.apart)
        made.update_feed(lab.apart)
        made.delete_feed(lab.apart)
        for url in lab.urls():
            made.add_feed(url)

        async def all_feeds() -> None:
            for result in made.update_feeds_iter(scheduled=False):
                if isinstance(result.value, Exception):
                    raise result.value

        await _moods(lab, all_feeds)
        made.close()


def main() -> None:
    """Run one contestant."""
    name, port, feeds, rounds = sys.argv[1], *map(int, sys.argv[2:5])
    lab = Lab(port, feeds, rounds)
    contestant = {"feedbot": feedbot, "bare": bare, "feedparser": feedparser, "reader": reader}[name]
    if name in {"feedbot", "bare"}:
        import uvloop  # noqa: PLC0415

        uvloop.run(contestant(lab))
    else:
        asyncio.run(contestant(lab))
    sys.stdout.write(json.dumps(lab.report()) + "\n")


if __name__ == "__main__":
    main()
