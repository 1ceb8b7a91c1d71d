"""Which chat is written to next: a heap of chats that wait for their time, one of those whose time has come.

Pure but for its memory; times are seconds of one clock. Each chat shows its first message only, so order
within a chat is kept, a chat that waits holds up no other, and a choice costs the logarithm of the chats.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from feedbot.rules.pace import Pacer

INF = float("inf")
_MOST_STALE = 64


class Priority(IntEnum):
    """What a message is: the seconds that it steps back behind another one that waits as long.

    Steps instead of ranks: whatever is let past, nothing waits for ever.
    """

    ENTRY = 0
    EDIT = 30
    BACKLOG = 300


@dataclass(frozen=True, slots=True)
class Head:
    """The first message of a chat: when it is due, since when it waits, and as how many it counts."""

    chat: str
    due: float
    since: float
    priority: Priority = Priority.ENTRY
    cost: int = 1


_Place = tuple[float, float, str, Head]


class Agenda:
    """The chats with something to be sent. A chat that was taken is shown again when it is `put` back."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._heads: dict[str, Head] = {}
        self._taken: set[str] = set()
        self._later: list[_Place] = []
        self._ready: list[_Place] = []

    def load(self, heads: Iterable[Head]) -> None:
        """Know these chats and no other; those that are taken stay so."""
        fresh = {head.chat: head for head in heads if head.chat not in self._taken}
        for chat in [chat for chat in self._heads if chat not in fresh]:
            del self._heads[chat]
        for head in fresh.values():
            self._show(head)

    def put(self, chat: str, head: Head | None) -> None:
        """A taken chat is done, and has this as its first message now, or none."""
        self._taken.discard(chat)
        if head is None:
            self._heads.pop(chat, None)
        else:
            self._show(head)

    def _show(self, head: Head) -> None:
        if self._heads.get(head.chat) != head:
            self._heads[head.chat] = head
            heapq.heappush(self._later, (head.due, head.since, head.chat, head))
            self._clear_out()

    def _clear_out(self) -> None:
        """Drop the places of heads that were shown anew since, before they are more than those that count."""
        for heap in (self._later, self._ready):
            if len(heap) > _MOST_STALE + 2 * len(self._heads):
                heap[:] = [place for place in heap if self._heads.get(place[-2]) is place[-1]]
                heapq.heapify(heap)

    def take(self, now: float, early: float = 0.0) -> Head | None:
        """The chat to be written to now; None while there is none or the bot waits longer than `early`."""
        self._ripen(now)
        if self._pacer.bot_ready_at() > now + early:
            return None
        while self._ready:
            _, _, chat, head = heapq.heappop(self._ready)
            if self._heads.get(chat) is not head:
                continue
            if (at := self._pacer.chat_ready_at(chat, head.cost)) > now:
                heapq.heappush(self._later, (at, head.since, chat, head))
                continue
            del self._heads[chat]
            self._taken.add(chat)
            return head
        return None

    def _ripen(self, now: float) -> None:
        """Chats whose time has come step over; one that must wait longer than was thought waits on."""
        while self._later and self._later[0][0] <= now:
            _, _, chat, head = heapq.heappop(self._later)
            if self._heads.get(chat) is not head:
                continue
            if (at := max(head.due, self._pacer.chat_ready_at(chat, head.cost))) > now:
                heapq.heappush(self._later, (at, head.since, chat, head))
            else:
                # Of messages that wait as long, the chat's goes first that could have been written to first:
                # else some chats would fall behind, and at the end wait for their own limits alone.
                heapq.heappush(self._ready, (head.since + head.priority, at, chat, head))

    def next_at(self, now: float, early: float = 0.0) -> float:
        """When there may be something to take so early; infinity if nothing waits."""
        self._ripen(now)
        for heap in (self._ready, self._later):
            while heap and self._heads.get(heap[0][-2]) is not heap[0][-1]:
                heapq.heappop(heap)
        bot = self._pacer.bot_ready_at() - early
        if self._ready:
            return max(now, bot)
        return max(self._later[0][0], bot) if self._later else INF
