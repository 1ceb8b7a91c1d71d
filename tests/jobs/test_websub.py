"""Our own hub and the operator's, as a subscriber and a hub that are not feedbot see them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import Connection

from feedbot.rules.websub import Wish
from feedbot.store import hub as records
from tests.peers import TOPIC, Hub, Subscriber, World, feedbot, serving
from tests.support import NOW

ONE, TWO, THREE = b"<feed>one</feed>", b"<feed>two</feed>", b"<feed>three</feed>"


@pytest.fixture
async def reader() -> AsyncIterator[Subscriber]:
    made = Subscriber()
    async with serving(made):
        yield made


@pytest.fixture
async def world(tmp_path: Path, reader: Subscriber) -> AsyncIterator[World]:
    """A feedbot that is its own hub, with one document."""
    async with feedbot(tmp_path, reader, hub="self") as made:
        made.document(ONE)
        await made.settle()
        yield made


async def subscribed(world: World, reader: Subscriber, **fields: str) -> None:
    status, told = await world.ask(**{"hub_callback": reader.callback(), **fields})
    assert status == 202, told
    await world.settle()
    assert await world.count("websub_subscribers") == 1


async def test_a_subscription_is_verified_and_then_gets_what_changes(world: World, reader: Subscriber):
    status, _ = await world.ask(
        hub_callback=reader.callback("/cb?mine=1"), hub_secret="Räuber", hub_lease_seconds="86400"
    )
    assert (status, reader.asked) == (202, [])
    await world.settle()
    asked = reader.asked[0]
    assert len(asked.pop("hub.challenge")) >= 32
    assert asked == {
        "path": "/cb",
        "mine": "1",
        "hub.mode": "subscribe",
        "hub.topic": world.base_url + TOPIC,
        "hub.lease_seconds": "86400",
    }
    assert reader.pushes == []
    world.document(TWO)
    await world.settle()
    (push,) = reader.pushes
    assert push.body == TWO
    assert push.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert push.headers["link"] == f'<{world.base_url}/hub>; rel="hub", <{world.base_url}{TOPIC}>; rel="self"'
    assert push.headers["x-hub-signature"].startswith("sha256=")
    assert push.is_signed_with("Räuber")
    await world.settle()
    assert len(reader.pushes) == 1


async def test_without_a_secret_nothing_is_signed(world: World, reader: Subscriber):
    await subscribed(world, reader)
    world.document(TWO)
    await world.settle()
    assert "x-hub-signature" not in reader.pushes[0].headers


async def test_equal_bytes_and_other_feeds_are_not_pushed(world: World, reader: Subscriber):
    await subscribed(world, reader)
    world.document(ONE)
    world.document(TWO, "/feeds/other.atom")
    world.document(TWO, "/feeds/policies/archive/1.atom")
    await world.settle()
    assert reader.pushes == []


async def test_who_does_not_echo_the_challenge_exactly_is_not_subscribed(world: World, reader: Subscriber):
    answers = ["", "wrong", "{}\n", " {}", "{}{}"]

    async def other(request: web.Request) -> web.Response:
        answer = answers[int(request.path[1:])]
        return web.Response(text=answer.replace("{}", request.query["hub.challenge"]))

    reader.on_get = other
    for number in range(len(answers)):
        await world.ask(hub_callback=reader.callback(f"/{number}"))
        await world.settle()
        world.later(minutes=1)
    world.document(TWO)
    await world.settle()
    assert (len(reader.asked), reader.pushes) == (len(answers), [])
    assert await world.count("websub_subscribers") == 0


async def test_no_other_answer_is_a_yes_and_no_redirect_is_followed(world: World, reader: Subscriber):
    statuses = [301, 302, 307, 308, 404, 410, 500]

    async def other(request: web.Request) -> web.Response:
        where = {"Location": f"/else?{request.query_string}"}
        return web.Response(status=int(request.path[1:]), text=request.query["hub.challenge"], headers=where)

    reader.on_get = other
    for status in statuses:
        await world.ask(hub_callback=reader.callback(f"/{status}"))
        await world.settle()
        world.later(minutes=1)
    assert [asked["path"] for asked in reader.asked] == [f"/{status}" for status in statuses]
    assert await world.count("websub_subscribers") == 0


async def test_a_challenge_that_never_ends_is_no_challenge(world: World, reader: Subscriber):
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(request.query["hub.challenge"].encode())
        while True:
            await answer.write(b"x" * 65_536)
        return answer

    reader.on_get = endless
    await world.ask(hub_callback=reader.callback())
    await world.settle()
    assert await world.count("websub_subscribers") == 0


async def test_a_renewal_takes_the_place_of_what_was_there(world: World, reader: Subscriber):
    await subscribed(world, reader, hub_secret="old")
    world.later(days=9)
    await subscribed(world, reader, hub_secret="new")
    world.later(days=9)
    world.document(TWO)
    await world.settle()
    assert [push.is_signed_with("new") for push in reader.pushes] == [True]


async def test_a_renewal_that_nobody_confirms_changes_nothing(world: World, reader: Subscriber):
    """Or a stranger could change the secret of a subscription."""
    await subscribed(world, reader, hub_secret="mine")

    async def no(_: web.Request) -> web.Response:
        return web.Response(status=404)

    reader.on_get = no
    await world.ask(hub_callback=reader.callback(), hub_secret="theirs")
    await world.ask(hub_callback=reader.callback(), hub_mode="unsubscribe")
    await world.settle()
    world.document(TWO)
    await world.settle()
    assert [push.is_signed_with("mine") for push in reader.pushes] == [True]


async def test_who_unsubscribes_is_asked_and_then_left_alone(world: World, reader: Subscriber):
    await subscribed(world, reader)
    assert (await world.ask(hub_callback=reader.callback(), hub_mode="unsubscribe"))[0] == 202
    await world.settle()
    assert reader.asked[-1]["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in reader.asked[-1]
    world.document(TWO)
    await world.settle()
    assert (reader.pushes, await world.count("websub_subscribers")) == ([], 0)


async def test_a_lease_ends(world: World, reader: Subscriber):
    await subscribed(world, reader, hub_lease_seconds="3600")
    world.later(minutes=61)
    world.document(TWO)
    await world.settle()
    await world.websub.keep_house()
    assert (reader.pushes, await world.count("websub_subscribers")) == ([], 0)


async def test_a_callback_that_fails_is_tried_again_and_gets_the_newest_only(
    world: World, reader: Subscriber
):
    await subscribed(world, reader)

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500)

    reader.on_post = broken
    world.document(TWO)
    await world.settle()
    world.document(THREE)
    await world.settle()
    assert [push.body for push in reader.pushes] == [TWO]
    reader.on_post = None
    world.later(seconds=31)
    await world.settle()
    assert [push.body for push in reader.pushes] == [TWO, THREE]
    world.later(days=1)
    await world.settle()
    assert len(reader.pushes) == 2


async def test_a_callback_that_asks_to_wait_is_left_alone_so_long(world: World, reader: Subscriber):
    await subscribed(world, reader)

    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "600"})

    reader.on_post = busy
    world.document(TWO)
    for _ in range(2):
        await world.settle()
        world.later(seconds=599)
    assert len(reader.pushes) == 1
    world.later(seconds=1)
    await world.settle()
    assert len(reader.pushes) == 2


async def test_a_push_follows_no_redirect(world: World, reader: Subscriber):
    await subscribed(world, reader)
    statuses = [301, 302, 303, 307, 308]

    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=statuses[len(reader.pushes) - 1], headers={"Location": "/elsewhere"})

    reader.on_post = elsewhere
    world.document(TWO)
    for _ in statuses:
        await world.settle()
        world.later(hours=1)
    assert [push.path for push in reader.pushes] == ["/cb"] * len(statuses)


async def test_a_callback_that_is_gone_is_forgotten(world: World, reader: Subscriber):
    await subscribed(world, reader)

    async def gone(_: web.Request) -> web.Response:
        return web.Response(status=410)

    reader.on_post = gone
    world.document(TWO)
    await world.settle()
    assert await world.count("websub_subscribers") == 0


async def test_a_callback_that_fails_for_days_is_dropped(world: World, reader: Subscriber):
    await subscribed(world, reader, hub_lease_seconds="2592000")

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500)

    reader.on_post = broken
    world.document(TWO)
    for _ in range(30):
        await world.settle()
        world.later(hours=6)
    assert await world.count("websub_subscribers") == 0
    assert len(reader.pushes) < 20


async def test_one_that_hangs_keeps_no_other_waiting(tmp_path: Path, reader: Subscriber):
    """The calls to it are few; those of others go past them."""
    slow = Subscriber()

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    slow.on_post = hang
    async with serving(slow), feedbot(tmp_path, reader, slow, hub="self") as world:
        world.document(ONE)
        for number in range(30):
            callback = slow.callback(f"/{number}").replace("127.0.0.1", "localhost")
            assert (await world.ask(hub_callback=callback))[0] == 202
        assert (await world.ask(hub_callback=reader.callback()))[0] == 202
        await world.settle()
        assert await world.count("websub_subscribers") == 31
        world.document(TWO)
        await world.websub.tell()
        async with asyncio.timeout(5):
            while not reader.pushes:
                await world.websub.publish_side()
                await asyncio.sleep(0.01)
        assert len(slow.pushes) <= 4


async def test_a_subscription_survives_a_restart_and_so_does_what_it_is_owed(
    tmp_path: Path, reader: Subscriber
):
    async with feedbot(tmp_path, reader, hub="self", base_url="http://127.0.0.1:9") as world:
        world.document(ONE)
        await world.settle()
        await world.app.tools.store.do(_subscribe, reader.callback())
        world.document(TWO)
        await world.websub.tell()
    async with feedbot(tmp_path, reader, hub="self", base_url="http://127.0.0.1:9") as world:
        world.document(TWO)
        await world.settle()
    assert [push.body for push in reader.pushes] == [TWO]


async def test_what_was_written_but_not_told_before_a_kill_is_told_after_it(
    tmp_path: Path, reader: Subscriber
):
    async with feedbot(tmp_path, reader, hub="self", base_url="http://127.0.0.1:9") as world:
        world.document(ONE)
        await world.settle()
        await world.app.tools.store.do(_subscribe, reader.callback())
        world.document(TWO)
    async with feedbot(tmp_path, reader, hub="self", base_url="http://127.0.0.1:9") as world:
        world.document(TWO)
        await world.settle()
    assert [push.body for push in reader.pushes] == [TWO]


def _subscribe(connection: Connection, callback: str) -> None:
    wish = Wish(callback, TOPIC, True, timedelta(days=10))
    records.take_wish(connection, wish, NOW)
    (request,) = records.due_requests(connection, NOW, 9)
    assert records.verified(connection, request, NOW)


async def test_an_inner_callback_is_refused_by_shipped_defaults(tmp_path: Path, reader: Subscriber):
    """Told at once where its address says so, and never called where only its name leads there."""
    async with feedbot(tmp_path, hub="self") as world:
        world.document(ONE)
        for host in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
            status, told = await world.ask(hub_callback=f"http://{host}:{reader.port}/cb")
            assert (status, "hub.callback" in told) == (400, True), host
        for host in ("localhost", "127.1", "0x7f000001", "2130706433"):
            status, _ = await world.ask(hub_callback=f"http://{host}:{reader.port}/cb")
            assert status in {202, 400}
        await world.settle()
        assert (reader.asked, await world.count("websub_subscribers")) == ([], 0)


async def test_the_operators_hub_is_told_of_what_changed_wherever_it_is(tmp_path: Path):
    hub = Hub()
    async with serving(hub), feedbot(tmp_path, hub=f"http://127.0.0.1:{hub.port}/hub") as world:
        world.document(ONE)
        world.document(ONE, "/feeds/policies/archive/1.atom")
        await world.settle()
        topic = world.base_url + TOPIC
        assert hub.requests == [{"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}]
        await world.settle()
        assert len(hub.requests) == 1
        assert (await world.ask(hub_callback="http://reader.example/"))[0] in {404, 405}


async def test_a_hub_that_fails_is_told_once_of_all_that_changed(tmp_path: Path):
    hub = Hub()

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500)

    hub.on_post = broken
    async with serving(hub):
        told = f"http://127.0.0.1:{hub.port}/hub"
        async with feedbot(tmp_path, hub=told, base_url="http://127.0.0.1:9") as world:
            for body in (ONE, TWO, THREE):
                world.document(body)
                await world.settle()
            assert len(hub.requests) == 1
        hub.on_post = None
        async with feedbot(tmp_path, hub=told, base_url="http://127.0.0.1:9") as world:
            world.document(THREE)
            await world.settle()
            assert len(hub.requests) == 1
            world.later(seconds=31)
            await world.settle()
            assert len(hub.requests) == 2
            world.later(days=1)
            await world.settle()
            assert len(hub.requests) == 2


async def test_a_round_ends_though_the_hub_hangs(tmp_path: Path):
    hub = Hub()

    async def hang(_: web.Request) -> None:
        await asyncio.Event().wait()

    hub.on_post = hang
    async with serving(hub), feedbot(tmp_path, hub=f"http://127.0.0.1:{hub.port}/hub") as world:
        world.document(ONE)
        await world.websub.run_until_idle(0.2)
        assert len(hub.requests) == 1
        hub.on_post = None
        await world.websub.run_until_idle(5)
        assert len(hub.requests) == 2
