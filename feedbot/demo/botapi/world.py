"""Everything that the emulator remembers; the ledger in it is the only truth."""

import asyncio
import itertools
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from feedbot.demo.botapi.chats import Chat, Message, Person
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.limits import Limits, Uploads
from feedbot.demo.botapi.media import Media
from feedbot.demo.botapi.members import membership

_NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(slots=True)
class BotAccount:
    """One bot: who it is, what waits for it, and whether somebody asks already."""

    token: str
    username: str
    updates: deque[dict[str, Any]] = field(default_factory=deque)
    poll: asyncio.Future[str] | None = None
    webhook: str = ""
    allowed_updates: frozenset[str] = frozenset()
    commands: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    queries: set[str] = field(default_factory=set)
    limits: Limits = field(default_factory=Limits)
    uploads: Uploads = field(default_factory=Uploads)

    @property
    def id(self) -> int:
        """The number before the colon of its token."""
        return int(self.token.partition(":")[0])

    def json(self) -> dict[str, Any]:
        """The User object of the Bot API."""
        return {"id": self.id, "is_bot": True, "first_name": self.username, "username": self.username}

    def hears(self, kind: str) -> bool:
        """Whether updates of that kind reach it: those it asked for, else all but the rare ones."""
        return kind in self.allowed_updates if self.allowed_updates else kind not in _NOT_BY_DEFAULT

    def end_poll(self, reason: str = "") -> None:
        """End the poll that waits: with what has arrived, or with the reason of a conflict."""
        if self.poll is not None and not self.poll.done():
            self.poll.set_result(reason)
        self.poll = None


def _rich_text(message: dict[str, Any]) -> str | None:
    blocks = message.get("rich_message", {}).get("blocks", ())
    return "\n".join(block["text"] for block in blocks) or None


class World:
    """State without HTTP."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.sleep: Callable[[float], Awaitable[None]] = getattr(clock, "sleep", asyncio.sleep)
        self.bots: dict[str, BotAccount] = {}
        self.people: dict[int, Person] = {}
        self.members: dict[tuple[int, int], str] = {}
        self.chats: dict[int, Chat] = {}
        self.media = Media()
        self.ledger: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.refusals_429 = 0
        self._update_ids = itertools.count(1_000)
        self._query_ids = itertools.count(1)
        self._groups = itertools.count(1)
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
        if thread and chat.topics:  # elsewhere it is ignored without a word
            message |= {"message_thread_id": thread, "is_topic_message": True}
        return message

    def new_group(self) -> str:
        """The id of an album."""
        return str(next(self._groups))

    def accept(
        self,
        method: str,
        bot: BotAccount,
        chat: Chat,
        message: dict[str, Any],
        photo: str | None,
        silent: bool = False,
    ) -> None:
        """Write into the ledger what was accepted."""
        self.ledger.append(
            {
                "at": self.clock(),
                "method": method,
                "bot": bot.id,
                "chat": chat.id,
                "message_id": message.get("message_id"),
                "text": message.get("text") or message.get("caption") or _rich_text(message),
                "entities": message.get("entities") or message.get("caption_entities") or [],
                "photo": photo,
                "topic": message.get("message_thread_id"),
                "silent": silent,
            }
        )

    def post(
        self,
        method: str,
        bot: BotAccount,
        chat: Chat,
        message: dict[str, Any],
        photo: str | None,
        silent: bool = False,
    ) -> None:
        """Put a message into its chat, and into the ledger."""
        chat.messages.append(Message(message, photo, bot.id))
        self.accept(method, bot, chat, message, photo, silent)

    def push_update(self, bot: BotAccount, update: dict[str, Any]) -> int:
        """Let something happen that the bot will hear of, if it wants to; the update's number."""
        number = next(self._update_ids)
        if all(bot.hears(kind) for kind in update):
            bot.updates.append({"update_id": number, **update})
            bot.end_poll()
        return number

    def say(self, person: Person, text: str, chat: Chat | None = None, topic: int | None = None) -> int:
        """A person writes in a chat, or to every bot's private chat with them; the message's number."""
        chat = chat or self.chats[person.id]
        if chat.is_private and chat.state in {"never_started", "blocked"} and text.startswith("/start"):
            self.set_state(chat, "ok", told=chat.state == "blocked")
        message = self._service(chat) | {"from": person.json(), "text": text}
        if topic and chat.topics:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        if command := re.match(r"/[A-Za-z0-9_]+(@\w+)?", text):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command[0])}]
        return self._hear(chat, message)

    def _service(self, chat: Chat) -> dict[str, Any]:
        return {"message_id": next(chat.numbers), "date": int(self.clock()), "chat": chat.json()}

    def _hear(self, chat: Chat, message: dict[str, Any]) -> int:
        chat.messages.append(Message(message))
        for bot in self.bots.values():
            self.push_update(bot, {"message": message})
        number: int = message["message_id"]
        return number

    def set_state(self, chat: Chat, state: str, *, told: bool = False) -> None:
        """What the chat does to messages from now on; `told`: the bots hear of it as `my_chat_member`."""
        before, chat.state = chat.state, state
        who = self.people.get(chat.id) or Person(1087968824, "Group")
        for bot in self.bots.values() if told else ():
            change = {
                "chat": chat.json(),
                "from": who.json(),
                "date": int(self.clock()),
                "old_chat_member": membership(bot, chat, before),
                "new_chat_member": membership(bot, chat, state),
            }
            self.push_update(bot, {"my_chat_member": change})

    def migrate(self, old: Chat, new: Chat) -> None:
        """A group becomes a supergroup, and says so in both."""
        self.add_chat(new)
        old.state, old.migrated_to = "migrated", new.id
        self._hear(old, self._service(old) | {"migrate_to_chat_id": new.id})
        self._hear(new, self._service(new) | {"migrate_from_chat_id": old.id})

    def press(self, person: Person, chat: Chat, message: Message, data: str) -> str:
        """A person presses a button under a bot's message; the query's id."""
        bot = next(bot for bot in self.bots.values() if bot.id == message.bot)
        number = next(self._query_ids)
        query = {
            "id": str(number),
            "from": person.json(),
            "message": message.json,
            "chat_instance": str(chat.id),
            "data": data,
        }
        bot.queries.add(str(number))
        self.push_update(bot, {"callback_query": query})
        return str(number)
