"""The chats as a subscriber sees them, in a browser."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from feedbot.demo.botapi.chats import Chat, Message
from feedbot.demo.botapi.markup import utf16
from feedbot.demo.botapi.world import World

_SHOWN = 100
_COLOURS = ("#d9574a", "#d58f2c", "#7a5fc0", "#3f9d58", "#2f8fa8", "#3773c4", "#c2528b")
_STYLED = {
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}
_LOOKS_LIKE_LINK = {"hashtag", "bot_command", "mention", "cashtag"}


def as_html(text: str, entities: list[dict[str, Any]]) -> Markup:
    """A text with its entities as HTML. Everything is escaped, and only web links are links."""
    units = text.encode("utf-16-le")
    edges = sorted(
        {0, len(units) // 2}
        | {one["offset"] for one in entities}
        | {one["offset"] + one["length"] for one in entities}
    )
    out = Markup()
    for start, end in pairwise(edges):
        piece = Markup(escape(units[start * 2 : end * 2].decode("utf-16-le", "replace")))  # noqa: S704  # escaped
        for one in entities:
            if one["offset"] <= start and end <= one["offset"] + one["length"]:
                piece = _styled(piece, one)
        out += piece
    return out


def _styled(piece: Markup, entity: dict[str, Any]) -> Markup:
    kind = entity["type"]
    if kind == "text_link" and str(entity.get("url")).startswith(("http://", "https://")):
        return Markup('<a href="{}" rel="noopener" target="_blank">{}</a>').format(entity["url"], piece)
    if kind == "spoiler":
        return Markup('<span class="spoiler">{}</span>').format(piece)
    if kind in _LOOKS_LIKE_LINK:
        return Markup('<span class="link">{}</span>').format(piece)
    if kind in _STYLED:
        return Markup("<{0}>{1}</{0}>").format(Markup(_STYLED[kind]), piece)  # noqa: S704  # one of ours
    return piece


def found_by_server(text: str, entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entities, and the hashtags that the server finds by itself."""
    found, at = list(entities), 0
    for word in text.replace("\n", " ").split(" "):
        if len(word) > 1 and word[0] == "#" and word[1:].replace("_", "a").isalnum():
            found.append({"type": "hashtag", "offset": at, "length": utf16(word)})
        at += utf16(word) + 1
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feedbot.demo.botapi"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = lambda seconds: datetime.fromtimestamp(seconds, UTC).strftime("%H:%M")
    environment.globals["body_of"] = _body_of
    environment.globals["colour_of"] = lambda chat: _COLOURS[abs(chat.id) % len(_COLOURS)]
    environment.globals["last_of"] = _last_of
    environment.globals["preview_of"] = _preview_of
    return environment


def _body_of(message: Message) -> Markup:
    json = message.json
    if message.rich:
        return Markup(message.rich)  # noqa: S704  # written by the reader of rich messages, tag by tag
    text = json.get("text") or json.get("caption") or ""
    entities = json.get("entities") or json.get("caption_entities") or []
    return as_html(text, found_by_server(text, entities))


def _last_of(chat: Chat) -> str:
    if not chat.messages:
        return "No messages yet"
    json = chat.messages[-1].json
    text = json.get("text") or json.get("caption") or ("Photo" if "photo" in json else "")
    if "rich_message" in json:
        text = " ".join(block["text"] for block in json["rich_message"]["blocks"])
    return " ".join(str(text).split())[:60] or "File"


def _preview_of(message: Message) -> str | None:
    """The host that a link preview would show."""
    url = (message.json.get("link_preview_options") or {}).get("url")
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:  # a bot may have said anything
        return None


class Page:
    """The page and what it loads."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def show(self, request: web.Request) -> web.Response:
        """The list of chats and one of them."""
        chats = list(self._world.chats.values())
        wanted = request.query.get("chat", "")
        open_chat = next((chat for chat in chats if str(chat.id) == wanted), chats[0] if chats else None)
        text = (
            _environment()
            .get_template("chats.html")
            .render(
                chats=chats,
                open=open_chat,
                messages=open_chat.messages[-_SHOWN:] if open_chat else [],
                bot=next(iter(self._world.bots.values())).username,
                version=self._version(),
            )
        )
        headers = {
            "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
        }
        return web.Response(text=text, content_type="text/html", headers=headers)

    def _version(self) -> int:
        return sum(len(chat.messages) for chat in self._world.chats.values()) + len(self._world.ledger)

    async def say(self, request: web.Request) -> web.Response:
        """Write as the person whose private chat it is."""
        person = self._world.people.get(int(request.match_info["person"]))
        text = str((await request.post()).get("text") or "").strip()[:4096]
        if person is None:
            raise web.HTTPNotFound
        if text:
            self._world.say(person, text)
        raise web.HTTPSeeOther(f"/?chat={person.id}#end")

    async def state(self, _request: web.Request) -> web.Response:
        """A number that changes when something happened, and all chats for programs."""
        chats = [
            chat.json() | {"state": chat.state, "messages": [one.json for one in chat.messages]}
            for chat in self._world.chats.values()
        ]
        return web.json_response({"version": self._version(), "chats": chats})

    async def ledger(self, _request: web.Request) -> web.Response:
        """What was accepted, what was refused for pace, and what a good client does not do."""
        world = self._world
        told = {"ledger": world.ledger, "refusals_429": world.refusals_429, "violations": world.violations}
        return web.json_response(told)

    async def file(self, request: web.Request) -> web.Response:
        """A picture."""
        stored = self._world.media.files.get(request.match_info["unique"])
        if stored is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=stored.body, content_type=stored.mime, headers=headers)

    async def style(self, _request: web.Request) -> web.Response:
        """The style sheet."""
        return web.Response(text=_template("style.css"), content_type="text/css")

    async def script(self, _request: web.Request) -> web.Response:
        """What keeps the page fresh."""
        return web.Response(text=_template("page.js"), content_type="text/javascript")


def _template(name: str) -> str:
    return files("feedbot.demo.botapi").joinpath(f"templates/{name}").read_text(encoding="utf-8")
