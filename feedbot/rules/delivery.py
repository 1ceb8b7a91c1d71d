"""Delivery: who gets an entry, and what an answer of the Bot API means (shared facts, error table)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
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


def plan(entry: StoredEntry, subscriptions: Iterable[Subscription]) -> tuple[Planned, ...]:
    """The deliveries of one entry. Silent ones are written too: they say why nothing came.

    A subscription starts when it is made: what was first seen before is not for it.
    """
    planned: dict[Address, Planned] = {}
    for subscription in subscriptions:
        started = subscription.created_at is None or entry.entry.first_seen >= subscription.created_at
        if subscription.category not in entry.slugs or subscription.paused or not started:
            continue
        push = entry.announce is Announce.PUSH
        state, reason = (State.PENDING, None) if push else (State.SKIPPED, entry.announce.value)
        row = Planned(entry.story, entry.row, subscription.address, subscription.id, state, reason)
        planned.setdefault(subscription.address, row)
    return tuple(planned.values())


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted as this message; `file_id` is the photo's, to be used again."""

    message_id: int
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not accepted: the same again after `wait`. `flood` names a 429, which counts as no attempt."""

    wait: timedelta
    reason: str
    flood: bool = False


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
class Migrated:
    """The group became a supergroup with this id."""

    chat: str


@dataclass(frozen=True, slots=True)
class NextRung:
    """The photo is refused in this form: take the next rung of the ladder."""

    reason: str
    forget_file_id: bool = False


@dataclass(frozen=True, slots=True)
class BotStopped:
    """The token is refused: the bot stops sending, the queue waits."""

    reason: str


Outcome = Sent | RetryAfter | Unknown | Refused | ChatClosed | Migrated | NextRung | BotStopped

_GONE = (
    "bot was blocked", "user is deactivated", "can't initiate conversation", "bot was kicked", "not a member",
    "group chat was deleted", "can't send messages to the bot", "can't send messages to bots",
)  # fmt: skip
_SUSPENDED = (
    "chat not found", "not enough rights", "administrator rights", "chat_write_forbidden",
    "have no write access",
    "chat_admin_required", "chat_restricted", "no rights to send",
    "peer_id_invalid", "user_id_invalid", "chat_send_plain_forbidden",
)  # fmt: skip
_FILE_ID = ("wrong file identifier", "wrong remote file identifier", "file_reference")
_PHOTO = (
    "http url", "web page content", "can't upload file by url", "photo_", "image_process_failed",
    "unsupported extension",
    "file must be non-empty", "file is too big", "not enough rights to send photos",
    "chat_send_photos_forbidden",
    "chat_send_media_forbidden", "request entity too large", "wrong type of the web page",
)  # fmt: skip
_WAITS = (1, 2, 4, 8, 16, 32, 60)


def retry_wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts that never arrived: 1, 2, 4 … 60 s."""
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS) - 1)])


def judge(
    code: int, description: str, parameters: dict[str, Any], *, photo: bool, attempts: int, jitter: float
) -> Outcome:
    """What an answer with Telegram's own `ok: false` means. `jitter` is 0 to 1 s, added to a 429."""
    text = description.casefold()
    if (seconds := parameters.get("retry_after")) is not None or code == 429:
        wait = timedelta(seconds=max(0.0, float(seconds or 1)) + 0.1 + 0.9 * jitter)
        return RetryAfter(wait, f"Telegram asked to wait {seconds or 1} s", flood=True)
    if (chat := parameters.get("migrate_to_chat_id")) is not None:
        return Migrated(str(chat))
    if code in {401, 404}:
        return BotStopped(f"the Bot API refuses the token: {description}")
    if code >= 500 or code == 409:
        return RetryAfter(retry_wait(attempts), description)
    if photo and any(words in text for words in _FILE_ID):
        return NextRung(description, forget_file_id=True)
    if photo and any(words in text for words in _PHOTO):
        return NextRung(description)
    if any(words in text for words in _GONE):
        return ChatClosed(ChatState.GONE, description)
    if any(words in text for words in _SUSPENDED):
        return ChatClosed(ChatState.SUSPENDED, description)
    return ChatClosed(ChatState.GONE, description) if code == 403 else Refused(description)


def max_age_passed(first_seen: datetime, max_age: timedelta | None, now: datetime) -> bool:
    """Whether an entry is too old for a subscription; age counts from first sight."""
    return max_age is not None and now - first_seen > max_age
