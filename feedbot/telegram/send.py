"""Sending one message: the ladder of its photo, and what the answer means."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from telegram import Bot, InputFile
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from feedbot.model import Address, Button, Message
from feedbot.rules.delivery import NextRung, Outcome, Reword
from feedbot.telegram.album import LEAST, lead_left, send_album
from feedbot.telegram.calls import (
    MOST_UPLOADS,
    NO_RICH,
    RICH,
    Asked,
    Attempt,
    Gate,
    Part,
    Picture,
    Rung,
    takes_no_photos,
)
from feedbot.telegram.transport import Refusal, Transport

__all__ = ["MOST_UPLOADS", "Attempt", "Picture", "Sender", "takes_no_photos"]

_SLACK_SECONDS = 20
_CONNECTIONS = 256  # more than there are ever calls at once: who waits for one would time out
_MOST_RENEWED = 1000
_ANSWERED = 3.0  # seconds that an upload takes at most, where it is answered at all


class _Bot(Bot):
    """A bot that does not tell its token where it is shown, as the library's does."""

    def __repr__(self) -> str:
        """Which bot it is."""
        return f"Bot({self.token.partition(':')[0]})"


class Sender:
    """Sends for one bot. A photo is uploaded by one message at a time; the others wait for its id.

    `gate` holds each call back until the pace allows one to its chat; it raises NeverLeft where that is far.
    An upload that takes longer than `answered`, in seconds, is waited for no more.
    """

    def __init__(self, token: str, api_url: str, *, shrink: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._transports = (Transport(connections=1), Transport(connections=_CONNECTIONS))
        updates, calls = self._transports
        self.bot = _Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=calls,
            get_updates_request=updates,
        )
        self.bot_id = token.partition(":")[0]
        self._shrink = shrink
        self._uploads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._renewed: dict[str, str] = {}
        self.gate: Gate = _no_gate
        self.answered = _ANSWERED
        self._takes_rich = True

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

    async def have_upload(self, content: str, held: AsyncExitStack, seconds: float | None = None) -> None:
        """Have the upload of a photo to oneself, by its hash. Who is at it in a chat that does not answer
        keeps nobody from it for longer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self.answered if seconds is None else seconds):
                await held.enter_async_context(self._uploads.setdefault(content, asyncio.Lock()))

    async def send(
        self,
        address: Address,
        with_photo: Message,
        without: Message | Callable[[], Message],
        picture: Picture | None,
        *,
        attempts: int,
        jitter: float,
        album: Sequence[Picture] = (),
        rich: str = "",
    ) -> Attempt:
        """Ask the Bot API until it accepts or says what is wrong: the rich message, if there is one; the
        photos of an album together; the photo by id, by upload, smaller, by address; at last the text alone,
        which shows the article's preview.
        """
        where = {"chat_id": address.chat, "message_thread_id": _thread(address)}
        where |= {"disable_notification": with_photo.silent or None}
        asked = Asked(self.gate, self.ask, where, attempts, jitter)
        parts: tuple[Part, ...] = ()
        fault = alarm = None
        if rich and self._takes_rich:
            attempt = await asked.rich(RICH, rich, with_photo.buttons)
            if not isinstance(attempt.outcome, NextRung):
                return attempt
            self._takes_rich = attempt.outcome.reason != NO_RICH
            alarm = f"sent as full, not rich: {attempt.outcome.reason}"
        if len(album) >= LEAST:
            attempt = await send_album(asked, with_photo, album)
            if not isinstance(attempt.outcome, NextRung):
                return attempt
            parts, fault = attempt.parts, attempt.outcome.reason
            picture = lead_left(picture, attempt)
        attempt = await self._single(asked, with_photo, without, picture)
        fault = attempt.photo_fault or (None if picture else fault)
        return replace(attempt, parts=parts, photo_fault=fault, alarm=attempt.alarm or alarm)

    async def _single(
        self,
        asked: Asked,
        with_photo: Message,
        without: Message | Callable[[], Message],
        picture: Picture | None,
    ) -> Attempt:
        dead, fault = False, None
        if picture is not None and picture.file_id is not None:
            attempt = await self._climbed(asked, with_photo, picture, self._rungs(picture)[:1])
            if not isinstance(attempt.outcome, NextRung):
                return attempt
            dead, fault = attempt.dead, attempt.outcome.reason
        if picture is not None and not takes_no_photos(fault or ""):
            attempt = await self._uploaded(asked, with_photo, picture)
            if not isinstance(attempt.outcome, NextRung):
                return replace(attempt, dead=dead)
            fault = attempt.outcome.reason
        attempt = await asked.text("sendMessage", without() if callable(without) else without)
        return replace(attempt, dead=dead, photo_fault=fault)

    async def _climbed(
        self, asked: Asked, message: Message, picture: Picture, rungs: Sequence[Rung]
    ) -> Attempt:
        """Try one form of a photo after the other; NextRung where none was taken."""
        attempt, dead = Attempt(NextRung("there is no form of the photo")), False
        for rung in rungs:
            attempt = await asked.photo(f"send{picture.kind.capitalize()}", picture.kind, message, rung)
            if not isinstance(attempt.outcome, NextRung):
                break
            dead = dead or attempt.outcome.forget_file_id
            if takes_no_photos(attempt.outcome.reason):
                break  # no form of it will do
        return replace(attempt, dead=dead)

    async def _uploaded(self, asked: Asked, message: Message, picture: Picture) -> Attempt:
        """Send it without the id that is known. Where that is dead many find out at once: the first of them
        uploads it anew, and the others send the new id.
        """
        if picture.file_id is None:  # who uploads it for the first time has the lock
            return await self._climbed(asked, message, picture, self._rungs(picture))
        async with AsyncExitStack() as held:
            await self.have_upload(picture.hash, held)
            newer = self._renewed.get(picture.hash)
            picture = replace(picture, file_id=None if newer == picture.file_id else newer)
            attempt = await self._climbed(asked, message, picture, self._rungs(picture))
            if attempt.file_id is not None:
                if len(self._renewed) >= _MOST_RENEWED:
                    self._renewed.clear()
                self._renewed[picture.hash] = attempt.file_id
        return attempt

    async def edit(
        self,
        address: Address,
        number: int,
        message: Message,
        kind: str,
        picture: Picture | None,
        rich: str = "",
    ) -> Attempt:
        """Put a message in the place of what was sent as that number. A photo stays a photo and a text a
        text, a rich one becomes a text where it cannot be rich; `picture` is shown in the place of the one
        that was.
        """
        asked = Asked(self.gate, self.ask, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        if kind == "rich" and rich:
            attempt = await asked.rich("editMessageText", rich, message.buttons)
            if not isinstance(attempt.outcome, NextRung):
                return attempt
        if kind in {"text", "rich"}:
            return await asked.text("editMessageText", message)
        dead, fault = False, None
        shape = "photo" if kind == "album" else kind  # of which the first photo is edited
        for photo in (
            [] if picture is None or picture.kind != shape else self._rungs(picture, by_address=False)
        ):
            attempt = await asked.media(shape, message, photo)
            if not isinstance(attempt.outcome, NextRung):
                return replace(attempt, dead=dead)
            dead, fault = dead or attempt.outcome.forget_file_id, attempt.outcome.reason
        attempt = await asked.caption("editMessageCaption", kind, message)
        return replace(attempt, dead=dead, photo_fault=fault)

    async def probe(self, address: Address, number: int, buttons: tuple[Button, ...]) -> Outcome:
        """Ask whether a message is ours, by giving it the buttons that it has if it is."""
        asked = Asked(self.gate, self.ask, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        outcome = await asked.markup(buttons)
        return await asked.markup(()) if isinstance(outcome, Reword) else outcome

    async def delete(self, address: Address, number: int) -> Outcome:
        """Take a message away."""
        asked = Asked(self.gate, self.ask, {"chat_id": address.chat, "message_id": number}, 0, 0.5)
        return (await asked.call("deleteMessage", {}, photo=False))[0]

    async def is_up(self) -> bool:
        """Whether the Bot API answers at all."""
        try:
            async with asyncio.timeout(self.answered):
                await self.ask("getMe", {})
        except Refusal as refusal:
            return refusal.code < 500
        except (TelegramError, TimeoutError):
            return False
        return True

    async def answer_button(self, query: str, text: str) -> None:
        """Show a line to who pressed a button; it is done already, so an answer that fails is no harm."""
        with suppress(TelegramError):
            await self.ask("answerCallbackQuery", {"callback_query_id": query, "text": text})

    def _rungs(self, picture: Picture, *, by_address: bool = True) -> list[Rung]:
        async def by_id() -> str | None:
            return picture.file_id

        async def upload() -> InputFile:
            return InputFile(picture.read(), filename="lead.jpg")

        async def smaller() -> InputFile:
            return InputFile(await self._shrink(picture.read()), filename="lead.jpg")

        async def by_url() -> str:
            return picture.url

        own: list[Rung] = [upload] if picture.document else [upload, smaller]
        if by_address and "@" not in urlsplit(picture.url).netloc:  # name and password are not for Telegram
            own.append(by_url)
        return [*([by_id] if picture.file_id else []), *own]

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


async def _no_gate(_chat: str, _cost: int) -> None:
    """Nobody is held back."""


def _thread(address: Address) -> int | None:
    """Topic 1 is General: named, it is refused with "message thread not found"."""
    return address.topic if address.topic > 1 else None
