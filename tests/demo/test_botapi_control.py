"""The emulator's handles over HTTP, and the emulator as a process."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from feedbot.demo.botapi.chats import STATES
from feedbot.demo.botapi.control import Control
from feedbot.demo.botapi.faults import HOWS
from feedbot.demo.botapi.methods import METHODS
from tests.demo.botapi_client import ADA, NEWS, Client


async def do(bot: Client, handle: str, **arguments: Any) -> tuple[int, Any]:
    async with bot.session.post(f"{bot.api.url}/control/{handle}", json=arguments) as answer:
        return answer.status, await answer.json()


async def test_chats_are_made_and_change_their_state(bot: Client) -> None:
    assert await do(bot, "add_private", chat_id=7, first_name="Ben") == (
        200,
        {"ok": True, "result": {"id": 7, "type": "private", "first_name": "Ben"}},
    )
    await do(bot, "set_state", chat_id=7, state="blocked")
    assert (await bot.send(chat_id=7, text="x")).code == 403


async def test_people_write_and_press(bot: Client) -> None:
    assert (await do(bot, "say", person=ADA, text="/start"))[1] == {"ok": True, "result": 1}
    assert [one["message"]["text"] for one in (await bot.ask("getUpdates")).result] == ["/start"]


async def test_calls_are_broken_with_an_error_of_choice(bot: Client) -> None:
    error = {"error_code": 400, "description": "Bad Request: group send failed"}
    await do(bot, "fail", method="sendMessage", how="error", error=error)
    assert (await bot.send(chat_id=NEWS, text="x")).said == "Bad Request: group send failed"
    await do(bot, "fail", method="*", how="error", times=99)
    await do(bot, "heal")
    assert (await bot.send(chat_id=NEWS, text="x")).code == 200
    async with bot.session.get(f"{bot.api.url}/calls.json") as answer:
        assert [one["code"] for one in (await answer.json())["calls"]] == [400, 200]


async def test_the_clock_is_moved_and_flood_control_set(bot: Client) -> None:
    await do(bot, "flood", seconds=30, chat_id=NEWS)
    assert (await bot.ask("sendMessage", chat_id=NEWS, text="x")).code == 429
    await do(bot, "advance", seconds=30)
    assert (await bot.ask("sendMessage", chat_id=NEWS, text="x")).code == 200


@pytest.mark.parametrize(
    ("handle", "arguments", "status"),
    [
        ("dance", {}, 404),
        ("set_state", {"chat_id": ADA, "state": "sleepy"}, 400),
        ("set_state", {"chat_id": 99, "state": "ok"}, 400),
        ("say", {"text": "nobody"}, 400),
        ("fail", {"method": "*", "how": "error", "error": {}}, 400),
    ],
)
async def test_what_cannot_be_done_is_explained(
    bot: Client, handle: str, arguments: dict, status: int
) -> None:
    said, body = await do(bot, handle, **arguments)
    assert (said, body["ok"]) == (status, False)
    assert body["description"]


async def test_a_form_of_some_web_page_moves_nothing(bot: Client) -> None:
    async with bot.session.post(f"{bot.api.url}/control/heal", data={"a": "b"}) as answer:
        assert answer.status == 415


@pytest.mark.slow
async def test_it_runs_alone_and_says_where() -> None:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "feedbot.demo.botapi",
            "--port",
            "0",
            "--private",
            "1001:Ada",
            "--group=-5:Us",
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/state.json") as answer:
            chats = json.loads(await answer.read())["chats"]
    finally:
        process.send_signal(signal.SIGINT)
        code = await process.wait()
    assert [(chat["id"], chat["type"]) for chat in chats] == [(1001, "private"), (-5, "supergroup")]
    assert code == 0


async def test_the_page_about_the_emulator_names_each_handle_state_fault_and_method(bot: Client) -> None:
    page = (Path(__file__).parents[2] / "docs" / "bot-api-emulator.md").read_text(encoding="utf-8")
    for name in {*Control(bot.api).handles, *STATES, *HOWS}:
        assert f"`{name}`" in page, name
    words = set(re.findall(r"\w+", page.casefold()))
    assert set(METHODS) <= words
