"""The calls to the Bot API that send or edit one message, and what their answers mean."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from telegram import InputFile

from feedbot.model import Button, Message, Span
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Fix,
    NextRung,
    Outcome,
    Refused,
    RetryAfter,
    Reword,
    Sent,
    Unknown,
    judge,
    retry_wait,
)
from feedbot.telegram.message import reworded
from feedbot.telegram.transport import CutShort, MaybeAccepted, NeverLeft, Refusal

ALBUM, RICH = "sendMediaGroup", "sendRichMessage"
NO_RICH = "the server knows no rich messages"
_GREATEST = 2**53 - 1  # more no program in JavaScript could say, and no database keep
_FILE_ID = re.compile(r"[\x21-\x7e]{1,512}")
MOST_UPLOADS = 3  # that may end without an answer, before the article goes without its photo
_REFUSES = "photos are refused here"
_NO_PHOTOS = ("rights", "chat_send_", _REFUSES)
_NO_METHOD = {404, 405, 501}  # by whomever it is said, a proxy too: nothing was passed on
_UNKNOWN_METHOD = ("unknown method", "method not found", "not implemented", "unsupported method")
Gate = Callable[[str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo ready to be sent: its own address, the hash of its content, how to read that, and the id of an
    earlier upload. A `document` is too long to be a photo.
    """

    url: str
    hash: str
    read: Callable[[], bytes]
    file_id: str | None = None
    document: bool = False

    @property
    def kind(self) -> str:
        """What a message with it is."""
        return "document" if self.document else "photo"


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a photo in an album: its new `file_id`, that the known one is `dead`, why it is out."""

    url: str
    hash: str
    file_id: str | None = None
    dead: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt: `file_id` is of a new upload; `dead` says that the known one is not valid;
    `photo_fault` says why the message went without its photo, `alarm` what was wrong with our message.
    `kind` is what was sent: "text", "photo", "document", "album" or "rich"; `parts` are an album's photos.
    """

    outcome: Outcome
    file_id: str | None = None
    dead: bool = False
    photo_fault: str | None = None
    kind: str = "text"
    alarm: str | None = None
    parts: tuple[Part, ...] = ()


Rung = Callable[[], Awaitable[Any]]


