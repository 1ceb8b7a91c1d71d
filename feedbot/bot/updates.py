"""Taking updates from the Bot API, one transaction each, and answering (edge)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from telegram import BotCommand, Update
from telegram.error import TelegramError

from feedbot.bot.conversation import Incoming, Place, read_update, take
from feedbot.bot.texts import COMMANDS
from feedbot.model import Address, Message
from feedbot.rules.delivery import ChatClosed, Outcome, RetryAfter
from feedbot.rules.pace import Allowance
from feedbot.store import Store, photos, subscriptions
from feedbot.telegram.send import Sender

_KINDS = ["message", "callback_query", "my_chat_member"]
_PEOPLE = 10_000
_ATTEMPTS = 3
_LONGEST_WAIT = 30.0  # seconds; then the next updates are taken


class Updates:
    """Takes what people write. `wait` holds an answer back until its chat may be written to, `refused` hears
    for how many seconds a chat takes none.

    A person who writes too much is not heard for a while; all of them together are heard as fast as
    answers may be sent, as the next updates are taken when those are out.
    """

    def __init__(
        self,
        store: Store,
        sender: Sender,
        place: Place,
        clock: Callable[[], datetime],
        wait: Callable[[str], Awaitable[None]],
        refused: Callable[[str, float], None],
    ) -> None:
        self._store, self._sender, self._place = store, sender, place
        self._clock, self._wait, self._refused = clock, wait, refused
        self._allowances: defaultdict[str, Allowance] = defaultdict(Allowance)
        self._username: str | None = None
        self._late: set[asyncio.Task[None]] = set()

    async def introduce(self) -> str | None:
        """Tell Telegram the commands, in both languages; the bot's own name. A server that takes no commands
        shows none, and is listened to all the same. Raises TelegramError.
        """
        with suppress(TelegramError):
            for language, commands in COMMANDS.items():
                known = [BotCommand(name, text) for name, text in commands.items()]
                await self._sender.bot.set_my_commands(
                    known, language_code=None if language == "en" else language
                )
        self._username = (await self._sender.bot.get_me()).username
        return self._username

    async def take(self, seconds: int) -> int:
        """Wait at most so many seconds for updates, take and answer them; how many. Raises TelegramError."""
        bot = self._sender.bot_id
        offset = await self._store.do(photos.next_update, bot)
        updates = await self._sender.updates(offset, seconds, _KINDS)
        answers: defaultdict[str, list[str]] = defaultdict(list)
        for update in updates:
            await self._one(bot, update, answers)
        await self._answer_all(answers)
        return len(updates)

    async def _one(self, bot: str, raw: dict[str, Any], answers: defaultdict[str, list[str]]) -> None:
        now = self._clock()
        incoming = self._read(raw)
        is_said = incoming is not None and (incoming.text is not None or incoming.pressed is not None)
        if incoming and is_said and not self._is_allowed(incoming.chat, now):
            incoming = None  # over its allowance a flood gets silence, not an answer for each
        text = await self._store.do(take, bot, raw["update_id"], incoming, self._place, now)
        if text and incoming and incoming.pressed:
            await self._sender.answer_button(incoming.pressed, text)
        elif text and incoming:
            answers[incoming.chat].append(text)

    def _read(self, raw: dict[str, Any]) -> Incoming | None:
        """What an update says; one that the library cannot read is none, or it would come again for ever."""
        try:
            update = Update.de_json(dict(raw), self._sender.bot)
            return read_update(update, self._username)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
            return None

    def _is_allowed(self, chat: str, now: datetime) -> bool:
        if len(self._allowances) > _PEOPLE:
            self._allowances.clear()
        return self._allowances[chat].take(now.timestamp())

    async def _answer_all(self, answers: Mapping[str, list[str]]) -> None:
        """Answer everybody. Who has to wait long, for Telegram closed their chat, is answered meanwhile."""
        tasks = {asyncio.create_task(self._answer(chat, texts)) for chat, texts in answers.items()}
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=_LONGEST_WAIT)
        for task in late:
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        for task in done:
            task.result()

    async def _answer(self, chat: str, texts: list[str]) -> None:
        """Answer one chat, in order; a person who waits for the pace of their chat holds up nobody else."""
        for text in texts:
            outcome = await self._say(chat, text)
            if isinstance(outcome, ChatClosed):
                close = subscriptions.close_chat
                await self._store.do(close, chat, outcome.state, outcome.reason, self._clock())
                return

    async def _say(self, chat: str, text: str) -> Outcome:
        """Say it once more where Telegram wanted it later; the lane then knows of that too."""
        for attempt in range(_ATTEMPTS):
            await self._wait(chat)
            message = Message(text)
            sent = await self._sender.send(
                Address(chat), message, message, None, attempts=attempt, jitter=0.5
            )
            outcome = sent.outcome
            if not (isinstance(outcome, RetryAfter) and outcome.flood):
                break
            self._refused(chat, outcome.wait.total_seconds())
        return outcome
