"""The server that is polled: feeds of thirty articles, in one of four moods. A process of its own."""

import asyncio
import gzip
import hashlib
import json
import sys
from functools import cache

from aiohttp import web

ENTRIES = 30
_WORDS = (
    "council harbour ferry bridge market garden school library winter morning evening ticket island"
    " engine report budget village driver station weather minister question answer member visitor".split()
)


def paragraph(seed: int) -> str:
    """One of many paragraphs, always the same for its number: words, two links, emphasis, as blogs write."""
    words = [_WORDS[(seed * 7 + at * at + at) % len(_WORDS)] for at in range(34)]
    links = [f'<a href="/tag/{word}?ref={seed}" rel="noopener">{word}</a>' for word in words[:2]]
    first, second = " ".join(words[2:18]).capitalize(), " ".join(words[18:])
    return (
        f'<p class="wp-block-paragraph">{first} {links[0]} &amp; <em>{words[3]}</em> &#8211; {second},'
        f" {links[1]} <strong>{words[5]}</strong>.</p>\n"
    )


@cache
def item(feed: int, number: int) -> str:
    """One article: about 7.8 kB of HTML in CDATA."""
    url = f"https://news.example/{feed}/{number}"
    body = "".join(paragraph(feed * 31 + number * 13 + at) for at in range(17))
    picture = (
        f'<figure><img src="{url}.jpg" alt="A picture"><figcaption>Caption {number}</figcaption></figure>'
    )
    day, hour = 1 + number % 28, number % 24
    return (
        f"<item><title>Article {number} of feed {feed}</title><link>{url}</link>"
        f'<guid isPermaLink="false">{feed}-{number}</guid>'
        f"<pubDate>{day:02} Jan 2026 {hour:02}:00:00 GMT</pubDate>"
        f"<dc:creator>Author {number % 7}</dc:creator><category>News</category>"
        f"<content:encoded><![CDATA[{picture}{body}]]></content:encoded></item>"
    )


def document(feed: int, newest: int, entries: int = ENTRIES) -> bytes:
    """A feed whose newest article has that number."""
    items = "".join(item(feed, number) for number in range(newest, newest - entries, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Feed {feed}</title><link>https://news.example/{feed}/</link><description>News</description>"
        f"<lastBuildDate>Thu, 01 Jan 2026 {newest % 24:02}:00:00 GMT</lastBuildDate>{items}</channel></rss>"
    ).encode()


class Origin:
    """Answers every feed in the mood of the moment."""

    def __init__(self) -> None:
        self.mood, self.newest, self.entries = "first", ENTRIES, ENTRIES
        self._packed: dict[tuple[int, int, int], tuple[bytes, str]] = {}

    def packed(self, feed: int) -> tuple[bytes, str]:
        """A feed as it is sent, and its ETag; made before it is measured."""
        key = (feed, self.newest, self.entries)
        if key not in self._packed:
            body = document(*key)
            self._packed[key] = gzip.compress(body, 6, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return self._packed[key]

    async def feed(self, request: web.Request) -> web.Response:
        """One feed: 304 where that is the mood and the client asks so."""
        body, etag = self.packed(int(request.match_info["feed"]))
        headers = {"ETag": etag, "Last-Modified": "Thu, 01 Jan 2026 10:00:00 GMT"}
        if self.mood == "304" and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        headers |= {"Content-Type": "application/rss+xml", "Content-Encoding": "gzip"}
        return web.Response(body=body, headers=headers)

    async def mood_of(self, request: web.Request) -> web.Response:
        """Change the mood: what is asked next is made ready now."""
        told = await request.json()
        self.mood, self.newest, self.entries = told["mood"], told["newest"], told.get("entries", ENTRIES)
        for feed in range(told["feeds"]):
            self.packed(feed)
        return web.json_response({})


def main() -> None:
    """Serve on a free port of loopback and print it."""
    origin, app = Origin(), web.Application()
    app.router.add_get("/feed/{feed}", origin.feed)
    app.router.add_post("/mood", origin.mood_of)

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await runner.cleanup()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
