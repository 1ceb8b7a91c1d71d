"""The commands of `subscription`."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Connection
from telegram.error import TelegramError

from feedbot.cli import Json, app, in_one_transaction, open_store, read_config, wait_for
from feedbot.cli.show import as_json, as_table, hidden, iso, say
from feedbot.config import Config, parse_chat, read_token
from feedbot.errors import ConfigError, UsageError
from feedbot.model import Address, Chat, ChatState, Subscription
from feedbot.store import deliveries, numbers, subscriptions
from feedbot.telegram.permission import Permission, ask_permission
from feedbot.telegram.send import Sender

subscription_app = typer.Typer(help="The subscriptions and their chats.", no_args_is_help=True)
app.add_typer(subscription_app, name="subscription")
NUMBERS = {"ignore_unknown_options": True}  # the number of a group or channel begins with a minus


def chat_of(word: str) -> str:
    """The chat that a word of the command line names. Raises UsageError."""
    try:
        return parse_chat(word)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _address(config: Config, word: str, topic: int) -> Address:
    """The address that is meant, by number or @name, as it is known now."""
    chat = chat_of(word)
    return Address(in_one_transaction(config, lambda connection: numbers.chat_of(connection, chat)), topic)


@subscription_app.command("list")
def subscription_list(context: typer.Context, json: Json = False) -> None:
    """Every subscription and the state of its chat."""
    _, store = open_store(context)
    known = store.do_now(subscriptions.all_subscriptions)
    closed = store.do_now(subscriptions.closed_topics)
    store.close_now()
    found = [
        {
            "chat": one.address.chat,
            "name": one.name or (one.address.chat if one.address.chat.startswith("@") else None),
            "topic": one.address.topic,
            "category": one.category,
            "style": one.style,
            "configured": one.configured,
            "paused": one.paused,
            "muted": list(one.muted),
            "since": iso(one.created_at),
            **_state(chat, closed.get(one.address)),
        }
        for one, chat in known
    ]
    if json:
        as_json(found)
        return
    columns = [
        "chat",
        "name",
        "topic",
        "category",
        "style",
        "configured",
        "paused",
        "muted",
        "since",
        "state",
        "reason",
    ]
    as_table(columns, [list(one.values()) for one in found], "Nobody is subscribed yet.")


def _state(chat: Chat, topic_closed: str | None) -> dict[str, str | None]:
    """Whether messages go there, and why not."""
    if topic_closed and chat.state is ChatState.ACTIVE:
        return {"state": ChatState.SUSPENDED.value, "reason": hidden(topic_closed)}
    return {"state": chat.state.value, "reason": hidden(chat.reason)}


ChatWord = Annotated[str, typer.Argument(metavar="CHAT", help="A number or a @name.")]
Slug = Annotated[str | None, typer.Argument(metavar="CATEGORY", help="That one alone.")]
Topic = Annotated[int, typer.Option(min=0, help="Of a forum.")]


class Style(StrEnum):
    """How messages look."""

    PHOTO = "photo"
    ALBUM = "album"
    TEXT = "text"
    FULL = "full"
    LINK = "link"
    RICH = "rich"


@subscription_app.command("add", context_settings=NUMBERS)
def subscription_add(
    context: typer.Context,
    chat: ChatWord,
    category: Annotated[str, typer.Argument(metavar="CATEGORY")],
    topic: Topic = 0,
    style: Annotated[Style, typer.Option(help="How messages look.")] = Style.PHOTO,
    latest: Annotated[int, typer.Option(min=0, max=100, help="So many that are out already come first.")] = 0,
    json: Json = False,
) -> None:
    """Subscribe a chat while the daemon runs."""
    config = read_config(context)
    if category not in (known := [one.slug for one in config.category]):
        raise UsageError(f"category {category!r} is not defined; known: {', '.join(known) or 'none'}")
    address, word = _address(config, chat, topic), chat_of(chat)
    name = None if word == address.chat else word
    wanted = Subscription(0, address, category, style=style.value, latest=latest, name=name)
    now = datetime.now(UTC)
    if not in_one_transaction(config, lambda connection: subscriptions.subscribe(connection, wanted, now)):
        raise UsageError(f"{address.chat} is subscribed to {category} already")
    _done(json, address, [category], f"{address.chat} gets {category} from now on.")


@subscription_app.command("pause", context_settings=NUMBERS)
def subscription_pause(
    context: typer.Context, chat: ChatWord, category: Slug = None, topic: Topic = 0, json: Json = False
) -> None:
    """Send a chat nothing, until it is resumed."""
    config = read_config(context)
    address = _address(config, chat, topic)
    change = partial(subscriptions.pause, address=address, category=category, paused=True)
    found = _change(config, change, address, category)
    _done(json, address, found, f"{address.chat} gets nothing of {', '.join(found)} until it is resumed.")


@subscription_app.command("resume", context_settings=NUMBERS)
def subscription_resume(
    context: typer.Context, chat: ChatWord, category: Slug = None, topic: Topic = 0, json: Json = False
) -> None:
    """Go on sending to a chat that was paused, or that took no messages."""
    config, now = read_config(context), datetime.now(UTC)
    address = _address(config, chat, topic)

    def change(connection: Connection) -> list[str]:
        deliveries.open_topic(connection, address)
        subscriptions.revive(connection, address.chat, now)
        return subscriptions.pause(connection, address, category, paused=False)

    found = _change(config, change, address, category)
    _done(json, address, found, f"{address.chat} gets {', '.join(found)} again.")


@subscription_app.command("remove", context_settings=NUMBERS)
def subscription_remove(
    context: typer.Context, chat: ChatWord, category: Slug = None, topic: Topic = 0, json: Json = False
) -> None:
    """End a chat's subscriptions; what waits for them is skipped."""
    config, now = read_config(context), datetime.now(UTC)
    address = _address(config, chat, topic)
    for item in config.subscription:
        if _address(config, item.chat, item.topic) == address and category in {None, item.category}:
            raise UsageError(
                f"{item.chat} with {item.category} stands in the configuration; remove it there, or pause it"
            )
    change = partial(subscriptions.unsubscribe, address=address, category=category, now=now)
    found = _change(config, change, address, category)
    _done(json, address, found, f"{address.chat} gets {', '.join(found)} no more.")


