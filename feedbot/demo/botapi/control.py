"""The handles of the emulator over HTTP, for tests in any language: `POST /control/<handle>` with JSON."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.clock import ManualClock
from feedbot.demo.botapi.world import BotAccount

if TYPE_CHECKING:
    from feedbot.demo.botapi.server import BotApi

_AS_THEY_ARE = (
    "add_bot add_private add_channel add_group add_topic close_topic delete_topic add_member set_state"
    " migrate say press push_update slow flood lacks fail"
).split()


class Control:
    """What tests may do to the emulator from outside."""

    def __init__(self, api: "BotApi") -> None:
        self._api = api
        self.handles: dict[str, Callable[..., Any]] = {name: getattr(api, name) for name in _AS_THEY_ARE}
        self.handles |= {
            "heal": api.faults.clear,
            "forget_ids": api.world.media.forget_ids,
        }
        if isinstance(api.world.clock, ManualClock):
            self.handles["advance"] = api.world.clock.advance

    async def handle(self, request: web.Request) -> web.Response:
        """Do it, and tell the result."""
        handle = self.handles.get(request.match_info["handle"])
        if handle is None:
            return _said(404, f"there is {', '.join(sorted(self.handles))}")
        if request.content_type != "application/json":  # so that no page of a browser can do it
            return _said(415, "the arguments are a JSON object, sent as application/json")
        try:
            result = handle(**await request.json())
        except KeyError as error:
            return _said(
                400, f"there is no {error}: chats and people are added first, an error has its error_code"
            )
        except (TypeError, ValueError, AttributeError) as error:
            return _said(400, f"{type(error).__name__}: {error}")
        if isinstance(result, Chat | BotAccount):
            result = result.json()
        return web.json_response({"ok": True, "result": result})

    async def calls(self, _request: web.Request) -> web.Response:
        """Every call with its answer's code, in order; 0 is one that was broken before it was accepted."""
        return web.json_response({"calls": self._api.calls})


def _said(status: int, words: str) -> web.Response:
    return web.json_response({"ok": False, "description": words}, status=status)
