"""What strangers may send to `/hub` and `/websub/…`: all of it is answered, none of it costs much."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest

from feedbot.model import HubLink
from feedbot.store import hub, websub
from tests.peers import FORM, TOPIC, World, feedbot
from tests.support import NOW

CALLBACK = "https://reader.example/callback"
TOKEN = "t" * 43


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[World]:
    """A hub that has published one document."""
    async with feedbot(folder, hub="self") as made:
        made.document(b"<feed/>")
        await made.websub.tell()
        await made.app.tools.store.do(lambda c: c.exec_driver_sql("DELETE FROM websub_requests"))
        yield made


def form(**changes: str | None) -> bytes:
    fields = {"hub.mode": "subscribe", "hub.callback": CALLBACK, "hub.topic": "TOPIC"}
    told = fields | {name.replace("_", ".", 1): value for name, value in changes.items()}
    return urlencode({name: value for name, value in told.items() if value is not None}).encode()


async def send(world: World, body: bytes, kind: str = FORM) -> tuple[int, str]:
    body = body.replace(b"TOPIC", urlencode({"": world.base_url + TOPIC})[1:].encode())
    return await world.post("/hub", data=body, headers={"Content-Type": kind})


async def test_what_a_subscriber_may_say(world: World):
    for body in (
        form(),
        form(hub_secret="s" * 199, hub_lease_seconds="1"),
        form(hub_lease_seconds="9" * 4000),
        form(hub_lease_seconds="", hub_secret=""),
        form(hub_verify="async", other="x", hub_foo="bar"),
        form(hub_callback="http://reader.example:8080/?a=%7E&b=%zz&&"),
        form(hub_callback="https://xn--bcher-kva.example/"),
    ):
        assert await send(world, body) == (202, "accepted; the callback is asked next\n"), body
    assert (await send(world, form(), f"{FORM}; charset=UTF-8"))[0] == 202
    assert await world.count("websub_requests") == 3


REFUSED: dict[str, tuple[bytes, int]] = {
    "no mode": (form(hub_mode=None), 400),
    "another mode": (form(hub_mode="publish"), 400),
    "mode in capitals": (form(hub_mode="SUBSCRIBE"), 400),
    "no callback": (form(hub_callback=None), 400),
    "no topic": (form(hub_topic=None), 404),
    "nothing": (b"", 400),
    "somebody else's topic": (form(hub_topic="https://elsewhere.example/feed"), 404),
    "the same on another host": (form(hub_topic="http://evil.example/feeds/policies.atom"), 404),
    "a page": (form(hub_topic="TOPIC/../../"), 404),
    "an archive": (form(hub_topic="TOPIC/archive/1.atom"), 404),
    "mode twice": (form() + b"&hub.mode=unsubscribe", 400),
    "callback twice": (form() + b"&hub.callback=https%3A%2F%2Fvictim.example%2F", 400),
    "a long secret": (form(hub_secret="s" * 200), 400),
    "a secret long in bytes": (form(hub_secret="ä" * 100), 400),
    "a lease that is none": (form(hub_lease_seconds="-1"), 400),
    "a lease in words": (form(hub_lease_seconds="1e9"), 400),
    "a lease in other digits": (form(hub_lease_seconds="٣٦٠٠"), 400),
    "no UTF-8": (form() + b"&hub.secret=%ff%fe", 400),
    "raw bytes": (form() + b"&hub.secret=\xff\xfe", 400),
    "many fields": (form() + b"&a=b" * 100, 400),
    "unsubscribing what is not there": (form(hub_mode="unsubscribe"), 404),
    "another scheme": (form(hub_callback="javascript:alert(1)"), 400),
    "a file": (form(hub_callback="file:///etc/passwd"), 400),
    "gopher": (form(hub_callback="gopher://reader.example/"), 400),
    "no host": (form(hub_callback="http:///path"), 400),
    "a user": (form(hub_callback="https://user:secret@reader.example/"), 400),
    "a fragment": (form(hub_callback="https://reader.example/#x"), 400),
    "a line break": (form(hub_callback="https://reader.example/\r\nHost: x"), 400),
    "a space": (form(hub_callback="https://reader.example/a b"), 400),
    "port 0": (form(hub_callback="https://reader.example:0/"), 400),
    "a port that is none": (form(hub_callback="https://reader.example:99999/"), 400),
    "an endless label": (form(hub_callback=f"https://{'a' * 300}.example/"), 400),
    "an endless address": (form(hub_callback=f"https://reader.example/{'a' * 3000}"), 400),
    "a loopback address": (form(hub_callback="http://127.0.0.1:8080/"), 400),
    "a cloud's secrets": (form(hub_callback="http://169.254.169.254/latest/meta-data"), 400),
    "a mail server": (form(hub_callback="http://8.8.8.8:25/"), 400),
    "too long": (form() + b"&x=" + b"y" * 16_384, 413),
}


async def test_what_a_hub_refuses(world: World):
    for name, (body, status) in REFUSED.items():
        told = await send(world, body)
        assert told[0] == status, (name, told)
        assert told[1].strip(), name
        assert "<" not in told[1], name
    assert await world.count("websub_requests") == 0


async def test_a_body_of_another_kind_is_refused(world: World):
    for kind in ("application/json", "text/plain", "", "multipart/form-data; boundary=x"):
        assert (await send(world, form(), kind))[0] == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_do_nothing(world: World, method: str):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(world.base_url.rpartition(":")[2]))
    writer.write(f"{method} /hub HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    first = await reader.readline()
    assert first.split()[1] in {b"404", b"405", b"204"}
    writer.close()


async def test_a_body_that_breaks_off_is_no_surprise(world: World):
    _, writer = await asyncio.open_connection("127.0.0.1", int(world.base_url.rpartition(":")[2]))
    writer.write(
        f"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 99\r\n\r\nhub".encode()
    )
    await writer.drain()
    writer.close()
    assert (await send(world, form()))[0] == 202


async def test_one_stranger_fills_no_more_than_the_share_of_one_host(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub, "MOST_WAITING_OF_HOST", 3)
    codes = [(await send(world, form(hub_callback=f"{CALLBACK}{n}")))[0] for n in range(5)]
    assert codes == [202, 202, 202, 503, 503]
    assert (await send(world, form(hub_callback=f"{CALLBACK}0")))[0] == 202
    assert (await send(world, form(hub_callback="https://other.example/")))[0] == 202
    monkeypatch.setattr(hub, "MOST_WAITING", 4)
    assert (await send(world, form(hub_callback="https://third.example/")))[0] == 503


async def test_an_unknown_callback_of_ours_is_answered_without_a_look_at_the_body(world: World):
    for token in (TOKEN, "x", "t" * 5000, "%00" * 43):
        assert (await world.get(f"/websub/{token}", **{"hub.mode": "subscribe", "hub.challenge": "c"}))[
            0
        ] == 404
        assert (await world.post(f"/websub/{token}", data=b"x" * 100_000))[0] == 410


async def test_a_body_of_any_size_is_taken_at_a_callback_and_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    store = world.app.tools.store
    await store.do(lambda c: c.exec_driver_sql("DELETE FROM websub_sources"))
    link = HubLink("https://hub.example/", "https://feeds.example/")
    await store.do(websub.put_subscription, "one", link, TOKEN, "secret", NOW)
    assert await world.post(f"/websub/{TOKEN}", data=BytesIO(b"x" * 2_000_000)) == (202, "")
    monkeypatch.setattr("feedbot.web.hub._MOST_PUSHED", 1000)
    assert await world.post(f"/websub/{TOKEN}", data=b"x" * 1001) == (202, "")
    twice = [("X-Hub-Signature", "sha256=0"), ("X-Hub-Signature", "sha256=1")]
    assert await world.post(f"/websub/{TOKEN}", data=b"x", headers=twice) == (202, "")
    assert await store.do(websub.due_hints, NOW, 9) == []


async def test_a_challenge_is_echoed_as_text_that_no_browser_runs(world: World):
    store = world.app.tools.store
    await store.do(lambda c: c.exec_driver_sql("DELETE FROM websub_sources"))
    link = HubLink("https://hub.example/", "https://feeds.example/")
    await store.do(websub.put_subscription, "one", link, TOKEN, "secret", NOW)
    (ask,) = await store.do(websub.due_asks, NOW, 9)
    await store.do(websub.asking, ask, "", NOW, NOW)
    asked = {
        "hub.mode": "subscribe",
        "hub.topic": "https://feeds.example/",
        "hub.challenge": "<script>alert(1)</script>",
    }
    query = urlencode(asked)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(world.base_url.rpartition(":")[2]))
    writer.write(f"GET /websub/{TOKEN}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode().lower()
    writer.close()
    assert answer.startswith("http/1.1 200")
    assert "content-type: text/plain" in answer
    assert "x-content-type-options: nosniff" in answer
    assert answer.endswith("\r\n\r\n<script>alert(1)</script>")
    doubled = f"/websub/{TOKEN}?{query}&hub.topic=https%3A%2F%2Fother.example%2F"
    assert (await world.get(doubled))[0] == 404
