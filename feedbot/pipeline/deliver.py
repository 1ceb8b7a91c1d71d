"""deliver: the first message of a chat goes out, and what came of it is written."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from feedbot.model import Delivery, StoredEntry
from feedbot.pipeline.tools import Tools
from feedbot.rules.delivery import BotStopped, Outcome, RetryAfter, Sent
from feedbot.store import deliveries, entries, outcomes, photos
from feedbot.telegram.message import Form, compose
from feedbot.telegram.send import Attempt, Picture, Sender


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of one message."""

    delivery: Delivery
    title: str
    outcome: Outcome
    photo_fault: str | None = None

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
    tools: Tools, sender: Sender, chat: str, now: datetime, *, jitter: float
) -> DeliverReport | None:
    """Send the first message of a chat, if it is due. None: there was nothing to send."""
    delivery = await tools.store.do(deliveries.head, chat, now)
    if delivery is None:
        return None
    stored = await tools.store.do(entries.get_entry, delivery.entry_row)
    if stored is None:
        return None
    bot = sender.bot_id
    async with AsyncExitStack() as held:
        lead = stored.entry.photo
        picture = await tools.photos.picture(lead.url, bot, now) if lead and lead.url else None
        if picture and picture.file_id is None:
            await held.enter_async_context(sender.upload_lock(picture.hash))
            picture = replace(picture, file_id=await tools.photos.known_upload(picture, bot))
        if not await tools.store.do(deliveries.claim, delivery, now, bot):
            return None
        attempt = await _attempt(tools, sender, delivery, stored, picture, jitter)
        await tools.store.do(_record, delivery, attempt, bot, picture.hash if picture else "", now)
    return DeliverReport(delivery, stored.entry.title, attempt.outcome, attempt.photo_fault)


async def _attempt(
    tools: Tools,
    sender: Sender,
    delivery: Delivery,
    stored: StoredEntry,
    picture: Picture | None,
    jitter: float,
) -> Attempt:
    known = tools.site.categories
    titles = {slug: known[slug].title for slug in stored.slugs if slug in known}
    language = delivery.language or stored.entry.language or "en"
    form = Form(language=language, silent=delivery.silent)
    with_photo, without = (compose(stored.entry, titles, form, photo=photo) for photo in (True, False))
    return await sender.send(
        delivery.address, with_photo, without, picture, attempts=delivery.attempts, jitter=jitter
    )


def _record(
    connection: Connection, delivery: Delivery, attempt: Attempt, bot: str, content: str, now: datetime
) -> None:
    if attempt.dead or attempt.file_id:
        photos.save_file_id(connection, bot, content, attempt.file_id)
    outcomes.record(connection, delivery, attempt.outcome, now)
