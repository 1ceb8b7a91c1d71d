"""What tests of the client ask in one line."""

from dataclasses import replace
from typing import Any

import pytest

from feedbot.errors import FetchError
from feedbot.model import Document
from feedbot.net.client import Client, Limit
from tests.net.raw import answer

FEED = replace(Limit.FEED, seconds=5.0)
BODY = b"<rss version='2.0'/>"


def moved(status: int, location: str | bytes) -> bytes:
    """A redirect."""
    where = location.encode() if isinstance(location, str) else location
    return answer(b"%d Moved" % status, b"Location: " + where)


async def failure(client: Client, url: str, **options: Any) -> FetchError:
    """The error that an address ends in."""
    options.setdefault("limit", FEED)
    with pytest.raises(FetchError) as caught:
        await client.get(url, **options)
    return caught.value


async def get(client: Client, url: str, **options: Any) -> Document:
    """The document at an address."""
    options.setdefault("limit", FEED)
    return await client.get(url, **options)
