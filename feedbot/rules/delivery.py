"""Delivery: who gets an entry, and what an answer of the Bot API means (shared facts, error table)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from feedbot.model import Address, Announce, ChatState, State, StoredEntry, Subscription


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to be written: one row per story and address."""

    story: str
    entry_row: int
    address: Address
    subscription: int
    state: State
    reason: str | None


def plan(entry: StoredEntry, subscriptions: Iterable[Subscription], now: datetime) -> tuple[Planned, ...]:
    """The deliveries of one entry. Silent ones are written too: they say why nothing came.

    A subscription starts when it is made: what was first seen before is not for it. One that was made later
    than `now` tells that the clock was set back since, and has started.
    """
    planned: dict[Address, Planned] = {}
    for subscription in subscriptions:
        begun = subscription.created_at
        started = begun is None or entry.entry.first_seen >= begun or begun > now
        if subscription.category not in entry.slugs or subscription.paused or not started:
            continue
        state, reason = State.SKIPPED, str(entry.announce.value)
        if entry.entry.source_id in subscription.muted:
            reason = "muted"
        elif entry.announce is Announce.PUSH:
            state, reason = State.PENDING, ""
        row = Planned(entry.story, entry.row, subscription.address, subscription.id, state, reason or None)
        planned.setdefault(subscription.address, row)
    return tuple(planned.values())


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted as this message, 0 where that is not known; an album has `others` after its first."""

    message_id: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not accepted: the same again after `wait`. `flood` names a 429, which counts as no attempt; `refused`
    that Telegram itself could not take it, which may be this message's own fault.
    """

    wait: timedelta
    reason: str
    flood: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be known whether the message was accepted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message is refused for good, the chat is well."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatClosed:
    """The chat takes no messages: gone for good, or suspended and tried daily."""

    state: ChatState
    reason: str


@dataclass(frozen=True, slots=True)
class TopicClosed:
    """A forum topic takes no messages: closed and tried daily, or deleted for good. The rest of its chat is
    well, and nothing meant for the topic goes elsewhere.
    """

    reason: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Migrated:
    """The group became a supergroup with this id."""

    chat: str


@dataclass(frozen=True, slots=True)
class NextRung:
    """The photo is refused in this form: take the next rung of the ladder."""

    reason: str
    forget_file_id: bool = False


class Fix(StrEnum):
    """How a refused message is put right, once: each is a fault of ours, told to the operator."""

    PLAIN = "without entities"
    SHORTER = "cut harder"
    NO_BUTTONS = "without buttons"


@dataclass(frozen=True, slots=True)
class Reword:
    """Something about the message is refused that it can do without."""

    reason: str
    fix: Fix


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The message of an edit says already what it should."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The message of an edit is not there any more, or is not ours (`foreign`)."""

    reason: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class BotStopped:
    """The token is refused: the bot stops sending, the queue waits."""

    reason: str


Outcome = (
    Sent
    | RetryAfter
    | Unknown
    | Refused
    | ChatClosed
    | TopicClosed
    | Migrated
    | NextRung
    | Reword
    | Unchanged
    | Lost
    | BotStopped
)

_GONE = (
    "bot was blocked", "user is deactivated", "can't initiate conversation", "bot was kicked", "not a member",
    "group chat was deleted", "can't send messages to the bot", "can't send messages to bots",
)  # fmt: skip
_SUSPENDED = (
    "chat not found", "not enough rights", "administrator rights", "chat_write_forbidden",
    "have no write access",
    "chat_admin_required", "chat_restricted", "no rights to send",
    "peer_id_invalid", "user_id_invalid", "chat_send_plain_forbidden", "upgraded to a supergroup",
)  # fmt: skip
_FILE_ID = ("wrong file identifier", "wrong remote file identifier", "file_reference")
_PHOTO = (
    "http url", "web page content", "can't upload file by url", "photo_", "image_process_failed",
    "unsupported extension",
    "file must be non-empty", "file is too big", "not enough rights to send photos",
    "not enough rights to send documents",
    "chat_send_photos_forbidden", "chat_send_docs_forbidden",
    "chat_send_media_forbidden", "request entity too large", "wrong type of the web page",
    "failed to send message #", "group send failed",
)  # fmt: skip
_TOPIC_DELETED = ("message thread not found", "topic_deleted", "topic_id_invalid")
_TOPIC_CLOSED = ("topic_closed",)
_FIXES = {
    Fix.PLAIN: (
        "can't parse entities",
        "can't parse messageentity",
        "message entity",
        "entity_",
        "entities_too_long",
    ),
    Fix.SHORTER: ("is too long", "_too_long"),
    Fix.NO_BUTTONS: ("reply markup", "reply_markup", "button", "inline keyboard"),
}
_LOST = ("message to edit not found", "message_id_invalid", "message to delete not found")
_FOREIGN = ("message can't be edited", "message can't be deleted", "message_author_required")
_WAIT = re.compile(r"(?:retry after |flood_wait_)(\d{1,9})", re.IGNORECASE)
_LONGEST_WAIT = 10 * 365 * 86_400.0  # what can be added to a time
_WAITS = (1, 2, 4, 8, 16, 32, 60)


