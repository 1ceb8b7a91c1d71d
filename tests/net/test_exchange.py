"""Hosts with answers that hang, and with others that are worth waiting for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from feedbot.errors import FetchError, HostBusyError
from feedbot.net import habits
from feedbot.net.client import Client
from tests.net.ask import BODY, FEED
from tests.net.raw import RawServer, answer, guard_for
from tests.net.reader import BusyReader


async def hang(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_what_hangs_gives_way_where_several_wait_that_nobody_has_met(
    server: RawServer, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(habits, "_FIRST_SECONDS", 0.05)
    client = make_client(guard_for(server), host_concurrency=1)
    url = server.on("/hangs", hang)
    hanging = asyncio.create_task(client.get(url, limit=FEED, whose="hangs"))
    await asyncio.sleep(0)
    good = [client.get(server.on(f"/{at}", answer(body=BODY)), limit=FEED, whose=str(at)) for at in range(5)]
    assert [found.body for found in await asyncio.gather(*good)] == [BODY] * 5
    with pytest.raises(HostBusyError, match="in the time that others could wait"):
        await hanging
    assert not client.is_asking("hangs")
    assert client.expected("hangs") >= 0.05


async def test_what_hangs_has_its_time_where_nobody_waits(
    server: RawServer, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(habits, "_FIRST_SECONDS", 0.02)
    client = make_client(guard_for(server), host_concurrency=1)
    with pytest.raises(FetchError, match=r"within 0\.2 s"):
        await client.get(server.on("/hangs", hang), limit=replace(FEED, seconds=0.2), whose="hangs")


async def test_a_body_that_waits_for_us_holds_no_place_at_its_host(
    server: RawServer, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = BusyReader()
    client = make_client(guard_for(server), host_concurrency=1, reader=reader)
    monkeypatch.setattr("feedbot.net.gate._LOOK_SECONDS", 0.01)
    large = server.on("/large", answer(body=b"x" * 200_000))
    waiting = asyncio.create_task(client.get(large, limit=FEED, whose="large"))
    while not server.requests:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    other = await client.get(server.on("/feed", answer(body=BODY)), limit=FEED, whose="other")
    assert other.body == BODY
    assert not client.is_asking("large")
    reader.room.set()
    assert len((await waiting).body) == 200_000
