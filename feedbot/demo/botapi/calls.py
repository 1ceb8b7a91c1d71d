"""One call of a method: its parameters read, and what it may use."""

import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.entities import read_text
from feedbot.demo.botapi.errors import bad_request, too_many
from feedbot.demo.botapi.media import Stored
from feedbot.demo.botapi.world import BotAccount, World

_BUTTON_DATA_BYTES = 64
_BUTTON_URL = re.compile(r"(https?|tg)://\S+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request."""

    name: str
    mime: str
    body: bytes


@dataclass(slots=True)
class Call:
    """One call, with what it may use."""

    world: World
    bot: BotAccount
    method: str
    given: dict[str, Any]
    uploads: dict[str, Upload]
    session: aiohttp.ClientSession
    enforce_limits: bool

    def json(self, name: str) -> Any:
        """A parameter that is JSON, however it was sent."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def number(self, name: str, default: int = 0) -> int:
        """A parameter that is a number."""
        try:
            return int(self.given.get(name) or default)
        except (TypeError, ValueError) as error:
            raise bad_request(f"{name} must be a number") from error

    def flag(self, name: str) -> bool:
        """A parameter that is true or false, in the spellings that the server knows."""
        return str(self.given.get(name, "")).casefold() in {"true", "yes", "1"}

    def chat(self) -> Chat:
        """The chat that is meant."""
        return self.world.find_chat(self.given.get("chat_id"))

    def thread(self) -> int | None:
        """The topic that is meant."""
        return self.number("message_thread_id") or None

    def pace(self, chat: Chat, cost: int = 1) -> None:
        """Refuse with 429 who is too quick."""
        if not self.enforce_limits:
            return
        refused = self.bot.limits.refuse(chat.id, private=chat.is_private, cost=cost, now=self.world.clock())
        if refused:
            seconds, ignored = refused
            self.world.refusals_429 += 1
            if ignored:
                self.world.violations.append(f"{self.method} to {chat.id} although told to wait")
            raise too_many(seconds)

    def text(self) -> dict[str, Any]:
        """Text with its entities, checked, as a message has them."""
        text, entities = read_text(
            self.given.get("text"), self.json("entities"), self.given.get("parse_mode"), caption=False
        )
        return _without_empty({"text": text, "entities": entities})

    def caption(self, item: dict[str, Any] | None = None) -> dict[str, Any]:
        """The caption with its entities, checked, as a message has them; `item` is one of an album."""
        given = self.given if item is None else item
        entities = self.json("caption_entities") if item is None else item.get("caption_entities")
        text, found = read_text(given.get("caption"), entities, given.get("parse_mode"), caption=True)
        return _without_empty({"caption": text, "caption_entities": found})

    def markup(self) -> dict[str, Any]:
        """The inline keyboard, if one is given, checked; other keyboards leave no trace in a message."""
        markup = self.json("reply_markup")
        if not isinstance(markup, dict) or not isinstance(rows := markup.get("inline_keyboard"), list):
            return {}
        for button in (button for row in rows for button in row):
            if len(str(button.get("callback_data", "")).encode()) > _BUTTON_DATA_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
            if "url" in button and not _BUTTON_URL.match(str(button["url"])):
                raise bad_request("BUTTON_URL_INVALID")
        return {"reply_markup": markup} if any(rows) else {}

    async def file(self, value: Any, *, photo: bool) -> Stored:
        """A photo or document that is uploaded, attached, known by id, or to be fetched."""
        media = self.world.media
        text = value if isinstance(value, str) else ""
        if text.startswith("attach://"):
            value = self.uploads.get(text.removeprefix("attach://"))
            if value is None:
                raise bad_request("can't parse file: attached file not found")
        if isinstance(value, Upload):
            if photo:
                return media.add_photo(value.body, value.name)
            return media.add_file(value.body, value.name, value.mime)
        if text.startswith(("http://", "https://")):
            return await media.by_url(self.session, text, photo=photo)
        if not text:
            raise bad_request(f"there is no {'photo' if photo else 'document'} in the request")
        return media.by_id(self.bot.id, text, photo=photo)

    def sizes(self, stored: Stored) -> list[dict[str, Any]]:
        """The PhotoSize array of a picture: small ones and the whole."""
        found = []
        for longest in (90, 320, 800, 1280, 2560):
            scale = min(1.0, longest / max(stored.width, stored.height))
            found.append(
                {
                    "file_id": self.world.media.new_id(self.bot.id, stored),
                    "file_unique_id": f"{stored.unique}{'' if scale == 1.0 else longest}",
                    "width": round(stored.width * scale),
                    "height": round(stored.height * scale),
                    "file_size": max(1, round(len(stored.body) * scale * scale)),
                }
            )
            if scale == 1.0:
                break
        return found

    def document(self, stored: Stored) -> dict[str, Any]:
        """The Document object of a file."""
        return {
            "file_id": self.world.media.new_id(self.bot.id, stored),
            "file_unique_id": stored.unique,
            "file_name": stored.name,
            "mime_type": stored.mime,
            "file_size": len(stored.body),
        }


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
