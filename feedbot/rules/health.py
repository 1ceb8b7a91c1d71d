"""Health: how complete the entries of a source usually are, and what to tell the operator when that ends.

A site that changes its markup raises no error: its list is empty, or its articles come without photos.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from feedbot.model import Entry
from feedbot.rules.text import headline

FIELDS = ("title", "published", "authors", "content_text", "photo", "caption")
NEWEST = 8  # entries that are compared with those before them
ENOUGH_NEW, ENOUGH_KNOWN = 5, 10
USUAL, COLLAPSED = 0.8, 0.3
_MEMORY = 50  # entries after which an old one hardly counts


@dataclass(frozen=True, slots=True)
class Health:
    """What the entries of a source had.

    `usual` is the share of entries with each field (0 to 1, the last fifty or so weigh most) over `counted`
    entries, `newest` what each of the newest ones had (a `1` or `0` for each of FIELDS), oldest first; they
    are not yet counted. `listed` is how many entries the list gives usually, `empty_since` since when it
    gives none.
    """

    usual: Mapping[str, float] = field(default_factory=dict)
    counted: int = 0
    newest: tuple[str, ...] = ()
    listed: float = 0.0
    empty_since: datetime | None = None


def observe(health: Health, entries: Iterable[Entry]) -> Health:
    """The record after these entries, oldest first, each told once and complete."""
    for entry in entries:
        had = "".join("01"[has] for has in _fields(entry).values())
        newest = (*health.newest, had)
        if len(newest) > NEWEST:
            health = _count(health, newest[0])
        health = replace(health, newest=newest[-NEWEST:])
    return health


def observe_list(health: Health, listed: int, now: datetime) -> Health:
    """The record after a document that lists so many entries, known ones included."""
    if listed == 0:
        return replace(health, empty_since=health.empty_since or now) if health.listed else health
    usual = health.listed + (listed - health.listed) / 10 if health.listed else float(listed)
    return replace(health, listed=round(usual, 2), empty_since=None)


def _fields(entry: Entry) -> dict[str, bool]:
    lead = entry.photo
    return {
        "title": _has_title(entry),
        "published": entry.published is not None,
        "authors": bool(entry.authors),
        "content_text": bool(entry.content_text),
        "photo": lead is not None and lead.url is not None,
        "caption": lead is not None and bool(lead.caption),
    }


def _has_title(entry: Entry) -> bool:
    """Whether the title was told, and not made of what else there was."""
    begun = (entry.content_text or "").partition("\n\n")[0]
    return entry.title not in {"Untitled", urlsplit(entry.url or "").hostname, begun and headline(begun)}


def _count(health: Health, had: str) -> Health:
    counted = health.counted + 1
    weight = 1 / min(counted, _MEMORY)
    usual = {
        name: round(health.usual.get(name, 0.0) * (1 - weight) + weight * int(has), 4)
        for name, has in zip(FIELDS, had, strict=True)
    }
    return replace(health, usual=usual, counted=counted)


def newest_shares(health: Health) -> dict[str, float]:
    """The share of the newest entries with each field; nothing where there are none."""
    count = len(health.newest)
    return {
        name: sum(had[at] == "1" for had in health.newest) / count
        for at, name in enumerate(FIELDS if count else ())
    }


def alarms(health: Health) -> list[str]:
    """What the operator should look at, a sentence each.

    The list gives nothing though it used to; a field that at least 8 of 10 entries had is in fewer than 3
    of 10 of the newest.
    """
    found = []
    if health.empty_since:
        since = health.empty_since.isoformat(timespec="minutes")
        found.append(f"the list gives nothing since {since}; it used to give {round(health.listed)} entries")
    if health.counted < ENOUGH_KNOWN or len(health.newest) < ENOUGH_NEW:
        return found
    for name, share in newest_shares(health).items():
        usual = health.usual.get(name, 0.0)
        if usual >= USUAL and share < COLLAPSED:
            found.append(
                f"{name} is in {share:.0%} of the newest {len(health.newest)} entries, before in {usual:.0%}"
            )
    return found
