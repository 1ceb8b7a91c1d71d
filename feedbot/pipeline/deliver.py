"""deliver: what is first in a chat is sent, edited or looked for, and what came of it is written."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from feedbot.errors import StoreError
from feedbot.model import Delivery, Message, StoredEntry
from feedbot.pipeline.tools import Tools
from feedbot.rules.agenda import Priority
from feedbot.rules.delivery import BotStopped, Lost, Outcome, RetryAfter, Sent
from feedbot.store.outbox import Answer, Outbox, Picked, Task, Waiting, claim_later
from feedbot.telegram.message import Form, compose, digest, wants_photo, with_buttons
from feedbot.telegram.send import NO_PHOTOS, Attempt, Picture, Sender

_MOST_COMPOSED = 512
_RESTS = (0.5, 1, 2, 4, 8, 16, *[30] * 120)  # seconds; an hour in all


@dataclass(slots=True)
class Desk:
    """What one bot's messages are made and sent with. Those that were composed are kept for the next
    subscribers of their articles. `deletes` is whether a message goes away with its article, or says that
    it was withdrawn.
    """

    tools: Tools
    sender: Sender
    outbox: Outbox
    deletes: bool = False
    composed: dict[Any, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of one message. `alarm` says what was wrong with it, and was put right."""

    delivery: Delivery
    title: str
    outcome: Outcome
    photo_fault: str | None = None
    task: Task = Task.SEND
    alarm: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message is out."""
        return isinstance(self.outcome, Sent)

    @property
    def flood(self) -> timedelta | None:
        """How long Telegram asked to wait, if it did."""
        return self.outcome.wait if isinstance(self.outcome, RetryAfter) and self.outcome.flood else None

    @property
    def stopped(self) -> bool:
        """Whether the bot must stop: its token is refused."""
        return isinstance(self.outcome, BotStopped)


async def deliver(
    desk: Desk, chat: str, now: datetime, *, jitter: float
) -> tuple[DeliverReport | None, Waiting | None]:
    """Do what is first in a chat, if it is due; None: nothing was sent. With it comes what is first then."""
    store, outbox = desk.tools.store, desk.outbox
    picked = await store.do(outbox.pick, chat, now)
    if picked is None:
        return None, await store.do(outbox.next_of, chat, now)
    async with AsyncExitStack() as held:
        picture = _known_picture(desk, picked)
        if _is_to_be_had(picked, picture):
            picture, is_ours = await _have(desk, picked, now, held)
            if not is_ours:
                return None, Waiting(chat, now, picked.entry.entry.first_seen, Priority.ENTRY)
        is_free = picked.task is Task.SEND and not picked.claimed
        if is_free and not await store.do(claim_later, picked, now, desk.sender.bot_id):
            return None, await store.do(outbox.next_of, chat, now)
        attempt = await _attempt(desk, picked, picture, jitter)
        answer = _answer(attempt, picture)
        left = await _written(desk, picked, answer, now)
    title = picked.entry.entry.title
    told = (attempt.outcome, attempt.photo_fault, picked.task, attempt.alarm)
    return DeliverReport(picked.delivery, title, *told), left


async def _written(desk: Desk, picked: Picked, answer: Answer, now: datetime) -> Waiting | None:
    """Write what came of it, and again while the database refuses: unwritten, the chat would seem busy, and
    what was sent would be sent again.
    """
    for wait in _RESTS:
        try:
            return await desk.tools.store.do(desk.outbox.record, picked, answer, now)
        except StoreError:
            await asyncio.sleep(wait)
    return await desk.tools.store.do(desk.outbox.record, picked, answer, now)


def _known_picture(desk: Desk, picked: Picked) -> Picture | None:
    """The photo to be shown, as far as it is known."""
    if picked.photo is None:
        return None
    return desk.tools.photos.known(picked.photo, picked.file_id)


def _is_to_be_had(picked: Picked, picture: Picture | None) -> bool:
    """Whether a photo must be fetched or uploaded first. An edit shows another one only if it is another."""
    if picked.task is Task.SEND:
        return not picked.claimed
    if picked.task is Task.PROBE or picked.photo is None:
        return False
    if picture is None:
        return picked.photo.error is None
    return picture.file_id is None and picture.hash != picked.delivery.photo


async def _have(
    desk: Desk, picked: Picked, now: datetime, held: AsyncExitStack
) -> tuple[Picture | None, bool]:
    """Have the photo ready, and whether it is ours to upload it. All others who waited for that take their
    turn anew, or they would go out all at once when it is there.
    """
    photos, bot = desk.tools.photos, desk.sender.bot_id
    picture = await photos.picture(picked.photo.url, bot, now) if picked.photo else None
    if picture is None or picture.file_id is not None:
        return picture, False
    await held.enter_async_context(desk.sender.upload_lock(picture.hash))
    return picture, await photos.known_upload(picture, bot) is None


async def _attempt(desk: Desk, picked: Picked, picture: Picture | None, jitter: float) -> Attempt:
    delivery, sender = picked.delivery, desk.sender
    if picked.task is Task.PROBE:
        buttons = _message(desk, picked, photo=False).buttons
        return Attempt(await sender.probe(delivery.address, picked.number, buttons))
    if picked.task is Task.EDIT and picked.entry.retracted_at is not None and desk.deletes:
        outcome = await sender.delete(delivery.address, picked.number)
        return Attempt(Lost("it was withdrawn") if isinstance(outcome, Sent) else outcome)
    if picked.task is Task.EDIT:
        kind = delivery.kind or "text"
        message = _message(desk, picked, photo=kind != "text")
        shown = picture if picture and picture.hash != delivery.photo else None
        return await sender.edit(delivery.address, picked.number, message, kind, shown)
    plain = partial(_message, desk, picked, photo=False)  # made where the photo cannot be sent
    with_photo = _message(desk, picked, photo=True) if picture else plain()
    return await sender.send(
        delivery.address, with_photo, plain, picture, attempts=delivery.attempts, jitter=jitter
    )


def _answer(attempt: Attempt, picture: Picture | None) -> Answer:
    """What is written of it. A photo that was refused in every form is not tried again for an hour; it may
    be the chat that takes none.
    """
    fault = attempt.photo_fault
    shown = picture is not None and attempt.kind != "text" and fault is None
    is_known = picture is not None and picture.file_id is not None and not attempt.dead
    return Answer(
        attempt.outcome,
        picture.hash if picture and (shown or attempt.dead) else "",
        None if is_known else attempt.file_id,
        attempt.dead,
        attempt.kind,
        photo_fault=fault if fault and not any(word in fault.casefold() for word in NO_PHOTOS) else None,
    )


def _message(desk: Desk, picked: Picked, *, photo: bool) -> Message:
    """The message of an entry, or the line that stands for many."""
    delivery, stored, site = picked.delivery, picked.entry, desk.tools.site
    language = delivery.language or stored.entry.language or "en"
    if delivery.more:
        category = site.categories.get(delivery.category)
        title = category.title if category else delivery.category
        url = f"{site.base_url}/c/{delivery.category}"
        return digest(delivery.more, title, url, language=language, silent=delivery.silent)
    form = Form(delivery.style, delivery.template, language, delivery.silent)
    is_edit = picked.task is Task.EDIT
    key = (stored.row, stored.updates, stored.updated_at, stored.retracted_at, form, photo, is_edit)
    message = desk.composed.get(key)
    if message is None:
        if len(desk.composed) >= _MOST_COMPOSED:
            desk.composed.clear()
        message = _composed(desk, stored, form, photo=photo, is_edit=is_edit)
        if stored.retracted_at is None:
            buttons = with_buttons(message, stored.entry, 0, language).buttons
            # To read it, for all; what one reader of a channel mutes all others would miss.
            message = replace(message, buttons=tuple(one for one in buttons if one.url))
        desk.composed[key] = message
    if stored.retracted_at is not None or not delivery.address.chat.isdigit():
        return message
    return with_buttons(message, stored.entry, delivery.subscription, language)


def _composed(desk: Desk, stored: StoredEntry, form: Form, *, photo: bool, is_edit: bool) -> Message:
    known = desk.tools.site.categories
    titles = {slug: known[slug].title for slug in stored.slugs if slug in known}
    return compose(
        stored.entry,
        titles,
        form,
        photo=photo and wants_photo(form),
        updated=stored.updated_at if is_edit else None,
        withdrawn=is_edit and stored.retracted_at is not None,
    )
