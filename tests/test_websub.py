"""The real daemon among a subscriber and a hub that are not feedbot."""

import html
import signal

import aiohttp
import pytest

from tests.peers import Hub, Origin, Subscriber, serving
from tests.rig import Rig, end, until

pytestmark = pytest.mark.slow


def allow(rig: Rig, *ports: object) -> None:
    rig.environment["FEEDBOT_FETCH__ALLOW_NETWORKS"] = ",".join(f"127.0.0.1/32:{port}" for port in ports)


def said(reader: Subscriber) -> str:
    """Everything that was pushed."""
    return html.unescape(b"".join(push.body for push in reader.pushes).decode())


def site_port(rig: Rig) -> str:
    return rig.site.url.rpartition(":")[2]


async def test_a_subscriber_hears_of_articles_before_and_after_a_kill(rig: Rig) -> None:
    reader = Subscriber()
    async with serving(reader):
        allow(rig, site_port(rig), reader.port)
        rig.environment["FEEDBOT_PUBLISH__HUB"] = "self"
        daemon = await rig.daemon()
        topic = f"{rig.web}/feeds/policies.atom"
        await until(lambda: "<entry" in (rig.folder / "feeds" / "policies.atom").read_text())
        found = await rig.get("/feeds/policies.atom")
        assert (str(found.links["hub"]["url"]), str(found.links["self"]["url"])) == (f"{rig.web}/hub", topic)
        assert f'href="{rig.web}/hub"' in await found.text()
        form = {
            "hub.mode": "subscribe",
            "hub.callback": reader.callback(),
            "hub.topic": topic,
            "hub.secret": "s",
        }
        async with aiohttp.ClientSession() as session, session.post(f"{rig.web}/hub", data=form) as answer:
            assert answer.status == 202
        await until(lambda: len(reader.asked) == 1)
        try:
            for is_killed in (True, False):
                new = next(one for one in rig.site.publish(3) if one.section == "Policies")
                await until(lambda new=new: new.title in said(reader))
                if is_killed:
                    await end(daemon, signal.SIGKILL)
                    daemon = await rig.daemon()
        finally:
            done = await end(daemon)
        assert done.code == 0, done.err
        assert all(push.is_signed_with("s") for push in reader.pushes)


async def test_a_source_is_polled_when_its_hub_pushes(rig: Rig) -> None:
    hub, origin = Hub(), Origin()
    async with serving(hub, origin):
        origin.hub = hub.url
        allow(rig, hub.port, origin.port)
        source = f'[[source]]\nid = "one"\nurl = "{origin.topic}"\ncategory = "policies"\n'
        rig.configure(sources=source)
        daemon = await rig.daemon()
        try:
            await until(lambda: len(hub.subscriptions) == 1)
            assert origin.polls == 1
            assert await hub.push() == [202]
            await until(lambda: origin.polls == 2)
            await until(lambda: "Entry 2" in (rig.folder / "feeds" / "policies.atom").read_text())
        finally:
            done = await end(daemon)
        assert done.code == 0, done.err


async def test_once_tells_the_hub(rig: Rig) -> None:
    hub = Hub()
    async with serving(hub):
        rig.environment["FEEDBOT_PUBLISH__HUB"] = hub.url
        done = await rig.command("once", "--json", "--deliver-seconds", "0")
        assert done.code == 0, done.err
        assert f"{rig.web}/feeds/policies.atom" in {asked["hub.url"] for asked in hub.requests}
        told = len(hub.requests)
        assert (await rig.command("once", "--json", "--deliver-seconds", "0")).code == 0
        assert len(hub.requests) == told
