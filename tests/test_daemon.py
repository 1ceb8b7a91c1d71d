"""The real daemon: it serves, sends, answers, drains, and survives what the world does."""

import asyncio
import json
import signal
import sqlite3

import pytest

from tests.rig import Rig, end, until

pytestmark = pytest.mark.slow
CHANNEL = """
[[subscription]]
chat = "@news_of_the_day"
category = "policies"
latest = 1
"""


def captions(rig: Rig, chat: int = -1001) -> list[str]:
    return [one["caption"].split("\n")[0] for one in rig.api.messages(chat) if "caption" in one]


async def test_a_new_article_reaches_readers_and_subscribers(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    rig.api.say(1001, "/subscribe policies")
    daemon = await rig.daemon()
    try:
        await until(lambda: len(captions(rig)) == 1)
        new = next(one for one in rig.site.publish(3) if one.section == "Policies")
        await until(lambda: new.title in captions(rig) and new.title in captions(rig, 1001))
        written = rig.folder / "feeds" / "policies.atom"
        await until(lambda: new.title in written.read_text())
        assert await (await rig.get("/feeds/policies.atom")).text() == written.read_text()
    finally:
        done = await end(daemon)
    assert done.code == 0
    assert done.out == ""
    assert "TEST" not in done.err


async def test_feeds_are_served_with_validators_and_compressed(rig: Rig) -> None:
    daemon = await rig.daemon()
    try:
        feed = rig.folder / "feeds" / "policies.atom"
        await until(lambda: feed.read_text().count("<entry") == 2)
        plain = await rig.get("/feeds/policies.atom", **{"Accept-Encoding": "identity"})
        packed = await rig.get("/feeds/policies.atom", **{"Accept-Encoding": "gzip"})
        assert plain.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert packed.headers["Content-Encoding"] == "gzip"
        assert plain.headers["ETag"] != packed.headers["ETag"]
        for coding, one in (("identity", plain), ("gzip", packed)):
            asked = {"Accept-Encoding": coding, "If-None-Match": one.headers["ETag"]}
            again = await rig.get("/feeds/policies.atom", **asked)
            assert again.status == 304
            assert again.headers["Cache-Control"] == one.headers["Cache-Control"]
            assert "nosniff" in one.headers["X-Content-Type-Options"]
        dated = await rig.get("/feeds/policies.atom", **{"If-Modified-Since": plain.headers["Last-Modified"]})
        assert dated.status == 304
        for path, status in (
            ("/", 200),
            ("/e/1", 200),
            ("/e/999", 404),
            ("/nothing", 404),
            ("/feeds.opml", 200),
        ):
            assert (await rig.get(path)).status == status
        assert json.loads(await (await rig.get("/readyz")).text())["ready"] is True
        assert "feedbot_polls_total" in await (await rig.get("/metrics")).text()
    finally:
        await end(daemon)


async def test_sigterm_lets_the_call_in_flight_end_and_leaves_nothing_unknown(rig: Rig) -> None:
    """The emulator holds an answer back; the daemon waits for it before it ends."""
    rig.configure(more=CHANNEL)
    release = asyncio.Event()
    accept = rig.api.world.post

    def slow_post(*arguments) -> None:
        accept(*arguments)
        release.set()

    rig.api.world.post = slow_post  # type: ignore[method-assign]
    daemon = await rig.daemon()
    async with asyncio.timeout(30):
        await release.wait()
    done = await end(daemon)
    assert done.code == 0
    status = await rig.command("status", "--json")
    assert status.json["deliveries"]["unknown"] == 0
    assert status.json["deliveries"]["sent"] == 1
    assert status.json["deliveries"]["sending"] == 0


async def test_many_signals_end_it_once(rig: Rig) -> None:
    daemon = await rig.daemon()
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        daemon.send_signal(number)
    assert (await end(daemon)).code == 0


async def test_signals_that_come_until_it_is_gone_end_it_in_order(rig: Rig) -> None:
    daemon = await rig.daemon()
    while daemon.returncode is None:
        daemon.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.001)
    assert (await end(daemon)).code == 0


async def test_a_kill_at_any_moment_loses_nothing(rig: Rig) -> None:
    """Killed again and again while articles come; each is delivered, and only those in flight twice."""
    rig.configure(more=CHANNEL)
    kills = 4
    for count in range(kills):
        rig.site.publish(3)
        daemon = await rig.start("run")
        await asyncio.sleep(0.2 + 0.3 * count)
        await end(daemon, signal.SIGKILL)
    daemon = await rig.daemon()
    wanted = [one.title for one in rig.site.articles if one.section == "Policies"]
    first = captions(rig)[0] if captions(rig) else None
    try:
        await until(lambda: all(title in _said(rig) for title in wanted[wanted.index(first or wanted[-1]) :]))
    finally:
        await end(daemon)
    said = _said(rig)
    assert len(said) - len(set(said)) <= kills
    firsts = [title for at, title in enumerate(said) if title not in said[:at]]
    assert firsts == [title for title in wanted if title in firsts]
    with sqlite3.connect(rig.folder / "var" / "feedbot.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def _said(rig: Rig) -> list[str]:
    return [(one.get("caption") or one.get("text") or "").split("\n")[0] for one in rig.api.messages(-1001)]


async def test_no_trace_of_the_token_leaves_the_process(rig: Rig) -> None:
    token = "7654321:SECRET-token-of-the-test"
    rig.environment = {"FEEDBOT_TELEGRAM__TOKEN": token}
    rig.configure(more=CHANNEL)
    daemon = await rig.daemon()  # the emulator refuses this token
    await until(lambda: b"refuses the token" in daemon.complaints() or b"Unauthorized" in daemon.complaints())
    done = await end(daemon)
    assert "SECRET" not in done.err + done.out
    for path in rig.folder.rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes(), path


async def test_the_telegram_server_may_be_away(rig: Rig) -> None:
    """Publishing goes on, the queue waits, and what waited is sent when it is back."""
    rig.configure(more=CHANNEL)
    host, port = "127.0.0.1", int(rig.api.url.rpartition(":")[2])
    await rig.api.stop()
    daemon = await rig.daemon()
    try:
        await until(lambda: (rig.folder / "feeds" / "policies.atom").stat().st_size > 1000)
        await rig.api.start(host, port)
        await until(lambda: len(captions(rig)) == 1)
    finally:
        done = await end(daemon)
    assert done.code == 0
