"""deliver: what is first in a chat is sent, edited or looked for, and what came of it is written."""

import asyncio
import hashlib
from collections.abc import Callable, Hashable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from feedbot.errors import StoreError
from feedbot.model import Delivery, Entry, Message, State
from feedbot.pipeline.desk import MOST_COMPOSED, NOT_ANSWERED, Desk
from feedbot.rules.agenda import Priority
from feedbot.rules.delivery import BotStopped, Lost, Outcome, RetryAfter, Sent, Unchanged, Unknown
from feedbot.store.outbox import Answer, Picked, Task, Waiting, claim_later
from feedbot.telegram.album import LEAST
from feedbot.telegram.message import Form, compose, compose_rich, digest, wants_photo, with_buttons
from feedbot.telegram.send import Attempt, Picture
from feedbot.telegram.transport import NeverLeft

_RICH = "rich"
_PLAIN = {"text", _RICH}  # kinds of messages without a photo of ours
_WITHDRAWN = "withdrawn"  # in the place of what a message says
_BLINK = 0.1  # seconds; who holds the upload is in a chat that does not answer
_BUSY = timedelta(seconds=1)  # another message is being sent where two chats became one
_OTHERS = timedelta(seconds=10)  # who waits for a photo that another one fetches is called before
_RESTS = (0.5, 1, 2, 4, 8, 16, *[30] * 120)  # seconds; an hour in all


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
        left = await store.do(outbox.next_of, chat, now)
        return None, left and replace(left, due_at=max(left.due_at, now + _BUSY))
    if picked.task is Task.EDIT and _shows_nothing_new(desk, picked):
        answer = Answer(Unchanged(), composed=picked.delivery.composed)
        return None, await _written(desk, picked, answer)
    async with AsyncExitStack() as held:
        picture, album = _known_picture(desk, picked), _known_album(desk, picked)
        if _is_to_be_had(picked, picture):
            first = Waiting(chat, now, picked.entry.entry.first_seen, Priority.ENTRY, 1 + len(picked.album))
            if not held.enter_context(desk.fetches(picked)):
                return None, replace(first, due_at=now + _OTHERS)
            (picture, *album), is_ours = await _have(desk, picked, now, held)
            if not is_ours:
                return None, first
            desk.uploads(picked)
        if not await _claimed_in_turn(desk, picked, _cost(_together(picture, album)), held):
            return None, await store.do(outbox.next_of, chat, desk.clock())
        held.push_async_exit(partial(_left_undone, desk, picked))
        attempt = await _attempt(desk, picked, picture, album, jitter)
        answer = _answer(desk, picked, attempt, picture)
        left = await _written(desk, picked, answer)
    if isinstance(attempt.outcome, Unknown) and (picked.lacks or attempt.kind == _RICH):
        await desk.had_no_answer(picked)
    title = picked.entry.entry.title
    faults = [part.fault for part in attempt.parts if part.fault]
    told = (attempt.outcome, attempt.photo_fault or next(iter(faults), None), picked.task, attempt.alarm)
    return DeliverReport(picked.delivery, title, *told), left


async def _claimed_in_turn(desk: Desk, picked: Picked, cost: int, held: AsyncExitStack) -> bool:
    """Wait for the turn of a message that is not taken yet, and write down only then that it is being sent;
    whether it may be.
    """
    if picked.claimed or picked.task is not Task.SEND:
        return True
    try:
        await held.enter_async_context(desk.turn(picked.delivery.address.chat, cost))
    except NeverLeft:
        return False
    return await desk.tools.store.do(claim_later, picked, desk.clock(), desk.sender.bot_id)


async def _left_undone(desk: Desk, picked: Picked, kind: type[BaseException] | None, *_error: object) -> None:
    """A surprise of ours ended it: as nobody knows how far it came, it is unknown. Left as being sent, its
    chat would seem busy until the next start.
    """
    if kind is not None and issubclass(kind, Exception) and not issubclass(kind, StoreError):
        await _written(desk, picked, Answer(Unknown(f"feedbot failed over it: {kind.__name__}")))


async def _written(desk: Desk, picked: Picked, answer: Answer) -> Waiting | None:
    """Write what came of it, and again while the database refuses: unwritten, the chat would seem busy, and
    what was sent would be sent again.
    """
    for wait in _RESTS:
        try:
            return await desk.tools.store.do(desk.outbox.record, picked, answer, desk.clock())
        except StoreError:
            await asyncio.sleep(wait)
    return await desk.tools.store.do(desk.outbox.record, picked, answer, desk.clock())


def _known_picture(desk: Desk, picked: Picked) -> Picture | None:
    """The photo to be shown, as far as it is known."""
    if picked.photo is None:
        return None
    return desk.tools.photos.known(picked.photo, picked.file_id)


def _known_album(desk: Desk, picked: Picked) -> list[Picture | None]:
    """The photos to be shown with it, as far as they are known."""
    return [desk.tools.photos.known(one, known) for one, known in picked.album]


