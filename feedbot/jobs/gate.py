"""The gate through which every call to the Bot API goes out, one by one, as the pace allows.

A message is taken and written down before its turn, and held back here: what it costs to read and to write
takes now more time and now less, and Telegram counts when calls arrive.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from feedbot.rules.pace import Pacer, is_private
from feedbot.telegram.transport import NeverLeft

_FAR = 5.0  # so long a message is held back; one that must wait longer goes back to the others
_BLINK = 0.005


class Gate:
    """Counts what goes out. `passed` is told of each message's chat; answers to commands go before all."""

    def __init__(self, pacer: Pacer, passed: Callable[[str], None]) -> None:
        self._pacer, self._passed = pacer, passed
        self._turn = asyncio.Lock()
        self._answers = 0
        self._paid: list[str] = []

    async def call(self, chat: str, cost: int = 1) -> None:
        """Wait for the turn of a call, and count it: an album as many. Raises NeverLeft where that is far."""
        if chat in self._paid:
            self._paid.remove(chat)
            return
        if cost > 1 or is_private(chat):
            await self._room(chat, cost)
        async with self._turn:
            while (wait := self._pacer.bot_ready_at(cost) - time.monotonic()) > 0 or self._answers:
                if wait > _FAR:
                    raise NeverLeft("Telegram takes no messages from the bot yet")
                await asyncio.sleep(max(wait, _BLINK if self._answers else 0.0))
            self._pacer.note(chat, time.monotonic(), cost)
        self._passed(chat)

    @asynccontextmanager
    async def turn(self, chat: str, cost: int = 1) -> AsyncIterator[None]:
        """Wait for the turn of a call that is made within. Raises NeverLeft as `call` does."""
        await self.call(chat, cost)
        self._paid.append(chat)
        try:
            yield
        finally:
            if chat in self._paid:  # no call was made
                self._paid.remove(chat)

    async def _room(self, chat: str, cost: int) -> None:
        """Wait until a chat takes a whole album, or one more form of what it refused, holding up no other. In
        a group those count for nothing: a photo's five forms would use up a quarter of its minute.
        """
        while (wait := self._pacer.chat_ready_at(chat, cost) - time.monotonic()) > 0:
            if wait > _FAR:
                raise NeverLeft("the chat takes no more messages yet")
            await asyncio.sleep(wait)

    async def answer(self, chat: str) -> None:
        """Wait until a chat may have an answer, and count it. All others are held back while it is the bot
        alone that must wait.
        """
        while (wait := self._pacer.ready_at(chat) - time.monotonic()) > 0:
            holds = self._pacer.chat_ready_at(chat) <= time.monotonic()
            self._answers += holds
            try:
                await asyncio.sleep(wait)
            finally:
                self._answers -= holds
        self._pacer.note(chat, time.monotonic())
        self._paid.append(chat)
