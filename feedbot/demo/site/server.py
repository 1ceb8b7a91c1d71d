"""The sample site over HTTP: lists with javascript links, articles, RSS with summaries, ETags."""

import asyncio
import gzip
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from feedbot.demo.site.articles import SECTIONS, Article, article, backlog_date
from feedbot.demo.site.pages import render_article, render_front, render_list, render_rss, style
from feedbot.demo.site.pictures import draw, logo

ZONE = timezone(timedelta(hours=9))
_LISTED = 30
_FEEDS = {2: "Policies", 3: "Society", 4: "Sci-Tech"}


class Site:
    """A news site on loopback. `first` articles are there at the start, and then one more every `every`
    seconds (0: only by `publish`). `clock` gives seconds.
    """

    def __init__(self, first: int = 6, every: float = 4.0, clock: Callable[[], float] | None = None) -> None:
        self._clock, self._every = clock or time.time, every
        self.articles: list[Article] = []
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._gone: set[int] = set()
        self._runner: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None
        now = self._now()
        for index in range(first):
            self.articles.append(article(index, backlog_date(index, first, now)))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), ZONE).replace(microsecond=0)

    def publish(self, count: int = 1) -> list[Article]:
        """Publish the next articles; these."""
        new = [article(len(self.articles) + at, self._now()) for at in range(count)]
        self.articles += new
        return new

    def take_down(self, number: int) -> None:
        """Let an article's page be gone; the lists still name it."""
        self._gone.add(number)

    def correct(self, number: int, *, title: str | None = None, paragraph: str | None = None) -> None:
        """Change the title of an article, or add a paragraph to it."""
        for at, known in enumerate(self.articles):
            if known.number == number:
                more = (*known.paragraphs, paragraph) if paragraph else known.paragraphs
                self.articles[at] = replace(known, title=title or known.title, paragraphs=more)

    def of_section(self, section: str) -> list[Article]:
        """The articles of a section, newest first."""
        return [one for one in reversed(self.articles) if one.section == section]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `url` says where."""
        app = web.Application()
        app.router.add_get("/", self._front)
        app.router.add_get("/NewsFocus/{section}", self._list)
        app.router.add_get("/NewsFocus/{section}/view", self._view)
        app.router.add_get("/koreanet/rss/news/{number:\\d+}", self._rss)
        app.router.add_get("/upload/content/image/{name}", self._picture)
        app.router.add_get("/images/{name}", self._sign)
        app.router.add_get("/style.css", self._style)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        if self._every > 0:
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Close everything."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            self.publish()

    def _answer(
        self, request: web.Request, body: bytes, kind: str, modified: datetime | None = None
    ) -> web.Response:
        """A document with its validators, or 304."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Vary": "Accept-Encoding"}
        if modified:
            headers["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
        same = etag in request.headers.get("If-None-Match", "")
        status = 304 if same else 200
        self.requests.append({"path": request.path_qs, "headers": dict(request.headers), "status": status})
        if same:
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", "") and not kind.startswith("image/"):
            body, headers["Content-Encoding"] = gzip.compress(body, 5), "gzip"
        return web.Response(body=body, headers=headers | {"Content-Type": kind})

    def _missing(self, request: web.Request) -> web.Response:
        self.requests.append({"path": request.path_qs, "headers": dict(request.headers), "status": 404})
        return web.Response(status=404, text="There is no such page.")

    async def _front(self, request: web.Request) -> web.Response:
        shown = {section: self.of_section(section)[:4] for section in SECTIONS}
        return self._answer(request, render_front(shown), _HTML)

    async def _list(self, request: web.Request) -> web.Response:
        wanted = request.match_info["section"].lower()
        section = next((one for one in SECTIONS if one.lower() == wanted), None)
        if section is None:
            return self._missing(request)
        return self._answer(request, render_list(section, self.of_section(section)[:_LISTED]), _HTML)

    async def _view(self, request: web.Request) -> web.Response:
        number = request.query.get("articleId", "")
        found = next((one for one in self.articles if str(one.number) == number), None)
        if found is None or found.number in self._gone:
            return self._missing(request)
        related = [one for one in self.of_section(found.section) if one.number != found.number][:3]
        return self._answer(request, render_article(found, related), _HTML, found.published)

    async def _rss(self, request: web.Request) -> web.Response:
        section = _FEEDS.get(int(request.match_info["number"]))
        if section is None:
            return self._missing(request)
        shown = self.of_section(section)[:_LISTED]
        newest = shown[0].published if shown else None
        return self._answer(request, render_rss(section, shown, self.url), _RSS, newest)

    async def _picture(self, request: web.Request) -> web.Response:
        path = request.path
        for one in self.articles:
            for picture in one.pictures:
                if picture.path == path:
                    kind = "PNG" if path.endswith(".png") else "JPEG"
                    body = await asyncio.to_thread(draw, picture.scene, picture.size, kind)
                    return self._answer(request, body, f"image/{kind.lower()}", one.published)
        return self._missing(request)

    async def _sign(self, request: web.Request) -> web.Response:
        return self._answer(request, logo(), "image/png")

    async def _style(self, request: web.Request) -> web.Response:
        return self._answer(request, style(), "text/css; charset=utf-8")


_HTML = "text/html; charset=utf-8"
_RSS = "application/rss+xml; charset=utf-8"
