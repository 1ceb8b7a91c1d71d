"""Sending one message: the ladder of its photo, and what the answer means."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

from telegram import Bot, InputFile
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from feedbot.model import Address, Button, Message, Span
from feedbot.rules.delivery import (
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
from feedbot.telegram.transport import MaybeAccepted, NeverLeft, Refusal, Transport

NO_PHOTOS = ("rights", "chat_send_")
_SLACK_SECONDS = 20
_CONNECTIONS = 64


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
class Attempt:
    """What came of one attempt: `file_id` is of a new upload; `dead` says that the known one is not valid;
    `photo_fault` says why the message went without its photo, `alarm` what was wrong with our message.
    `kind` is what was sent: "text", "photo" or "document".
    """

    outcome: Outcome
    file_id: str | None = None
    dead: bool = False
    photo_fault: str | None = None
    kind: str = "text"
    alarm: str | None = None


class Sender:
    """Sends for one bot. A photo is uploaded by one message at a time; the others wait for its id.

    `gate` holds each call back until the pace allows one to its chat; it raises NeverLeft where that is far.
    """

    def __init__(self, token: str, api_url: str, *, shrink: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._transports = (Transport(connections=1), Transport(connections=_CONNECTIONS))
        updates, calls = self._transports
        self.bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=calls,
            get_updates_request=updates,
        )
        self.bot_id = token.partition(":")[0]
        self._shrink = shrink
        self._uploads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.gate: Callable[[str], Awaitable[None]] = _no_gate

    async def open(self) -> None:
        """Open the connections; the Bot API is not asked yet."""
        for transport in self._transports:
            await transport.initialize()

    async def close(self) -> None:
        """Close the connections."""
        for transport in self._transports:
            await transport.shutdown()

    async def updates(self, offset: int | None, seconds: int, kinds: Sequence[str]) -> list[dict[str, Any]]:
        """What happened since `offset`, waiting for it at most so many seconds, as Telegram wrote it: the
        library reads all updates of an answer or none. Raises TelegramError.
        """
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": list(kinds)}
        given = [
            RequestParameter.from_input(name, value) for name, value in asked.items() if value is not None
        ]
        found: object = await self._transports[0].post(
            f"{self.bot.base_url}/getUpdates", RequestData(given), read_timeout=seconds + _SLACK_SECONDS
        )
        if not isinstance(found, list):
            raise TelegramError("getUpdates gave no list")
        return [one for one in found if isinstance(one, dict) and isinstance(one.get("update_id"), int)]

    def upload_lock(self, content: str) -> asyncio.Lock:
        """The lock of a photo's first upload, by its hash."""
        return self._uploads.setdefault(content, asyncio.Lock())

    async def send(
        self,
        address: Address,
        with_photo: Message,
        without: Message | Callable[[], Message],
        picture: Picture | None,
        *,
        attempts: int,
        jitter: float,
    ) -> Attempt:
        """Ask the Bot API until it accepts or says what is wrong: the photo by id, by upload, smaller, by
        address; at last the text alone, which shows the article's preview.
        """
        where = {"chat_id": address.chat, "message_thread_id": _thread(address)}
        where |= {"disable_notification": with_photo.silent or None}
        asked = _Asked(self, where, attempts, jitter)
        dead, fault = False, None
        for photo in [] if picture is None else self._rungs(picture):
            kind = picture.kind if picture else "photo"
            attempt = await asked.photo(f"send{kind.capitalize()}", kind, with_photo, photo)
            if not isinstance(attempt.outcome, NextRung):
                return replace(attempt, dead=dead)
            dead, fault = dead or attempt.outcome.forget_file_id, attempt.outcome.reason
            if any(words in fault.casefold() for words in NO_PHOTOS):
                break  # no form of it will do
        attempt = await asked.text("sendMessage", without() if callable(without) else without)
        return replace(attempt, dead=dead, photo_fault=fault)

    async def edit(
        self, address: Address, number: int, message: Message, kind: str, picture: Picture | None
    ) -> Attempt:
        """Put a message in the place of what was sent as that number. A photo stays a photo and a text a
        text; `picture` is shown in the place of the one that was.
        """
        asked = _Asked(self, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        if kind == "text":
            return await asked.text("editMessageText", message)
        dead, fault = False, None
        for photo in [] if picture is None or picture.kind != kind else self._rungs(picture)[:-1]:
            attempt = await asked.media(kind, message, photo)
            if not isinstance(attempt.outcome, NextRung):
                return replace(attempt, dead=dead)
            dead, fault = dead or attempt.outcome.forget_file_id, attempt.outcome.reason
        attempt = await asked.caption("editMessageCaption", kind, message)
        return replace(attempt, dead=dead, photo_fault=fault)

    async def probe(self, address: Address, number: int, buttons: tuple[Button, ...]) -> Outcome:
        """Ask whether a message is ours, by giving it the buttons that it has if it is."""
        asked = _Asked(self, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        return await asked.markup(buttons)

    async def delete(self, address: Address, number: int) -> Outcome:
        """Take a message away."""
        asked = _Asked(self, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        return (await asked.call("deleteMessage", {}, photo=False))[0]

    async def answer_button(self, query: str, text: str) -> None:
        """Show a line to who pressed a button; it is done already, so an answer that fails is no harm."""
        with suppress(TelegramError):
            await self.ask("answerCallbackQuery", {"callback_query_id": query, "text": text})

    def _rungs(self, picture: Picture) -> list["_Rung"]:
        async def by_id() -> str | None:
            return picture.file_id

        async def upload() -> InputFile:
            return InputFile(picture.read(), filename="lead.jpg")

        async def smaller() -> InputFile:
            return InputFile(await self._shrink(picture.read()), filename="lead.jpg")

        async def by_url() -> str:
            return picture.url

        own = [upload] if picture.document else [upload, smaller]
        return [*([by_id] if picture.file_id else []), *own, by_url]

    async def ask(self, method: str, fields: dict[str, Any]) -> Any:
        """What a method gives. Raises TelegramError."""
        given = [
            RequestParameter.from_input(name, value)
            if isinstance(value, InputFile)
            else RequestParameter(name, value, None)
            for name, value in fields.items()
            if value is not None
        ]
        return await self._transports[1].ask(f"{self.bot.base_url}/{method}", RequestData(given))


_Rung = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The calls of one attempt. `where` is the chat and what else all of them say."""

    sender: Sender
    where: dict[str, Any]
    attempts: int
    jitter: float

    async def text(self, method: str, message: Message) -> Attempt:
        attempt, _ = await self._message(method, message, _text_fields)
        if isinstance(attempt.outcome, NextRung):
            return replace(attempt, outcome=Refused(attempt.outcome.reason))
        return attempt

    async def caption(self, method: str, kind: str, message: Message) -> Attempt:
        attempt, _ = await self._message(method, message, _caption_fields, kind)
        return attempt

    async def photo(self, method: str, kind: str, message: Message, rung: _Rung) -> Attempt:
        """Send it in one of its forms; the file of one that is lost cannot be uploaded."""
        try:
            content = await rung()
        except OSError as error:
            return Attempt(NextRung(f"the file of the photo is gone: {error.strerror}"))
        attempt, answer = await self._message(method, message, _caption_fields, kind, {kind: content})
        return replace(attempt, file_id=_file_id(answer, kind))

    async def media(self, kind: str, message: Message, rung: _Rung) -> Attempt:
        """Put another photo in the place of the one that was sent."""
        try:
            content = await rung()
        except OSError as error:
            return Attempt(NextRung(f"the file of the photo is gone: {error.strerror}"))
        upload = {"lead": content} if isinstance(content, InputFile) else {}
        shown = "attach://lead" if upload else content

        def fields(told: Message) -> dict[str, Any]:
            media = {"type": kind, "media": shown, "caption": told.text}
            media["caption_entities"] = [_entity(span) for span in told.spans]
            return {"media": media}

        attempt, answer = await self._message("editMessageMedia", message, fields, kind, upload)
        return replace(attempt, file_id=_file_id(answer, kind))

    async def markup(self, buttons: tuple[Button, ...]) -> Outcome:
        return (await self.call("editMessageReplyMarkup", {"reply_markup": _keyboard(buttons)}, photo=False))[
            0
        ]

    async def _message(
        self,
        method: str,
        message: Message,
        fields: Callable[[Message], dict[str, Any]],
        kind: str = "text",
        more: dict[str, Any] | None = None,
    ) -> tuple[Attempt, Any]:
        """Ask, and once more for each thing that the message can do without."""
        fixes: list[Fix] = []
        alarm = None
        while True:
            told = fields(message) | {"reply_markup": _keyboard(message.buttons)} | (more or {})
            outcome, answer = await self.call(method, told, photo=kind != "text")
            if not isinstance(outcome, Reword):
                return Attempt(outcome, kind=kind, alarm=alarm), answer
            if outcome.fix in fixes:
                return Attempt(Refused(outcome.reason), kind=kind, alarm=alarm), answer
            fixes.append(outcome.fix)
            message = reworded(message, outcome.fix)
            alarm = f"sent {' and '.join(fixes)}: {outcome.reason}"

    async def call(self, method: str, fields: dict[str, Any], *, photo: bool) -> tuple[Outcome, Any]:
        """Ask once; what it means, and the message that Telegram made."""
        try:
            await self.sender.gate(self.where["chat_id"])
            answer = await self.sender.ask(method, self.where | fields)
        except NeverLeft as error:
            return RetryAfter(retry_wait(self.attempts), str(error)), None
        except MaybeAccepted as error:
            return Unknown(str(error)), None
        except Refusal as refusal:
            code, words, parameters = refusal.code, refusal.description, refusal.parameters
            told = judge(code, words, parameters, photo=photo, attempts=self.attempts, jitter=self.jitter)
            return told, None
        if answer is True and method.startswith(("edit", "delete")):
            return Sent(0), None
        number = answer.get("message_id") if isinstance(answer, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or "chat" not in answer:
            return Unknown("an answer that is no message"), None
        return Sent(number), answer


async def _no_gate(_chat: str) -> None:
    """Nobody is held back."""


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
    return json.dumps([_entity(span) for span in spans]) if spans else None


def _entity(span: Span) -> dict[str, Any]:
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


def _file_id(answer: Any, kind: str) -> str | None:
    found = answer.get(kind) if isinstance(answer, dict) else None
    if kind == "photo" and isinstance(found, list) and found:
        found = found[-1]
    name = found.get("file_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _thread(address: Address) -> int | None:
    """Topic 1 is General: named, it is refused with "message thread not found"."""
    return address.topic if address.topic > 1 else None