def takes_no_photos(reason: str) -> bool:
    """Whether a photo was refused because the chat takes none, in whatever form."""
    return any(words in reason.casefold() for words in _NO_PHOTOS)


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls of one attempt, made by `ask` when `gate` lets them. `where` is the chat and what else all of
    them say.
    """

    gate: Gate
    ask: Callable[[str, dict[str, Any]], Awaitable[Any]]
    where: dict[str, Any]
    attempts: int
    jitter: float

    async def text(self, method: str, message: Message) -> Attempt:
        """Send or edit a text."""
        attempt, _ = await self.message(method, message, _text_fields)
        if isinstance(attempt.outcome, NextRung):
            return replace(attempt, outcome=Refused(attempt.outcome.reason))
        return attempt

    async def rich(self, method: str, html: str, buttons: tuple[Button, ...]) -> Attempt:
        """Send or edit a rich message; NextRung where the usual one may do: the server knows none, or refuses
        this one, or the chat takes no photos.
        """
        fields = {"rich_message": json.dumps({"html": html}), "reply_markup": _keyboard(buttons)}
        outcome, _ = await self.call(method, fields, photo=False)
        if isinstance(outcome, Refused | Reword) or (
            isinstance(outcome, ChatClosed) and takes_no_photos(outcome.reason)
        ):
            outcome = NextRung(outcome.reason)
        return Attempt(outcome, kind="rich")

    async def caption(self, method: str, kind: str, message: Message) -> Attempt:
        """Edit what stands under a photo, a file or an album."""
        attempt, _ = await self.message(method, message, _caption_fields, kind)
        return attempt

    async def photo(self, method: str, kind: str, message: Message, rung: Rung) -> Attempt:
        """Send it in one of its forms; the file of one that is lost cannot be uploaded."""
        content = await _content(rung)
        if isinstance(content, NextRung):
            return Attempt(content)
        attempt, answer = await self.message(method, message, _caption_fields, kind, {kind: content})
        if isinstance(attempt.outcome, Refused):  # in words that are not known: the text may be taken
            return replace(attempt, outcome=NextRung(f"{_REFUSES}: {attempt.outcome.reason}"))
        return replace(attempt, file_id=file_id_of(answer, kind))

    async def media(self, kind: str, message: Message, rung: Rung) -> Attempt:
        """Put another photo in the place of the one that was sent."""
        content = await _content(rung)
        if isinstance(content, NextRung):
            return Attempt(content)
        upload = {"lead": content} if isinstance(content, InputFile) else {}
        shown = "attach://lead" if upload else content

        def fields(told: Message) -> dict[str, Any]:
            media = {"type": kind, "media": shown, "caption": told.text}
            media["caption_entities"] = [entity(span) for span in told.spans]
            return {"media": media}

        attempt, answer = await self.message("editMessageMedia", message, fields, kind, upload)
        return replace(attempt, file_id=file_id_of(answer, kind))

    async def markup(self, buttons: tuple[Button, ...]) -> Outcome:
        """Put buttons under a message, in the place of those that are there."""
        fields = {"reply_markup": _keyboard(buttons)}
        return (await self.call("editMessageReplyMarkup", fields, photo=False))[0]

    async def message(
        self,
        method: str,
        message: Message,
        fields: Callable[[Message], dict[str, Any]],
        kind: str = "text",
        more: dict[str, Any] | None = None,
        cost: int = 1,
    ) -> tuple[Attempt, Any]:
        """Ask, and once more for each thing that the message can do without."""
        fixes: list[Fix] = []
        alarm = None
        while True:
            told = fields(message) | {"reply_markup": _keyboard(message.buttons)} | (more or {})
            outcome, answer = await self.call(method, told, photo=kind != "text", cost=cost)
            if not isinstance(outcome, Reword):
                return Attempt(outcome, kind=kind, alarm=alarm), answer
            if outcome.fix in fixes:
                return Attempt(Refused(outcome.reason), kind=kind, alarm=alarm), answer
            fixes.append(outcome.fix)
            message = reworded(message, outcome.fix)
            alarm = f"sent {' and '.join(fixes)}: {outcome.reason}"

    async def call(
        self, method: str, fields: dict[str, Any], *, photo: bool, cost: int = 1
    ) -> tuple[Outcome, Any]:
        """Ask once; what it means, and the message, or the messages of an album, that Telegram made."""
        try:
            await self.gate(self.where["chat_id"], cost)
            answer = await self.ask(method, self.where | fields)
        except NeverLeft as error:
            is_upload = any(isinstance(value, InputFile) for value in fields.values())
            if is_upload and isinstance(error, CutShort) and self.attempts >= MOST_UPLOADS:
                return NextRung(str(error)), None
            return RetryAfter(retry_wait(self.attempts), str(error)), None
        except MaybeAccepted as error:
            if method == RICH and error.status in _NO_METHOD:
                return NextRung(NO_RICH), None
            return Unknown(str(error)), None
        except Refusal as refusal:
            if method == RICH and _knows_no_method(refusal):
                return NextRung(NO_RICH), None
            code, words, parameters = refusal.code, refusal.description, refusal.parameters
            told = judge(code, words, parameters, photo=photo, attempts=self.attempts, jitter=self.jitter)
            if isinstance(told, BotStopped) and not await self._is_refused():
                no_photos = NextRung(f"{_REFUSES}: {words}")
                told = no_photos if photo else RetryAfter(retry_wait(self.attempts), words, refused=True)
            return told, None
        numbers = [_number(one) for one in (answer if isinstance(answer, list) else [answer])]
        return Sent(numbers[0] if numbers else 0, tuple(filter(None, numbers[1:]))), answer

    async def _is_refused(self) -> bool:
        """Whether the token is: a server may lack one method, and a proxy forbid one call."""
        try:
            await self.ask("getMe", {})
        except Refusal as refusal:
            return refusal.code in {401, 404}
        except (NeverLeft, MaybeAccepted):
            pass
        return False


def _knows_no_method(refusal: Refusal) -> bool:
    """Whether it is the method that is refused: each server says so in its own way."""
    words = refusal.description.casefold()
    return refusal.code in _NO_METHOD or any(one in words for one in _UNKNOWN_METHOD)


async def _content(rung: Rung) -> Any:
    """What a rung sends; the next one is to be taken where its file is gone."""
    try:
        return await rung()
    except OSError as error:
        return NextRung(f"the file of the photo is gone: {error.strerror}")


def _number(message: Any) -> int:
    """The number of a message; 0: Telegram took it, and does not say as which."""
    number = message.get("message_id") if isinstance(message, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return 0
    return number if 0 < number <= _GREATEST else 0


def _text_fields(message: Message) -> dict[str, Any]:
    return {
        "text": message.text,
        "entities": _entities(message.spans),
        "link_preview_options": _preview(message.preview_url),
    }


def _caption_fields(message: Message) -> dict[str, Any]:
    return {"caption": message.text, "caption_entities": _entities(message.spans)}


@lru_cache(maxsize=1024)  # of an article, for its thousand subscribers
def _entities(spans: tuple[Span, ...]) -> str | None:
    return json.dumps([entity(span) for span in spans]) if spans else None


def entity(span: Span) -> dict[str, Any]:
    """A span as the Bot API writes it."""
    facts = {"type": span.type, "offset": span.offset, "length": span.length}
    more = {"url": span.url, "language": span.language}
    return facts | {name: value for name, value in more.items() if value}


def _preview(url: str | None) -> str:
    if url is None:
        return '{"is_disabled": true}'
    return json.dumps({"url": url, "prefer_large_media": True, "show_above_text": True})


def _keyboard(buttons: tuple[Button, ...]) -> str | None:
    if not buttons:
        return None
    row = [
        {"text": one.text} | ({"url": one.url} if one.url else {"callback_data": one.data}) for one in buttons
    ]
    return json.dumps({"inline_keyboard": [row]})


def file_id_of(answer: Any, kind: str) -> str | None:
    """The id of what a message shows: of a photo, that of its largest size."""
    found = answer.get(kind) if isinstance(answer, dict) else None
    if kind == "photo" and isinstance(found, list) and found:
        found = found[-1]
    name = found.get("file_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) and _FILE_ID.fullmatch(name) else None
