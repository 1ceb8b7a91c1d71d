"""The program as a process: exit codes, streams, terminals, and a daemon beside it."""

import asyncio
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Feedbot
from tests.rig import TOKEN, Rig, end, until

pytestmark = pytest.mark.slow
NOON = "2026-12-01T12:00:00+09:00"
CHANNEL = '[[subscription]]\nchat = "@news_of_the_day"\ncategory = "policies"\n'


async def test_a_second_instance_is_told_and_ends_with_75(rig: Rig) -> None:
    daemon = await rig.daemon()
    try:
        for words in (("once", "--json"), ("run",)):
            done = await rig.command(*words, FEEDBOT_WEB__LISTEN="127.0.0.1:0")
            assert (done.code, done.out) == (75, ""), done.err
            assert "another feedbot works on" in done.err
            assert len(done.err.splitlines()) == 1
    finally:
        assert (await end(daemon)).code == 0


async def test_reading_commands_work_beside_a_daemon(rig: Rig, feedbot: Feedbot) -> None:
    config = rig.configure(more=CHANNEL)
    daemon = await rig.daemon()
    try:
        await until((rig.folder / "feeds" / "policies.atom").exists)
        status, listed, shown, people, checked = [
            feedbot("--config", config, *words, "--json")
            for words in (
                ("status",),
                ("source", "list"),
                ("source", "show", "policies"),
                ("subscription", "list"),
                ("check",),
            )
        ]
    finally:
        assert (await end(daemon)).code == 0
    assert {done.code for done in (status, listed, shown, people, checked)} == {0}
    assert (status.json["sources"], status.json["failing"]) == (1, [])
    assert [one["id"] for one in listed.json] == ["policies"]
    assert shown.json["id"] == "policies"
    assert [one["chat"] for one in people.json] == ["@news_of_the_day"]
    assert checked.json["ok"] is True


async def test_a_chat_is_tested_by_number_and_by_name(rig: Rig) -> None:
    by_number = await rig.command("subscription", "test", "-1001", "--json")
    by_name = await rig.command("subscription", "test", "@news_of_the_day", "--json")
    assert (by_number.code, by_name.code) == (0, 0)
    assert by_number.json["may_post"] is by_name.json["may_post"] is True


async def test_a_chat_that_takes_nothing_ends_with_1_and_says_why(rig: Rig) -> None:
    done = await rig.command("subscription", "test", "-100999")
    assert done.code == 1
    assert done.out


async def test_an_api_that_is_away_is_told_without_the_token(rig: Rig) -> None:
    await rig.api.stop()
    done = await rig.command("subscription", "test", "-1001")
    assert (done.code, done.out) == (78, "")
    assert "telegram.api_url" in done.err
    assert TOKEN not in done.err


async def test_a_round_tells_its_report_on_stdout_and_its_steps_on_stderr(rig: Rig) -> None:
    done = await rig.command("once", "--at", NOON, "--json")
    counts = {"polled", "failed", "new", "updated", "published", "delivered", "pending", "unknown", "updates"}
    assert done.code == 0
    assert set(done.json) == counts | {"sources"}
    assert all(type(done.json[name]) is int for name in counts)
    assert set(done.json["sources"]["policies"]) == {"status", "error", "next_poll"}
    again = await rig.command("once", "--at", NOON)
    assert again.code == 0
    assert "policies" in again.out


async def test_a_reader_that_leaves_early_hears_no_complaint(rig: Rig) -> None:
    sources = "".join(
        f'[[source]]\nid = "s{n}"\nurl = "https://gazette.example/{n}"\ncategory = "policies"\n'
        for n in range(2000)
    )
    config = rig.configure(sources=sources)
    program = shlex.join([sys.executable, "-m", "feedbot", "--config", str(config), "source", "list"])
    for more in ("", " --json"):
        shell = await asyncio.create_subprocess_shell(
            f"{program}{more} | head -1", stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await shell.communicate()
        assert len(out.splitlines()) == 1
        assert err == b""


async def test_bars_are_drawn_on_a_terminal_and_stay_out_of_the_result(rig: Rig) -> None:
    """The sample site's pages take a moment; the bar goes to stderr, which is the terminal here."""
    leader, follower = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "feedbot",
        "--config",
        str(rig.folder / "config.toml"),
        "once",
        "--at",
        NOON,
        "--json",
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, **rig.environment, "TERM": "xterm"},
    )
    os.close(follower)
    reading = asyncio.create_task(asyncio.to_thread(_all_of, leader))
    out, _ = await process.communicate()
    drawn = await reading
    os.close(leader)
    assert process.returncode == 0
    assert out.startswith(b"{")
    assert b"poll" in drawn
    assert b"\x1b[" in drawn
    assert b"\x1b[" not in out


def _all_of(terminal: int) -> bytes:
    read = b""
    try:
        while part := os.read(terminal, 65_536):
            read += part
    except OSError:  # how Linux says that nobody writes to a terminal any more
        pass
    return read


async def test_a_terminal_of_another_encoding_is_no_fault(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    item = "<item><title>국무회의 예산안</title><link>https://gazette.example/1</link></item>"
    feed.write_text(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "feedbot",
        "preview",
        str(feed),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"title" in out
