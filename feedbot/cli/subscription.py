"""The commands of `subscription`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from telegram.error import TelegramError

from feedbot.cli import Json, app, open_store, read_config, wait_for
from feedbot.cli.show import as_json, as_table, hidden, iso, say
from feedbot.config import Config, parse_chat, read_token
from feedbot.errors import ConfigError, UsageError
from feedbot.store import subscriptions
from feedbot.telegram.permission import ask_permission
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


@subscription_app.command("list")
def subscription_list(context: typer.Context, json: Json = False) -> None:
    """Every subscription and the state of its chat."""
    _, store = open_store(context)
    known = store.do_now(subscriptions.all_subscriptions)
    store.close_now()
    found = [
        {
            "chat": one.address.chat,
            "topic": one.address.topic,
            "category": one.category,
            "configured": one.configured,
            "since": iso(one.created_at),
            "state": chat.state.value,
            "reason": hidden(chat.reason),
        }
        for one, chat in known
    ]
    if json:
        as_json(found)
        return
    as_table(
        ["chat", "topic", "category", "configured", "since", "state", "reason"],
        [list(one.values()) for one in found],
        "Nobody is subscribed yet.",
    )


@subscription_app.command("test", context_settings=NUMBERS)
def subscription_test(
    context: typer.Context, chat: Annotated[str, typer.Argument(metavar="CHAT")], json: Json = False
) -> None:
    """Ask Telegram whether the bot may post in a chat, and what to change if not."""
    chat, config = chat_of(chat), read_config(context)
    token, _ = read_token(config)
    if token is None:
        raise ConfigError("no bot token; set FEEDBOT_TELEGRAM__TOKEN or telegram.token_file")
    told = wait_for(_permission(config, token, chat))
    if json:
        as_json({"chat": chat, **asdict(told)})
    else:
        say(told.said)
    raise typer.Exit(0 if told.may_post else 1)


async def _permission(config: Config, token: str, chat: str) -> Any:
    sender = Sender(token, config.telegram.api_url, shrink=_as_it_is)
    await sender.open()
    try:
        return await ask_permission(sender.bot, chat)
    except TelegramError as error:
        raise ConfigError(f"telegram.api_url: {config.telegram.api_url}: {error}") from error
    finally:
        await sender.close()


async def _as_it_is(body: bytes) -> bytes:
    return body
