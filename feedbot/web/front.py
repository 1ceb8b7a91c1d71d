"""In front of everything: a published document is answered from ready bytes, without routing."""

from starlette.types import ASGIApp, Receive, Scope, Send

from feedbot.publish.shelf import CSS, Item, Shelf
from feedbot.web.ready import Ready

LIVE = "public, max-age=60"
_FOR_GOOD = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"  # pages name the style with its hash
FEEDS = "/feeds"
_MOST_READY = 32 << 20  # bytes of documents; the shelf has most of them anyway
_FEED_ENDINGS = (".atom", ".rss", ".json")
# A reader in a page of another site may ask (Fetch standard, section 3.3), and may see what it needs.
CORS = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "ETag, Link"))


class Front:
    """An ASGI application: documents of the shelf first, everything else to `app`."""

    def __init__(self, app: ASGIApp, shelf: Shelf, base_url: str, hub: str | None) -> None:
        self._app, self._shelf = app, shelf
        self._base_url, self._hub = base_url, hub
        self._ready: dict[str, Ready] = {}
        self._room = _MOST_READY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            ready = self.find(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
            if ready is not None:
                await ready.answer(scope, send)
                return
        await self._app(scope, receive, send)

    def find(self, path: str) -> Ready | None:
        """The answer that stands ready for a path."""
        item = self._shelf.get(path)
        if item is None:
            return None
        ready = self._ready.get(path)
        return ready if ready is not None and ready.item is item else self._make(path, item)

    def _make(self, path: str, item: Item) -> Ready:
        """Make an answer and keep it; those made first give way."""
        self._forget(path)
        ready = self._ready[path] = Ready(item, self._headers(path, item.media_type))
        self._room -= item.size
        while self._room < 0 and len(self._ready) > 1:
            self._forget(next(iter(self._ready)))
        return ready

    def _forget(self, path: str) -> None:
        old = self._ready.pop(path, None)
        if old is not None:
            self._room += old.item.size

    def _headers(self, path: str, media_type: str) -> list[tuple[str, str]]:
        """What a document tells beside itself: how long it keeps, who may read it, where it lives."""
        archived = path.startswith(FEEDS) and "/archive/" in path
        keep = _FOR_GOOD if archived else _A_DAY if media_type == CSS else LIVE
        told = [("cache-control", keep)]
        if path.startswith(FEEDS):
            told += CORS
        if path.startswith(f"{FEEDS}/") and path.endswith(_FEED_ENDINGS):
            links = [f'<{self._base_url}{path}>; rel="self"']
            if self._hub and not archived:
                links.append(f'<{self._hub}>; rel="hub"')
            told.append(("link", ", ".join(links)))
        return told
