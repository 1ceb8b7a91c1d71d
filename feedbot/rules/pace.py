"""Telegram's pace (design, "Numbers"): when the next message may go to a chat, and to any chat. Pure.

Times are seconds of one clock, which the caller reads.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

PRIVATE_GAP = 1.05
PRIVATE_REST = (
    1.0  # from an answer to the next message: so long it is at the server too, however slow the way
)
GROUP_MESSAGES, GROUP_WINDOW = 18, 60.0
BOT_WINDOW = 1.003  # a closed window of one second never holds one more
_MOST_LATE = 0.1  # seconds by which a call is taken to arrive later than others, until its answer tells
_JAM = 0.2  # seconds; a call that is so late stood in a jam, and those that stood there arrive together
_FORGET = (1.05, 0.0002)  # times and seconds by which the quickest answer known is forgotten with each one
_EVEN = 1.016  # messages go evenly, a little slower than allowed: the way to the server may bunch them
_CUT, _LEAST = 0.7, 1.0
_RECOVERY = 1 / 60  # messages a second, each second
_CLOSES_BOT = 5.0
_TOGETHER = 1.0
_AFTER_THE_BOT = 0.5
_MOST_CLOSED = 60.0


def is_private(chat: str) -> bool:
    """Whether a chat is one person's: those have positive ids; groups and channels negative ones or names."""
    return chat.isdigit()


@dataclass(slots=True)
class _Call:
    """When a call was made, and by how much later than others it arrived at most."""

    at: float
    late: float = _MOST_LATE
    cost: int = 1


@dataclass(slots=True)
class _Chat:
    """What was sent to a chat: the times that count for its limit, and until when it takes nothing."""

    sent: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP_MESSAGES))
    free_at: float = 0.0
    closed_until: float = 0.0
    flooded_until: float = 0.0
    last: "_Call" = field(default_factory=lambda: _Call(0.0))


