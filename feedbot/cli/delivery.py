"""The commands of `delivery`: the outbox."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from feedbot.cli import Json, app, in_one_transaction, open_store, read_config
from feedbot.cli.show import as_json, as_table, hidden, iso, say
from feedbot.errors import UsageError
from feedbot.model import State
from feedbot.store import ledger

delivery_app = typer.Typer(
    help="The outbox: what was sent, what waits, what nobody knows.", no_args_is_help=True
)
app.add_typer(delivery_app, name="delivery")
_MOST = 100


class How(StrEnum):
    """What is made of a delivery of which nobody knows whether it arrived."""

    SENT = "sent"
    RESEND = "resend"
    DROP = "drop"


@delivery_app.command("list")
def delivery_list(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Those in this state alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most, the newest.")] = _MOST,
    json: Json = False,
) -> None:
    """The newest deliveries: to whom, of what, and what became of them."""
    _, store = open_store(context)
    known = store.do_now(ledger.newest, state, limit)
    store.close_now()
    found = [
        {
            "id": one.id,
            "chat": one.chat,
            "topic": one.topic,
            "title": one.title,
            "state": one.state.value,
            "reason": hidden(one.reason or one.error),
            "attempts": one.attempts,
            "message_id": one.message_id,
            "due": iso(one.due_at),
            "sent": iso(one.sent_at),
        }
        for one in known
    ]
    if json:
        as_json(found)
        return
    columns = ["id", "chat", "topic", "title", "state", "reason", "attempts", "message_id", "due", "sent"]
    what = f"No delivery is {state.value}." if state else "Nothing was to be sent yet."
    as_table(columns, [list(one.values()) for one in found], what)


@delivery_app.command("settle")
def delivery_settle(
    context: typer.Context,
    delivery: Annotated[int, typer.Argument(metavar="ID", help="As `delivery list` tells it.")],
    how: Annotated[How, typer.Argument(metavar="HOW", help="sent, resend or drop.")],
    json: Json = False,
) -> None:
    """Say what became of a message of which nobody knows, or send again what was refused or skipped."""
    now = datetime.now(UTC)
    done = in_one_transaction(
        read_config(context), lambda connection: _settle(connection, delivery, how, now)
    )
    if json:
        as_json({"id": delivery, "state": done.value})
    else:
        say(f"Delivery {delivery} is {done.value} now.")


def _settle(connection: Connection, delivery: int, how: How, now: datetime) -> State:
    was = ledger.state_of(connection, delivery)
    if was is None:
        raise UsageError(f"there is no delivery {delivery}; `feedbot delivery list` shows the newest")
    if was is State.SENDING:
        raise UsageError(f"delivery {delivery} is being sent right now; its answer settles it")
    if was is State.SENT:
        raise UsageError(f"delivery {delivery} was sent; there is nothing to settle")
    if how is not How.RESEND and was not in {State.UNKNOWN, State.PENDING, State.HELD}:
        raise UsageError(f"delivery {delivery} is {was.value}; only `resend` changes that")
    after = {How.SENT: State.SENT, How.RESEND: State.PENDING, How.DROP: State.SKIPPED}[how]
    ledger.settle(connection, delivery, after, now)
    return after
