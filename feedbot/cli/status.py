"""The command `status`."""

import typer

from feedbot.app import wall_clock
from feedbot.cli import Json, app, open_store
from feedbot.cli.show import as_json, as_table, iso
from feedbot.model import ChatState
from feedbot.store import deliveries, sources, subscriptions


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Health at a glance: sources failing, queue, oldest pending, unknowns."""
    _, store = open_store(context)
    now = wall_clock()
    known = store.do_now(sources.all_sources)
    counts = store.do_now(deliveries.counts)
    oldest = store.do_now(deliveries.oldest_waiting, now)
    unknown = store.do_now(deliveries.unknown, 100)
    chats = {chat.chat: chat for _, chat in store.do_now(subscriptions.all_subscriptions)}
    store.close_now()
    failing = [(source.id, state.failures, state.error) for source, state, _ in known if state.failures]
    closed = [(c.chat, c.state.value, c.reason) for c in chats.values() if c.state is not ChatState.ACTIVE]
    if json:
        as_json(
            {
                "sources": len(known),
                "failing": [{"id": name, "failures": n, "error": error} for name, n, error in failing],
                "deliveries": counts,
                "oldest_pending": iso(oldest),
                "unknown": [
                    {"id": one.id, "chat": one.address.chat, "title": title, "error": one.error}
                    for one, title in unknown
                ],
                "chats": [{"chat": c, "state": state, "reason": reason} for c, state, reason in closed],
            }
        )
        return
    waiting = " · ".join(f"{state} {count}" for state, count in counts.items() if count) or "nothing yet"
    summary = [
        ("sources", f"{len(known)}, {len(failing)} failing"),
        ("deliveries", waiting),
        ("oldest pending", oldest),
    ]
    as_table(["", ""], summary, "")
    for title, columns, rows in (
        ("Failing sources", ["source", "failures", "error"], failing),
        ("Chats that take no messages", ["chat", "state", "reason"], closed),
        (
            "Messages that may have been accepted",
            ["id", "chat", "title"],
            [(one.id, one.address.chat, name) for one, name in unknown],
        ),
    ):
        if rows:
            typer.echo(f"\n{title}")
            as_table(columns, rows, "")
