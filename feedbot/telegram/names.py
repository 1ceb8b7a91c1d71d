"""Asking which number a chat has that is known by its `@name` (edge)."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from telegram.error import TelegramError

from feedbot.telegram.send import Sender

_AT_ONCE = 4


async def ask_numbers(sender: Sender, names: Iterable[str], seconds: float) -> dict[str, str]:
    """The numbers of chats, as many as Telegram tells within so many seconds."""
    found: dict[str, str] = {}
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> None:
        with suppress(TelegramError):
            async with room:
                told = await sender.ask("getChat", {"chat_id": name})
            if number := _number(told, name):
                found[name] = number

    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)), asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(ask(name))
    return found


def _number(told: Any, name: str) -> str | None:
    """The number, if the answer is of that name: a server that always tells the same chat must merge none."""
    if not isinstance(told, dict) or not isinstance(told.get("id"), int) or isinstance(told["id"], bool):
        return None
    active = told.get("active_usernames")
    names = [told.get("username"), *(active if isinstance(active, list) else [])]
    is_named = name[1:].lower() in [one.lower() for one in names if isinstance(one, str)]
    return str(told["id"]) if is_named and told["id"] else None
