"""Calls of python-telegram-bot over the transport, and all that is logged meanwhile."""

import logging

from telegram import Bot, InputFile

from feedbot.telegram.transport import Transport

SECRET = "AAsecret-token_of-this-bot"
TOKEN = f"123456:{SECRET}"


class Log(logging.Handler):
    """Everything that is logged anywhere."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Calls:
    """A bot whose Bot API is a given address."""

    def __init__(self) -> None:
        self.transport = Transport(4, connect=30)
        self.faults: list[BaseException] = []

    async def ask(self, url: str, *, read: float = 30, body: bytes = b"", request: Transport | None = None):
        bot = Bot(TOKEN, base_url=f"{url}/bot", request=request or self.transport)
        try:
            if body:
                photo = InputFile(body, filename="lead.jpg")
                return await bot.send_photo(-1001, photo, caption="x", read_timeout=read)
            return await bot.send_message(-1001, "x", read_timeout=read)
        except Exception as error:
            self.faults.append(error)
            raise
