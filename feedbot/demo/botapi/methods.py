"""The methods of the Bot API: parameters in, result out, refusals raised."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from feedbot.demo.botapi.chats import Chat, Message
from feedbot.demo.botapi.entities import read_text
from feedbot.demo.botapi.errors import ApiError, bad_request, too_many
from feedbot.demo.botapi.media import Stored
from feedbot.demo.botapi.world import BotAccount, World

_LONGEST_POLL = 50
_MOST_UPDATES = 100


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

    def text(self, name: str) -> tuple[str, list[dict[str, Any]]]:
        """Text or caption with its entities, checked."""
        caption = name == "caption"
        entities = self.json("caption_entities" if caption else "entities")
        mode = self.given.get("parse_mode")
        return read_text(self.given.get(name), entities, mode, caption=caption)

    def markup(self) -> dict[str, Any]:
        """The inline keyboard, if one is given."""
        markup = self.json("reply_markup")
        return {"reply_markup": markup} if markup else {}

    async def photo(self, value: Any) -> Stored:
        """A picture that is uploaded, attached, known by id, or to be fetched."""
        if isinstance(value, Upload):
            return self.world.media.add_photo(value.body, value.name)
        text = str(value or "")
        if text.startswith("attach://"):
            if (upload := self.uploads.get(text.removeprefix("attach://"))) is None:
                raise bad_request("attached file not found")
            return self.world.media.add_photo(upload.body, upload.name)
        if text.startswith(("http://", "https://")):
            return await self.world.media.by_url(self.session, text)
        if not text:
            raise bad_request("there is no photo in the request")
        return self.world.media.by_id(self.bot.id, text)

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
                    "file_size": len(stored.body),
                }
            )
            if scale == 1.0:
                break
        return found


async def get_me(call: Call) -> Any:
    """Who the bot is."""
    return call.bot.json()


async def get_updates(call: Call) -> Any:
    """What happened since `offset`, waiting for it."""
    bot, offset = call.bot, call.number("offset")
    if bot.webhook:
        raise ApiError(
            409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
        )
    if bot.polling:
        raise ApiError(
            409,
            "Conflict: terminated by other getUpdates request;"
            " make sure that only one bot instance is running",
        )
    while offset > 0 and bot.updates and bot.updates[0]["update_id"] < offset:
        bot.updates.popleft()
    limit = max(1, min(_MOST_UPDATES, call.number("limit", _MOST_UPDATES)))
    bot.polling += 1
    try:
        if not bot.updates:
            bot.arrived.clear()
            async with asyncio.timeout(min(_LONGEST_POLL, call.number("timeout"))):
                await bot.arrived.wait()
    except TimeoutError:
        pass
    finally:
        bot.polling -= 1
    return list(bot.updates)[:limit]


async def send_message(call: Call) -> Any:
    """A text."""
    chat, thread = call.chat(), call.thread()
    text, entities = call.text("text")
    chat.refuse(thread, photo=False)
    call.pace(chat)
    message = call.world.new_message(chat, call.bot, thread) | {"text": text} | call.markup()
    if entities:
        message["entities"] = entities
    if preview := call.json("link_preview_options"):
        message["link_preview_options"] = preview
    call.world.post(call.method, call.bot, chat, message, None)
    return message


async def send_photo(call: Call) -> Any:
    """A photo with a caption."""
    chat, thread = call.chat(), call.thread()
    caption, entities = call.text("caption")
    chat.refuse(thread, photo=True)
    stored = await call.photo(call.uploads.get("photo") or call.given.get("photo"))
    call.pace(chat)
    message = call.world.new_message(chat, call.bot, thread) | {"photo": call.sizes(stored)} | call.markup()
    message |= ({"caption": caption} if caption else {}) | (
        {"caption_entities": entities} if entities else {}
    )
    call.world.post(call.method, call.bot, chat, message, stored.unique)
    return message


async def send_document(call: Call) -> Any:
    """A file with a caption."""
    chat, thread = call.chat(), call.thread()
    caption, entities = call.text("caption")
    chat.refuse(thread, photo=False)
    upload = call.uploads.get("document")
    if upload:
        stored = call.world.media.add_file(upload.body, upload.name, upload.mime)
    else:
        stored = call.world.media.by_id(call.bot.id, str(call.given.get("document") or ""))
    call.pace(chat)
    document = {
        "file_id": call.world.media.new_id(call.bot.id, stored),
        "file_unique_id": stored.unique,
        "file_name": stored.name,
        "mime_type": stored.mime,
        "file_size": len(stored.body),
    }
    message = call.world.new_message(chat, call.bot, thread) | {"document": document} | call.markup()
    message |= ({"caption": caption} if caption else {}) | (
        {"caption_entities": entities} if entities else {}
    )
    call.world.post(call.method, call.bot, chat, message, None)
    return message


async def send_media_group(call: Call) -> Any:
    """An album of two to ten photos: so many messages at once."""
    chat, thread = call.chat(), call.thread()
    items = call.json("media")
    if not isinstance(items, list) or not 2 <= len(items) <= 10:
        raise bad_request("there must be 2-10 media in the group")
    chat.refuse(thread, photo=True)
    prepared = []
    for number, item in enumerate(items, start=1):
        try:
            text = read_text(
                item.get("caption"), item.get("caption_entities"), item.get("parse_mode"), caption=True
            )
            prepared.append((await call.photo(item.get("media")), text))
        except ApiError as error:
            said = error.description.partition(": ")[2]
            raise bad_request(f'failed to send message #{number} with the error message "{said}"') from error
    call.pace(chat, len(items))
    group, sent = str(id(items)), []
    for stored, (caption, entities) in prepared:
        message = call.world.new_message(chat, call.bot, thread)
        message |= {"photo": call.sizes(stored), "media_group_id": group}
        message |= ({"caption": caption} if caption else {}) | (
            {"caption_entities": entities} if entities else {}
        )
        call.world.post(call.method, call.bot, chat, message, stored.unique)
        sent.append(message)
    return sent


def _to_edit(call: Call) -> tuple[Chat, Message]:
    chat = call.chat()
    found = chat.find(call.number("message_id"))
    if found is None:
        raise bad_request("message to edit not found")
    if not found.from_bot:
        raise bad_request("message can't be edited")
    chat.refuse(None, photo=False)
    return chat, found


async def _edit(call: Call, changes: dict[str, Any], photo: str | None) -> Any:
    chat, found = _to_edit(call)
    if all(found.json.get(name) == value for name, value in changes.items()):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message"
        )
    call.pace(chat)
    found.json.update(changes, edit_date=int(call.world.clock()))
    found.photo = photo or found.photo
    call.world.accept(call.method, call.bot, chat, found.json, found.photo)
    return found.json


async def edit_text(call: Call) -> Any:
    """Change the text of a message."""
    _, found = _to_edit(call)
    if "text" not in found.json:
        raise bad_request("there is no text in the message to edit")
    text, entities = call.text("text")
    return await _edit(call, {"text": text, "entities": entities} | call.markup(), None)


async def edit_caption(call: Call) -> Any:
    """Change the caption of a message."""
    _, found = _to_edit(call)
    if "text" in found.json:
        raise bad_request("there is no caption in the message to edit")
    caption, entities = call.text("caption")
    return await _edit(call, {"caption": caption, "caption_entities": entities} | call.markup(), None)


async def edit_media(call: Call) -> Any:
    """Change the photo of a message."""
    _to_edit(call)
    item = call.json("media") or {}
    stored = await call.photo(item.get("media"))
    caption, entities = read_text(
        item.get("caption"), item.get("caption_entities"), item.get("parse_mode"), caption=True
    )
    changes = {"photo": call.sizes(stored), "caption": caption, "caption_entities": entities}
    return await _edit(call, changes, stored.unique)


async def edit_markup(call: Call) -> Any:
    """Change the keyboard of a message."""
    return await _edit(call, {"reply_markup": call.json("reply_markup")}, None)


async def delete_message(call: Call) -> Any:
    """Take a message away."""
    chat = call.chat()
    found = chat.find(call.number("message_id"))
    if found is None:
        raise bad_request("message to delete not found")
    chat.messages.remove(found)
    call.world.accept(call.method, call.bot, chat, {"message_id": found.json["message_id"]}, None)
    return True


async def get_chat(call: Call) -> Any:
    """What a chat is."""
    chat = call.chat()
    if chat.state in {"kicked", "not_member", "not_found"}:
        raise bad_request("chat not found")
    return chat.json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}


_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}
_RIGHTS = (
    "can_be_edited can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members"
    " can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories"
    " can_delete_stories"
).split()


async def get_chat_member(call: Call) -> Any:
    """What a bot or a person is in a chat."""
    chat, user = call.chat(), call.number("user_id")
    if user != call.bot.id:
        return {"status": "member", "user": {"id": user, "is_bot": False, "first_name": "Somebody"}}
    if chat.state in {"kicked", "not_member"}:
        return {"status": "left", "user": call.bot.json()}
    if chat.type != "channel" and chat.state != "no_rights":
        return {"status": "member", "user": call.bot.json()}
    may_post = chat.state not in {"not_admin", "no_rights"}
    rights = dict.fromkeys(_RIGHTS, False) | {"is_anonymous": False, "can_post_messages": may_post}
    return {"status": "administrator", "user": call.bot.json(), **rights}


async def chat_action(call: Call) -> Any:
    """Typing."""
    call.chat().refuse(call.thread(), photo=False)
    return True


async def set_commands(call: Call) -> Any:
    """The menu of commands."""
    call.bot.commands[str(call.given.get("language_code") or "")] = call.json("commands") or []
    return True


async def get_commands(call: Call) -> Any:
    """The menu of commands that was set."""
    return call.bot.commands.get(str(call.given.get("language_code") or ""), [])


async def set_webhook(call: Call) -> Any:
    """Have updates sent instead of fetched; here it only ends polling."""
    call.bot.webhook = str(call.given.get("url") or "")
    return True


async def delete_webhook(call: Call) -> Any:
    """Fetch updates again."""
    call.bot.webhook = ""
    return True


async def answer_callback(call: Call) -> Any:
    """Answer a pressed button."""
    if not call.given.get("callback_query_id"):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    return True


METHODS: dict[str, Callable[[Call], Awaitable[Any]]] = {
    "getme": get_me,
    "getupdates": get_updates,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "sendmediagroup": send_media_group,
    "editmessagetext": edit_text,
    "editmessagecaption": edit_caption,
    "editmessagemedia": edit_media,
    "editmessagereplymarkup": edit_markup,
    "deletemessage": delete_message,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "sendchataction": chat_action,
    "setmycommands": set_commands,
    "getmycommands": get_commands,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "answercallbackquery": answer_callback,
}
