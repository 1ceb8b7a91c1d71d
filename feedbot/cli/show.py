"""How results are printed: tables for people, JSON for programs, bars on stderr."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from feedbot.jobs.logs import hide_secrets

Told = Callable[[str, int, int], None]
_ENDLESS = 100_000
_JOINERS = "\u200c\u200d"  # Persian and emoji need them
_OBEYED = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def as_json(value: Any) -> None:
    """Print a value for programs; what a terminal would obey, or cannot encode, is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str) -> None:
    """Print aligned columns; `empty` says what it means that there are no rows.

    On a terminal long values are folded, elsewhere a row is a line.
    """
    if not rows:
        say(empty)
        return
    console = Console(file=sys.stdout)
    console = console if console.is_terminal else Console(file=sys.stdout, width=_ENDLESS)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(Text(text_of(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(text_of(value)) for value in row))
    with console.capture() as printed:
        console.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))


def say(text: str) -> None:
    """Print a sentence."""
    sys.stdout.write(text_of(text) + "\n")


def hidden(text: str | None) -> str | None:
    """A text of the store without the secrets of addresses that may stand in it."""
    return None if text is None else hide_secrets(text)


def text_of(value: Any) -> str:
    """A value on one line; what strangers wrote into it does not command the terminal."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, dict):
        return ", ".join(f"{text_of(key)} {text_of(one)}" for key, one in value.items())
    text = ", ".join(map(text_of, value)) if isinstance(value, (list, tuple)) else str(value)
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    return char if char.isprintable() or char in _JOINERS else "\ufffd"


def iso(moment: datetime | None) -> str | None:
    """A time for programs."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def progress_bar() -> Iterator[Told]:
    """A bar on stderr, on a terminal only; the function it gives is told step, done and total."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda _step, _done, _total: None
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step)
            bar.update(tasks[step], completed=done, total=total)

        yield tell
