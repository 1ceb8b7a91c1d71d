"""Breaking calls on purpose, before or after the server accepted them."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from feedbot.demo.botapi.errors import ApiError

HOWS = ("reset", "silence", "half", "html502", "html200", "error", "slow")
_SOME_ANSWER = b'{"ok":true,"result":{"message_id":1,"date":1750000000,"chat":{"id":1,"type":"private"}}}'
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(slots=True)
class Fault:
    """What happens to the next calls of a method: `when` before or after acceptance, and `how`.

    It may be meant for one chat, or for texts that contain something; the first `skip` such calls are spared.
    """

    method: str
    when: str
    how: str
    times: int
    chat_id: int | None = None
    error: ApiError = field(default_factory=lambda: ApiError(500, "Internal Server Error: restart"))
    seconds: float = 1.0
    skip: int = 0
    containing: str = ""

    def means(self, method: str, when: str, chat_id: int | None, text: str) -> bool:
        """Whether a call is meant; it may be spared still."""
        return (
            self.times > 0
            and self.when == when
            and self.method.casefold() in {"*", method.casefold()}
            and self.chat_id in {None, chat_id}
            and self.containing in text
        )


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Break the next calls that it means."""
        if fault.when not in {"before", "after"} or fault.how not in HOWS:
            raise ValueError(f"when is before or after, how is one of {', '.join(HOWS)}")
        self._waiting.append(fault)

    def clear(self) -> None:
        """Break nothing more."""
        self._waiting.clear()

    def take(
        self, method: str, when: str, chat_id: int | None, text: str = "", *, slow: bool = False
    ) -> Fault | None:
        """The fault of this call, if one is meant for it; those that are only slow are asked for apart."""
        for fault in self._waiting:
            if (fault.how == "slow") is not slow or not fault.means(method, when, chat_id, text):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


async def break_call(fault: Fault, request: web.Request, body: bytes, silence: float) -> web.StreamResponse:
    """Answer as the fault says: not at all, half, or with a page of some proxy."""
    transport = request.transport
    if fault.how == "error":
        return fault.error.response()
    if fault.how in {"html502", "html200"}:
        return web.Response(text=_PAGE, status=int(fault.how[-3:]), content_type="text/html")
    if fault.how == "half":
        body = body or _SOME_ANSWER
        half = web.StreamResponse(
            headers={"Content-Type": "application/json", "Content-Length": str(len(body))}
        )
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
    elif fault.how == "silence":
        await asyncio.sleep(silence)
    if transport is not None:
        transport.abort()
    return web.Response(status=500)
