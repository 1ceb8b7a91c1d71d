"""Memory of what was sent when, so that no limit of Telegram's is met. Times are seconds of one clock."""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import timedelta

from feedbot.rules.pace import GROUP_MESSAGES, GROUP_WINDOW, bot_ready_at, chat_ready_at

_CLOSES_BOT = timedelta(seconds=5)
_TOGETHER = 1.0


class Pacer:
    """Says when a chat may be written to. Property of one sender."""

    def __init__(self, messages_per_second: int) -> None:
        self._rate = messages_per_second
        self._bot: deque[float] = deque(maxlen=messages_per_second)
        self._chats: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=GROUP_MESSAGES))
        self._bot_closed_until = 0.0
        self._last_flood: tuple[str, float] = ("", float("-inf"))

    def remember(self, sends: Iterable[tuple[str, float]]) -> None:
        """Take what was sent before a restart into account: chat and time, in order."""
        for chat, at in sends:
            self.note(chat, at)

    def note(self, chat: str, at: float) -> None:
        """A message goes to a chat now."""
        self._bot.append(at)
        self._chats[chat].append(at)

    def answered(self, chat: str, at: float) -> None:
        """The gap to the next message of a chat counts from the answer to the last one."""
        if sent := self._chats.get(chat):
            sent[-1] = at

    def ready_at(self, chat: str) -> float:
        """The earliest time of the next message to a chat."""
        bot = max(bot_ready_at(self._bot, self._rate), self._bot_closed_until)
        return max(bot, chat_ready_at(chat, self._chats[chat])) if chat in self._chats else bot

    def flood(self, chat: str, wait: timedelta, now: float) -> bool:
        """Telegram answered 429 for a chat. Whether that closes the bot as well: a second chat's within a
        second, or a wait of more than five (design, "Numbers").
        """
        other, at = self._last_flood
        self._last_flood = (chat, now)
        if wait > _CLOSES_BOT or (other not in {"", chat} and now - at <= _TOGETHER):
            self.close(now + wait.total_seconds())
            return True
        return False

    def close(self, until: float) -> None:
        """Send nothing at all before that time."""
        self._bot_closed_until = max(self._bot_closed_until, until)

    def forget_old(self, now: float) -> None:
        """Drop the chats that no limit binds any more."""
        for chat in [chat for chat, sent in self._chats.items() if sent[-1] < now - GROUP_WINDOW]:
            del self._chats[chat]
