"""WebSub over HTTP: our own hub takes requests at /hub, hubs of sources call back at /websub/<token>."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feedbot.net.client import Client
from feedbot.publish.shelf import Shelf
from feedbot.rules import websub
from feedbot.store import Store, hub
from feedbot.store import websub as asks

_FORM = "application/x-www-form-urlencoded"
_UNKEPT = {"cache-control": "no-store"}
# What is left of a body that is not wanted is not read.
_LAST = {**_UNKEPT, "connection": "close"}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_MOST_PUSHED = 10_000_000
_TELLING = ("hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds", "hub.reason")


@dataclass(frozen=True, slots=True)
class WebSubParts:
    """What is answered from."""

    store: Store
    client: Client
    shelf: Shelf
    base_url: str
    clock: Callable[[], datetime]


def websub_routes(parts: WebSubParts, *, own_hub: bool) -> list[Route]:
    """The paths of WebSub: `/hub` where the hub is ours, callbacks in any case."""
    answers = _Answers(parts)
    callback = Route(f"{websub.CALLBACK_PATH}{{token}}", answers.callback, methods=["GET", "POST"])
    return [*([Route(websub.HUB_PATH, answers.hub, methods=["POST"])] if own_hub else []), callback]


class _Answers:
    """What each path answers."""

    def __init__(self, parts: WebSubParts) -> None:
        self._parts = parts

    async def hub(self, request: Request) -> Response:
        """Take a wish; it is verified later."""
        parts = self._parts
        try:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
                raise websub.Refusal(f"a form is wanted here: {_FORM}", 415)
            wish = websub.read_wish(await _form(request), parts.base_url)
            if parts.shelf.get(wish.path) is None:
                raise websub.Refusal("hub.topic is no feed of this site", 404)
            if not parts.client.may_call(wish.callback):
                raise websub.Refusal("hub.callback is no address of the public internet")
            await parts.store.do(hub.take_wish, wish, parts.clock())
        except websub.Refusal as refusal:
            headers = _LAST | ({"retry-after": "60"} if refusal.status == 503 else {})
            return PlainTextResponse(f"{refusal}\n", refusal.status, headers)
        except ClientDisconnect:
            return Response(status_code=400)
        return PlainTextResponse("accepted; the callback is asked next\n", 202, _UNKEPT)

    async def callback(self, request: Request) -> Response:
        """Answer the hub of a source."""
        token = request.path_params["token"]
        if request.method == "POST":
            return await self._pushed(request, token)
        told = [(name, value) for name, value in request.query_params.multi_items() if name in _TELLING]
        fields = dict(told)
        if len(fields) == len(told) and request.method == "GET" and _TOKEN.fullmatch(token):
            answer = await self._asked(token, fields)
            if answer is not None:
                return PlainTextResponse(answer, headers=_UNKEPT)
        return PlainTextResponse("nothing of this kind was asked for\n", 404, _UNKEPT)

    async def _asked(self, token: str, fields: dict[str, str]) -> str | None:
        """The challenge where we meant what the hub asks about; None where we did not."""
        store, now = self._parts.store, self._parts.clock()
        mode, topic = fields.get("hub.mode"), fields.get("hub.topic", "")
        if mode == "denied":
            known = await store.do(asks.deny, token, topic, fields.get("hub.reason", ""), now + websub.DENIED)
            return "" if known else None
        challenge = fields.get("hub.challenge")
        if mode not in {"subscribe", "unsubscribe"} or not challenge:
            return None
        lease = websub.told_lease(fields.get("hub.lease_seconds"))
        meant = await store.do(asks.confirm, token, topic, lease, now, subscribe=mode == "subscribe")
        return challenge if meant else None

    async def _pushed(self, request: Request, token: str) -> Response:
        """Take a push as a hint, if it is signed; the body is not kept, and nobody is told which it was."""
        store = self._parts.store
        secret = await store.do(asks.secret_of, token) if _TOKEN.fullmatch(token) else None
        if secret is None:
            return PlainTextResponse("nobody here wants this\n", 410, _LAST)
        try:
            genuine = await _is_signed(request, secret)
        except ClientDisconnect:
            return Response(status_code=400)
        if genuine is None:
            return Response(status_code=202, headers=_LAST)
        if genuine:
            await store.do(asks.take_push, token, self._parts.clock())
        return Response(status_code=202, headers=_UNKEPT)


async def _form(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > websub.MOST_FORM:
            raise websub.Refusal("this is too long", 413)
    return body


async def _is_signed(request: Request, secret: str) -> bool | None:
    """Whether a body has one signature, and the right one; None where it is longer than we read."""
    told = request.headers.getlist("x-hub-signature")
    signature = websub.read_signature(told[0]) if len(told) == 1 else None
    digest = hmac.new(secret.encode(), digestmod=signature[0] if signature else "sha256")
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > _MOST_PUSHED:
            return None
        digest.update(piece)
    return signature is not None and hmac.compare_digest(digest.hexdigest(), signature[1])
