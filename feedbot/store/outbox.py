"""The outbox as one sender works through it: what is first in a chat, and what became of it.

Two units of work a message: one takes it, one writes the answer and tells what is next.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)

from feedbot.errors import StoreError
from feedbot.model import ChatState, Delivery, State, StoredEntry
from feedbot.rules.agenda import Priority
from feedbot.rules.delivery import Outcome, is_far_behind, max_age_passed
from feedbot.store import deliveries, digests, entries, outcomes, photos, rows
from feedbot.store.deliveries import WAITING
from feedbot.store.photos import PhotoFile
from feedbot.store.prepared import Prepared
from feedbot.store.tables import chats, subscriptions, topics
from feedbot.store.tables import deliveries as table
from feedbot.store.tables import entries as entry_rows

# The partial indexes are used where their predicates stand as literals.
_BUSY = text("deliveries.state = 'sending'")
_TO_EDIT = text("deliveries.edit_due IS NOT NULL AND +deliveries.state = 'sent'")
_IS_PRIVATE = func.substr(table.c.chat, 1, 1).between("0", "9")
MOST_IN_ALBUM = 10  # photos, by the Bot API
_MOST_ENTRIES = 256  # that are kept read, for their subscribers
_MOST_SKIPPED = 500
_MOST_PROBED = 20  # of other people's messages in a group, looking for ours


class Task(StrEnum):
    """What is to be done in a chat."""

    SEND = "send"
    EDIT = "edit"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Picked:
    """What is first in a chat, with its entry. One that is sent is `claimed` already, unless it `lacks` a
    photo that must be had first, or would be parked if we ended before its turn. `number` is the message to
    be edited or probed, `album` the photos after the first with their ids.
    """

    task: Task
    delivery: Delivery
    entry: StoredEntry
    photo: PhotoFile | None = None
    file_id: str | None = None
    claimed: bool = False
    lacks: bool = False
    number: int = 0
    album: tuple[tuple[PhotoFile, str | None], ...] = ()

    @property
    def kind(self) -> str:
        """What is to be sent; what became of it may be less, where a photo is refused."""
        if self.photo is None or (self.photo.hash is None and not self.lacks):
            return "rich" if self.delivery.style == "rich" and not self.delivery.more else "text"
        if self.photo.is_document:
            return "document"
        return "album" if any(one.hash and not one.is_document for one, _ in self.album) else "photo"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: a photo's new `file_id` by the `hash` of its content, whether the known one is `dead`,
    what kind of message was made, what it says (`composed`, a hash), and why none of the photo's forms was
    taken. `parts` are the photos of an album: address, hash, new id, whether it is dead, and what is wrong.
    """

    outcome: Outcome
    hash: str = ""
    file_id: str | None = None
    dead: bool = False
    kind: str | None = None
    photo_fault: str | None = None
    composed: str | None = None
    parts: tuple[tuple[str, str, str | None, bool, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chat with something to be done: when the first of it is due, since when it waits, and as how many
    messages it counts.
    """

    chat: str
    due_at: datetime
    since: datetime
    priority: Priority
    cost: int = 1


def _to_send() -> ColumnElement[bool]:
    """Pending, or unknown where it is to be sent again or can still be probed."""
    probed = and_(
        bindparam("probe") == 1,
        ~_IS_PRIVATE,
        or_(table.c.probed.is_(None), table.c.probed != deliveries.NOT_THERE),
    )
    unknown = or_(deliveries.is_resent(bindparam("given_up")), probed)
    wanted = or_(table.c.state == State.PENDING.value, unknown)
    return and_(WAITING, wanted, subscriptions.c.paused.is_(False), ~_topic_closed())


def _topic_closed() -> ColumnElement[bool]:
    still = or_(topics.c.blocked_until.is_(None), topics.c.blocked_until > bindparam("now"))
    return exists().where(topics.c.chat == table.c.chat, topics.c.topic == table.c.topic, still)


def _joined(*columns: Any) -> Select[Any]:
    joined = table.join(subscriptions).join(entry_rows).join(chats, chats.c.chat == table.c.chat)
    return select(*columns).select_from(joined).where(chats.c.state != ChatState.GONE.value)


# An album is as many messages as it has photos, at most; an entry is read for that alone if it may be one.
_COST = "CASE WHEN {1} = 'album' AND more = 0 THEN max(1, min({2}, {0})) ELSE 1 END"
_PHOTOS_OF = "(SELECT json_array_length(record, '$.photos') FROM entries WHERE id = found.entry_id)"
_HERE = table.c.chat == bindparam("chat")
_HEAD = (
    *table.c,
    *(subscriptions.c[name] for name in deliveries.SETTINGS),
    subscriptions.c.max_age,
    subscriptions.c.ended_at,
    subscriptions.c.muted,
    (entry_rows.c.first_seen < subscriptions.c.created_at).label("backlog"),
    chats.c.blocked_until,
    entry_rows.c.first_seen,
    entry_rows.c.retracted_at,
    entry_rows.c.updates,
    entry_rows.c.updated_at,
    literal_column(
        _COST.format("json_array_length(entries.record, '$.photos')", "subscriptions.style", MOST_IN_ALBUM)
    ).label("cost"),
)
_BRIEF = (
    table.c.chat,
    table.c.due_at,
    chats.c.blocked_until,
    entry_rows.c.first_seen,
    (entry_rows.c.first_seen < subscriptions.c.created_at).label("backlog"),
    table.c.entry_id,
    subscriptions.c.style,
    table.c.more,
)
_PLACE = (table.c.sort_at, table.c.entry_id, table.c.id)
_FIRST = Prepared(_joined(*_HEAD).where(_HERE, _to_send()).order_by(*_PLACE).limit(1))
_IS_ASIDE = table.c.aside_since.is_not(None)
_FIRST_OTHER = Prepared(_joined(*_HEAD).where(_HERE, _to_send(), ~_IS_ASIDE).order_by(*_PLACE).limit(1))
_FIRST_ASIDE = Prepared(_joined(*_HEAD).where(_HERE, _to_send(), _IS_ASIDE).order_by(table.c.due_at).limit(1))
_FIRST_EDIT = Prepared(_joined(*_HEAD).where(_HERE, _TO_EDIT).order_by(table.c.edit_due).limit(1))
_CHAT = Prepared(
    select(
        chats.c.state,
        chats.c.blocked_until,
        exists().where(_BUSY, table.c.chat == chats.c.chat).label("busy"),
        exists().where(_TO_EDIT, table.c.chat == chats.c.chat).label("edits"),
        select(func.count())
        .select_from(table)
        .where(WAITING, table.c.chat == chats.c.chat, table.c.more == 0)
        .scalar_subquery()
        .label("waiting"),
    ).where(chats.c.chat == bindparam("chat"))
)
_CLAIM = Prepared(
    table.update().where(table.c.id == bindparam("row"), table.c.state == bindparam("was")),
)
_UPDATES = Prepared(select(entry_rows.c.updates).where(entry_rows.c.id == bindparam("row")))
_LAST_NUMBER = Prepared(
    select(table.c.message_id, table.c.album)
    .where(text("deliveries.state = 'sent'"), _HERE, table.c.message_id.is_not(None))
    .order_by(table.c.sent_at.desc(), table.c.id.desc())
    .limit(1)
)


class Outbox:
    """The outbox for one bot. It keeps the entries that it read: an entry is read once for its thousand
    subscribers. `probe` is whether messages that may have been accepted are looked for.
    """

    def __init__(self, bot: str, *, probe: bool = False) -> None:
        self._bot, self._probe = bot, probe
        self._known: dict[tuple[int, int, datetime], StoredEntry] = {}

    def pick(self, connection: Connection, chat: str, now: datetime) -> Picked | None:
        """Take what is first in a chat, if it is due and nothing is being sent there.

        What became too old for its subscription, or was taken back, is skipped on the way.
        """
        of_chat = next(iter(_CHAT.rows(connection, {"chat": chat})), None)
        if of_chat is None or of_chat["state"] == ChatState.GONE.value or of_chat["busy"]:
            return None
        if (of_chat["blocked_until"] or now) > now:
            return None
        found = self._first(connection, chat, now, edits=of_chat["edits"])
        if found and is_far_behind(of_chat["waiting"], found[1]["first_seen"], now):
            digests.fold(connection, chat, now)
            found = self._first(connection, chat, now, edits=of_chat["edits"])
        for _ in range(_MOST_SKIPPED):
            if found is None or _due(*found) > now:
                return None
            if picked := self._picked(connection, *found, now):
                return picked
            found = self._first(connection, chat, now, edits=of_chat["edits"])
        return None

    def _told(self, now: datetime) -> dict[str, Any]:
        """What decides whether a message is to be sent."""
        return {"now": now, "given_up": now - deliveries.ASIDE_PATIENCE, "probe": int(self._probe)}

    def _first(
        self, connection: Connection, chat: str, now: datetime, *, edits: bool
    ) -> tuple[Task, dict[str, Any]] | None:
        """What is to be sent goes before an edit, unless the edit is due sooner and it is not due. One that
        stands aside goes after all others.
        """
        told = {"chat": chat} | self._told(now)
        send = next(iter(_FIRST.rows(connection, told)), None)
        if send and send["aside_since"] is not None:
            others = (*_FIRST_OTHER.rows(connection, told), *_FIRST_ASIDE.rows(connection, told))
            send = next(iter(others), None)
        edit = next(iter(_FIRST_EDIT.rows(connection, {"chat": chat})), None) if edits else None
        if edit and (send is None or send["due_at"] > max(now, edit["edit_due"])):
            return Task.EDIT, edit
        return (Task.SEND, send) if send else None

    def _picked(
        self, connection: Connection, task: Task, row: dict[str, Any], now: datetime
    ) -> Picked | None:
        """The task as it is to be done; None where it was settled here."""
        delivery = rows.delivery(row)
        entry = self._entry(connection, row)
        if task is Task.EDIT:
            is_old = row["sent_at"] is None or now - row["sent_at"] > deliveries.EDITED_WITHIN
            return self._to_edit(connection, delivery, entry, is_old=is_old)
        if deliveries.drop_unwanted(connection, row, entry.entry.source_id):
            return None
        if max_age_passed(row["first_seen"], rows.seconds(row["max_age"]), now):
            deliveries.skip(connection, delivery.id, "max_age")
            return None
        if delivery.state is State.UNKNOWN and self._probe and delivery.probed != deliveries.NOT_THERE:
            return self._to_probe(connection, delivery, entry)
        return self._to_send(connection, delivery, entry, now)

    def _to_send(
        self, connection: Connection, delivery: Delivery, entry: StoredEntry, now: datetime
    ) -> Picked | None:
        photo, file_id = self._photo(connection, delivery, entry)
        album = self._album(connection, delivery, entry) if photo is not None else ()
        wanted = [(photo, file_id)] if photo is not None else []
        wanted += [(one, known) for one, known in album if not one.is_document]
        if any(known is None and not one.is_missing(now) for one, known in wanted):
            return Picked(Task.SEND, delivery, entry, photo, album=album, lacks=True)
        is_claimed = delivery.on_unknown != "park"
        picked = Picked(Task.SEND, delivery, entry, photo, file_id, is_claimed, album=album)
        return None if is_claimed and not claim(connection, picked, now, self._bot) else picked

    def _album(
        self, connection: Connection, delivery: Delivery, entry: StoredEntry
    ) -> tuple[tuple[PhotoFile, str | None], ...]:
        """The photos that go together with the first one."""
        if delivery.style != "album":
            return ()
        lead = entry.entry.photo
        urls = dict.fromkeys(
            one.url for one in entry.entry.photos if one.url and (not lead or one.url != lead.url)
        )
        return tuple(photos.photo_of_bot(connection, url, self._bot) for url in [*urls][: MOST_IN_ALBUM - 1])

    def _photo(
        self, connection: Connection, delivery: Delivery, entry: StoredEntry
    ) -> tuple[PhotoFile | None, str | None]:
        lead = entry.entry.photo
        if delivery.style not in {"photo", "album"} or delivery.more or lead is None or not lead.url:
            return None, None
        return photos.photo_of_bot(connection, lead.url, self._bot)

    def _to_edit(
        self, connection: Connection, delivery: Delivery, entry: StoredEntry, *, is_old: bool
    ) -> Picked | None:
        if is_old or delivery.message_id is None or delivery.kind is None:
            deliveries.forget_edit(connection, delivery.id)
            return None
        photo, file_id = None, None
        if delivery.kind in {"photo", "document", "album"}:
            photo, file_id = self._photo(connection, delivery, entry)
        return Picked(Task.EDIT, delivery, entry, photo, file_id, number=delivery.message_id)

    def _to_probe(self, connection: Connection, delivery: Delivery, entry: StoredEntry) -> Picked | None:
        """The number after the last one known: in a channel or supergroup they rise by one a message."""
        sent = next(iter(_LAST_NUMBER.rows(connection, {"chat": delivery.address.chat})), None)
        last = max(sent["message_id"], *map(int, (sent["album"] or "0").split(","))) if sent else None
        number = (delivery.probed or last or 0) + 1
        if last is None or number - last > _MOST_PROBED or delivery.address.chat.isdigit():
            deliveries.probed(connection, delivery.id, deliveries.NOT_THERE)
            return None
        return Picked(Task.PROBE, delivery, entry, number=number)

    def _entry(self, connection: Connection, row: dict[str, Any]) -> StoredEntry:
        key = (row["entry_id"], row["updates"], row["updated_at"])
        known = self._known.get(key)
        if known is None or known.retracted_at != row["retracted_at"]:
            if len(self._known) >= _MOST_ENTRIES:
                self._known.clear()
            known = entries.get_entry(connection, row["entry_id"])
            if known is None:
                raise StoreError(f"delivery {row['id']} is of an entry that is not out")
            self._known[key] = known
        return known

    def record(self, connection: Connection, picked: Picked, answer: Answer, now: datetime) -> Waiting | None:
        """Write what became of it; what is first in its chat now."""
        for url, content, file_id, is_dead, fault in answer.parts:
            if is_dead or file_id:
                photos.save_file_id(connection, self._bot, content, file_id)
            if fault:
                photos.save_photo(connection, PhotoFile(url, now, error=fault))
        if answer.dead or answer.file_id:
            photos.save_file_id(connection, self._bot, answer.hash, answer.file_id)
        if answer.photo_fault and picked.photo:
            photos.save_photo(connection, PhotoFile(picked.photo.url, now, error=answer.photo_fault))
        made = deliveries.Made(answer.kind, answer.hash or None, answer.composed)
        if picked.task is Task.EDIT:
            outcomes.record_edit(connection, picked.delivery, answer.outcome, now, made)
        elif picked.task is Task.PROBE:
            outcomes.record_probe(connection, picked.delivery, answer.outcome, picked.number, now)
        else:
            outcomes.record(connection, picked.delivery, answer.outcome, now, made=made)
        return self.next_of(connection, picked.delivery.address.chat, now)

    def next_of(self, connection: Connection, chat: str, now: datetime) -> Waiting | None:
        """What is first in a chat, and when it is due."""
        found = self._first(connection, chat, now, edits=True)
        return _waiting(*found) if found else None

    def waiting(self, connection: Connection, now: datetime) -> list[Waiting]:
        """Each chat with something to be done, and the first of it."""
        told = self._told(now)
        last = case((_IS_ASIDE, table.c.due_at), else_=None)  # what stands aside goes after all others
        first = func.row_number().over(partition_by=table.c.chat, order_by=(last, *_PLACE)).label("place")
        found = _joined(*_BRIEF, first).where(_to_send()).subquery("found")
        query = select(found, literal_column(_COST.format(_PHOTOS_OF, "style", MOST_IN_ALBUM)).label("cost"))
        query = query.where(found.c.place == 1)
        known = {row["chat"]: _waiting(Task.SEND, row) for row in connection.execute(query, told).mappings()}
        edits = _joined(*_BRIEF, table.c.edit_due).where(_TO_EDIT).order_by(table.c.edit_due.desc())
        first_edits = {row["chat"]: _waiting(Task.EDIT, row) for row in connection.execute(edits).mappings()}
        for chat, edit in first_edits.items():
            if (send := known.get(chat)) is None or send.due_at > max(now, edit.due_at):
                known[chat] = edit
        return list(known.values())


def _due(task: Task, row: Any) -> datetime:
    due: datetime = row["edit_due"] if task is Task.EDIT else row["due_at"]
    return max(due, row["blocked_until"] or due)


def _waiting(task: Task, row: Any) -> Waiting:
    if task is Task.EDIT:
        return Waiting(row["chat"], _due(task, row), row["edit_due"], Priority.EDIT)
    priority = Priority.BACKLOG if row["backlog"] else Priority.ENTRY
    return Waiting(row["chat"], _due(task, row), row["first_seen"], priority, row["cost"])


def claim(connection: Connection, picked: Picked, now: datetime, owner: str) -> bool:
    """Take a message: the row says `sending`, and as what, before a byte is sent. False where another was
    quicker.
    """
    told = {"state": State.SENDING.value, "owner": owner, "claimed_at": now, "edit_due": None}
    told |= {"kind": picked.kind, "row": picked.delivery.id, "was": picked.delivery.state.value}
    return _CLAIM.run(connection, told).rowcount == 1


def claim_later(connection: Connection, picked: Picked, now: datetime, owner: str) -> bool:
    """Take what was picked a while ago. False too where its entry changed since: it is to be read anew."""
    updates = _UPDATES.scalar(connection, {"row": picked.delivery.entry_row})
    return updates == picked.entry.updates and claim(connection, picked, now, owner)
