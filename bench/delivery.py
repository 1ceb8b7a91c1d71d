"""What a message costs: the real lane and outbox against the Bot API emulator, beside the bare library."""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

TOKEN = "123456:BENCH"
RATE = 25  # messages a second, as configured where nothing is
SLOWEST = 1.1  # times the bound: so long one article takes to reach everybody
DEAREST = 1.5  # times the CPU of the bare call
_QUICK = 5000  # messages a second where CPU is measured and not waiting
_AT_ONCE = 32
_ROUNDS = 4
_FIRST_CHAT = 100_000
_PHOTO = "https://gazette.example/lead.jpg"
_HASH = "0" * 64


@contextmanager
def emulator(chats: int, *, limits: bool) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """The Bot API in a process of its own; where it is, and the id of a photo that it has."""
    words = [sys.executable, "-m", "bench.delivery", "--serve", str(chats), *([] if limits else ["--lax"])]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)


def report_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What the emulator saw so far."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


async def _serve(chats: int, *, limits: bool) -> None:
    """Be the Bot API, until the standard input ends; each line of it is answered with what was seen."""
    from io import BytesIO  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    from feedbot.demo.botapi import BotApi  # noqa: PLC0415

    api = BotApi(TOKEN, enforce_limits=limits)
    for number in range(chats):
        api.add_private(_FIRST_CHAT + number, "Reader")
    body = BytesIO()
    Image.new("RGB", (1280, 800), "teal").save(body, "JPEG")
    photo = api.world.media.add_photo(body.getvalue(), "lead.jpg")
    arrived: list[float] = []

    def watch(step: str, method: str, _chat: int | None) -> None:
        if step == "arrived" and method.startswith("send"):
            arrived.append(time.monotonic())

    api.watch = watch
    await api.start()
    _say({"url": api.url, "photo": api.world.media.new_id(api.bot.id, photo)})
    while await asyncio.to_thread(sys.stdin.readline):
        _say(
            {
                "calls": len(arrived),
                "most": most_in(arrived, 1.0),
                "accepted": len({(one["chat"], one["text"]) for one in api.ledger}),
                "messages": len(api.ledger),
                "refused": api.refusals_429,
            }
        )
    await api.stop()


def most_in(times: list[float], seconds: float) -> int:
    """The most that came in any window of so many seconds."""
    window: deque[float] = deque()
    most = 0
    for at in times:
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _known(now: datetime) -> Any:
    """The photo, as if it had been fetched."""
    from feedbot.store.photos import PhotoFile  # noqa: PLC0415

    return PhotoFile(_PHOTO, now, _HASH, "image/jpeg", 1280, 800, 9)


@dataclass(slots=True)
class _Sending:
    """A daemon's lane without its ticks: so many people follow one category."""

    app: Any
    lane: Any
    chats: int
    articles: int = 0

    async def publish(self) -> Any:
        """One more article, with its deliveries."""
        from feedbot.model import Announce, Author, Candidate, Changes, Entry, Photo, Precision  # noqa: PLC0415
        from feedbot.rules.health import Health  # noqa: PLC0415
        from feedbot.rules.normalise import digest_of  # noqa: PLC0415
        from feedbot.store import entries, sources  # noqa: PLC0415

        self.articles += 1
        number, now = self.articles, datetime.now(UTC)
        said = f"The council of harbour {number} decided that photographs of the old bridge are kept. " * 4
        url = f"https://gazette.example/articles/{number}"
        photo = Photo(_PHOTO, "The old bridge at low tide", "Gazette Pictures")
        entry = Entry(
            id=f"tag:gazette.example,2026:{number}",
            url=url,
            title=f"Harbour {number} keeps its photographs",
            summary=said,
            content_html=f"<p>{said}</p>",
            content_text=said,
            authors=(Author("Ada Byron", None),),
            categories=("News",),
            language="en",
            published=now,
            published_precision=Precision.SECOND,
            updated=None,
            first_seen=now,
            photo=photo,
            photos=(photo,),
            enclosures=(),
            related=(),
            source_id="gazette",
            provenance={},
        )
        store, source = self.app.tools.store, self.app.sources["gazette"]
        before = (await store.do(sources.get_source, "gazette"))[1]
        after = replace(before, next_poll=now + timedelta(days=1), last_success=now)
        told = Candidate(entry, (f"guid:{entry.id}",), url, ("news",), digest_of(entry))
        changes = Changes(((told, Announce.PUSH),))
        saved = await store.do(
            entries.save_poll, source, changes, before, after, now, sources.Reading(Health())
        )
        assert saved.planned == self.chats, saved
        self.lane.wake()
        return entry

    async def deliver(self) -> tuple[float, float]:
        """The seconds until everybody has it, and the CPU seconds."""
        began, used, before = time.monotonic(), _cpu(), self.lane.delivered
        await self.lane.run_until_idle(3600)
        assert self.lane.delivered - before == self.chats, self.lane.delivered
        return time.monotonic() - began, _cpu() - used