def _is_to_be_had(picked: Picked, picture: Picture | None) -> bool:
    """Whether a photo must be fetched or uploaded first. An edit shows another one only if it is another."""
    if picked.task is Task.SEND:
        return picked.lacks
    if picked.task is Task.PROBE or picked.photo is None:
        return False
    if _is_stale(picked):
        return True
    if picture is None:
        return picked.photo.error is None
    return picture.file_id is None and picture.hash != picked.delivery.photo


def _is_stale(picked: Picked) -> bool:
    """Whether an article changed since its photo was fetched: there may be another at the same address."""
    photo, entry = picked.photo, picked.entry
    if picked.task is not Task.EDIT or photo is None or entry.retracted_at is not None:
        return False
    return photo.hash is not None and photo.fetched_at < entry.updated_at


async def _have(
    desk: Desk, picked: Picked, now: datetime, held: AsyncExitStack
) -> tuple[list[Picture | None], bool]:
    """Have the photos ready, and whether it is ours to upload them. All others who waited for that take their
    turn anew, or they would go out all at once when they are there.
    """
    photos, bot = desk.tools.photos, desk.sender.bot_id
    if _is_given_up(desk, picked):
        return [None], True
    wanted = [one for one in (picked.photo, *(one for one, _ in picked.album)) if one is not None]
    since = picked.entry.updated_at if _is_stale(picked) else None
    found = await asyncio.gather(*(photos.picture(one.url, bot, now, since) for one in wanted))
    lacking = {
        one.hash: one
        for place, one in enumerate(found)
        if one is not None and one.file_id is None and not (place and one.document)
    }
    patience = _BLINK if any(one.url in desk.uploading for one in wanted) else None
    for content in sorted(lacking):  # in one order, or two who want the same would wait for each other
        await desk.sender.have_upload(content, held, patience)
    for one in lacking.values():  # while we waited another may have uploaded it, or been told that it is bad
        if await photos.known_upload(one, bot) or (await photos.get(one.url, now)).hash != one.hash:
            return found, False
    return found or [None], bool(lacking)


async def _attempt(
    desk: Desk, picked: Picked, picture: Picture | None, album: list[Picture | None], jitter: float
) -> Attempt:
    delivery, sender = picked.delivery, desk.sender
    if picked.task is Task.PROBE:
        is_album = delivery.style == "album" and len(picked.entry.entry.photos) > 1
        buttons = () if is_album else _message(desk, picked, photo=False).buttons
        return Attempt(await sender.probe(delivery.address, picked.number, buttons))
    if picked.task is Task.EDIT and picked.entry.retracted_at is not None and desk.deletes:
        for number in (*delivery.album, picked.number):
            outcome = await sender.delete(delivery.address, number)
            if not isinstance(outcome, Sent | Lost):
                return Attempt(outcome)
        return Attempt(Lost("it was withdrawn"))
    if picked.task is Task.EDIT:
        kind = delivery.kind or "text"
        message = _message(desk, picked, photo=kind not in _PLAIN)
        if kind == "album":
            message = replace(message, buttons=())
        shown = picture if picture and picture.hash != delivery.photo else None
        rich = _rich(desk, picked, is_edit=True)[0].text if kind == _RICH else ""
        return await sender.edit(delivery.address, picked.number, message, kind, shown, rich)
    plain = partial(_message, desk, picked, photo=False)  # made where the photo cannot be sent
    with_photo = _message(desk, picked, photo=True) if picture else plain()
    attempt = await sender.send(
        delivery.address,
        with_photo,
        plain,
        picture,
        attempts=delivery.attempts,
        jitter=jitter,
        album=_together(picture, album),
        rich=_rich(desk, picked, is_edit=False)[0].text if _is_rich(desk, picked) else "",
    )
    return replace(attempt, photo_fault=NOT_ANSWERED) if _is_given_up(desk, picked) else attempt


def _together(picture: Picture | None, album: list[Picture | None]) -> list[Picture]:
    """The photos that go as an album; files go alone."""
    if picture is None or picture.document:
        return []
    return [picture, *(one for one in album if one is not None and not one.document)]


def _cost(together: list[Picture]) -> int:
    """As how many messages it counts."""
    return len(together) if len(together) >= LEAST else 1


def _is_rich(desk: Desk, picked: Picked) -> bool:
    """Whether it goes as a rich message: if those are answered; a template is its subscriber's own."""
    delivery = picked.delivery
    is_wanted = delivery.style == _RICH and not delivery.more and not delivery.template
    return is_wanted and not desk.never_answers(picked)


def _is_given_up(desk: Desk, picked: Picked) -> bool:
    """Whether the article goes without its photo, for its uploads are never answered."""
    is_upload = picked.lacks and picked.photo is not None
    return is_upload and picked.delivery.state is State.UNKNOWN and desk.never_answers(picked)


