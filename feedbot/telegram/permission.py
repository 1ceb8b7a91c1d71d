"""Whether the bot may post in a chat, asked without posting (edge)."""

from dataclasses import dataclass

from telegram import Bot, ChatMember
from telegram.constants import ChatAction, ChatMemberStatus, ChatType

from feedbot.telegram.transport import Refusal


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer, in a sentence that says what to change."""

    may_post: bool
    said: str


async def ask_permission(bot: Bot, chat: str) -> Permission:
    """Ask getChat, and getChatMember or sendChatAction. Raises TelegramError where no answer comes."""
    try:
        found = await bot.get_chat(chat)
        if found.type == ChatType.PRIVATE:
            await bot.send_chat_action(chat, ChatAction.TYPING)
            return Permission(True, f"The bot may write to {chat}.")
        me = await bot.get_me()
        return _of_member(found.type, found.title or chat, await bot.get_chat_member(chat, me.id))
    except Refusal as error:
        return Permission(False, f"{chat}: {error.description}. {_advice(error)}")


def _of_member(kind: str, title: str, member: ChatMember) -> Permission:
    if member.status == ChatMemberStatus.OWNER:
        return Permission(True, f"The bot may post in “{title}”.")
    if kind == ChatType.CHANNEL:
        if getattr(member, "can_post_messages", False):
            return Permission(True, f"The bot may post in the channel “{title}”.")
        return Permission(
            False,
            f"The bot may not post in the channel “{title}”: make it an administrator with “Post messages”.",
        )
    if member.status in {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}:
        return Permission(False, f"The bot is not in “{title}”: add it to the group.")
    if member.status == ChatMemberStatus.RESTRICTED and not getattr(member, "can_send_messages", False):
        return Permission(False, f"The bot may not write in “{title}”: lift its restrictions.")
    return Permission(True, f"The bot may post in “{title}”.")


def _advice(error: Refusal) -> str:
    text = error.description.casefold()
    if error.code in {401, 404}:
        return "The Bot API does not know the token: ask @BotFather for the right one, and check api_url."
    if error.code == 429 or error.code >= 500:
        return "Nothing is said about the chat: ask again in a minute."
    if "chat not found" in text:
        return "Check the number or @name; the bot must be a member, or the person must have pressed /start."
    if "blocked" in text or "initiate" in text:
        return "The person must press /start in the bot's chat."
    if "not a member" in text or "kicked" in text or "member list" in text:
        return "Add the bot to the chat; in a channel, as an administrator with “Post messages”."
    return "Make the bot an administrator with the right to post."