def retry_wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts that never arrived: 1, 2, 4 … 60 s."""
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS) - 1)])


def judge(
    code: int, description: str, parameters: dict[str, Any], *, photo: bool, attempts: int, jitter: float
) -> Outcome:
    """What an answer with Telegram's own `ok: false` means. `jitter` is 0 to 1 s, added to a 429."""
    if code in {420, 429} or parameters.get("retry_after") is not None:
        seconds = _seconds(parameters.get("retry_after"), description)
        wait = timedelta(seconds=seconds + 0.1 + 0.9 * jitter)
        return RetryAfter(wait, f"Telegram asked to wait {seconds:g} s", flood=True)
    if (chat := parameters.get("migrate_to_chat_id")) is not None:
        return Migrated(str(chat))
    if code in {401, 404}:
        return BotStopped(f"the Bot API refuses the token: {description}")
    if code >= 500 or code == 409:
        return RetryAfter(retry_wait(attempts), description, refused=True)
    return _of_message(description, photo=photo) or _of_chat(code, description)


def _seconds(told: Any, description: str) -> float:
    """How long to wait: as the parameter says, else the words; a second where nothing is said."""
    said: Any
    for said in (told, *_WAIT.findall(description)):
        try:
            seconds = float(said)
        except (TypeError, ValueError, OverflowError):
            continue
        if seconds > 0:  # which a NaN is not
            return min(seconds, _LONGEST_WAIT)
    return 1.0


def _of_message(description: str, *, photo: bool) -> Outcome | None:
    """What is wrong with this message in this form, if that is what the words say."""
    text = description.casefold()
    if "message is not modified" in text:
        return Unchanged()
    if _says(text, (*_LOST, *_FOREIGN)):
        return Lost(description, foreign=_says(text, _FOREIGN))
    for fix in (Fix.NO_BUTTONS, Fix.PLAIN, Fix.SHORTER):
        if _says(text, _FIXES[fix]):
            return Reword(description, fix)
    if photo and _says(text, _FILE_ID):
        return NextRung(description, forget_file_id=True)
    return NextRung(description) if photo and _says(text, _PHOTO) else None


def _of_chat(code: int, description: str) -> Outcome:
    text = description.casefold()
    if _says(text, _TOPIC_DELETED) or _says(text, _TOPIC_CLOSED):
        return TopicClosed(description, deleted=_says(text, _TOPIC_DELETED))
    if _says(text, _GONE):
        return ChatClosed(ChatState.GONE, description)
    if _says(text, _SUSPENDED):
        return ChatClosed(ChatState.SUSPENDED, description)
    return ChatClosed(ChatState.SUSPENDED, description) if code == 403 else Refused(description)


def _says(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


MOST_WAITING = 20
_FAR_BEHIND = timedelta(hours=1)
_FLOOD = 300


def is_far_behind(waiting: int, first_seen: datetime, now: datetime) -> bool:
    """Whether so many messages of a chat wait, and the first of them so long, that it gets the newest 20 and
    one line for the others: more than 20 for an hour, or more than 300.
    """
    return waiting > MOST_WAITING and (waiting > _FLOOD or now - first_seen > _FAR_BEHIND)


def max_age_passed(first_seen: datetime, max_age: timedelta | None, now: datetime) -> bool:
    """Whether an entry is too old for a subscription; age counts from first sight."""
    return max_age is not None and now - first_seen > max_age