class Pacer:
    """Says when a chat may be written to, from what was sent and refused. Property of one sender."""

    def __init__(self, messages_per_second: int) -> None:
        self._most = messages_per_second
        self._calls: deque[_Call] = deque(maxlen=messages_per_second)
        self._quickest = self._usual = 0.0
        self._slot = 0.0  # when the next message is due if they go evenly
        self._closed_until = 0.0
        self._chats: dict[str, _Chat] = {}
        self._last_flood: tuple[str, float] = ("", float("-inf"))
        self._taken: dict[str, float] = {}  # the last two chats that took a message, and when
        self._cut: tuple[float, float] = (float(messages_per_second), 0.0)  # the rate then, and when

    def remember(self, sends: Iterable[tuple[str, float]]) -> None:
        """Take what was sent before a restart into account: chat and time, in order."""
        for chat, at in sends:
            self.note(chat, at)

    def rate(self, now: float) -> float:
        """Messages a second: fewer after a 429 to the whole bot, one more each minute."""
        rate, since = self._cut
        return min(float(self._most), rate + max(0.0, now - since) * _RECOVERY)

    def note(self, chat: str, at: float, cost: int = 1) -> None:
        """A message goes to a chat now; an album costs as many as it has pictures."""
        gap = _EVEN / self.rate(at)
        call = _Call(at, cost=cost)
        self._calls.extend([call] * cost)
        self._slot = max(self._slot, at - gap / 2) + cost * gap  # a late timer costs no rate
        known = self._chats.setdefault(chat, _Chat())
        known.last = call
        known.sent.extend([at] * cost)
        known.free_at = at + cost * PRIVATE_GAP

    def answered(self, chat: str, at: float) -> None:
        """The last message to a chat was answered: it arrived before.

        A call whose answer came later than others' may have arrived later: those after it keep that distance,
        or more than allowed would arrive in a second.
        """
        known = self._chats.get(chat)
        if known is not None and known.sent:
            took = at - known.last.at
            self._quickest = min(self._quickest * _FORGET[0] + _FORGET[1], took)
            usual = self._usual or took
            self._usual = usual + (took - usual) / 16
            is_jam = took > 2 * usual + _JAM
            known.last.late = min(took - self._quickest, 1.0 if is_jam else _MOST_LATE)
            for place in range(-min(known.last.cost, len(known.sent)), 0):
                known.sent[place] = max(known.sent[place], at)
            known.free_at = max(known.free_at, at + (known.last.cost - 1) * PRIVATE_GAP + PRIVATE_REST)

    @property
    def closed_until(self) -> float:
        """Until when nothing at all is sent."""
        return self._closed_until

    def bot_ready_at(self, cost: int = 1) -> float:
        """The earliest time of the next message at all: evenly, no more than allowed in any second."""
        window = 0.0
        if (over := len(self._calls) + min(cost, self._most) - self._most) > 0:
            oldest = self._calls[over - 1]
            window = oldest.at + oldest.late + BOT_WINDOW
        return max(window, self._slot, self._closed_until)

    def chat_ready_at(self, chat: str, cost: int = 1) -> float:
        """The earliest time of the next message to a chat, as far as the chat is concerned; an album must
        have room as a whole.
        """
        known = self._chats.get(chat)
        if known is None:
            return 0.0
        if is_private(chat):
            return max(known.free_at, known.closed_until)
        over = len(known.sent) + min(cost, GROUP_MESSAGES) - GROUP_MESSAGES
        return max(known.sent[over - 1] + GROUP_WINDOW if over > 0 else 0.0, known.closed_until)

    def ready_at(self, chat: str, cost: int = 1) -> float:
        """The earliest time of the next message to a chat."""
        return max(self.bot_ready_at(cost), self.chat_ready_at(chat, cost))

    def taken(self, chat: str, at: float) -> None:
        """A chat took a message: it is not the whole bot that must wait."""
        self._taken.pop(chat, None)
        self._taken = dict([*self._taken.items(), (chat, at)][-2:])

    def flood(self, chat: str, wait: float, now: float) -> bool:
        """Telegram answered 429 for a chat: it is closed for so many seconds. Whether that closes the bot as
        well, and cuts its rate: a second chat's within a second, or a wait of more than five.

        The bot opens a moment before the chat, and after a minute at most: if others are served then, the
        next such wait is the chat's own, and one chat stops not all of them again and again.
        """
        known = self._chats.setdefault(chat, _Chat())
        others = (at for other, at in self._taken.items() if other != chat)
        is_own = 0.0 < known.flooded_until < max(others, default=0.0)
        other, at = self._last_flood
        is_second = other not in {"", chat} and now - at <= _TOGETHER
        self._last_flood = (chat, now)
        if not is_second and (wait <= _CLOSES_BOT or is_own):
            self.close_chat(chat, now + wait)
            return False
        closed = wait if is_second else min(wait, _MOST_CLOSED)
        self.close_chat(chat, now + wait + _AFTER_THE_BOT)
        known.flooded_until = now + closed
        self.close(now + closed)
        self._cut = (max(_LEAST, self.rate(now) * _CUT), now + closed)
        return True

    def close(self, until: float) -> None:
        """Send nothing at all before that time."""
        self._closed_until = max(self._closed_until, until)

    def close_chat(self, chat: str, until: float) -> None:
        """Send nothing to a chat before that time."""
        known = self._chats.setdefault(chat, _Chat())
        known.closed_until = max(known.closed_until, until)

    def forget_old(self, now: float) -> None:
        """Drop the chats that no limit binds any more."""
        old = now - GROUP_WINDOW
        for chat, known in list(self._chats.items()):
            if known.closed_until < now and known.free_at < now and (not known.sent or known.sent[-1] < old):
                del self._chats[chat]


@dataclass(slots=True)
class Allowance:
    """How many commands a person may still send: five at once, then one every three seconds."""

    left: float = 5.0
    at: float = 0.0
    most: float = 5.0
    each: float = 3.0

    def take(self, now: float) -> bool:
        """Take one at that time (seconds), if there is one."""
        self.left = min(self.most, self.left + max(0.0, now - self.at) / self.each)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
