"""One call of a method: its parameters read, and what it may use."""

import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.entities import read_text
from feedbot.demo.botapi.errors import ApiError, bad_request, too_many
from feedbot.demo.botapi.limits import MOST_UNSENT
from feedbot.demo.botapi.media import Stored
from feedbot.demo.botapi.world import BotAccount, World

_BUTTON_DATA_BYTES = 64
_BUTTON_URL = re.compile(r"https?://[^\s/]*[.\[]\S*|tg://\S+")  # a host without a dot is none
_ACTIONS = (
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat"
    " switch_inline_query_chosen_chat copy_text callback_game pay"
).split()
_MOST_BUTTONS, _MARKUP_BYTES = 100, 10_240
_PAUSE_SECONDS, _LONG_WAIT = 3.0, 60


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
            if ignored:
                self.world.violations.append(f"{self.method} to {chat.id} although told to wait")
            raise self._too_many(seconds)

    async def brake(self, chat: Chat | None) -> None:
        """What the server does to protect itself, before it even asks Telegram: uploads of equal size are
        held back; who is far behind, or has too much unsent in a chat, is refused after a pause.
        """
        if not self.enforce_limits:
            return
        largest = max((len(upload.body) for upload in self.uploads.values()), default=0)
        wait = self.bot.uploads.wait(largest, self.world.clock())
        if wait is None or (chat is not None and chat.in_flight > MOST_UNSENT):
            await self.world.sleep(_PAUSE_SECONDS)
            raise self._too_many(_LONG_WAIT)
        if wait:
            await self.world.sleep(wait)

    def _too_many(self, seconds: int) -> ApiError:
        self.world.refusals_429 += 1
        return too_many(seconds)

    def text(self) -> dict[str, Any]:
        """Text with its entities, checked, as a message has them."""
        text, entities = read_text(
            self.given.get("text"), self.json("entities"), self.given.get("parse_mode"), caption=False
        )
        return _without_empty({"text": text, "entities": entities})

    def preview(self) -> dict[str, Any]:
        """What is said of the preview of a link, as a message has it."""
        told = self.json("link_preview_options")
        if not told:
            return {}
        if not isinstance(told, dict) or not isinstance(told.get("url") or "", str):
            raise bad_request("can't parse link preview options JSON object")
        return {"link_preview_options": told}

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
        if not all(isinstance(row, list) for row in rows):
            raise bad_request(
                "can't parse inline keyboard: expected an Array of Arrays of InlineKeyboardButton"
            )
        buttons = [button for row in rows for button in row]
        if (
            len(buttons) > _MOST_BUTTONS
            or len(json.dumps(markup, ensure_ascii=False).encode()) > _MARKUP_BYTES
        ):
            raise bad_request("reply markup is too long")
        for button in buttons:
            _check_button(button)
        return {"reply_markup": markup} if any(rows) else {}

    def reply(self, chat: Chat) -> dict[str, Any]:
        """The message that is answered, if one is named."""
        told = self.json("reply_parameters") or {}
        if not isinstance(told, dict):
            raise bad_request("can't parse reply parameters JSON object")
        number = int(told.get("message_id") or self.number("reply_to_message_id"))
        if not number:
            return {}
        found = chat.find(number)
        if found is None and not told.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return {"reply_to_message": without_reply(found.json)} if found else {}

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


def without_reply(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is quoted: what it answered itself is not told."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"]:
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not any(name in button for name in _ACTIONS):
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    data = str(button.get("callback_data", "x")).encode()
    if not 1 <= len(data) <= _BUTTON_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _BUTTON_URL.fullmatch(str(button["url"])):
        raise bad_request("BUTTON_URL_INVALID")


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
