"""uvicorn's HTTP protocol with the bounds it lacks: connections, size of a head, patience (edge)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 500  # below the usual 1024 files of a process, so that a flood leaves room to work
MOST_HEAD = 16_384


class Bounded(HttpToolsProtocol):
    """One connection. Who sends its request, or takes its answer, too slowly is cut off.

    There is one timer a connection, which looks whether the time is over: one for each request would be a
    good part of what a request costs.
    """

    head_seconds = 15.0
    answer_seconds = 60.0

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._in_head = False
        self._head_size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for a request, unless there are too many who do."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._until = self.loop.time() + self.head_seconds
            self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end, or ends too late, is refused."""
        self._head_size = (self._head_size if self._in_head else 0) + len(data)
        super().data_received(data)
        if self._in_head and self._head_size > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("Too many headers.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._until = self.loop.time() + self.head_seconds

    def on_headers_complete(self) -> None:
        """Answer it; an exception here becomes a 400."""
        self._in_head = False
        if self._head_size > MOST_HEAD:  # or it is many requests in one piece, or one with a body
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MOST_HEAD:
                raise ValueError
        self._until = self.loop.time() + self.answer_seconds
        self.begin_answer()

    def begin_answer(self) -> None:
        """Hand the request to the application."""
        super().on_headers_complete()

    def _look_later(self) -> None:
        left = self._until - self.loop.time()
        self._timer = self.loop.call_later(min(left, self.head_seconds, self.answer_seconds), self._judge)

    def _judge(self) -> None:
        """Cut off, unless there is time, or it only waits between two requests, which uvicorn bounds."""
        if self._until > self.loop.time():
            self._look_later()
        elif self.timeout_keep_alive_task is None or self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            self._until = self.loop.time() + self.answer_seconds
            self._look_later()
