"""The methods that post: text, photo, file, album."""

from typing import Any

from feedbot.demo.botapi.calls import Call
from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.demo.botapi.media import Stored
from feedbot.demo.botapi.rich import Rich, read_rich

_ALBUM = range(2, 11)
_KINDS = {"photo", "document"}


def _post(call: Call, chat: Chat, fields: dict[str, Any], photo: str | None = None) -> dict[str, Any]:
    message = call.world.new_message(chat, call.bot, call.thread()) | fields | call.reply(chat)
    call.world.post(call.method, call.bot, chat, message, photo, call.flag("disable_notification"))
    return message


async def send_message(call: Call) -> Any:
    """A text."""
    fields = call.text() | call.preview() | call.markup()
    chat = call.chat()
    chat.refuse(call.thread(), photo=False)
    call.reply(chat)
    call.pace(chat)
    return _post(call, chat, fields)


async def send_rich(call: Call) -> Any:
    """A rich message; its photos are fetched."""
    rich, markup = read_rich(call.json("rich_message")), call.markup()
    chat = call.chat()
    chat.refuse(call.thread(), photo=bool(rich.images))
    photos = await fetched(call, rich)
    call.reply(chat)
    call.pace(chat)
    message = _post(call, chat, {"rich_message": {"blocks": rich.blocks}} | markup, next(iter(photos), None))
    chat.messages[-1].rich = rich.html(photos)
    return message


async def fetched(call: Call, rich: Rich) -> list[str]:
    """The names of the photos in a rich message."""
    return [(await call.file(url, photo=True)).unique for url in rich.images]


async def send_photo(call: Call) -> Any:
    """A photo with a caption."""
    fields = call.caption() | call.markup()
    chat = call.chat()
    chat.refuse(call.thread(), photo=True)
    stored = await call.file(call.uploads.get("photo") or call.given.get("photo"), photo=True)
    call.reply(chat)
    call.pace(chat)
    return _post(call, chat, {"photo": call.sizes(stored)} | fields, stored.unique)


async def send_document(call: Call) -> Any:
    """A file with a caption."""
    fields = call.caption() | call.markup()
    chat = call.chat()
    chat.refuse(call.thread(), photo=False)
    stored = await call.file(call.uploads.get("document") or call.given.get("document"), photo=False)
    call.reply(chat)
    call.pace(chat)
    return _post(call, chat, {"document": call.document(stored)} | fields)


async def send_media_group(call: Call) -> Any:
    """An album of two to ten photos, or of as many documents: so many messages at once."""
    items = call.json("media")
    if not isinstance(items, list) or len(items) not in _ALBUM:
        raise bad_request("there must be 2-10 media in the group")
    kinds = {item.get("type") if isinstance(item, dict) else None for item in items}
    if not kinds <= _KINDS or len(kinds) > 1:
        raise bad_request("can't parse InputMedia: photos, or documents among themselves")
    chat = call.chat()
    chat.refuse(call.thread(), photo="photo" in kinds)
    prepared = [await _item(call, number, item) for number, item in enumerate(items, start=1)]
    call.reply(chat)
    call.pace(chat, len(items))
    group = call.world.new_group()
    return [_post(call, chat, {"media_group_id": group} | fields, photo) for fields, photo in prepared]


async def _item(call: Call, number: int, item: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    photo = item["type"] == "photo"
    try:
        caption = call.caption(item)
        stored = await call.file(item.get("media"), photo=photo)
    except ApiError as error:
        said = error.description.partition(": ")[2]
        raise bad_request(f'failed to send message #{number} with the error message "{said}"') from error
    return shown(call, stored, photo=photo) | caption, stored.unique if photo else None


def shown(call: Call, stored: Stored, *, photo: bool) -> dict[str, Any]:
    """The field of a message that shows a file."""
    return {"photo": call.sizes(stored)} if photo else {"document": call.document(stored)}