def _change(
    config: Config, change: Callable[[Connection], list[str]], address: Address, category: str | None
) -> list[str]:
    def unit(connection: Connection) -> list[str]:
        if found := change(connection):
            return found
        what = f" to {category}" if category else ""
        where = f" with topic {address.topic}" if address.topic else ""
        raise UsageError(f"{address.chat}{where} is not subscribed{what}; see `feedbot subscription list`")

    return in_one_transaction(config, unit)


def _done(json: bool, address: Address, categories: list[str], sentence: str) -> None:
    if json:
        as_json({"chat": address.chat, "topic": address.topic, "categories": categories})
    else:
        say(sentence)


@subscription_app.command("test", context_settings=NUMBERS)
def subscription_test(
    context: typer.Context,
    chat: ChatWord,
    topic: Annotated[
        int | None, typer.Option(min=0, help="Of a forum; without it, all that are subscribed.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask Telegram whether the bot may post in a chat, and what to change if not. Nothing is posted."""
    word, (config, store) = chat_of(chat), open_store(context)
    token, _ = read_token(config)
    if token is None:
        raise ConfigError("no bot token; set FEEDBOT_TELEGRAM__TOKEN or telegram.token_file")
    chat = store.do_now(numbers.chat_of, word)
    known = store.do_now(deliveries.get_chat, chat)
    followed = {
        one.address.topic
        for one, _ in store.do_now(subscriptions.all_subscriptions)
        if one.address.chat == chat
    }
    closed = store.do_now(subscriptions.closed_topics)
    store.close_now()
    wanted = [Address(chat, one) for one in (sorted(followed) or [0] if topic is None else [topic])]
    told = wait_for(_permissions(config, token, wanted))
    found = [
        asdict(replace(one, notes=(*one.notes, *_held_back(known, closed.get(where)))))
        | {"topic": where.topic}
        for where, one in zip(wanted, told, strict=True)
    ]
    may_post = all(one.may_post for one in told)
    if json:
        worst = next((one for one in found if not one["may_post"]), found[0])
        as_json({"chat": chat, **worst, "may_post": may_post, "topics": found})
    else:
        for one in found:
            where = f"Topic {one['topic']}: " if len(found) > 1 else ""
            say(" ".join([f"{where}{one['said']}", *one["notes"]]))
    raise typer.Exit(0 if may_post else 1)


def _held_back(chat: Chat | None, topic_closed: str | None) -> list[str]:
    """What keeps messages back here, whatever Telegram says now."""
    reason = topic_closed
    if chat is not None and chat.state is not ChatState.ACTIVE:
        reason = f"{chat.state.value}: {chat.reason}"
    if reason is None:
        return []
    return [f"Messages are held back for it ({hidden(reason)}); `feedbot subscription resume` tries at once."]


async def _permissions(config: Config, token: str, wanted: list[Address]) -> list[Permission]:
    sender = Sender(token, config.telegram.api_url, shrink=_as_it_is)
    await sender.open()
    try:
        return [await ask_permission(sender.bot, address) for address in wanted]
    except TelegramError as error:
        raise ConfigError(f"telegram.api_url: {config.telegram.api_url}: {error}") from error
    finally:
        await sender.close()


async def _as_it_is(body: bytes) -> bytes:
    return body
