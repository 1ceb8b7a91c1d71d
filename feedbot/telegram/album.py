"""An album: several photos in one call, under the caption of the first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from telegram import InputFile

from feedbot.model import Message
from feedbot.rules.delivery import NextRung
from feedbot.telegram.calls import ALBUM, Asked, Attempt, Part, Picture, entity, file_id_of, takes_no_photos

LEAST, MOST = 2, 10  # photos, by the Bot API
_ITEM = re.compile(r"failed to send message #(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class _Item:
    """A photo in an album, with what became of it."""

    picture: Picture
    part: Part


async def send_album(asked: Asked, message: Message, pictures: Sequence[Picture]) -> Attempt:
    """Send the photos together. One that is refused is left out, one whose id is dead is uploaded again;
    where that leaves no two of them, or nobody knows which it was, NextRung says why.
    """
    items = [_Item(one, Part(one.url, one.hash)) for one in pictures[:MOST]]
    message = replace(message, buttons=())  # an album has none
    while True:
        shown = [item for item in items if item.part.fault is None]
        attempt, answer = await _asked(asked, message, shown)
        if isinstance(attempt.outcome, NextRung):
            if _put_right(shown, attempt.outcome) and sum(one.part.fault is None for one in items) >= LEAST:
                continue
        elif isinstance(answer, list):
            for item, sent in zip(shown, answer, strict=False):
                if item.picture.file_id is None:
                    item.part = replace(item.part, file_id=file_id_of(sent, "photo"))
        return replace(attempt, parts=tuple(item.part for item in items))


async def _asked(asked: Asked, message: Message, shown: Sequence[_Item]) -> tuple[Attempt, Any]:
    uploads: dict[str, Any] = {}
    try:
        for place, item in enumerate(shown):
            if item.picture.file_id is None:
                uploads[f"photo{place}"] = InputFile(item.picture.read(), filename=f"photo{place}.jpg")
    except OSError as error:
        return Attempt(NextRung(f"the file of a photo is gone: {error.strerror}")), None

    def fields(told: Message) -> dict[str, Any]:
        media: list[dict[str, Any]] = [
            {"type": "photo", "media": item.picture.file_id or f"attach://photo{place}"}
            for place, item in enumerate(shown)
        ]
        entities = [entity(span) for span in told.spans]
        media[0] |= {"caption": told.text} | ({"caption_entities": entities} if entities else {})
        return {"media": media}

    return await asked.message(ALBUM, message, fields, "album", uploads, cost=len(shown))


def _put_right(shown: Sequence[_Item], refused: NextRung) -> bool:
    """Do something about a refusal; whether there was something to be done."""
    named = _ITEM.search(refused.reason)
    place = int(named[1]) - 1 if named else -1
    if refused.forget_file_id:
        known = [item for item in shown if item.picture.file_id is not None]
        dead = [item for item in shown[place : place + 1] if item in known] if named else known
        for item in dead:
            item.picture, item.part = replace(item.picture, file_id=None), replace(item.part, dead=True)
        if dead:
            return True
    if not 0 <= place < len(shown) or takes_no_photos(refused.reason):
        return False
    shown[place].part = replace(shown[place].part, fault=refused.reason)
    return True


def lead_left(picture: Picture | None, attempt: Attempt) -> Picture | None:
    """The first photo as it can be sent alone after an album was refused; None: the chat takes no photos."""
    if picture is None or takes_no_photos(getattr(attempt.outcome, "reason", "")):
        return None
    is_dead = any(part.dead for part in attempt.parts if part.url == picture.url)
    return replace(picture, file_id=None) if is_dead else picture
