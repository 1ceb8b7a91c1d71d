"""Commands that look: preview, status, source, subscription."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from telegram.error import TelegramError

from feedbot.app import authority_of, make_client, wall_clock
from feedbot.cli import Json, app, read_config, wait_for
from feedbot.cli.show import as_json, as_table, iso, progress_bar
from feedbot.config import Config, read_token
from feedbot.errors import ConfigError, UsageError
from feedbot.jobs.preview import Previewer
from feedbot.model import ChatState, Entry, Source, SourceState
from feedbot.net.answer import mask
from feedbot.sources.packs import load_packs
from feedbot.store import Store, deliveries, sources, subscriptions
from feedbot.telegram.permission import ask_permission
from feedbot.telegram.send import Sender
from feedbot.worker import Worker

_ENTRIES = TypeAdapter(list[Entry])
source_app = typer.Typer(help="The sources and what is known of them.", no_args_is_help=True)
subscription_app = typer.Typer(help="The subscriptions and their chats.", no_args_is_help=True)
app.add_typer(source_app, name="source")
app.add_typer(subscription_app, name="subscription")


@app.command()
def preview(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="URL-or-FILE")],
    site: Annotated[str | None, typer.Option(help="The rule pack to read pages with.")] = None,
    json: Json = False,
) -> None:
    """The entries that an address or a file would make; nothing is stored."""
    config = read_config(context, optional=True)
    with progress_bar() as told:
        found = wait_for(_preview(config, target, site, told))
    if json:
        as_json(_ENTRIES.dump_python(found, mode="json"))
        return
    for entry in found:
        _print_entry(entry)
    if not found:
        typer.echo("It would make no entry.")


async def _preview(config: Config, target: str, site: str | None, told: Any) -> list[Entry]:
    client, worker = make_client(config), Worker()
    packs = load_packs(config.feedbot.sites_dir)
    previewer = Previewer(client, worker, packs, config.feedbot.timezone, authority_of(config), told)
    try:
        return await previewer.preview(target, site, wall_clock())
    finally:
        await worker.close()
        await client.close()


def _print_entry(entry: Entry) -> None:
    lead = entry.photo
    rows = [
        ("title", entry.title),
        ("url", entry.url),
        ("published", entry.published.isoformat() if entry.published else None),
        ("authors", [f"{one.name} <{one.email}>" if one.email else one.name for one in entry.authors]),
        ("categories", entry.categories),
        ("photo", lead and " · ".join(filter(None, (lead.url, lead.caption, lead.credit)))),
        ("photos", len(entry.photos)),
        ("related", len(entry.related)),
        ("summary", entry.summary),
        ("text", f"{len((entry.content_text or '').split())} words"),
    ]
    as_table(["", ""], rows, "")
    typer.echo("")


def _open(context: typer.Context) -> tuple[Config, Store]:
    config = read_config(context)
    return config, Store.open_to_read(config.database_path)


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Health at a glance: sources failing, queue, oldest pending, unknowns."""
    _, store = _open(context)
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


def _source_facts(source: Source, state: SourceState, *, paused: bool) -> dict[str, Any]:
    return {
        "id": source.id,
        "url": mask(source.url) if "://" in source.url else source.url,
        "kind": source.kind.value if source.kind else None,
        "site": source.site,
        "categories": list(dict.fromkeys((*source.categories, *source.category_map.values()))),
        "paused": paused,
        "next_poll": iso(state.next_poll),
        "because": state.because,
        "failures": state.failures,
        "error": state.error,
    }


@source_app.command("list")
def source_list(context: typer.Context, json: Json = False) -> None:
    """Every source, when it is polled next, and what is wrong with it."""
    config, store = _open(context)
    found = [
        _source_facts(one, state, paused=paused) for one, state, paused in _with_configured(config, store)
    ]
    store.close_now()
    if json:
        as_json(found)
        return
    columns = ["id", "kind", "categories", "next_poll", "failures", "error"]
    as_table(columns, [[one[name] for name in columns] for one in found], "No source is configured.")


def _with_configured(config: Config, store: Store) -> list[tuple[Source, SourceState, bool]]:
    """The stored sources, and those of the file that no daemon has seen yet."""
    known = store.do_now(sources.all_sources)
    names = {source.id for source, _, _ in known}
    return known + [(one, SourceState(one.id), False) for one in config.sources() if one.id not in names]


@source_app.command("show")
def source_show(
    context: typer.Context, source_id: Annotated[str, typer.Argument(metavar="ID")], json: Json = False
) -> None:
    """One source: when and why it is polled next, and what is remembered of it."""
    config, store = _open(context)
    found = {one.id: (one, state, paused) for one, state, paused in _with_configured(config, store)}
    store.close_now()
    if source_id not in found:
        raise UsageError(f"source {source_id!r} is not known; known: {', '.join(sorted(found)) or 'none'}")
    source, state, paused = found[source_id]
    facts = _source_facts(source, state, paused=paused) | {
        "validators": asdict(state.validators) if state.validators else None,
        "moved_to": None,
        "health": {"last_success": iso(state.last_success), "body_hash": state.body_hash},
    }
    if json:
        as_json(facts)
    else:
        as_table(["", ""], list(facts.items()), "")


@subscription_app.command("list")
def subscription_list(context: typer.Context, json: Json = False) -> None:
    """Every subscription and the state of its chat."""
    _, store = _open(context)
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
            "reason": chat.reason,
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


@subscription_app.command("test")
def subscription_test(
    context: typer.Context, chat: Annotated[str, typer.Argument(metavar="CHAT")], json: Json = False
) -> None:
    """Ask Telegram whether the bot may post in a chat, and what to change if not."""
    config = read_config(context)
    token, _ = read_token(config)
    if token is None:
        raise ConfigError("no bot token; set FEEDBOT_TELEGRAM__TOKEN or telegram.token_file")
    told = wait_for(_permission(config, token, chat))
    if json:
        as_json({"chat": chat, **asdict(told)})
    else:
        typer.echo(told.said)
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
