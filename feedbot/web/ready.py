"""Answers that stand ready: a document in each of its codings, with every header that will be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope, Send

from feedbot.publish.shelf import Item
from feedbot.web.negotiate import IDENTITY, codings, http_date, is_older, matched

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Coded:
    """A document in one coding, as the messages that ASGI sends."""

    etag: str
    etag_bytes: bytes
    whole: dict[str, Any]
    same: dict[str, Any]
    body: dict[str, Any]


_EMPTY = {"type": "http.response.body", "body": b""}


class Ready:
    """How a document is answered: whole, or by 304 with the same headers (RFC 9110 section 15.4.5).

    Each coding has a strong ETag of its own. Who has the document in any coding that he takes needs no other.
    """

    def __init__(self, item: Item, headers: Sequence[tuple[str, str]], *, status: int = 200) -> None:
        self.item = item
        self._modified = item.modified
        self._date = http_date(item.modified).encode()
        told = [("last-modified", http_date(item.modified)), ("vary", "Accept-Encoding"), *headers]
        self._coded = {
            name: _coded(item, coding, body, told, status)
            for name, coding, body in (
                ("br", "br", item.brotli),
                ("gzip", "gzip", item.compressed),
                (IDENTITY, "", item.body),
            )
            if body is not None
        }
        self._status = status
        self._liked: dict[bytes, tuple[_Coded, ...]] = {}

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer GET or HEAD."""
        accept = tags = since = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accept = accept + b"," + value if accept else value
            elif name == b"if-none-match":
                tags = tags + b"," + value if tags else value
            elif name == b"if-modified-since":
                since = value
        liked = self._liked.get(accept) or self._find(accept)
        chosen = liked[0]
        if (tags or since) and self._status == 200:
            known = self._known(liked, tags, since)
            if known is not None:
                await send(known.same)
                await send(_EMPTY)
                return
        await send(chosen.whole)
        await send(chosen.body)

    def _find(self, accept: bytes) -> tuple[_Coded, ...]:
        found = tuple(self._coded[name] for name in codings(accept) if name in self._coded)
        found = found or (self._coded[IDENTITY],)
        if len(self._liked) < 64:  # clients have a dozen ways to say it; who makes up more is not remembered
            self._liked[accept] = found
        return found

    def _known(self, liked: tuple[_Coded, ...], tags: bytes, since: bytes) -> _Coded | None:
        if tags:
            if tags == liked[0].etag_bytes:
                return liked[0]
            etag = matched(tags.decode("latin-1"), tuple(one.etag for one in liked))
            return next((one for one in liked if one.etag == etag), None)
        if since == self._date or is_older(self._modified, since.decode("latin-1")):
            return liked[0]
        return None


def _coded(item: Item, coding: str, body: bytes, told: Sequence[tuple[str, str]], status: int) -> _Coded:
    etag = f'"{item.etag}-{coding}"' if coding else f'"{item.etag}"'
    same = [("etag", etag), *told]
    whole = [("content-type", item.media_type), ("content-length", str(len(body))), *same]
    if coding:
        whole.append(("content-encoding", coding))
    return _Coded(
        etag=etag,
        etag_bytes=etag.encode(),
        whole={"type": "http.response.start", "status": status, "headers": _encoded(whole)},
        same={"type": "http.response.start", "status": 304, "headers": _encoded(same)},
        body={"type": "http.response.body", "body": body},
    )


def _encoded(headers: Sequence[tuple[str, str]]) -> Headers:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