async def _send(told: dict[str, Any], chats: int, rate: int, rounds: int) -> None:
    """Send so many articles to all, each beside as many bare calls; in a process of its own."""
    from feedbot.app import open_app, wall_clock  # noqa: PLC0415
    from feedbot.config import load  # noqa: PLC0415
    from feedbot.jobs.observe import Observer  # noqa: PLC0415
    from feedbot.jobs.sending import Lane  # noqa: PLC0415
    from feedbot.model import Address, Subscription  # noqa: PLC0415
    from feedbot.rules.pace import Pacer  # noqa: PLC0415
    from feedbot.store import photos, subscriptions  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="feedbot-bench-") as folder:
        (Path(folder) / "config.toml").write_text(
            f'[feedbot]\nbase_url = "http://127.0.0.1:1"\n[telegram]\napi_url = "{told["url"]}"\n'
            '[[category]]\nslug = "news"\ntitle = "News"\n'
            '[[source]]\nid = "gazette"\nurl = "https://gazette.example/feed"\ncategory = "news"\n'
        )
        observer = Observer()
        async with open_app(load(Path(folder) / "config.toml"), wall_clock, observer) as app:
            store, now = app.tools.store, datetime.now(UTC)
            for number in range(chats):
                wanted = Subscription(0, Address(str(_FIRST_CHAT + number)), "news")
                await store.do(subscriptions.subscribe, wanted, now)
            await store.do(photos.save_photo, _known(now))
            await store.do(photos.save_file_id, TOKEN.partition(":")[0], _HASH, told["photo"])
            (Path(folder) / "photos").mkdir(exist_ok=True)
            (Path(folder) / "photos" / _HASH).touch()
            lane = Lane(app.tools, app.sender, Pacer(rate), observer, wall_clock)
            sending = _Sending(app, lane, chats)
            ours, bare, seconds = [], [], 0.0
            for _ in range(rounds):
                entry = await sending.publish()
                seconds, used = await sending.deliver()
                ours.append(used * 1000 / chats)
                if rate == _QUICK:
                    bare.append(await _bare(told, entry, chats) * 1000 / chats)
            _say({"seconds": seconds, "ours": ours, "bare": bare})


async def _bare(told: dict[str, Any], entry: Any, chats: int) -> float:
    """CPU seconds of the library's own call with the same photo and text, over the same transport."""
    from telegram import Bot, MessageEntity  # noqa: PLC0415

    from feedbot.telegram.message import Form, compose  # noqa: PLC0415
    from feedbot.telegram.transport import Transport  # noqa: PLC0415

    message = compose(entry, {"news": "News"}, Form(language="en"), photo=True)
    spans = [MessageEntity(one.type, one.offset, one.length, url=one.url) for one in message.spans]
    people = iter(range(_FIRST_CHAT, _FIRST_CHAT + chats))
    async with Bot(TOKEN, base_url=f"{told['url']}/bot", request=Transport(64)) as bot:

        async def sender() -> None:
            for chat in people:
                await bot.send_photo(chat, told["photo"], caption=message.text, caption_entities=spans)

        used = _cpu()
        await asyncio.gather(*(sender() for _ in range(_AT_ONCE)))
        return _cpu() - used


def _run_sender(told: dict[str, Any], chats: int, rate: int, rounds: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "bench.delivery", "--send", json.dumps(told)]
    words += ["--chats", str(chats), "--rate", str(rate), "--rounds", str(rounds)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBOT_")}
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"FEEDBOT_TELEGRAM__TOKEN": TOKEN},
    )
    if done.returncode:
        sys.exit(f"the sender failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_delivery(console: Console, chats: int = 500) -> int:
    """Measure and print; how many targets were missed."""
    with emulator(chats, limits=True) as (process, told):
        sent = _run_sender(told, chats, RATE, 1)
        seen = report_of(process)
    bound = (chats - RATE) / RATE
    slow = sent["seconds"] / bound
    missed = [slow > SLOWEST, seen["most"] > RATE, seen["refused"] > 0, seen["accepted"] != chats]
    console.print(
        f"\nOne article to {chats} people at {RATE} a second: {sent['seconds']:.1f} s, {slow:.3f} of the"
        f" bound (to reach {SLOWEST}); at most {seen['most']} calls in a second, {seen['refused']} answered"
        f" with 429, {seen['messages']} messages; {sent['ours'][0]:.2f} ms of CPU a message"
    )
    with emulator(chats, limits=False) as (_, told):
        cost = _run_sender(told, chats, _QUICK, _ROUNDS)
    ours, bare = (sorted(cost[name])[len(cost[name]) // 2] for name in ("ours", "bare"))
    missed.append(ours / bare > DEAREST)
    console.print(
        f"CPU ms a message as fast as it goes, outbox included: {ours:.2f}; the library's bare call over the"
        f" same transport: {bare:.2f}; ratio {ours / bare:.2f} (to reach {DEAREST})"
    )
    return sum(missed)


def main() -> None:
    """Measure and print, or be one of the processes."""
    options = argparse.ArgumentParser(prog="bench.delivery", description=__doc__)
    options.add_argument("--chats", type=int, default=500)
    options.add_argument("--serve", type=int, metavar="CHATS")
    options.add_argument("--lax", action="store_true", help="of --serve: no limits")
    options.add_argument("--send", metavar="TOLD")
    options.add_argument("--rate", type=int, default=RATE)
    options.add_argument("--rounds", type=int, default=1)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(_serve(chosen.serve, limits=not chosen.lax))
    elif chosen.send:
        import uvloop  # noqa: PLC0415

        from feedbot.jobs.logs import set_up_logging  # noqa: PLC0415

        set_up_logging()
        uvloop.run(_send(json.loads(chosen.send), chosen.chats, chosen.rate, chosen.rounds))
    else:
        sys.exit(1 if print_delivery(Console(width=100), chosen.chats) else 0)


if __name__ == "__main__":
    main()
