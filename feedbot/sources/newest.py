"""The newest of too many: documents may list thousands of entries, in any order."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from feedbot.rules.dates import parse_date

MOST_ENTRIES = 1000
_Part = TypeVar("_Part")


def newest(parts: Sequence[_Part], date_of: Callable[[_Part], str | None]) -> list[_Part]:
    """At most a thousand, in the order that they stand in; those without a readable date count as the oldest.

    `date_of` gives the date as written, and is asked only where there are too many.
    """
    if len(parts) <= MOST_ENTRIES:
        return list(parts)
    instants = [instant(date_of(part)) for part in parts]
    by_date = sorted(range(len(parts)), key=instants.__getitem__, reverse=True)
    return [parts[at] for at in sorted(by_date[:MOST_ENTRIES])]


def instant(text: str | None) -> str:
    """A written date as text that sorts by time; empty for none."""
    try:
        moment = datetime.fromisoformat(text or "")  # the common form, and twenty times as fast
    except ValueError:
        read = parse_date(text, "UTC")
        if read is None:
            return ""
        moment = read[0]
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except OverflowError:
        return ""
