"""Telegram's pace: when the next message may go to a chat, and to any chat (design, "Numbers")."""

from collections.abc import Sequence
from dataclasses import dataclass

PRIVATE_GAP = 1.05
GROUP_MESSAGES, GROUP_WINDOW = 18, 60.0


def is_private(chat: str) -> bool:
    """Whether a chat is one person's: those have positive ids; groups and channels negative ones or names."""
    return chat.isdigit()


def chat_ready_at(chat: str, sent: Sequence[float]) -> float:
    """The earliest time of the next message to a chat, from the times (seconds) of the last ones."""
    if not sent:
        return 0.0
    if is_private(chat):
        return sent[-1] + PRIVATE_GAP
    return sent[-GROUP_MESSAGES] + GROUP_WINDOW if len(sent) >= GROUP_MESSAGES else 0.0


def bot_ready_at(sent: Sequence[float], messages_per_second: int) -> float:
    """The earliest time of the next message at all: no more than that many in any one second."""
    return sent[-messages_per_second] + 1.0 if len(sent) >= messages_per_second else 0.0


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
