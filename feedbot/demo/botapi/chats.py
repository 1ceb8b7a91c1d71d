"""Chats and what is in them."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from feedbot.demo.botapi.errors import ApiError, bad_request, forbidden

# What a chat does to a message, by its state: the words are the server's; `{kind}` is the chat's type.
REFUSALS: dict[str, tuple[Callable[[str], ApiError], str]] = {
    "blocked": (forbidden, "bot was blocked by the user"),
    "deactivated": (forbidden, "user is deactivated"),
    "never_started": (forbidden, "bot can't initiate conversation with a user"),
    "kicked": (forbidden, "bot was kicked from the {kind} chat"),
    "not_member": (forbidden, "bot is not a member of the {kind} chat"),
    "deleted": (forbidden, "the group chat was deleted"),
    "is_bot": (forbidden, "the bot can't send messages to the bot"),
    "not_found": (bad_request, "chat not found"),
    "no_rights": (bad_request, "not enough rights to send text messages to the chat"),
    "not_admin": (bad_request, "need administrator rights in the channel chat"),
    "admin_required": (bad_request, "CHAT_ADMIN_REQUIRED"),
    "no_write_access": (bad_request, "have no write access to the chat"),
    "write_forbidden": (bad_request, "CHAT_WRITE_FORBIDDEN"),
    "restricted": (bad_request, "CHAT_RESTRICTED"),
}
STATES = {"ok", "migrated", "no_photos", *REFUSALS}


@dataclass(slots=True)
class Person:
    """Somebody who writes to bots."""

    id: int
    first_name: str
    language: str = "en"

    def json(self) -> dict[str, Any]:
        """The User object of the Bot API."""
        told = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        return told | {"language_code": self.language}


@dataclass(slots=True)
class Message:
    """One message that is there, and what of it only the emulator knows."""

    json: dict[str, Any]
    photo: str | None = None
    bot: int | None = None  # None: a person wrote it
    rich: str = ""  # the HTML of a rich message, as the page shows it

    @property
    def from_bot(self) -> bool:
        """Whether a bot posted it."""
        return self.bot is not None


@dataclass(slots=True)
class Chat:
    """A place for messages. `state` is one of STATES."""

    id: int
    type: str
    title: str
    username: str | None = None
    state: str = "ok"
    migrated_to: int | None = None
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    deleted_topics: set[int] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    in_flight: int = 0

    @property
    def is_private(self) -> bool:
        """Whether this is one person's."""
        return self.type == "private"

    def json(self) -> dict[str, Any]:
        """The Chat object of the Bot API."""
        name = {"first_name": self.title} if self.is_private else {"title": self.title}
        username = {"username": self.username} if self.username else {}
        forum = {"is_forum": True} if self.topics else {}
        return {"id": self.id, "type": self.type, **name, **username, **forum}

    def refuse(self, thread: int | None, *, photo: bool) -> None:
        """Raise what stands against a message here."""
        if self.state == "migrated" and self.migrated_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.migrated_to,
            )
        if self.state in REFUSALS:
            refusal, words = REFUSALS[self.state]
            raise refusal(words.format(kind=self.type))
        if photo and self.state == "no_photos":
            raise bad_request("not enough rights to send photos to the chat")
        if thread in self.deleted_topics:
            raise bad_request("TOPIC_DELETED")
        if self.topics and thread is not None:
            if thread not in self.topics:  # General has the number 1 and must not be named
                raise bad_request("message thread not found")
            if thread in self.closed_topics:
                raise bad_request("TOPIC_CLOSED")

    def find(self, number: int) -> Message | None:
        """The message of that number, if it is still there."""
        return next((one for one in self.messages if one.json["message_id"] == number), None)
