"""The servers and clients of the net's tests serve here too, and an office of their own."""

from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from feedbot.demo.botapi import BotApi
from feedbot.net.client import Client
from feedbot.net.guard import Guard
from feedbot.pipeline import Desk, Tools
from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.sources.pack import Packs
from feedbot.store import Store
from feedbot.store.outbox import Outbox
from feedbot.telegram.photos import Photos
from feedbot.telegram.send import Sender
from tests.net.conftest import make_client, server
from tests.pipeline.office import Office
from tests.support import POLICIES
from tests.telegram.test_photos import InThisProcess

__all__ = ["make_client", "office", "server"]


@pytest.fixture
async def office(store: Store, api: BotApi, tmp_path: Path) -> AsyncIterator[Office]:
    pictures: dict[str, bytes] = {}
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        asked.append(name)
        if name not in pictures:
            raise web.HTTPNotFound
        return web.Response(body=pictures[name], content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    guard = Guard([(ip_network("127.0.0.1/32"), port)])
    client = Client(user_agent="feedbot/test", guard=guard, host_gap=timedelta(0), host_concurrency=4)
    photos = Photos(store, client, InThisProcess(), tmp_path / "photos")  # type: ignore[arg-type]
    site = Site(
        store=store,
        shelf=Shelf(),
        feeds_dir=tmp_path / "feeds",
        base_url="http://feeds.example",
        title="Feeds",
        language="en",
        authority="feeds.example",
        entries=50,
        categories={"policies": POLICIES},
    )
    tools = Tools(store, client, InThisProcess(), Packs({}), "feeds.example", photos, site)  # type: ignore[arg-type]
    sender = Sender("123456:TEST", api.url, shrink=photos.shrink)
    await sender.open()
    api.add_group(-1005, "Forum")
    api.add_topic(-1005, 7, "News")
    api.add_topic(-1005, 8, "Other")
    desk = Desk(tools, sender, Outbox(sender.bot_id, probe=True), lambda: made.now)
    made = Office(store, desk, pictures, asked, f"http://127.0.0.1:{port}")
    api.world.clock = lambda: made.now.timestamp()  # noqa: PLW0108  # `now` is moved
    yield made
    await sender.close()
    await client.close()
    await runner.cleanup()
