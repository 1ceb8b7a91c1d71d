"""The commands. stdout carries the result and nothing else; logs and bars go to stderr."""

import io
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from sqlalchemy import Connection

from feedbot import __version__
from feedbot.cli.show import text_of
from feedbot.config import Config, load
from feedbot.errors import ConfigError, FeedbotError, LockedError, UsageError
from feedbot.jobs.logs import hide_secrets, set_up_logging
from feedbot.store import Store

T = TypeVar("T")
DEFAULT_CONFIG = Path("config.toml")
EXIT_CODES: tuple[tuple[type[FeedbotError], int], ...] = (
    (UsageError, 2),
    (LockedError, 75),
    (ConfigError, 78),
    (FeedbotError, 1),
)

app = typer.Typer(
    name="feedbot",
    help=__doc__ and "Article sources in, an Atom feed per category and Telegram messages out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_MODULES = {
    "check": "daemon",
    "delivery": "delivery",
    "demo": "demo",
    "new-site": "newsite",
    "once": "daemon",
    "preview": "preview",
    "run": "daemon",
    "source": "source",
    "status": "status",
    "subscription": "subscription",
    "why": "why",
}
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _version(wanted: bool) -> None:  # typer calls it
    if wanted:
        typer.echo(f"feedbot {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration file (default: config.toml).")
    ] = None,
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Article sources in, an Atom feed per category and Telegram messages out."""
    context.obj = config


def read_config(context: typer.Context, *, optional: bool = False) -> Config:
    """The configuration that the command line names. `optional`: without a file, the defaults do."""
    path: Path | None = context.obj
    if path is None and optional and not DEFAULT_CONFIG.exists():
        return load(None)
    return load(path or DEFAULT_CONFIG)


def open_store(context: typer.Context) -> tuple[Config, Store]:
    """The configuration and its database, opened to read; one that is not there yet reads as empty."""
    config = read_config(context)
    return config, Store.open_to_read(config.database_path)


def in_one_transaction(config: Config, unit: Callable[[Connection], T]) -> T:
    """What a unit of work gives that changes the database, which is made where it is not there yet."""
    path = config.database_path
    store = Store.open_to_read(path) if path.exists() else Store.open(path)
    try:
        return store.do_now(unit)
    finally:
        store.close_now()


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work to its end, on uvloop."""
    return uvloop.run(work)


def _called(words: Sequence[str]) -> str:
    """The command that is called, as far as that is plain."""
    return words[2] if len(words) > 2 and words[0] == "--config" else words[0] if words else ""


def load_commands(words: Sequence[str] = ()) -> None:
    """Import the module of the command that is called, or all of them where that is not plain: importing the
    whole program takes a second.
    """
    called = _called(words)
    for name in [_MODULES[called]] if called in _MODULES else sorted(set(_MODULES.values())):
        import_module(f"feedbot.cli.{name}")


def main() -> None:
    """The program: one line on stderr and the contract's exit code where something is wrong."""
    if _called(sys.argv[1:]) == "run":  # until it runs, there is nothing that it would have to finish
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    load_commands(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no fault
    set_up_logging()
    try:
        app(prog_name="feedbot")
    except FeedbotError as error:
        line = " ".join(text_of(hide_secrets(str(error))).split())
        sys.stderr.write(f"feedbot: {line}\n")
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
