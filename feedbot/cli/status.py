"""The command `status`."""

import sys
from datetime import UTC, datetime
from typing import Any

import typer

from feedbot.cli import Json, app, open_store
from feedbot.cli.show import as_json, as_table, hidden, iso
from feedbot.model import ChatState
from feedbot.store import Store, deliveries, ledger, sources, subscriptions

_MOST_UNKNOWN = 100


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Health at a glance: sources failing, queue, oldest pending, unknowns."""
    _, store = open_store(context)
    facts = _facts(store, datetime.now(UTC))
    store.close_now()
    if json:
        as_json(facts)
    else:
        _print(facts)


def _facts(store: Store, now: datetime) -> dict[str, Any]:
    known = store.do_now(sources.all_sources)
    topics = store.do_now(subscriptions.closed_topics)
    chats = {chat.chat: chat for _, chat in store.do_now(subscriptions.all_subscriptions)}
    return {
        "sources": len(known),
        "failing": [
            {"id": source.id, "failures": state.failures, "error": hidden(state.error)}
            for source, state, _ in known
            if state.failures
        ],
        "deliveries": store.do_now(deliveries.counts),
        "oldest_pending": iso(store.do_now(deliveries.oldest_waiting, now)),
        "unknown": [
            {"id": one.id, "chat": one.address.chat, "title": title, "error": hidden(one.error)}
            for one, title in store.do_now(ledger.unknown, _MOST_UNKNOWN)
        ],
        "chats": [
            {"chat": one.chat, "topic": 0, "state": one.state.value, "reason": hidden(one.reason)}
            for one in chats.values()
            if one.state is not ChatState.ACTIVE
        ]
        + [
            {"chat": one.chat, "topic": one.topic, "state": "suspended", "reason": hidden(reason)}
            for one, reason in topics.items()
        ],
    }


def _print(facts: dict[str, Any]) -> None:
    waiting = [f"{state} {count}" for state, count in facts["deliveries"].items() if count]
    summary = [
        ("sources", f"{facts['sources']}, {len(facts['failing'])} failing"),
        ("deliveries", " · ".join(waiting) or "nothing yet"),
        ("oldest pending", facts["oldest_pending"]),
    ]
    as_table(["", ""], summary, "")
    for key, title in (
        ("failing", "Failing sources"),
        ("chats", "Chats that take no messages"),
        ("unknown", "Messages that may have been accepted"),
    ):
        if rows := facts[key]:
            sys.stdout.write(f"\n{title}\n")
            as_table(list(rows[0]), [list(row.values()) for row in rows], "")