def _answer(desk: Desk, picked: Picked, attempt: Attempt, picture: Picture | None) -> Answer:
    """What is written of it. A photo that was refused in every form, in two chats and never taken in any, is
    not tried again for an hour.
    """
    fault = attempt.photo_fault
    shown = picture is not None and attempt.kind not in _PLAIN and fault is None
    is_known = picture is not None and picture.file_id is not None and not attempt.dead
    is_bad = fault is not None and not is_known and desk.is_bad(picked, fault)
    return Answer(
        attempt.outcome,
        picture.hash if picture and (shown or attempt.dead) else "",
        None if is_known else attempt.file_id,
        attempt.dead,
        attempt.kind,
        photo_fault=fault if is_bad else None,
        composed=_mark(desk, picked, attempt.kind) if isinstance(attempt.outcome, Sent | Unchanged) else None,
        parts=tuple((one.url, one.hash, one.file_id, one.dead, one.fault) for one in attempt.parts),
    )


def _shows_nothing_new(desk: Desk, picked: Picked) -> bool:
    """Whether an edit would change nothing but the date of the change."""
    delivery, entry = picked.delivery, picked.entry
    if entry.retracted_at is not None and desk.deletes:
        return False
    if _is_stale(picked) or (picked.photo is not None and picked.photo.hash != delivery.photo):
        return False
    return delivery.composed is not None and delivery.composed == _mark(desk, picked, delivery.kind)


def _mark(desk: Desk, picked: Picked, kind: str | None) -> str | None:
    """A short hash of what the message says, without when it was changed; None: it stands for many."""
    if picked.delivery.more or picked.task is Task.PROBE:
        return None
    if picked.entry.retracted_at is not None:
        return _WITHDRAWN
    if kind == _RICH:
        return _rich(desk, picked, is_edit=False)[1]
    return _of_entry(desk, picked, photo=kind not in _PLAIN, is_edit=False)[1]


def _language(picked: Picked) -> str:
    """What a message is written in: as its subscriber wants, else as its article."""
    return picked.delivery.language or picked.entry.entry.language or "en"


def _message(desk: Desk, picked: Picked, *, photo: bool) -> Message:
    """The message of an entry, or the line that stands for many."""
    delivery, stored, site = picked.delivery, picked.entry, desk.tools.site
    language = _language(picked)
    if delivery.more:
        category = site.categories.get(delivery.category)
        title = category.title if category else delivery.category
        url = f"{site.base_url}/c/{delivery.category}"
        return digest(delivery.more, title, url, language=language, silent=delivery.silent)
    message, _ = _of_entry(desk, picked, photo=photo, is_edit=picked.task is Task.EDIT)
    if stored.retracted_at is not None or not delivery.address.chat.isdigit():
        return message
    return with_buttons(message, stored.entry, delivery.subscription, language)


def _of_entry(desk: Desk, picked: Picked, *, photo: bool, is_edit: bool) -> tuple[Message, str]:
    """The message as all have it who want it so, and a short hash of what it says."""
    return _kept(desk, picked, partial(_composed, photo=photo), photo, is_edit=is_edit)


def _rich(desk: Desk, picked: Picked, *, is_edit: bool) -> tuple[Message, str]:
    """The HTML of a rich message, as the text of one, and a short hash of it."""
    return _kept(desk, picked, compose_rich, _RICH, is_edit=is_edit)


def _kept(
    desk: Desk, picked: Picked, make: Callable[..., Message], how: Hashable, *, is_edit: bool
) -> tuple[Message, str]:
    """What was composed of an article for another subscriber, or now. All that it depends on is in the key: a
    category, its title and our address stay what they are as long as the process runs.
    """
    delivery, stored = picked.delivery, picked.entry
    form = Form(delivery.style, delivery.template, _language(picked), delivery.silent)
    state = (stored.row, stored.slugs, stored.updates, stored.updated_at, stored.retracted_at)
    key = (*state, form, how, is_edit)
    known = desk.composed.get(key)
    if known is None:
        if len(desk.composed) >= MOST_COMPOSED:
            desk.composed.clear()
        categories = desk.tools.site.categories
        titles = {slug: categories[slug].title for slug in stored.slugs if slug in categories}
        updated = stored.updated_at if is_edit else None
        withdrawn = is_edit and stored.retracted_at is not None
        message = make(stored.entry, titles, form, updated=updated, withdrawn=withdrawn)
        said = repr((message.text, message.spans, message.preview_url))
        known = desk.composed[key] = message, hashlib.sha256(said.encode()).hexdigest()[:16]
    return known


def _composed(entry: Entry, titles: Mapping[str, str], form: Form, *, photo: bool, **when: Any) -> Message:
    message = compose(entry, titles, form, photo=photo and wants_photo(form), **when)
    if when["withdrawn"]:
        return message
    buttons = with_buttons(message, entry, 0, form.language).buttons
    # To read it, for all; what one reader of a channel mutes all others would miss.
    return replace(message, buttons=tuple(one for one in buttons if one.url))
