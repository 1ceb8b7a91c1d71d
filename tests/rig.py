"""A whole feedbot for tests: a folder, a sample site, an emulator, and the commands as real processes."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site
from tests.starter import Process

TOKEN = "123456:TEST"
PATIENCE = 30.0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Finished:
    """A process that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


@dataclass
class Rig:
    """One configuration and what stands around it."""

    folder: Path
    site: Site
    api: BotApi
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=lambda: {"FEEDBOT_TELEGRAM__TOKEN": TOKEN})

    @property
    def web(self) -> str:
        """Where the daemon serves."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, *, sources: str | None = None, more: str = "", categories: str = "") -> Path:
        """Write config.toml: the sample site's Policies from its list page."""
        default = f"""
[[source]]
id = "policies"
url = "{self.site.url}/NewsFocus/policies"
kind = "page"
site = "korea-net"
category = "policies"
interval = "1s"
"""
        text = f"""
[feedbot]
base_url = "{self.web}"
title = "Test News"
timezone = "Asia/Seoul"
[web]
listen = "127.0.0.1:{self.port}"
[fetch]
host_gap = "0s"
allow_networks = ["127.0.0.1/32:{self.site.url.rpartition(":")[2]}"]
[telegram]
api_url = "{self.api.url}"
[[category]]
slug = "policies"
title = "Policies"
{categories}
{default if sources is None else sources}
{more}
"""
        path = self.folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBOT_")}
        return inherited | self.environment | dict(more)

    async def start(self, *words: str, **more: str) -> Process:
        """Start a command."""
        config = str(self.folder / "config.toml")
        return Process(("--config", config, *words), self._environment(more), Path.cwd())

    async def command(self, *words: str, **more: str) -> Finished:
        """Run a command to its end."""
        process = await self.start(*words, **more)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        return Finished(process.returncode or 0, out.decode(), err.decode())

    def pass_time(self, seconds: float) -> None:
        """The Bot API's clock goes on as the clock of the next round does."""
        now = self.api.world.clock
        self.api.world.clock = lambda: now() + seconds

    async def once(self, at: str, *words: str) -> Any:
        """One round; its report."""
        done = await self.command("once", "--at", at, "--json", *words)
        assert done.code == 0, done.err
        return done.json

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        """Ask the daemon; the body comes as it was sent, plain unless the headers ask for a coding."""
        asked = {"Accept-Encoding": "identity", **headers}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(self.web + path, headers=asked, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer

    async def daemon(self) -> Process:
        """The daemon, up."""
        process = await self.start("run")

        async def up() -> bool:
            try:
                return (await self.get("/healthz")).status == 200
            except aiohttp.ClientError:
                return False

        await until(up, lambda: process.returncode is not None)
        return process


async def end(process: Process, number: signal.Signals = signal.SIGTERM) -> Finished:
    """End a daemon and read what it said."""
    if process.returncode is None:
        process.send_signal(number)
    async with asyncio.timeout(45):
        out, err = await process.communicate()
    return Finished(process.returncode or 0, out.decode(), err.decode())


async def until(condition: Any, given_up: Any = lambda: False, patience: float = PATIENCE) -> None:
    """Wait for something to become true; fail where it does not within so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert not given_up(), "the process ended"
        assert time.monotonic() < deadline, "it did not become true in time"
        await asyncio.sleep(0.01)
