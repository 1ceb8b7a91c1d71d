"""The desk of one bot's lane: the messages that were composed, and the photos that somebody is at."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from feedbot.model import Message
from feedbot.pipeline.tools import Tools
from feedbot.store.outbox import Outbox, Picked
from feedbot.telegram.send import MOST_UPLOADS, Sender, takes_no_photos

MOST_COMPOSED = 512
_LEAST_ANSWERED = 0.5  # seconds
NOT_ANSWERED = f"{MOST_UPLOADS} uploads had no answer"


@dataclass(slots=True)
class Desk:
    """What one bot's messages are made and sent with. Those that were composed are kept for the next
    subscribers of their articles. `deletes` is whether a message goes away with its article, or says that
    it was withdrawn. `fetching` are the addresses of photos that somebody's message is having fetched and
    uploaded, and until when others wait for it; `uploading` by how many at once; `steps_back` is told of its
    chat, for that may take long, and `done` is called at the end. `refused_in` is the chat that first refused
    a photo, `unanswered` counts by message how often its photo or rich form had no answer while others have.
    `turn` waits until a chat may be written to, for those that are written down as being sent only then.
    `clock` tells the time for what is written after photo, turn and answer, which take their own.
    """

    tools: Tools
    sender: Sender
    outbox: Outbox
    clock: Callable[[], datetime]
    deletes: bool = False
    composed: dict[Any, tuple[Message, str]] = field(default_factory=dict)
    fetching: dict[str, float] = field(default_factory=dict)
    refused_in: dict[str, str] = field(default_factory=dict)
    unanswered: dict[int, int] = field(default_factory=dict)
    uploading: dict[str, int] = field(default_factory=dict)
    steps_back: Callable[[str], None] = lambda _chat: None
    done: Callable[[], None] = lambda: None
    turn: Callable[[str, int], AbstractAsyncContextManager[None]] = lambda _chat, _cost: nullcontext()

    def is_bad(self, picked: Picked, fault: str) -> bool:
        """Whether it is the photo that is refused, and not a chat: it was so in another one too."""
        if fault == NOT_ANSWERED:
            return True
        if picked.photo is None or takes_no_photos(fault):
            return False
        if len(self.refused_in) >= MOST_COMPOSED:
            self.refused_in.clear()
        chat = picked.delivery.address.chat
        return self.refused_in.setdefault(picked.photo.url, chat) != chat

    async def had_no_answer(self, picked: Picked) -> None:
        """Count it, unless the Bot API answers nothing at all: an outage is no message's fault."""
        if await self.sender.is_up():
            if len(self.unanswered) >= MOST_COMPOSED:
                self.unanswered.clear()
            self.unanswered[picked.delivery.id] = self.unanswered.get(picked.delivery.id, 0) + 1

    def never_answers(self, picked: Picked) -> bool:
        """Whether it is the form of a message that leaves us without an answer, and would the next time (a
        proxy with a limit says 413 on a page of its own).
        """
        return self.unanswered.get(picked.delivery.id, 0) >= MOST_UPLOADS

    @contextmanager
    def fetches(self, picked: Picked) -> Iterator[bool]:
        """Have the photos of a message to oneself; False: somebody else is at it."""
        wanted = _addresses(picked)
        if any(self.fetching.get(url, 0.0) > time.monotonic() for url in wanted):
            yield False
            return
        self.fetching |= dict.fromkeys(wanted, float("inf"))
        self.steps_back(picked.delivery.address.chat)
        try:
            yield True
        finally:
            for url in wanted:
                self.fetching.pop(url, None)
                self.uploading.pop(url, None)
            self.done()

    def uploads(self, picked: Picked) -> None:
        """They are there and are uploaded now. If that is not answered soon, it is the chat, and another one
        may try, who has the half of that.
        """
        wanted = _addresses(picked)
        tries = max((self.uploading.get(url, 0) for url in wanted), default=0)
        seconds = max(self.sender.answered / 2**tries, _LEAST_ANSWERED)
        self.fetching |= dict.fromkeys(wanted, time.monotonic() + seconds)
        self.uploading |= dict.fromkeys(wanted, tries + 1)
        asyncio.get_running_loop().call_later(seconds, self.done)


def _addresses(picked: Picked) -> set[str]:
    return {one.url for one in (picked.photo, *(one for one, _ in picked.album)) if one is not None}
