"""Taking updates from the Bot API, one transaction each, and answering (edge)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from telegram import BotCommand, Update

from feedbot.bot.conversation import Place, read_update, take
from feedbot.bot.texts import COMMANDS
from feedbot.model import Address, Message
from feedbot.rules.delivery import ChatClosed
from feedbot.rules.pace import Allowance
from feedbot.store import Store, photos, subscriptions
from feedbot.telegram.send import Sender

_KINDS = ["message", "my_chat_member"]
_PEOPLE = 10_000


class Updates:
    """Takes what people write. `wait` holds an answer back until its chat may be written to."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        place: Place,
        clock: Callable[[], datetime],
        wait: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store, self._sender, self._place = store, sender, place
        self._clock, self._wait = clock, wait
        self._allowances: defaultdict[str, Allowance] = defaultdict(Allowance)

    async def introduce(self) -> str | None:
        """Tell Telegram the commands, in both languages; the bot's own name. Raises TelegramError."""
        for language, commands in COMMANDS.items():
            known = [BotCommand(name, text) for name, text in commands.items()]
            await self._sender.bot.set_my_commands(
                known, language_code=None if language == "en" else language
            )
        return (await self._sender.bot.get_me()).username

    async def take(self, seconds: int) -> int:
        """Wait at most that many seconds for updates and take them; how many. Raises TelegramError."""
        bot = self._sender.bot_id
        offset = await self._store.do(photos.next_update, bot)
        updates: Sequence[Update] = await self._sender.bot.get_updates(
            offset=offset, timeout=seconds, allowed_updates=_KINDS, read_timeout=seconds + 20
        )
        for update in updates:
            await self._one(bot, update)
        return len(updates)

    async def _one(self, bot: str, update: Update) -> None:
        now = self._clock()
        incoming = read_update(update)
        if incoming and incoming.text is not None and not self._is_allowed(incoming.chat, now):
            incoming = None  # over its allowance a flood gets silence, not an answer for each
        text = await self._store.do(take, bot, update.update_id, incoming, self._place, now)
        if text and incoming:
            await self._answer(incoming.chat, text, now)

    def _is_allowed(self, chat: str, now: datetime) -> bool:
        if len(self._allowances) > _PEOPLE:
            self._allowances.clear()
        return self._allowances[chat].take(now.timestamp())

    async def _answer(self, chat: str, text: str, now: datetime) -> None:
        await self._wait(chat)
        attempt = await self._sender.send(
            Address(chat), Message(text), Message(text), None, attempts=0, jitter=0
        )
        if isinstance(attempt.outcome, ChatClosed):
            closed = attempt.outcome
            await self._store.do(subscriptions.close_chat, chat, closed.state, closed.reason, now)
