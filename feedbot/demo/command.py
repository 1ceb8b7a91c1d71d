"""The demo: a sample site and a Bot API emulator on loopback, and the real daemon between them."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site

TOKEN = "123456:DEMO-token-of-the-emulator"  # noqa: S105  # good for the emulator only
CHANNEL, ADA, MINSU = -1001234567890, 1001, 1002
_PATIENCE = 30.0
_DRAIN = 35.0
_CONFIG = """\
# Written by `feedbot demo`. The addresses are those of this run.
[feedbot]
base_url = "{web}"
title = "Saebyeok News"
contact = "https://example.org/contact"
database = "sqlite:///feedbot.db"
feeds_dir = "feeds"
timezone = "Asia/Seoul"

[web]
listen = "{listen}"

[fetch]
allow_networks = ["127.0.0.1/32:{site_port}"]
host_gap = "0s"

[telegram]
api_url = "{api}"

[[category]]
slug = "policies"
title = "Policies"
description = "What the government of Saebyeok decided"

[[category]]
slug = "society"
title = "Society"
description = "How people live there"

[[category]]
slug = "sci-tech"
title = "Sci-Tech"
description = "What they found out"

[[source]]
id = "policies-list"            # a section page without a feed: links are javascript
url = "{site}/NewsFocus/policies"
kind = "page"
site = "korea-net"
category = "policies"
interval = "2s"

[[source]]
id = "society-rss"              # RSS with summaries only: each article is completed from its page
url = "{site}/koreanet/rss/news/3"
site = "korea-net"
category = "society"
interval = "2s"

[[source]]
id = "sci-tech-rss"
url = "{site}/koreanet/rss/news/4"
site = "korea-net"
category = "sci-tech"
interval = "2s"

[[subscription]]
chat = "{channel}"
category = "policies"
latest = 3

[[subscription]]
chat = "{channel}"
category = "sci-tech"
latest = 2
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came through: entries in the feeds, messages, and how many of those with a photo."""

    published: int
    delivered: int
    photos: int

    @property
    def is_good(self) -> bool:
        """Whether articles were published and delivered."""
        return self.published > 0 and self.delivered > 0 and self.photos > 0


def _free_port(wanted: int) -> int:
    """That port, or any other where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    return wanted


async def demo(seconds: float | None) -> int:
    """Show the whole chain until interrupted, or for so many seconds; then 0 if articles came through."""
    site, api = Site(first=8, every=4.0), BotApi(TOKEN)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="feedbot-demo-") as folder:
        await site.start(port=_free_port(8081))
        await api.start(port=_free_port(8082))
        _people(api)
        try:
            return await _between(site, api, Path(folder), stop, seconds)
        finally:
            await api.stop()
            await site.stop()


def _people(api: BotApi) -> None:
    api.add_channel(CHANNEL, "Saebyeok News", "saebyeok_news")
    api.add_private(ADA, "Ada")
    api.add_private(MINSU, "민수", language="ko")
    for person, texts in {
        ADA: ("/start", "/subscribe society", "/subscribe policies"),
        MINSU: ("/start", "/subscribe sci-tech"),
    }.items():
        for text in texts:
            api.say(person, text)


async def _between(site: Site, api: BotApi, folder: Path, stop: asyncio.Event, seconds: float | None) -> int:
    console, port = Console(highlight=False), _free_port(8080)
    web = f"http://127.0.0.1:{port}"
    text = _CONFIG.format(
        web=web,
        listen=f"127.0.0.1:{port}",
        site=site.url,
        site_port=site.url.rpartition(":")[2],
        api=api.url,
        channel=CHANNEL,
    )
    (folder / "config.toml").write_text(text, encoding="utf-8")
    daemon = await _start(folder)
    try:
        if not await _is_up(web, daemon, stop):
            return _failed(console, folder, "The daemon did not start.")
        _welcome(console, web, api.url, site.url, folder)
        ended = await _wait(daemon, stop, seconds)
        outcome = await _outcome(web, api)
    finally:
        await _stop(daemon)
    if ended:
        return _failed(console, folder, "The daemon ended by itself.")
    console.print(
        f"\n{outcome.published} articles in the feeds, {outcome.delivered} messages delivered,"
        f" {outcome.photos} of them with a photo."
    )
    return 0 if outcome.is_good else _failed(console, folder, "Not everything came through.")


async def _start(folder: Path) -> asyncio.subprocess.Process:
    """The real daemon, as `feedbot run` starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBOT_")}
    with (folder / "daemon.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feedbot",
            "--config",
            str(folder / "config.toml"),
            "run",
            env=environment | {"FEEDBOT_TELEGRAM__TOKEN": TOKEN},
            stderr=log,
            start_new_session=True,
        )


async def _is_up(web: str, daemon: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    deadline = time.monotonic() + _PATIENCE
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and daemon.returncode is None and not stop.is_set():
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{web}/healthz") as response:
                    if response.status == 200:
                        return True
            await asyncio.sleep(0.1)
    return False


def _welcome(console: Console, web: str, api: str, site: str, folder: Path) -> None:
    for name, address in (
        ("Feeds", f"{web}/"),
        ("Telegram chats", f"{api}/"),
        ("The news site", f"{site}/"),
        ("The daemon's log", str(folder / "daemon.log")),
    ):
        console.print(f"{name + ':':<18}{address}", soft_wrap=True, markup=False)
    console.print("A new article appears every four seconds. Ctrl-C ends the demo.\n")


async def _wait(daemon: asyncio.subprocess.Process, stop: asyncio.Event, seconds: float | None) -> bool:
    """Wait for the end that was asked for; True if the daemon ended before it."""
    ended, asked = asyncio.create_task(daemon.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, asked}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    died = ended.done()
    ended.cancel()
    await asyncio.gather(asked, ended, return_exceptions=True)
    return died


async def _outcome(web: str, api: BotApi) -> Outcome:
    published = 0
    async with aiohttp.ClientSession() as session:
        for slug in ("policies", "society", "sci-tech"):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{web}/feeds/{slug}.atom") as response:
                    published += (await response.text()).count("<entry")
    sent = [row for row in api.ledger if row["method"].casefold() == "sendphoto"]
    news = [row for row in api.ledger if row["photo"] or row["chat"] == CHANNEL]
    return Outcome(published, len(news), len(sent))


async def _stop(daemon: asyncio.subprocess.Process) -> None:
    if daemon.returncode is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_DRAIN):
            await daemon.wait()
    except TimeoutError:
        daemon.kill()
        await daemon.wait()


def _failed(console: Console, folder: Path, why: str) -> int:
    console.print(f"{why} The end of its log:")
    lines = (folder / "daemon.log").read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines[-15:]:
        console.print(f"  {line}", markup=False, soft_wrap=True)
    return 1
