"""Everything that the emulator remembers; the ledger in it is the only truth."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from feedbot.demo.botapi.chats import Chat, Message, Person
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.limits import Limits
from feedbot.demo.botapi.media import Media


@dataclass(slots=True)
class BotAccount:
    """One bot: who it is, what waits for it, and whether somebody asks already."""

    token: str
    username: str
    updates: deque[dict[str, Any]] = field(default_factory=deque)
    polling: int = 0
    webhook: str = ""
    commands: dict[str, list[Any]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> int:
        """The number before the colon of its token."""
        return int(self.token.partition(":")[0])

    def json(self) -> dict[str, Any]:
        """The User object of the Bot API."""
        return {"id": self.id, "is_bot": True, "first_name": self.username, "username": self.username}


class World:
    """State without HTTP."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.bots: dict[str, BotAccount] = {}
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.media = Media()
        self.ledger: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.refusals_429 = 0
        self._update_ids = itertools.count(1_000)
        self._private_numbers = itertools.count(1)

    def add_chat(self, chat: Chat) -> Chat:
        """Make a chat. Private ones share their message numbers."""
        if chat.is_private:
            chat.numbers = self._private_numbers
        self.chats[chat.id] = chat
        return chat

    def find_chat(self, name: Any) -> Chat:
        """The chat of a number or @name, as the server looks for it."""
        text = str(name if name is not None else "").strip()
        if not text:
            raise bad_request("chat_id is empty")
        if text.startswith("@"):
            for chat in self.chats.values():
                if chat.username and chat.username.casefold() == text[1:].casefold():
                    return chat
            raise bad_request("chat not found")
        try:
            return self.chats[int(text)]
        except (ValueError, KeyError) as error:
            raise bad_request("chat not found") from error

    def new_message(self, chat: Chat, bot: BotAccount, thread: int | None) -> dict[str, Any]:
        """The head of a message that a bot posts."""
        message: dict[str, Any] = {
            "message_id": next(chat.numbers),
            "date": int(self.clock()),
            "chat": chat.json(),
        }
        author = "sender_chat" if chat.type == "channel" else "from"
        message[author] = chat.json() if chat.type == "channel" else bot.json()
        return message | ({"message_thread_id": thread} if thread else {})

    def accept(
        self, method: str, bot: BotAccount, chat: Chat, message: dict[str, Any], photo: str | None
    ) -> None:
        """Write into the ledger what was accepted."""
        self.ledger.append(
            {
                "at": self.clock(),
                "method": method,
                "bot": bot.id,
                "chat": chat.id,
                "message_id": message.get("message_id"),
                "text": message.get("text") or message.get("caption"),
                "entities": message.get("entities") or message.get("caption_entities") or [],
                "photo": photo,
            }
        )

    def post(
        self, method: str, bot: BotAccount, chat: Chat, message: dict[str, Any], photo: str | None
    ) -> None:
        """Put a message into its chat, and into the ledger."""
        chat.messages.append(Message(message, photo))
        self.accept(method, bot, chat, message, photo)

    def push_update(self, bot: BotAccount, update: dict[str, Any]) -> int:
        """Let something happen that the bot will hear of; the update's number."""
        number = next(self._update_ids)
        bot.updates.append({"update_id": number, **update})
        bot.arrived.set()
        return number

    def say(self, person: Person, text: str) -> int:
        """A person writes to every bot's private chat with them; the message's number."""
        chat = self.chats[person.id]
        if chat.state in {"never_started", "blocked"} and text.startswith("/start"):
            chat.state = "ok"
        user = {
            "id": person.id,
            "is_bot": False,
            "first_name": person.first_name,
            "language_code": person.language,
        }
        message: dict[str, Any] = {
            "message_id": next(chat.numbers),
            "date": int(self.clock()),
            "chat": chat.json(),
            "from": user,
            "text": text,
        }
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        chat.messages.append(Message(message, from_bot=False))
        for bot in self.bots.values():
            self.push_update(bot, {"message": message})
        number: int = message["message_id"]
        return number
