"""Answers that stand ready: a document in each of its codings, with every header that will be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope, Send

from feedbot.publish.shelf import Item
from feedbot.web.negotiate import IDENTITY, MOST_READ, codings, http_date, is_older, matched

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Coded:
    """A document in one coding: as the messages that ASGI sends, and as the lines of HTTP/1.1."""

    etag: str
    etag_bytes: bytes
    whole: dict[str, Any]
    same: dict[str, Any]
    body: dict[str, Any]
    whole_lines: bytes
    same_lines: bytes


_MOST_REMEMBERED = 100  # bytes of an Accept-Encoding
_EMPTY = {"type": "http.response.body", "body": b""}


class Ready:
    """How a document is answered: whole, or by 304 with the same headers (RFC 9110 section 15.4.5).

    Each coding has a strong ETag of its own. Who has the document in any coding that he takes needs no other.
    """

    def __init__(self, item: Item, headers: Sequence[tuple[str, str]]) -> None:
        self.item = item
        self._modified = item.modified
        self._date = http_date(item.modified).encode()
        told = [("last-modified", http_date(item.modified)), ("vary", "Accept-Encoding"), *headers]
        self._coded = {
            name: _coded(item, coding, body, told)
            for name, coding, body in (
                ("br", "br", item.brotli),
                ("gzip", "gzip", item.compressed),
                (IDENTITY, "", item.body),
            )
            if body is not None
        }
        self._liked: dict[bytes, tuple[Coded, ...]] = {}

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer GET or HEAD."""
        chosen, is_known = self.choose(scope["headers"])
        await send(chosen.same if is_known else chosen.whole)
        await send(_EMPTY if is_known else chosen.body)

    def choose(self, headers: Headers) -> tuple[Coded, bool]:
        """What a request is answered with, and whether its client has that already."""
        accept = tags = since = b""
        for name, value in headers:
            if name == b"accept-encoding":
                accept = accept + b"," + value if accept else value
            elif name == b"if-none-match":
                tags = tags + b"," + value if tags else value
            elif name == b"if-modified-since":
                since = value
        liked = self._liked.get(accept) or self._find(accept)
        known = self._known(liked, tags, since) if tags or since else None
        return known or liked[0], known is not None

    def _find(self, accept: bytes) -> tuple[Coded, ...]:
        found = tuple(self._coded[name] for name in codings(accept[:MOST_READ]) if name in self._coded)
        found = found or (self._coded[IDENTITY],)
        if len(self._liked) < 64 and len(accept) <= _MOST_REMEMBERED:  # clients have a dozen ways to say it
            self._liked[accept] = found
        return found

    def _known(self, liked: tuple[Coded, ...], tags: bytes, since: bytes) -> Coded | None:
        if tags:
            if tags == liked[0].etag_bytes:
                return liked[0]
            etag = matched(tags.decode("latin-1"), tuple(one.etag for one in liked))
            return next((one for one in liked if one.etag == etag), None)
        if since == self._date or is_older(self._modified, since.decode("latin-1")):
            return liked[0]
        return None


def _coded(item: Item, coding: str, body: bytes, told: Sequence[tuple[str, str]]) -> Coded:
    etag = f'"{item.etag}-{coding}"' if coding else f'"{item.etag}"'
    same = [("etag", etag), *told]
    whole = [("content-type", item.media_type), ("content-length", str(len(body))), *same]
    if coding:
        whole.append(("content-encoding", coding))
    return Coded(
        etag=etag,
        etag_bytes=etag.encode(),
        whole={"type": "http.response.start", "status": 200, "headers": _encoded(whole)},
        same={"type": "http.response.start", "status": 304, "headers": _encoded(same)},
        body={"type": "http.response.body", "body": body},
        whole_lines=lines(_encoded(whole)),
        same_lines=lines(_encoded(same)),
    )


def _encoded(headers: Sequence[tuple[str, str]]) -> Headers:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]


def lines(headers: Headers) -> bytes:
    """Headers as HTTP/1.1 writes them; ValueError where one would begin another line."""
    written = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    if written.count(b"\n") != len(headers) or written.count(b"\r") != len(headers):
        raise ValueError("a header holds a line end")
    return written
