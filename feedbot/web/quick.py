"""Ordinary requests for documents are answered before ASGI begins: no task, no scope, ready bytes (edge)."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from feedbot.web.bounded import Bounded
from feedbot.web.front import Front
from feedbot.web.ready import lines

_OK, _SAME = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 304 Not Modified\r\n"
_ONE_PIECE = 65_536  # a larger body is not copied to stand behind its head
# A request with one of these is no ordinary one: uvicorn knows what to do.
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
_METHODS = {b"GET": True, b"HEAD": False}  # and whether a body is sent


class Quick(Bounded):
    """One connection. What cannot be answered at once goes the way of every request, to the same answer."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._front = self.config.app if isinstance(self.config.app, Front) else None
        self._at_once = False
        self._defaults: object = None
        self._default_lines = b""

    def begin_answer(self) -> None:
        """Answer at once what stands ready, anything else by the application."""
        self._at_once = self._front is not None and self._answer(self._front)
        if not self._at_once:
            super().begin_answer()

    def on_message_complete(self) -> None:
        """The end of a request."""
        if self._at_once:
            self._at_once = False
        else:
            super().on_message_complete()

    def _answer(self, front: Front) -> bool:
        """Whether the request was answered."""
        before: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing():
            return True  # who said that this was the last request gets no other answer
        if (before is not None and not before.response_complete) or self.flow.write_paused:
            return False  # its turn comes later
        has_body = _METHODS.get(self.parser.get_method())
        path = self.url.partition(b"?")[0]
        if has_body is None or b"%" in path or any(name in _UNUSUAL for name, _ in self.headers):
            return False
        ready = front.find(path.decode("latin-1"))
        if ready is None:
            return False
        coded, is_known = ready.choose(self.headers)
        keep = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        head = (
            (_SAME if is_known else _OK)
            + self._told_always()
            + (coded.same_lines if is_known else coded.whole_lines)
            + (b"\r\n" if keep else b"connection: close\r\n\r\n")
        )
        body = coded.body["body"] if has_body and not is_known else b""
        if len(body) > _ONE_PIECE:
            self.transport.writelines([head, body])
        else:
            self.transport.write(head + body)
        if not keep:
            self.transport.close()
        self.on_response_complete()
        return True

    def _told_always(self) -> bytes:
        """The headers of every answer, its date among them: uvicorn makes them anew each second."""
        defaults = self.server_state.default_headers
        if self._defaults is not defaults:
            self._defaults, self._default_lines = defaults, lines(defaults)
        return self._default_lines
