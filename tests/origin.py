"""An origin server for tests: each path answers what its script says, and every request is kept."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

Headers = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Asked:
    """A request as it came; header names in lower case, values as bytes."""

    method: str
    path: str
    headers: dict[str, bytes]


@dataclass(frozen=True)
class Reply:
    """An answer; `length` is what Content-Length says, where that is not the truth."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    length: int | None = None

    def wire(self) -> bytes:
        """The bytes of the answer."""
        told: dict[str, str | bytes] = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
        if self.status != 304:
            told["Content-Length"] = str(len(self.body) if self.length is None else self.length)
        told |= {"Connection": "close"} | dict(self.headers)
        lines = [f"HTTP/1.1 {self.status} Said".encode()]
        for name, value in told.items():
            lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        return b"\r\n".join([*lines, b"", b""]) + (b"" if self.status == 304 else self.body)


class Origin:
    """A server on a port of loopback. What `replies` does not name is 404."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.log: list[Asked] = []
        self.at_once = self.most_at_once = 0
        self.delay = 0.0
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()
        await self._server.wait_closed()

    def asked(self, path: str) -> list[Asked]:
        """The requests for a path, since the log was cleared."""
        return [one for one in self.log if one.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
                method, path, _ = first.decode("latin-1").split(" ")
                pairs = (line.partition(b":") for line in lines)
                headers = {name.decode("latin-1").lower(): value.strip() for name, _, value in pairs}
                self.log.append(Asked(method, path, headers))
                await asyncio.sleep(self.delay)
                writer.write(self.replies.get(path, Reply(404)).wire())
                await writer.drain()
        finally:
            self.at_once -= 1
            writer.close()


def item(
    title: str, link: str | None = None, guid: str | None = None, date: str | None = None, text: str = ""
) -> str:
    """An item of RSS; what is None is left out."""
    parts = {
        "title": title,
        "link": link,
        "guid": guid,
        "pubDate": date,
        "description": text or f"Of {title}.",
    }
    return "<item>" + "".join(f"<{n}>{v}</{n}>" for n, v in parts.items() if v is not None) + "</item>"


def rss(items: Iterable[str], head: str = "") -> bytes:
    """A document of RSS 2.0."""
    namespace = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    words = f"<title>Harbour Notes</title><link>https://harbour.example/</link>{head}{''.join(items)}"
    return f'<?xml version="1.0"?><rss version="2.0" {namespace}><channel>{words}</channel></rss>'.encode()
