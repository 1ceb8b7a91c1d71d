"""The emulator over HTTP, and the handles by which demo and tests move it."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

from feedbot.demo.botapi.calls import Call, Upload
from feedbot.demo.botapi.chats import STATES, Chat, Person
from feedbot.demo.botapi.control import Control
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.demo.botapi.faults import Fault, Faults, break_call
from feedbot.demo.botapi.members import STATUSES
from feedbot.demo.botapi.methods import METHODS, POSTING
from feedbot.demo.botapi.page import Page
from feedbot.demo.botapi.world import BotAccount, World

_MOST_BYTES = 52_428_800
_TOKEN = re.compile(r"[0-9]+:[\w-]+")
_MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    OverflowError,
)  # of parameters of a wrong kind
Watcher = Callable[[str, str, int | None], None]
_FORMS = {"", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream"}


class BotApi:
    """One server with one world behind it.

    `enforce_limits` answers 429 to who is too quick; `clock` gives seconds and may be moved by tests. `watch`
    is told each step of a call, its method and its chat: "arrived", "accepted" or "refused", "answered".
    """

    def __init__(
        self,
        token: str = "123456:TEST",  # noqa: S107  # the emulator's own
        username: str = "feedbot_demo_bot",
        *,
        enforce_limits: bool = True,
        clock: Callable[[], float] | None = None,
        silence: float = 3600.0,
    ) -> None:
        self.world = World(clock or time.time)
        self.faults = Faults()
        self.url = ""
        self.watch: Watcher | None = None
        self._enforce_limits, self._silence = enforce_limits, silence
        self._lacking: set[str] = set()
        self._slow = (0.0, 0.0)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.add_bot(token, username)

    # What demo and tests arrange.

    def add_bot(self, token: str, username: str) -> BotAccount:
        """One more bot."""
        self.world.bots[token] = BotAccount(token, username)
        return self.world.bots[token]

    @property
    def bot(self) -> BotAccount:
        """The first bot."""
        return next(iter(self.world.bots.values()))

    def add_private(
        self, chat_id: int, first_name: str, *, language: str = "en", started: bool = True
    ) -> Chat:
        """A person and their chat with the bots."""
        self.world.people[chat_id] = Person(chat_id, first_name, language)
        state = "ok" if started else "never_started"
        return self.world.add_chat(Chat(chat_id, "private", first_name, state=state))

    def add_channel(self, chat_id: int, title: str, username: str | None = None) -> Chat:
        """A channel in which the bot may post."""
        return self.world.add_chat(Chat(chat_id, "channel", title, username))

    def add_group(self, chat_id: int, title: str, *, supergroup: bool = True) -> Chat:
        """A group that the bot is in."""
        return self.world.add_chat(Chat(chat_id, "supergroup" if supergroup else "group", title))

    def add_topic(self, chat_id: int, topic: int, name: str) -> None:
        """A forum topic of a group."""
        self.world.chats[chat_id].topics[topic] = name

    def delete_topic(self, chat_id: int, topic: int) -> None:
        """Delete a topic."""
        self.world.chats[chat_id].deleted_topics.add(topic)

    def close_topic(self, chat_id: int, topic: int) -> None:
        """Close a topic for everybody but administrators."""
        self.world.chats[chat_id].closed_topics.add(topic)

    def set_state(
        self, chat_id: int, state: str, *, migrated_to: int | None = None, told: bool = False
    ) -> None:
        """What the chat does to messages from now on: "ok", "blocked", "migrated" and so on; `told`: the bot
        hears of it as `my_chat_member`.
        """
        if state not in STATES:
            raise ValueError(f"a chat's state is one of {', '.join(sorted(STATES))}")
        chat = self.world.chats[chat_id]
        self.world.set_state(chat, state, told=told)
        chat.migrated_to = migrated_to

    def migrate(self, chat_id: int, new_id: int) -> Chat:
        """A group becomes a supergroup of that number, and the bot hears of it."""
        old = self.world.chats[chat_id]
        new = Chat(new_id, "supergroup", old.title, old.username)
        self.world.migrate(old, new)
        return new

    def add_member(self, chat_id: int, person: int, status: str = "member") -> None:
        """What a person is in a chat: creator, administrator, member, restricted, left or kicked."""
        if status not in STATUSES:
            raise ValueError(f"a status is one of {', '.join(sorted(STATUSES))}")
        self.world.members[chat_id, person] = status

    def flood(self, seconds: float, chat_id: int | None = None) -> None:
        """Flood control from now on, for a chat or for the whole bot: 429 for so many seconds."""
        self.bot.limits.close(seconds, self.world.clock(), chat_id)

    def say(self, person: int, text: str, *, chat_id: int | None = None, topic: int | None = None) -> int:
        """A person writes to the bot, or in a group; the message's number."""
        chat = None if chat_id is None else self.world.chats[chat_id]
        return self.world.say(self.world.people[person], text, chat, topic)

    def press(self, person: int, chat_id: int, message_id: int, data: str) -> str:
        """A person presses a button under a message; the id of the callback query."""
        chat = self.world.chats[chat_id]
        message = chat.find(message_id)
        if message is None:
            raise ValueError(f"there is no message {message_id} in chat {chat_id}")
        return self.world.press(self.world.people[person], chat, message, data)

    def push_update(self, update: dict[str, Any]) -> int:
        """Something happens that the bot hears of; the update's number."""
        return self.world.push_update(self.bot, update)

    def fail(
        self,
        method: str,
        *,
        when: str = "before",
        how: str = "reset",
        times: int = 1,
        chat_id: int | None = None,
        error: ApiError | dict[str, Any] | None = None,
        seconds: float = 1.0,
        skip: int = 0,
        containing: str = "",
    ) -> None:
        """Break the next calls of a method: `when` before or after acceptance; `how` reset, silence, half,
        html502, html200, error, or slow by so many `seconds`. `skip` spares the first ones; `chat_id` and
        `containing` say which messages are meant. An `error` may be the body of its answer, too.
        """
        fault = Fault(method, when, how, times, chat_id, seconds=seconds, skip=skip, containing=containing)
        if error is not None:
            fault.error = error if isinstance(error, ApiError) else ApiError.of_body(error)
        self.faults.add(fault)

    def slow(self, *, before: float = 0.0, after: float = 0.0) -> None:
        """Let every message take so many seconds until it is accepted, and from there to its answer."""
        self._slow = (before, after)

    def lacks(self, method: str, lacks: bool = True) -> None:
        """Be a server that is older than a method: 404, as for any that is none."""
        (self._lacking.add if lacks else self._lacking.discard)(method.casefold())

    # What demo and tests look at.

    def messages(self, chat_id: int) -> list[dict[str, Any]]:
        """What is in a chat, as the bot posted it."""
        return [one.json for one in self.world.chats[chat_id].messages if one.from_bot]

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Everything that was accepted, in order: the only truth."""
        return self.world.ledger

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call with its answer's code."""
        return self.world.calls

    @property
    def violations(self) -> list[str]:
        """What a well-behaved client does not do."""
        return self.world.violations

    @property
    def refusals_429(self) -> int:
        """How many calls were too quick."""
        return self.world.refusals_429

    # The server.

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `url` says where."""
        self._session = aiohttp.ClientSession(trust_env=False)
        app = web.Application(client_max_size=_MOST_BYTES)
        page, control = Page(self.world), Control(self)
        app.router.add_get("/", page.show)
        app.router.add_post("/say/{person:\\d+}", page.say)
        app.router.add_get("/state.json", page.state)
        app.router.add_get("/ledger.json", page.ledger)
        app.router.add_get("/calls.json", control.calls)
        app.router.add_post("/control/{handle}", control.handle)
        app.router.add_get("/file/{unique}", page.file)
        app.router.add_get("/style.css", page.style)
        app.router.add_get("/page.js", page.script)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_route("*", "/{rest:.*}", _not_found)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self.url = f"http://{host}:{address[1]}"

    async def stop(self) -> None:
        """Close everything."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        if not _TOKEN.fullmatch(token):
            return ApiError(404, "Not Found").response()
        bot = self.world.bots.get(token)
        if bot is None:
            return ApiError(401, "Unauthorized").response()
        name = method.casefold()
        if name not in METHODS or name in self._lacking or self._session is None:
            return ApiError(404, "Not Found: method not found").response()
        try:
            given, uploads = await _read(request)
        except web.HTTPRequestEntityTooLarge:
            return ApiError(413, "Request Entity Too Large").response()
        except ConnectionError:  # who asked died in the middle of its request: nobody reads this
            return ApiError(400, "Bad Request: request is cut short").response()
        except ValueError as error:
            return bad_request(f"can't parse the request: {error}").response()
        call = Call(self.world, bot, method, given, uploads, self._session, self._enforce_limits)
        return await self._run(call, request)

    async def _run(self, call: Call, request: web.Request) -> web.StreamResponse:
        name, chat = call.method.casefold(), self._chat_of(call)
        where = chat.id if chat else None
        text = str(call.given.get("text") or call.given.get("caption") or "")
        self._tell("arrived", name, where)
        await self._dawdle(name, "before", where, text)
        if fault := self.faults.take(name, "before", where, text):
            refused = fault.error if fault.how == "error" else None
            self._log(call, chat, refused.code if refused else 0, refused.description if refused else "")
            return await break_call(fault, request, b"", self._silence)
        try:
            with self._one_at_a_time(chat if name in POSTING else None):
                if name in POSTING:
                    await call.brake(chat)
                body = {"ok": True, "result": await METHODS[name](call)}
        except (ApiError, *_MALFORMED) as found:
            error = found if isinstance(found, ApiError) else bad_request(f"can't parse the request: {found}")
            self._log(call, chat, error.code, error.description)
            self._tell("refused", name, where)
            return error.response()
        self._log(call, chat, 200)
        self._tell("accepted", name, where)
        await self._dawdle(name, "after", where, text)
        said = json.dumps(body, ensure_ascii=False).encode()
        if fault := self.faults.take(name, "after", where, text):
            return await break_call(fault, request, said, self._silence)
        response = web.Response(body=said, content_type="application/json")
        with suppress(ConnectionError):  # who asked may be gone
            await response.prepare(request)
            await response.write_eof()
            self._tell("answered", name, where)
        return response

    async def _dawdle(self, method: str, when: str, chat: int | None, text: str) -> None:
        seconds = self._slow[when == "after"] if method in POSTING else 0.0
        if fault := self.faults.take(method, when, chat, text, slow=True):
            seconds += fault.seconds
        await asyncio.sleep(seconds)

    def _tell(self, step: str, method: str, chat: int | None) -> None:
        if self.watch is not None:
            self.watch(step, method, chat)

    @contextmanager
    def _one_at_a_time(self, chat: Chat | None) -> Iterator[None]:
        """Note it where a client has two messages to one chat in flight: they may swap."""
        if chat is None:
            yield
            return
        chat.in_flight += 1
        if chat.in_flight > 1:
            self.world.violations.append(f"two calls at once to {chat.id}")
        try:
            yield
        finally:
            chat.in_flight -= 1

    def _chat_of(self, call: Call) -> Chat | None:
        try:
            return call.chat() if "chat_id" in call.given else None
        except ApiError:
            return None

    def _log(self, call: Call, chat: Chat | None, code: int, said: str = "") -> None:
        told = {"method": call.method, "chat": chat.id if chat else call.given.get("chat_id"), "code": code}
        self.world.calls.append(told | {"at": self.world.clock(), "said": said})


async def _not_found(_request: web.Request) -> web.Response:
    return ApiError(404, "Not Found").response()


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """The parameters of a request, from wherever they may stand; the body wins."""
    given: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.method != "POST":
        return given, uploads
    if request.content_type == "application/json":
        body = await request.json()
        if not isinstance(body, dict):
            raise ValueError("the JSON is no object")
        return given | body, uploads
    if request.content_type not in _FORMS:
        raise ValueError(f"content type {request.content_type}")
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            given[name] = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
    return given, uploads
