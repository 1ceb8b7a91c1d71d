"""Sources that a hub pushes, with a hub that is not feedbot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from feedbot.model import HubLink, SourceState
from feedbot.pipeline import poll
from feedbot.pipeline.websub import remember_hub
from feedbot.store import sources, websub
from feedbot.store.websub import Ask
from tests.peers import Hub, Origin, World, feedbot, serving


@dataclass
class Scene:
    """A feedbot, a source of it, and its hub."""

    world: World
    origin: Origin
    hub: Hub

    async def state(self) -> SourceState:
        found = await self.world.app.tools.store.do(sources.get_source, "one")
        assert found
        return found[1]

    async def subscription(self) -> Ask | None:
        return await self.world.app.tools.store.do(websub.subscription_of, "one")

    async def polled(self) -> None:
        """What a poll leaves behind, without the process that reads a document."""
        tools, now, origin = self.world.app.tools, self.world.now[0], self.origin
        state = await self.state()
        link = HubLink(origin.hub, origin.topic) if origin.hub else None
        await remember_hub(tools, state, link, now)
        after = replace(state, hub=link, last_success=now, next_poll=now + timedelta(hours=1), because="")
        await tools.store.do(sources.save_state, after)

    async def poll(self) -> None:
        """Poll for real."""
        found = await self.world.app.tools.store.do(sources.get_source, "one")
        assert found
        report = await poll(self.world.app.tools, found[0], found[1], self.world.now[0], jitter=0.0)
        assert report.error is None

    async def settle(self) -> None:
        """Make every call that is due, and let the hub verify what it was asked."""
        await self.world.settle(source_side=True)
        while self.hub.tasks:
            await asyncio.wait(self.hub.tasks)

    async def subscribed(self) -> None:
        await self.polled()
        await self.settle()
        assert len(self.hub.subscriptions) == 1


SOURCE = '[[source]]\nid = "one"\nurl = "http://127.0.0.1:{port}/feed"\ncategory = "policies"\n'


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    hub, origin = Hub(), Origin()
    async with serving(hub, origin):
        origin.hub = hub.url
        async with feedbot(tmp_path, hub, origin, more=SOURCE.format(port=origin.port)) as world:
            yield Scene(world, origin, hub)


async def test_the_hub_that_a_feed_names_is_asked_and_answered(scene: Scene):
    scene.origin.name = "/named"
    await scene.poll()
    await scene.settle()
    (asked,) = scene.hub.requests
    assert (asked["hub.mode"], asked["hub.topic"]) == ("subscribe", scene.origin.topic)
    assert asked["hub.callback"].startswith(f"{scene.world.base_url}/websub/")
    assert len(asked["hub.callback"].rpartition("/")[2]) == 43
    assert 32 <= len(asked["hub.secret"]) < 200
    subscription = await scene.subscription()
    assert subscription
    assert subscription.lease_until == scene.world.now[0] + timedelta(days=10)
    await scene.settle()
    assert len(scene.hub.requests) == 1


async def test_headers_come_before_what_the_feed_says(scene: Scene):
    scene.origin.hub = "http://127.0.0.1:9/never"
    scene.origin.headers = [f'<{scene.hub.url}>; rel="hub"', '</other>; rel="self"']
    await scene.poll()
    await scene.settle()
    assert scene.hub.requests[0]["hub.topic"] == f"http://127.0.0.1:{scene.origin.port}/other"


async def test_a_source_without_a_hub_costs_nothing(scene: Scene):
    scene.origin.hub = None
    await scene.poll()
    await scene.settle()
    assert (scene.hub.requests, await scene.world.count("websub_sources")) == ([], 0)


async def test_a_push_has_the_source_polled(scene: Scene):
    await scene.subscribed()
    assert await scene.hub.push() == [202]
    await scene.settle()
    state = await scene.state()
    assert (state.next_poll, state.because) == (scene.world.now[0], "its hub pushed")


async def test_a_push_with_a_wrong_signature_is_taken_and_ignored(scene: Scene):
    await scene.subscribed()
    before = (await scene.state()).next_poll
    for signature in ("", "sha1=", "sha1=0000", "sha256=0123456789abcdef", "md5=0", "nonsense", "sha1=ä"):
        assert await scene.hub.push(signature=signature) == [202]
        await scene.settle()
        assert (await scene.state()).next_poll == before


async def test_a_push_while_the_source_is_polled_is_followed_after_it(scene: Scene):
    """What that poll fetched may be older than the push."""
    await scene.subscribed()
    await scene.world.app.tools.store.do(sources.poll_now, "one")
    await scene.hub.push()
    await scene.settle()
    await scene.polled()
    assert (await scene.state()).next_poll != scene.world.now[0]
    await scene.settle()
    assert (await scene.state()).next_poll == scene.world.now[0]


async def test_a_public_host_is_not_polled_more_than_once_a_minute(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    await scene.subscribed()
    monkeypatch.setattr(type(scene.world.app.tools.client), "is_public", lambda *_: True)
    for _ in range(3):
        await scene.hub.push()
        await scene.settle()
    assert (await scene.state()).next_poll == scene.world.now[0] + timedelta(minutes=1)


async def test_a_source_that_fails_keeps_its_plan(scene: Scene):
    await scene.subscribed()
    store, state = scene.world.app.tools.store, await scene.state()
    later = scene.world.now[0] + timedelta(hours=5)
    await store.do(sources.hold_host, f"http://127.0.0.1:{scene.origin.port}/", later, "429 of its host")
    await scene.hub.push()
    await scene.settle()
    assert state.next_poll
    assert (await scene.state()).next_poll == max(later, state.next_poll)


async def test_who_was_not_asked_is_not_told_yes(scene: Scene):
    await scene.subscribed()
    asked = dict(scene.hub.requests[0])
    scene.world.later(hours=1)
    assert (await scene.hub.verify(asked))[0] == 404
    assert (await scene.hub.verify({**asked, "hub.mode": "unsubscribe"}))[0] == 404
    assert len(scene.hub.subscriptions) == 1


async def test_a_hub_may_ask_again_for_it_may_not_have_heard(scene: Scene):
    await scene.subscribed()
    assert await scene.hub.verify(dict(scene.hub.requests[0])) == (200, "c0ffee&=/ä".encode())


async def test_only_what_was_asked_is_confirmed(scene: Scene):
    async def later(_: web.Request) -> web.Response:
        return web.Response(status=202)

    scene.hub.on_post = later
    await scene.polled()
    await scene.settle()
    (asked,) = scene.hub.requests
    for other in (
        {"hub_topic": "http://127.0.0.1:1/other"},
        {"hub_mode": "unsubscribe"},
        {"hub_mode": "publish"},
        {"hub_challenge": ""},
    ):
        assert (await scene.hub.verify(asked, **other))[0] == 404
    assert (await scene.hub.verify({**asked, "hub.callback": f"{asked['hub.callback']}x"}))[0] == 404
    assert (await scene.hub.verify(asked))[0] == 200


async def test_a_subscription_is_renewed_before_it_ends(scene: Scene):
    scene.hub.lease = "86400"
    await scene.subscribed()
    scene.world.later(hours=15)
    await scene.settle()
    assert len(scene.hub.requests) == 1
    scene.world.later(hours=2)
    await scene.settle()
    first, second = scene.hub.requests
    assert first == second
    subscription = await scene.subscription()
    assert subscription
    assert subscription.lease_until == scene.world.now[0] + timedelta(days=1)


@pytest.mark.parametrize("lease", [None, "", "-1", "soon", "0", "1", "9" * 400])
async def test_any_lease_is_survived(scene: Scene, lease: str | None):
    scene.hub.lease = lease
    await scene.subscribed()
    await scene.settle()
    assert len(scene.hub.requests) == 1


async def test_a_hub_that_refuses_is_asked_ever_more_seldom(scene: Scene):
    async def no(_: web.Request) -> web.Response:
        return web.Response(status=400)

    scene.hub.on_post = no
    await scene.polled()
    for _ in range(21):
        await scene.settle()
        scene.world.later(hours=8)
    assert 7 <= len(scene.hub.requests) <= 12


async def test_a_hub_that_accepts_and_never_verifies_is_asked_ever_more_seldom(scene: Scene):
    async def yes(_: web.Request) -> web.Response:
        return web.Response(status=202)

    scene.hub.on_post = yes
    await scene.polled()
    for _ in range(21):
        await scene.settle()
        scene.world.later(hours=8)
    assert 7 <= len(scene.hub.requests) <= 12


async def test_a_hub_may_verify_before_it_answers(scene: Scene):
    async def at_once(request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (await request.post()).items()}
        status, _ = await scene.hub.verify(asked)
        return web.Response(status=204 if status == 200 else 400)

    scene.hub.on_post = at_once
    await scene.subscribed()
    assert websub.is_pushed(await scene.subscription(), scene.world.now[0])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_hub_that_moved_is_followed(scene: Scene, status: int):
    async def moved(request: web.Request) -> web.Response | None:
        if request.path == "/new":
            return None
        return web.Response(status=status, headers={"Location": "/new"})

    scene.hub.on_post = moved
    await scene.subscribed()
    assert scene.hub.requests[0] == scene.hub.requests[1]


async def test_a_hub_that_moves_in_circles_is_left(scene: Scene):
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/hub"})

    scene.hub.on_post = moved
    await scene.polled()
    await scene.settle()
    assert len(scene.hub.requests) == 3


async def test_a_hub_that_says_no_is_believed_for_a_day(scene: Scene):
    await scene.subscribed()
    status, _ = await scene.hub.verify(scene.hub.requests[0], hub_mode="denied", hub_reason="no more")
    assert status == 200
    assert not websub.is_pushed(await scene.subscription(), scene.world.now[0])
    scene.world.later(hours=23)
    await scene.settle()
    assert len(scene.hub.requests) == 1
    scene.world.later(hours=2)
    await scene.settle()
    assert len(scene.hub.requests) == 2


async def test_a_paused_source_is_pushed_no_more_and_one_that_comes_back_is_again(scene: Scene):
    await scene.subscribed()
    token = scene.hub.requests[0]["hub.callback"].rpartition("/")[2]
    store = scene.world.app.tools.store
    await store.do(sources.pause, "one", paused=True)
    await scene.world.websub.keep_house()
    assert (await scene.world.post(f"/websub/{token}", data=b"x"))[0] == 410
    await scene.settle()
    assert [asked["hub.mode"] for asked in scene.hub.requests] == ["subscribe", "unsubscribe"]
    assert scene.hub.subscriptions == {}
    scene.world.later(hours=1)
    await scene.settle()
    assert await scene.world.count("websub_sources") == 0
    await store.do(sources.pause, "one", paused=False)
    await scene.polled()
    await scene.settle()
    assert len(scene.hub.subscriptions) == 1


async def test_a_hub_that_does_not_let_go_is_asked_three_times(scene: Scene):
    await scene.subscribed()
    scene.hub.on_post = _refuse
    await scene.world.app.tools.store.do(sources.remove_source, "one")
    await scene.world.websub.keep_house()
    for _ in range(8):
        await scene.settle()
        scene.world.later(hours=6)
    assert [asked["hub.mode"] for asked in scene.hub.requests] == ["subscribe"] + ["unsubscribe"] * 3
    assert await scene.world.count("websub_sources") == 0


async def _refuse(_: web.Request) -> web.Response:
    return web.Response(status=500)


async def test_another_hub_takes_the_place_of_the_first(scene: Scene):
    await scene.subscribed()
    scene.origin.name = "/renamed"
    await scene.polled()
    await scene.settle()
    assert [topic.rpartition("/")[2] for _, topic in scene.hub.subscriptions] == ["renamed"]
    scene.origin.hub = None
    await scene.polled()
    await scene.settle()
    assert scene.hub.subscriptions == {}


async def test_a_pushed_source_is_polled_a_quarter_as_often(scene: Scene):
    await scene.subscribed()
    before = await scene.state()
    await scene.poll()
    state = await scene.state()
    assert state.because.endswith("pushed by its hub")
    assert before.next_poll
    assert state.next_poll
    assert state.next_poll > before.next_poll


async def test_a_hub_that_cannot_reach_us_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`base_url` is a loopback address and the hub a public one."""
    hub, origin = Hub(), Origin()
    async with serving(hub, origin):
        origin.hub = hub.url
        async with feedbot(tmp_path, origin, more=SOURCE.format(port=origin.port)) as world:
            scene = Scene(world, origin, hub)
            await scene.polled()
            await scene.settle()
            assert hub.requests == []
            subscription = await scene.subscription()
            assert subscription is not None
            assert subscription.lease_until is None


async def test_callbacks_are_asked_for_again_when_we_move(tmp_path: Path):
    hub, origin = Hub(), Origin()
    async with serving(hub, origin):
        origin.hub = hub.url
        more = SOURCE.format(port=origin.port)
        for _ in range(2):
            async with feedbot(tmp_path, hub, origin, more=more) as world:
                scene = Scene(world, origin, hub)
                await scene.polled()
                await scene.settle()
        assert len({asked["hub.callback"].rpartition("/websub/")[0] for asked in hub.requests}) == 2
        assert len({asked["hub.callback"].rpartition("/")[2] for asked in hub.requests}) == 1
