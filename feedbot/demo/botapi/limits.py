"""Telegram's pace, and what happens to those who do not keep it. Pure but for its memory."""

import math
from collections import deque

BOT_MESSAGES, BOT_WINDOW = 30, 1.0
PRIVATE_MESSAGES, PRIVATE_WINDOW = 1, 1.0
GROUP_MESSAGES, GROUP_WINDOW = 20, 60.0
_LONGEST_PENALTY = 3600
MOST_UNSENT = 310
UPLOAD_BYTES = 100_000  # smaller ones are not braked
_UPLOAD_BURST, _UPLOAD_BEHIND = 1.0, 5.0


class Window:
    """At most so many in any window of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._taken: deque[float] = deque()

    def wait(self, cost: int, now: float) -> float:
        """The seconds until that many more fit."""
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        over = len(self._taken) + min(cost, self.most) - self.most
        return 0.0 if over <= 0 else self._taken[over - 1] + self.seconds - now

    def take(self, cost: int, now: float) -> None:
        """Count that many. What one window cannot hold is paid for in the next ones."""
        self._taken.extend(now + number // self.most * self.seconds for number in range(cost))


class Limits:
    """The three limits together: the bot's, a private chat's, a group's or channel's. An album counts its
    items, an edit one. Who asks again before the time it was told has its wait doubled.
    """

    def __init__(self) -> None:
        self._bot = Window(BOT_MESSAGES, BOT_WINDOW)
        self._chats: dict[int, Window] = {}
        self._closed: dict[int, tuple[float, int]] = {}
        self._shut = 0.0

    def close(self, seconds: float, now: float, chat: int | None = None) -> None:
        """Flood control for a chat, or for all of them: nobody has been told yet."""
        if chat is None:
            self._shut = now + seconds
        else:
            self._closed[chat] = (now + seconds, 0)

    def refuse(self, chat: int, *, private: bool, cost: int, now: float) -> tuple[int, bool] | None:
        """The seconds to wait, and whether the caller had been told to wait already; None: go on."""
        until, penalty = self._closed.get(chat, (0.0, 0))
        if now < until and penalty:
            penalty = min(_LONGEST_PENALTY, penalty * 2)
            self._closed[chat] = (now + penalty, penalty)
            return penalty, True
        make = (PRIVATE_MESSAGES, PRIVATE_WINDOW) if private else (GROUP_MESSAGES, GROUP_WINDOW)
        window = self._chats.setdefault(chat, Window(*make))
        wait = max(until - now, self._shut - now, self._bot.wait(cost, now), window.wait(cost, now))
        if wait > 0:
            seconds = math.ceil(wait)
            self._closed[chat] = (now + seconds, seconds)
            return seconds, False
        self._bot.take(cost, now)
        window.take(cost, now)
        return None


class Uploads:
    """The server's own brake on uploads of equal size, which a bot should send once and then by their id."""

    def __init__(self) -> None:
        self._last: dict[int, float] = {}

    def wait(self, size: int, now: float) -> float | None:
        """The seconds that an upload of so many bytes is held back; None: too far behind, it is refused."""
        if size <= UPLOAD_BYTES:
            return 0.0
        last = self._last.get(size, -math.inf)
        if last > now + _UPLOAD_BEHIND:
            return None
        gap = min(0.9, max(0.2, size * 1e-7))
        self._last[size] = max(last + gap, now - _UPLOAD_BURST)
        wait = self._last[size] - now
        return wait if wait > 0.001 else 0.0  # less is rounding
