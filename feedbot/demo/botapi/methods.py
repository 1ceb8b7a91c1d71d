"""The table of all methods, and those that only ask or arrange."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from feedbot.demo.botapi import editing, polling, sending
from feedbot.demo.botapi.calls import Call
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.members import as_member, membership

_MOST_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LONGEST_DESCRIPTION = 256
_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


async def get_me(call: Call) -> Any:
    """Who the bot is."""
    return call.bot.json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


async def get_chat(call: Call) -> Any:
    """What a chat is."""
    chat = call.chat()
    if chat.state in {"kicked", "not_member", "not_found"}:
        raise bad_request("chat not found")
    return chat.json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}


async def get_chat_member(call: Call) -> Any:
    """What a bot or a person is in a chat."""
    chat, user = call.chat(), call.number("user_id")
    if user == call.bot.id:
        return membership(call.bot, chat, chat.state)
    person = call.world.people.get(user)
    if person is None:
        raise bad_request("user not found")
    return as_member(person.json(), call.world.members.get((chat.id, user), "member"))


async def get_chat_administrators(call: Call) -> Any:
    """The people who administer a chat; the bot, where it does."""
    chat = call.chat()
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    own = membership(call.bot, chat, chat.state)
    found = [own] if own["status"] == "administrator" else []
    for (where, user), status in call.world.members.items():
        if where == chat.id and status in {"creator", "administrator"}:
            found.append(as_member(call.world.people[user].json(), status))
    return found


async def chat_action(call: Call) -> Any:
    """Typing."""
    call.chat().refuse(call.thread(), photo=False)
    return True


async def set_commands(call: Call) -> Any:
    """The menu of commands."""
    commands = call.json("commands")
    if not isinstance(commands, list) or len(commands) > _MOST_COMMANDS:
        raise bad_request("can't parse commands: expected an Array of at most 100 BotCommand")
    for one in commands:
        if not isinstance(one, dict) or not _COMMAND.fullmatch(str(one.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description") or "")) <= _LONGEST_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[_menu(call)] = commands
    return True


async def get_commands(call: Call) -> Any:
    """The menu of commands that was set."""
    return call.bot.commands.get(_menu(call), [])


async def delete_commands(call: Call) -> Any:
    """Take the menu of commands away."""
    call.bot.commands.pop(_menu(call), None)
    return True


def _menu(call: Call) -> tuple[str, str]:
    return str(call.json("scope") or ""), str(call.given.get("language_code") or "")


async def answer_callback(call: Call) -> Any:
    """Answer a pressed button, once."""
    query = str(call.given.get("callback_query_id") or "")
    if query not in call.bot.queries:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    call.bot.queries.remove(query)
    return True


METHODS: dict[str, Callable[[Call], Awaitable[Any]]] = {
    "getme": get_me,
    "getupdates": polling.get_updates,
    "setwebhook": polling.set_webhook,
    "deletewebhook": polling.delete_webhook,
    "getwebhookinfo": polling.webhook_info,
    "sendmessage": sending.send_message,
    "sendrichmessage": sending.send_rich,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "sendmediagroup": sending.send_media_group,
    "sendchataction": chat_action,
    "editmessagetext": editing.edit_text,
    "editmessagecaption": editing.edit_caption,
    "editmessagemedia": editing.edit_media,
    "editmessagereplymarkup": editing.edit_markup,
    "deletemessage": editing.delete_message,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "setmycommands": set_commands,
    "getmycommands": get_commands,
    "deletemycommands": delete_commands,
    "answercallbackquery": answer_callback,
}
POSTING = {name for name in METHODS if name.startswith(("send", "edit"))} - {"sendchataction"}
