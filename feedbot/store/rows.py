"""Rows become nouns, and nouns become rows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json
from sqlalchemy import RowMapping

from feedbot.model import (
    Address,
    Announce,
    Chat,
    ChatState,
    Delivery,
    Entry,
    Source,
    SourceState,
    State,
    StoredEntry,
    Subscription,
    Validators,
)

_ENTRY = TypeAdapter(Entry)
_SOURCE = TypeAdapter(Source)
_STATE = TypeAdapter(SourceState)

Row = RowMapping | Mapping[str, Any]


def entry_json(entry: Entry) -> str:
    """An entry as it is kept; times keep the offset of their source."""
    return _ENTRY.dump_json(entry).decode()


def source_json(source: Source) -> str:
    """A source as it is kept, without the headers that it is asked with: they may be secrets."""
    return _SOURCE.dump_json(source, exclude={"headers"}).decode()


def entry_of(record: str) -> Entry:
    """The entry of a record."""
    return _ENTRY.validate_json(record)


def source_of(row: Row) -> Source:
    """The source of a row of `sources`."""
    return _source(row["record"])


@lru_cache(maxsize=2048)  # read with every poll, and hardly ever changed
def _source(record: str) -> Source:
    return _SOURCE.validate_json(record)


def stored_entry(row: Row, slugs: tuple[str, ...]) -> StoredEntry:
    """The entry of a row of `entries`; its categories are told apart from it."""
    return StoredEntry(
        row=row["id"],
        entry=entry_of(row["record"]),
        story=row["story"],
        slugs=slugs,
        updated_at=row["updated_at"],
        digest=row["digest"],
        first_key=row["first_key"],
        ready=row["ready"],
        announce=Announce(row["announce"]),
        page_failures=row["page_failures"],
        page_validators=validators(row, "page_"),
        page_hash=row["page_hash"],
        updates=row["updates"],
        missing_since=row["missing_since"],
        retracted_at=row["retracted_at"],
        tombstone_at=row["tombstone_at"],
    )


STATE_COLUMNS = (
    "source_id",
    "next_poll",
    "stopped",
    "validators_url",
    "etag",
    "last_modified",
    "last_success",
    "memory",
)
_APART = {"next_poll", "stopped", "validators", "last_success"}


def source_state(row: Row) -> SourceState:
    """The memory of a row: what queries ask for has columns, and validators are bytes."""
    known: dict[str, Any] = from_json(row["memory"])
    for name in ("next_poll", "stopped", "last_success"):
        known[name] = row[name]
    return _STATE.validate_python(known | {"validators": validators(row)})


def state_values(state: SourceState) -> dict[str, Any]:
    """The columns of a source's memory."""
    return {
        "source_id": state.source_id,
        "next_poll": state.next_poll,
        "stopped": state.stopped,
        **validator_values(state.validators),
        "last_success": state.last_success,
        "memory": _STATE.dump_json(state, exclude=_APART, exclude_defaults=True).decode(),
    }


def validators(row: Row, prefix: str = "") -> Validators | None:
    """The validators of a row, verbatim; the names of their columns may have a prefix."""
    url = row[f"{prefix}validators_url"]
    if not url:
        return None
    return Validators(url, _from_wire(row[f"{prefix}etag"]), _from_wire(row[f"{prefix}last_modified"]))


def validator_values(known: Validators | None, prefix: str = "") -> dict[str, Any]:
    """The columns of validators."""
    return {
        f"{prefix}validators_url": known.url if known else None,
        f"{prefix}etag": _to_wire(known.etag if known else None),
        f"{prefix}last_modified": _to_wire(known.last_modified if known else None),
    }


def _to_wire(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _from_wire(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def subscription(row: Row) -> Subscription:
    """The subscription of a row."""
    return Subscription(
        id=row["id"],
        address=Address(row["chat"], row["topic"]),
        category=row["category"],
        configured=row["configured"],
        created_at=row["created_at"],
        paused=row["paused"],
        latest=row["latest"],
        style=row["style"],
        silent=row["silent"],
        language=row["language"],
        on_unknown=row["on_unknown"],
        max_age=seconds(row["max_age"]),
        template=row["template"],
        muted=tuple(from_json(row["muted"])),
        name=row["name"],
    )


def subscription_values(wanted: Subscription, now: datetime) -> dict[str, Any]:
    """The columns of a subscription that begins now.

    It begins with the whole second, as the first sight of an entry does.
    """
    return {
        "chat": wanted.address.chat,
        "topic": wanted.address.topic,
        "category": wanted.category,
        "configured": wanted.configured,
        "created_at": now.replace(microsecond=0),
        "ended_at": None,
        "paused": wanted.paused,
        "latest": wanted.latest,
        "style": wanted.style,
        "silent": wanted.silent,
        "language": wanted.language,
        "on_unknown": wanted.on_unknown,
        "max_age": None if wanted.max_age is None else int(wanted.max_age.total_seconds()),
        "template": wanted.template,
        "name": wanted.name,
    }


def delivery(row: Row) -> Delivery:
    """The delivery of a row of `deliveries` joined with its subscription."""
    return Delivery(
        id=row["id"],
        entry_row=row["entry_id"],
        address=Address(row["chat"], row["topic"]),
        state=State(row["state"]),
        reason=row["reason"],
        due_at=row["due_at"],
        attempts=row["attempts"],
        message_id=row["message_id"],
        error=row["error"],
        on_unknown=row["on_unknown"],
        silent=row["silent"],
        language=row["language"],
        subscription=row["subscription_id"],
        category=row["category"],
        style=row["style"],
        template=row["template"],
        kind=row["kind"],
        photo=row["photo"],
        edits=row["edits"],
        edit_due=row["edit_due"],
        more=row["more"],
        probed=row["probed"],
        album=tuple(map(int, row["album"].split(","))) if row["album"] else (),
        composed=row["composed"],
        refusals=row["refusals"] or 0,
        aside_since=row["aside_since"],
    )


def chat(row: Row) -> Chat:
    """The chat of a row."""
    return Chat(row["chat"], ChatState(row["state"]), row["reason"], row["since"], row["blocked_until"])


def seconds(value: int | None) -> timedelta | None:
    """A duration that is kept in whole seconds."""
    return None if value is None else timedelta(seconds=value)
