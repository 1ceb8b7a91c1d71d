"""A table as aligned text of one width, or as lines where it is too wide for a phone. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDEST = 40  # columns that a phone shows in its fixed-width font
_MOST_ROWS = 2100  # of one letter and a line feed they are more than a message holds
_MOST_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and how far it reaches."""

    text: str
    columns: int = 1
    rows: int = 1
    is_head: bool = False


def grid(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    """The texts of the cells, each where it begins; the places that it reaches over are empty."""
    taken: dict[int, int] = {}  # column -> rows below that a cell above reaches into
    lines = []
    for row in rows:
        line: list[str] = []
        for cell in row:
            while taken.get(len(line)):
                line.append("")
            at = len(line)
            line += [cell.text, *[""] * (min(cell.columns, _MOST_COLUMNS) - 1)]
            taken |= dict.fromkeys(range(at, len(line)), cell.rows)
        taken = {at: left - 1 for at, left in taken.items() if left > 1}
        lines.append(line)
    return lines


def width(text: str) -> int:
    """How many columns a text takes: East Asian characters and emoji two, marks none (UAX 11)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) or char in "\u200d\ufe0f" else 1 + (_is_wide(char)) for char in text
    )


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in {"W", "F"}


def aligned(rows: Sequence[Sequence[str]], *, heads: bool) -> str | None:
    """The rows with their columns under each other, a line under the heads; None where they are too wide."""
    rows = rows[:_MOST_ROWS]
    columns = max(map(len, rows))
    widths = [max(width(row[at]) if at < len(row) else 0 for row in rows) for at in range(columns)]
    if sum(widths) + 3 * (columns - 1) > WIDEST:
        return None
    lines = [
        " | ".join(cell + " " * (widths[at] - width(cell)) for at, cell in enumerate(row)).rstrip()
        for row in rows
    ]
    if heads and len(rows) > 1:
        lines.insert(1, "-+-".join("-" * one for one in widths))
    return "\n".join(lines)


def told(rows: Sequence[Sequence[str]], *, heads: bool) -> list[str]:
    """The rows as lines: `head: cell`, or the cells of a row after each other."""
    if not heads or len(rows) < 2:
        return list(filter(None, (" · ".join(filter(None, row)) for row in rows[:_MOST_ROWS])))
    names = rows[0]
    lines = []
    for row in rows[1:_MOST_ROWS]:
        named = [
            f"{names[at]}: {cell}" if at < len(names) and names[at] else cell
            for at, cell in enumerate(row)
            if cell
        ]
        lines.append("\n".join(named))
    return lines
