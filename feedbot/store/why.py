"""Each stage that an article passed or stopped at on its way to one chat."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from feedbot.model import Address, Announce, ChatState, StoredEntry, Subscription
from feedbot.rules.urls import normalised
from feedbot.store import deliveries, entries, photos, subscriptions
from feedbot.store.tables import deliveries as delivery_rows
from feedbot.store.tables import entries as entry_rows
from feedbot.store.tables import subscriptions as subscription_rows

_SAID = {
    Announce.PUSH: "it is news",
    Announce.FIRST_SIGHT: "its source was new or silent for long, or it was old: stored without a message",
    Announce.MAX_AGE: "it was too old",
    Announce.TOO_MANY: "it came with too many at once: one line told of it",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: whether the article passed it, and what there is to say."""

    name: str
    passed: bool
    said: str


def why(connection: Connection, chat: str, link: str) -> list[Stage]:
    """The stages in order; one that was not passed says why."""
    found = _entry(connection, link)
    if found is None:
        return [Stage("source", False, "no source has listed it, or it is not kept any more")]
    entry = entries.get_entry(connection, found)
    if entry is None:
        return [Stage("source", True, "it was listed"), Stage("page", False, _page(connection, found))]
    stages = [
        Stage("source", True, f"{entry.entry.source_id} listed it, first at {entry.entry.first_seen}"),
        Stage("page", True, f"it is complete, in {', '.join(entry.slugs) or 'no category'}"),
    ]
    if entry.retracted_at is not None:
        stages.append(Stage("withdrawn", False, f"its source took it back at {entry.retracted_at}"))
    else:
        stages.append(Stage("news", entry.announce is Announce.PUSH, _SAID[entry.announce]))
    return stages + _towards(connection, chat, entry)


def _entry(connection: Connection, link: str) -> int | None:
    of_link = or_(
        entry_rows.c.story == normalised(link), func.json_extract(entry_rows.c.record, "$.url") == link
    )
    query = select(entry_rows.c.id).where(of_link).order_by(entry_rows.c.id)
    found: int | None = connection.execute(query).scalars().first()
    return found


def _page(connection: Connection, row: int) -> str:
    query = select(entry_rows.c.page_failures, entry_rows.c.page_error).where(entry_rows.c.id == row)
    failures, error = connection.execute(query).one()
    return f"its page was asked {failures} times in vain: {error}" if failures else "its page is to be read"


def _towards(connection: Connection, chat: str, entry: StoredEntry) -> list[Stage]:
    """Subscription, chat and delivery; what was delivered says all."""
    rows = select(delivery_rows).where(delivery_rows.c.story == entry.story, delivery_rows.c.chat == chat)
    sent = [
        Stage("delivery", row["state"] == "sent", _delivery(dict(row)) + _photo(connection, dict(row), entry))
        for row in connection.execute(rows.order_by(delivery_rows.c.topic)).mappings()
    ]
    follows = _subscriptions(connection, chat, entry)
    if not follows:
        held = f"{chat} follows none of its categories"
        return [Stage("subscription", False, held), *sent]
    stages = [Stage("subscription", *_subscription(one, entry)) for one in follows]
    known = deliveries.get_chat(connection, chat)
    if known is not None:
        well = known.state is ChatState.ACTIVE
        stages.append(
            Stage("chat", well, known.state.value if well else f"{known.state.value}: {known.reason}")
        )
    return [*stages, *(sent or [Stage("delivery", False, "none was planned")])]


def _subscriptions(connection: Connection, chat: str, entry: StoredEntry) -> list[Subscription]:
    topics = select(subscription_rows.c.topic).where(subscription_rows.c.chat == chat).distinct()
    return [
        one
        for topic in connection.execute(topics).scalars().all()
        for one in subscriptions.of_address(connection, Address(chat, topic))
        if one.category in entry.slugs
    ]


def _subscription(one: Subscription, entry: StoredEntry) -> tuple[bool, str]:
    said = f"to {one.category}" + (f" in topic {one.address.topic}" if one.address.topic else "")
    if one.paused:
        return False, f"{said}, paused"
    if entry.entry.source_id in one.muted:
        return False, f"{said}, without {entry.entry.source_id}, which is muted"
    if one.created_at is not None and entry.entry.first_seen < one.created_at:
        return False, f"{said}, begun later, at {one.created_at}"
    return True, said


def _delivery(row: dict[str, object]) -> str:
    state, reason = row["state"], row["reason"] or row["error"]
    if state == "sent":
        number = row["message_id"]
        return f"sent at {row['sent_at']}" + (f" as message {number}" if number else "")
    due = row["due_at"]
    waits = f", due at {due}" if state in {"pending", "unknown"} and isinstance(due, datetime) else ""
    return f"{state}{f': {reason}' if reason else ''}{waits}"


def _photo(connection: Connection, row: dict[str, object], entry: StoredEntry) -> str:
    """Why a message went out without the photo of its entry, where that is known."""
    lead = entry.entry.photo
    if row["state"] != "sent" or row["kind"] != "text" or lead is None or lead.url is None:
        return ""
    known = photos.get_photo(connection, lead.url)
    return f", without its photo: {known.error}" if known and known.error else ""
