"""The methods that change or take away what a bot posted."""

from typing import Any

from feedbot.demo.botapi.calls import Call
from feedbot.demo.botapi.chats import Chat, Message
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.rich import read_rich
from feedbot.demo.botapi.sending import fetched, shown

_DELETABLE_SECONDS = 48 * 3600
_TEXT = ("text", "entities", "link_preview_options")
_CAPTION = ("caption", "caption_entities")
_FILE = ("photo", "document")
_RICH = "rich_message"


def _to_edit(call: Call) -> tuple[Chat, Message]:
    chat = call.chat()
    chat.refuse(None, photo=False)
    found = chat.find(call.number("message_id"))
    if found is None:
        raise bad_request("message to edit not found")
    if found.bot != call.bot.id:
        raise bad_request("message can't be edited")
    return chat, found


def _edit(
    call: Call,
    names: tuple[str, ...],
    new: dict[str, Any],
    photo: str | None = None,
    *,
    is_new: bool = False,
) -> dict[str, Any]:
    """Put `new` in the place of the fields of these names, if that changes anything; `is_new`: it does."""
    chat, found = _to_edit(call)
    call.pace(chat)
    old = {name: found.json[name] for name in names if name in found.json}
    if not is_new and _facts(old) == _facts(new):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message"
        )
    for name in old:
        del found.json[name]
    found.json.update(new, edit_date=int(call.world.clock()))
    found.photo = photo or found.photo
    call.world.accept(call.method, call.bot, chat, found.json, found.photo)
    return found.json


def _facts(fields: dict[str, Any]) -> dict[str, Any]:
    """What makes a difference: a file is its content, not its id."""
    facts = dict(fields)
    if "photo" in facts:
        facts["photo"] = facts["photo"][-1]["file_unique_id"]
    if "document" in facts:
        facts["document"] = facts["document"]["file_unique_id"]
    return facts


async def edit_text(call: Call) -> Any:
    """Change the text of a message, or what a rich one says; each may become the other."""
    if call.given.get("rich_message"):
        return await _edit_rich(call)
    new = call.text() | call.preview() | call.markup()
    _, found = _to_edit(call)
    _refuse_without_text(found)
    message = _edit(call, (*_TEXT, _RICH, "reply_markup"), new)
    found.rich = ""
    return message


async def _edit_rich(call: Call) -> Any:
    rich, markup = read_rich(call.json("rich_message")), call.markup()
    _, found = _to_edit(call)
    _refuse_without_text(found)
    photos = await fetched(call, rich)
    shown_now = rich.html(photos)
    new = {_RICH: {"blocks": rich.blocks}} | markup
    photo = next(iter(photos), None)
    message = _edit(call, (*_TEXT, _RICH, "reply_markup"), new, photo, is_new=found.rich != shown_now)
    found.rich = shown_now
    return message


def _refuse_without_text(found: Message) -> None:
    if not {"text", _RICH} & set(found.json):
        raise bad_request("there is no text in the message to edit")


async def edit_caption(call: Call) -> Any:
    """Change the caption of a message."""
    new = call.caption() | call.markup()
    if {"text", _RICH} & set(_to_edit(call)[1].json):
        raise bad_request("there is no caption in the message to edit")
    return _edit(call, (*_CAPTION, "reply_markup"), new)


async def edit_media(call: Call) -> Any:
    """Change the photo or document of a message; a text gets one."""
    item = call.json("media")
    if not isinstance(item, dict) or item.get("type") not in _FILE:
        raise bad_request("can't parse InputMedia: photos and documents are known here")
    found = _to_edit(call)[1].json
    photo = item["type"] == "photo"
    if "media_group_id" in found and photo != ("photo" in found):
        raise bad_request("can't use the media of the specified type in the album")
    caption = call.caption(item)
    stored = await call.file(item.get("media"), photo=photo)
    new = shown(call, stored, photo=photo) | caption | call.markup()
    names = (*_TEXT, *_CAPTION, *_FILE, "reply_markup")
    return _edit(call, names, new, stored.unique if photo else None)


async def edit_markup(call: Call) -> Any:
    """Change the keyboard of a message."""
    return _edit(call, ("reply_markup",), call.markup())


async def delete_message(call: Call) -> Any:
    """Take a message away: the bot's own within 48 hours, a person's in a private chat."""
    chat = call.chat()
    found = chat.find(call.number("message_id"))
    if found is None:
        raise bad_request("message to delete not found")
    own = found.bot == call.bot.id or (chat.is_private and not found.from_bot)
    if not own or call.world.clock() - found.json["date"] > _DELETABLE_SECONDS:
        raise bad_request("message can't be deleted")
    chat.messages.remove(found)
    call.world.accept(call.method, call.bot, chat, {"message_id": found.json["message_id"]}, None)
    return True
