"""The command `why`."""

from dataclasses import asdict
from typing import Annotated

import typer

from feedbot.cli import Json, app, open_store
from feedbot.cli.show import as_json, as_table, hidden
from feedbot.cli.subscription import NUMBERS, chat_of
from feedbot.errors import UsageError
from feedbot.rules.urls import absolute
from feedbot.store import numbers
from feedbot.store.why import why as stages_of


@app.command(context_settings=NUMBERS)
def why(
    context: typer.Context,
    chat: Annotated[str, typer.Argument(metavar="CHAT")],
    link: Annotated[str, typer.Argument(metavar="LINK")],
    json: Json = False,
) -> None:
    """Each stage that an article passed, or stopped at, on its way to a chat."""
    chat, address = chat_of(chat), absolute(link)
    if address is None:
        raise UsageError(f"{link!r} is no address; https://example.org/article would be one")
    _, store = open_store(context)
    chat = store.do_now(numbers.chat_of, chat)
    found = store.do_now(stages_of, chat, address)
    store.close_now()
    stages = [asdict(one) | {"said": hidden(one.said)} for one in found]
    if json:
        as_json({"chat": chat, "link": link, "stages": stages})
        return
    as_table(
        ["stage", "passed", "why"],
        [(one["name"], "yes" if one["passed"] else "no", one["said"]) for one in stages],
        "",
    )
