"""Sending one message: the ladder of its photo, and what the answer means."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from telegram import Bot, InputFile, LinkPreviewOptions, MessageEntity
from telegram import Message as TelegramMessage
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from feedbot.model import Address, Message
from feedbot.rules.delivery import NextRung, Outcome, Refused, RetryAfter, Sent, Unknown, judge, retry_wait
from feedbot.telegram.transport import MaybeAccepted, NeverLeft, Refusal, Transport

_NO_PHOTOS = ("rights", "chat_send_")
_SLACK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo ready to be sent: its own address, the hash of `body`, and the id of an earlier upload."""

    url: str
    hash: str
    body: bytes
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt: `file_id` is of a new upload; `dead` says that the known one is not valid;
    `photo_fault` says why the message went without its photo.
    """

    outcome: Outcome
    file_id: str | None = None
    dead: bool = False
    photo_fault: str | None = None


class Sender:
    """Sends for one bot. A photo is uploaded by one message at a time; the others wait for its id."""

    def __init__(self, token: str, api_url: str, *, shrink: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._transports = (Transport(connections=1), Transport(connections=16))
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
        without: Message,
        picture: Picture | None,
        *,
        attempts: int,
        jitter: float,
    ) -> Attempt:
        """Ask the Bot API until it accepts or says what is wrong: the photo by id, by upload, smaller, by
        address; at last the text alone, which shows the article's preview.
        """
        dead, fault, outcome = False, None, None
        for photo in [] if picture is None else self._rungs(picture):
            outcome, file_id = await self._photo(address, with_photo, photo, attempts, jitter)
            if not isinstance(outcome, NextRung):
                return Attempt(outcome, file_id, dead=dead)
            dead, fault = dead or outcome.forget_file_id, outcome.reason
            if any(words in fault.casefold() for words in _NO_PHOTOS):
                break  # no form of it will do
        call = self._text_call(address, without)
        outcome, _ = await self._ask(call, photo=False, attempts=attempts, jitter=jitter)
        if isinstance(outcome, NextRung):
            outcome = Refused(outcome.reason)
        return Attempt(outcome, dead=dead, photo_fault=fault)

    def _rungs(self, picture: Picture) -> list[Callable[[], Awaitable[Any]]]:
        async def by_id() -> str | None:
            return picture.file_id

        async def upload() -> InputFile:
            return InputFile(picture.body, filename="lead.jpg")

        async def smaller() -> InputFile:
            return InputFile(await self._shrink(picture.body), filename="lead.jpg")

        async def by_url() -> str:
            return picture.url

        return [*([by_id] if picture.file_id else []), upload, smaller, by_url]

    async def _photo(
        self,
        address: Address,
        message: Message,
        photo: Callable[[], Awaitable[Any]],
        attempts: int,
        jitter: float,
    ) -> tuple[Outcome, str | None]:
        content = await photo()
        outcome, answer = await self._ask(
            lambda: self.bot.send_photo(
                address.chat,
                content,
                caption=message.text,
                caption_entities=_entities(message),
                message_thread_id=_thread(address),
                disable_notification=message.silent,
            ),
            photo=True,
            attempts=attempts,
            jitter=jitter,
        )
        return outcome, answer.photo[-1].file_id if answer and answer.photo else None

    def _text_call(self, address: Address, message: Message) -> Callable[[], Awaitable[TelegramMessage]]:
        preview = LinkPreviewOptions(
            is_disabled=message.preview_url is None,
            url=message.preview_url,
            prefer_large_media=True,
            show_above_text=True,
        )
        return lambda: self.bot.send_message(
            address.chat,
            message.text,
            entities=_entities(message),
            link_preview_options=preview,
            message_thread_id=_thread(address),
            disable_notification=message.silent,
        )

    async def _ask(
        self, call: Callable[[], Awaitable[Any]], *, photo: bool, attempts: int, jitter: float
    ) -> tuple[Outcome, TelegramMessage | None]:
        try:
            answer = await call()
        except NeverLeft as error:
            return RetryAfter(retry_wait(attempts), str(error)), None
        except MaybeAccepted as error:
            return Unknown(str(error)), None
        except Refusal as refusal:
            code, words, parameters = refusal.code, refusal.description, refusal.parameters
            return judge(code, words, parameters, photo=photo, attempts=attempts, jitter=jitter), None
        except (TelegramError, KeyError, TypeError, ValueError, AttributeError) as error:
            return Unknown(f"an answer that is no message: {type(error).__name__}"), None
        if not (isinstance(answer, TelegramMessage) and isinstance(answer.message_id, int)):
            return Unknown("an answer that is no message"), None
        return Sent(answer.message_id), answer


def _entities(message: Message) -> list[MessageEntity]:
    return [MessageEntity(span.type, span.offset, span.length, url=span.url) for span in message.spans]


def _thread(address: Address) -> int | None:
    """Topic 1 is General: named, it is refused with "message thread not found"."""
    return address.topic if address.topic > 1 else None
