"""Commands that do the work: run, once, check."""

import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from feedbot.app import configured_subscriptions, resolve_sources
from feedbot.app import once as one_round
from feedbot.app import run as run_daemon
from feedbot.cli import Json, app, read_config, wait_for
from feedbot.cli.show import as_json, as_table, progress_bar, say
from feedbot.config import Config, read_token
from feedbot.errors import ConfigError, UsageError
from feedbot.sources.packs import load_packs
from feedbot.store.store import Store, check_file


@app.command()
def run(context: typer.Context) -> None:
    """The daemon: polls, publishes, serves and sends until SIGTERM."""
    wait_for(run_daemon(read_config(context)))


@app.command()
def once(
    context: typer.Context,
    at: Annotated[str | None, typer.Option(help="The time it is, ISO 8601 with offset.")] = None,
    deliver_seconds: Annotated[float, typer.Option(min=0, help="How long messages may be sent.")] = 30.0,
    json: Json = False,
) -> None:
    """One round: updates, polls, pages, feeds, messages. No web server."""
    moment = _moment(at)
    config = read_config(context)
    with progress_bar() as told:
        done = asdict(wait_for(one_round(config, moment, deliver_seconds, told)))
    if json:
        as_json(done)
        return
    found = done.pop("sources")
    as_table(["", ""], list(done.items()), "")
    rows = [(name, one["status"], one["error"], one["next_poll"]) for name, one in found.items()]
    say("")
    as_table(["source", "status", "error", "next poll"], rows, "No source is configured.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text!r} is no time; 2026-01-31T12:00:00+00:00 would be one") from error
    if moment.tzinfo is None:
        raise UsageError(f"--at {text} has no offset; {text}+00:00 would be UTC")
    return moment


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Validate configuration, rule packs, database, directories and token; changes nothing."""
    config = read_config(context)
    configured_subscriptions(config)
    found = [
        ("configuration", f"{len(config.source)} sources, {len(config.category)} categories"),
        ("rule packs", _check_packs(config)),
        ("database", _check_database(config.database_path)),
        ("feeds_dir", _check_folder(config.feedbot.feeds_dir)),
        ("token", _check_token(config)),
    ]
    if unused := config.without_effect():
        found.append(("without effect", f"accepted, but this version does nothing with: {', '.join(unused)}"))
    if json:
        as_json({"ok": True, "checks": [{"name": name, "detail": detail} for name, detail in found]})
    else:
        as_table(["checked", "found"], found, "")


def _check_packs(config: Config) -> str:
    folder = config.feedbot.sites_dir
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"feedbot.sites_dir: {folder} is a file; a folder of rule packs is wanted here")
    packs = load_packs(folder)
    resolve_sources(config, packs)
    return ", ".join(sorted(packs.by_name))


def _check_database(path: Path) -> str:
    if not path.exists():
        _check_folder(path.parent, "feedbot.database")
        return f"{path} will be made at the first start"
    check_file(path)
    Store.open_to_read(path).close_now()
    return f"{path} is sound"


def _check_folder(folder: Path, key: str = "feedbot.feeds_dir") -> str:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"{key}: {folder} cannot be written; this user must be able to")
    return str(folder) if there == folder else f"{folder} will be made"


def _check_token(config: Config) -> str:
    token, warning = read_token(config)
    if token is None:
        return "none: feeds are published, nothing is sent"
    return warning or f"of bot {token.partition(':')[0]}"
