"""The emulator asked by plain HTTP: what any other client would see."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from feedbot.demo.botapi import BotApi, ManualClock

TOKEN = "123456:TEST"
ADA, NEWS, GROUP = 1001, -1001, -1002


@dataclass(frozen=True)
class Answer:
    """What came back."""

    code: int
    body: Any
    headers: Any

    @property
    def result(self) -> Any:
        """What was asked for."""
        assert self.body["ok"] is True, self.body
        return self.body["result"]

    @property
    def said(self) -> str:
        """Why it was refused."""
        assert self.body["ok"] is False, self.body
        assert self.body["error_code"] == self.code
        return self.body["description"]


@dataclass
class Client:
    """A bot that speaks plain HTTP."""

    api: BotApi
    clock: ManualClock
    session: aiohttp.ClientSession
    token: str = TOKEN

    def url(self, method: str) -> str:
        """Where a method is called."""
        return f"{self.api.url}/bot{self.token}/{method}"

    async def ask(self, name: str, **parameters: Any) -> Answer:
        """Call a method with JSON; JSON in and out."""
        return await self.request("POST", name, json=parameters)

    async def send(self, name: str = "sendMessage", **parameters: Any) -> Answer:
        """Call a method later than every limit asks for."""
        self.clock.advance(100)
        return await self.ask(name, **parameters)

    async def upload(
        self, name: str, files: dict[str, bytes], filename: str = "a.jpg", **fields: Any
    ) -> Answer:
        """Call a method with a multipart body, later than every limit asks for."""
        self.clock.advance(100)
        form = aiohttp.FormData()
        for field, value in fields.items():
            form.add_field(field, value if isinstance(value, str) else json.dumps(value))
        for field, body in files.items():
            form.add_field(field, io.BytesIO(body), filename=filename, content_type="image/jpeg")
        return await self.request("POST", name, data=form)

    async def request(self, verb: str, method: str, **options: Any) -> Answer:
        """One call, read whole."""
        async with self.session.request(verb, self.url(method), **options) as response:
            return Answer(response.status, json.loads(await response.read()), response.headers)


@asynccontextmanager
async def client(**options: Any) -> AsyncIterator[Client]:
    """An emulator with a person, a channel and a group, and a client; the clock stands still."""
    clock = ManualClock()
    api = BotApi(TOKEN, clock=clock, **options)
    api.add_private(ADA, "Ada")
    api.add_channel(NEWS, "News", "news_of_the_day")
    api.add_group(GROUP, "Readers")
    await api.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(api, clock, session)
    finally:
        await api.stop()
