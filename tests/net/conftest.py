"""Servers on loopback and clients that may reach them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from feedbot.net.client import Client
from feedbot.net.guard import Guard
from tests.net.raw import RawServer, guard_for


def no_lookup(host: str, *_: object, **__: object) -> list[Any]:
    """Tests look up no names."""
    raise OSError(f"a test asked for {host}")


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    """A scripted server."""
    made = RawServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def other() -> AsyncIterator[RawServer]:
    """A second server: another origin."""
    made = RawServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def make_client() -> AsyncIterator[Callable[..., Client]]:
    """Makes clients, and closes them."""
    made: list[Client] = []

    def make(guard: Guard, **options: Any) -> Client:
        options.setdefault("lookup", no_lookup)
        options.setdefault("host_gap", timedelta())
        options.setdefault("host_concurrency", 2)
        made.append(
            Client(
                user_agent="feedbot/9 (+https://operator.example/contact)",
                guard=guard,
                **options,
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.close()
    await asyncio.sleep(0)


@pytest.fixture
def client(server: RawServer, other: RawServer, make_client: Callable[..., Client]) -> Client:
    """A client that reaches both servers."""
    return make_client(guard_for(server, other))
