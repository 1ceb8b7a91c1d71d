"""How results are printed: tables for people, JSON for programs, bars on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Told = Callable[[str, int, int], None]


def as_json(value: Any) -> None:
    """Print a value for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str) -> None:
    """Print aligned columns; `empty` says what it means that there are no rows."""
    console = Console(file=sys.stdout, highlight=False)
    if not rows:
        console.print(empty, markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(value) for value in row))
    console.print(table, markup=False)


def text_of(value: Any) -> str:
    """A value as it stands in a table; control characters of strangers do not reach the terminal."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text).replace("[", r"\[")


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
