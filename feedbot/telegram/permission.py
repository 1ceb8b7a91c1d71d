"""Whether the bot may post in a chat, asked without posting (edge)."""

from dataclasses import dataclass, replace

from telegram import Bot, ChatFullInfo, ChatMember
from telegram.constants import ChatAction, ChatMemberStatus, ChatType

from feedbot.model import Address
from feedbot.telegram.transport import Refusal

_GENERAL = 1
_RIGHTS = {
    "can_send_photos": "The bot may not send photos there: they will come as text. Allow “Photos”.",
    "can_send_documents": "The bot may not send files there: very tall photos will come as text.",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer, in a sentence that says what to change. `photos` is whether articles can come with their
    photo; `notes` say what else is known, and what could not be asked. `number` is the chat's own.
    """

    may_post: bool
    said: str
    photos: bool = True
    notes: tuple[str, ...] = ()
    number: int | None = None


async def ask_permission(bot: Bot, address: Address) -> Permission:
    """Ask getChat, getChatMember and sendChatAction: the bot seems to be typing there for a moment, and posts
    nothing. Raises TelegramError where no answer comes.
    """
    try:
        chat = await bot.get_chat(address.chat)
        if chat.type == ChatType.PRIVATE:
            told = Permission(True, f"The bot may write to {address.chat}.")
        else:
            me = await bot.get_me()
            told = _of_member(chat, await bot.get_chat_member(address.chat, me.id), address.topic)
        told = replace(told, number=chat.id)
        return await _tried(bot, address, told) if told.may_post else told
    except Refusal as error:
        return _refused(address, error)


async def _tried(bot: Bot, address: Address, told: Permission) -> Permission:
    """What the rights say, and whether the bot may be seen typing. That is refused where writing is, but need
    not be in a closed topic.
    """
    thread = address.topic if address.topic > _GENERAL else None
    try:
        await bot.send_chat_action(address.chat, ChatAction.TYPING, message_thread_id=thread)
    except Refusal as error:
        if error.code in {404, 429} or error.code >= 500:
            note = f"Whether a message would be taken was not asked: {error.description}."
            return replace(told, notes=(*told.notes, note))
        return replace(_refused(address, error), number=told.number)
    return told


def _of_member(chat: ChatFullInfo, member: ChatMember, topic: int) -> Permission:
    title = chat.title or str(chat.id)
    if chat.type == ChatType.CHANNEL:
        told = _of_channel(title, member)
    elif member.status in {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR}:
        told = Permission(True, f"The bot may post in “{title}”.")
    else:
        told = _of_group(chat, title, member)
    return replace(told, notes=(*told.notes, *_topic_notes(chat, member, topic))) if told.may_post else told


def _of_channel(title: str, member: ChatMember) -> Permission:
    if member.status == ChatMemberStatus.OWNER or getattr(member, "can_post_messages", False):
        return Permission(True, f"The bot may post in the channel “{title}”.")
    return Permission(
        False,
        f"The bot may not post in the channel “{title}”: make it an administrator with “Post messages”.",
        photos=False,
    )


def _of_group(chat: ChatFullInfo, title: str, member: ChatMember) -> Permission:
    """What members may, less what this one may not: both restrictions hold."""
    if member.status in {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED} or not getattr(
        member, "is_member", True
    ):
        return Permission(False, f"The bot is not in “{title}”: add it to the group.", photos=False)
    if _is_denied(member, "can_send_messages"):
        return Permission(False, f"The bot may not write in “{title}”: lift its restrictions.", photos=False)
    if _is_denied(chat.permissions, "can_send_messages"):
        said = f"Members may not write in “{title}”: allow it, or make the bot an administrator."
        return Permission(False, said, photos=False)
    denied = {right for right in _RIGHTS if _is_denied(member, right) or _is_denied(chat.permissions, right)}
    notes = [note for right, note in _RIGHTS.items() if right in denied]
    if seconds := chat.to_dict().get("slow_mode_delay"):
        notes.append(
            f"Slow mode lets a member write once in {seconds} s: make the bot an administrator, or articles"
            " that come at once will be late."
        )
    return Permission(
        True, f"The bot may post in “{title}”.", photos="can_send_photos" not in denied, notes=tuple(notes)
    )


def _is_denied(rights: object, name: str) -> bool:
    """Whether a right is known to be missing; a server that does not speak of it denies nothing."""
    return getattr(rights, name, None) is False


def _topic_notes(chat: ChatFullInfo, member: ChatMember, topic: int) -> list[str]:
    if topic > _GENERAL and not chat.is_forum:
        return ["It has no topics: what is meant for one will appear in the chat itself."]
    is_manager = member.status == ChatMemberStatus.OWNER or getattr(member, "can_manage_topics", False)
    if not chat.is_forum or (topic <= _GENERAL and is_manager):
        return []
    name = f"topic {topic}" if topic > _GENERAL else "the topic General"
    unasked = "was deleted" if is_manager else "is closed or was deleted" if topic > _GENERAL else "is closed"
    return [f"Whether {name} {unasked} is certain only when something is posted: Telegram tells it then."]


def _refused(address: Address, error: Refusal) -> Permission:
    said = f"{address.chat}: {error.description}. {_advice(error, address.topic)}"
    return Permission(False, said, photos=False)


def _advice(error: Refusal, topic: int) -> str:
    text = error.description.casefold()
    if new := error.parameters.get("migrate_to_chat_id"):
        return f"The group has the number {new} now: subscribe that."
    if error.code in {401, 404}:
        return "The Bot API does not know the token: ask @BotFather for the right one, and check api_url."
    if error.code == 429 or error.code >= 500:
        return "Nothing is said about the chat: ask again in a minute."
    for words, advice in _ADVICE:
        if any(word in text for word in words):
            return advice.format(topic=topic)
    return "Make the bot an administrator with the right to post."


_ADVICE = (
    (
        ("thread not found", "topic_deleted", "topic_id_invalid"),
        "There is no topic {topic}: a link to a message of it ends in topic/message.",
    ),
    (
        ("topic_closed",),
        "Open the topic {topic} again, or make the bot an administrator with “Manage topics”.",
    ),
    (
        ("chat not found",),
        "Check the number or @name; the bot must be a member, or the person must have pressed /start.",
    ),
    (("deactivated",), "That account was deleted: remove its subscriptions."),
    (("blocked", "initiate"), "The person must press /start in the bot's chat."),
    (("group chat was deleted",), "The group is no more: remove its subscriptions."),
    (("messages to the bot", "messages to bots"), "That is a bot; bots cannot be written to."),
    (
        ("not a member", "kicked", "member list"),
        "Add the bot to the chat; in a channel, as an administrator with “Post messages”.",
    ),
)
