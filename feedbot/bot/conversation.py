"""What a person's message does, and what is answered: one transaction, the update's number included."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import Connection
from telegram import CallbackQuery, Update
from telegram.constants import ChatMemberStatus, ChatType

from feedbot.bot.texts import category_lines, language_of, say
from feedbot.model import Address, Category, ChatState, Subscription
from feedbot.rules.text import clean, fold, fold_case, utf16_length
from feedbot.store import deliveries, numbers, photos, subscriptions

_LONGEST_ARGUMENT = 100
_LONGEST_TEXT = 4096  # no person can write more, and no answer may be longer
_LEFT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}
_TAPPED = re.compile(r"(/subscribe|/unsubscribe)_([a-z0-9_]+)")
_MUTE = re.compile(r"mute:(\d{1,18}):([a-z0-9-]{1,64})", re.ASCII)
_ALL = {"all", "모두", "전체"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """What an update says that matters here: a person's text in a private chat, a button that was `pressed`
    there (the query's id, to be answered) with its `data`, that the bot was let into a chat or put out of
    it, or that a group has another number now.
    """

    update_id: int
    chat: str
    text: str | None = None
    language: str = "en"
    joined: bool | None = None
    pressed: str | None = None
    data: str = ""
    migrated_to: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What the bot speaks of: the title of this feedbot and its categories."""

    title: str
    categories: tuple[Category, ...]

    def find(self, name: str) -> Category | None:
        """The category of that slug or title."""
        wanted = fold_case(name)
        for category in self.categories:
            if wanted in {category.slug, fold_case(category.title)}:
                return category
        return None

    def title_of(self, slug: str) -> str:
        """The title of a category, its slug where it is gone."""
        return next((category.title for category in self.categories if category.slug == slug), slug)


def read_update(update: Update, username: str | None = None) -> Incoming | None:
    """What an update says; None for everything that is not for us: groups, edits, other bots' commands."""
    if (member := update.my_chat_member) is not None:
        status = member.new_chat_member
        joined = status.status not in _LEFT and getattr(status, "is_member", True)
        return Incoming(update.update_id, str(member.chat.id), joined=joined)
    if (query := update.callback_query) is not None:
        return _read_query(update.update_id, query)
    message = update.message
    if message is not None and message.migrate_to_chat_id:
        new = str(message.migrate_to_chat_id)
        return Incoming(update.update_id, str(message.chat.id), migrated_to=new)
    if message is None or message.chat.type != ChatType.PRIVATE or not message.text:
        return None
    text = clean(message.text[:_LONGEST_TEXT])
    if _is_for_another(text, username):
        return None
    person = message.from_user
    language = language_of(person.language_code if person else None)
    return Incoming(update.update_id, str(message.chat.id), text, language)


def _read_query(update_id: int, query: CallbackQuery) -> Incoming:
    """A button that was pressed, in a private chat or elsewhere: each press is answered."""
    chat = query.message.chat if query.message else None
    private = chat is not None and chat.type == ChatType.PRIVATE
    language = language_of(query.from_user.language_code)
    data = query.data or "" if private else ""
    return Incoming(update_id, str(query.from_user.id), language=language, pressed=query.id, data=data)


def _is_for_another(text: str, username: str | None) -> bool:
    """Whether a command names another bot: `/start@other_bot`."""
    command = (text.split(maxsplit=1) or [""])[0]
    named = command.partition("@")[2].casefold() if command.startswith("/") else ""
    return bool(username and named) and named != (username or "").casefold()


def take(
    connection: Connection, bot: str, update_id: int, incoming: Incoming | None, place: Place, now: datetime
) -> str | None:
    """Do what an update asks and remember that it was taken. What to answer, None: nothing.

    An update that was taken before does nothing again.
    """
    offset = photos.next_update(connection, bot)
    if offset is not None and update_id < offset:
        return None
    photos.save_next_update(connection, bot, update_id + 1)
    if incoming is None:
        return None
    if incoming.joined is False:
        subscriptions.close_chat(connection, incoming.chat, ChatState.GONE, "the bot was put out", now)
        return None
    if incoming.migrated_to is not None:
        if deliveries.get_chat(connection, incoming.chat):
            numbers.migrate_chat(connection, incoming.chat, incoming.migrated_to, now)
        return None
    if incoming.pressed is not None:
        return _pressed(connection, incoming)
    subscriptions.revive(connection, incoming.chat, now)
    return answer(connection, incoming, place, now) if incoming.text is not None else None


def _pressed(connection: Connection, incoming: Incoming) -> str:
    """Do what a button says: `mute:<subscription>:<source>` is the only one that tells us anything."""
    language = incoming.language
    if not (found := _MUTE.fullmatch(incoming.data)):
        return say(language, "old_button")
    if not subscriptions.mute(connection, int(found[1]), incoming.chat, found[2]):
        return say(language, "old_button")
    return say(language, "muted", source=found[2])


def answer(connection: Connection, incoming: Incoming, place: Place, now: datetime) -> str:
    """Do what a command says, and say so, in what one message can hold."""
    return _shortened(_answer(connection, incoming, place, now))


def _shortened(text: str) -> str:
    """Whole lines of a text, as many as fit; there may be hundreds of categories."""
    lines = text.split("\n")
    if utf16_length(text) > _LONGEST_TEXT:
        room = _LONGEST_TEXT - 2
        ends = accumulate(utf16_length(line) + 1 for line in lines)
        lines = [*(line for line, end in zip(lines, ends, strict=True) if end <= room), "…"]
    return "\n".join(lines)


def _answer(connection: Connection, incoming: Incoming, place: Place, now: datetime) -> str:
    word, argument = [*(incoming.text or "").split(maxsplit=1), "", ""][:2]
    command = word.partition("@")[0].lower()
    if tapped := _TAPPED.fullmatch(command):
        command, argument = tapped[1], tapped[2].replace("_", "-")
    argument = fold(argument)[:_LONGEST_ARGUMENT]
    address, language = Address(incoming.chat), incoming.language
    match command:
        case "/start" if argument and place.find(argument):  # t.me/bot?start=policies
            return _subscribe(connection, address, argument, place, language, now)
        case "/start":
            return say(language, "start", title=place.title, categories=_categories(place, language))
        case "/help":
            example = place.categories[0].slug if place.categories else "policies"
            return say(language, "help", example=example)
        case "/categories":
            return _categories(place, language)
        case "/subscribe":
            return _subscribe(connection, address, argument, place, language, now)
        case "/unsubscribe":
            return _unsubscribe(connection, address, argument, place, language, now)
        case "/unmute":
            sources = subscriptions.unmute(connection, address)
            return say(language, "unmuted" if sources else "nothing_muted", sources=", ".join(sources))
        case "/list":
            return _list(connection, address, place, language)
    is_command = command.startswith("/")
    return say(language, "unknown_command" if is_command else "chat", command=word[:_LONGEST_ARGUMENT])


def _categories(place: Place, language: str) -> str:
    if not place.categories:
        return say(language, "no_categories")
    return f"{say(language, 'categories')}\n{category_lines(place.categories)}"


def _subscribe(
    connection: Connection, address: Address, name: str, place: Place, language: str, now: datetime
) -> str:
    if not name:
        return _categories(place, language)
    category = place.find(name)
    if category is None:
        unknown = say(language, "unknown_category", category=name)
        return f"{unknown}\n\n{_categories(place, language)}"
    wanted = Subscription(0, address, category.slug, language=None if language == "en" else language)
    new = subscriptions.subscribe(connection, wanted, now)
    return say(language, "subscribed" if new else "subscribed_already", category=category.title)


def _unsubscribe(
    connection: Connection, address: Address, name: str, place: Place, language: str, now: datetime
) -> str:
    slugs = [one.category for one in subscriptions.of_address(connection, address)]
    if not slugs:
        return say(language, "list_empty")
    if not name and len(slugs) > 1:
        followed = [category for category in place.categories if category.slug in slugs]
        return f"{say(language, 'which')}\n{category_lines(followed, '/unsubscribe')}"
    everything = fold_case(name) in _ALL
    category = place.find(name)
    wanted = None if everything else category.slug if category else name or slugs[0]
    ended = subscriptions.unsubscribe(connection, address, wanted, now)
    if not ended:
        known = category is not None
        said = place.title_of(category.slug) if category else name
        return say(language, "not_subscribed" if known else "unknown_category", category=said)
    return say(language, "unsubscribed", category=", ".join(place.title_of(slug) for slug in ended))


def _list(connection: Connection, address: Address, place: Place, language: str) -> str:
    followed = subscriptions.of_address(connection, address)
    if not followed:
        return f"{say(language, 'list_empty')}\n\n{_categories(place, language)}"
    titles = "\n".join(f"• {place.title_of(one.category)}" for one in followed)
    return f"{say(language, 'list')}\n{titles}"
