"""How much of an answer is taken, and for how long. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from feedbot.net.robots import MOST_BYTES


@dataclass(frozen=True, slots=True)
class Limit:
    """What is asked for: how many bytes it may have, as sent and decoded, and how long it may take.

    `gap` says whether requests for it keep the pause between two requests to a host, `cut` whether of a
    larger one the start will do.
    """

    wire: int
    body: int
    seconds: float
    gap: bool
    accept: str
    cut: bool = False

    FEED: ClassVar["Limit"]
    PAGE: ClassVar["Limit"]
    IMAGE: ClassVar["Limit"]
    CALL: ClassVar["Limit"]
    ROBOTS: ClassVar["Limit"]


Limit.FEED = Limit(
    wire=5_000_000,
    body=10_000_000,
    seconds=30.0,
    gap=True,
    accept="application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
)
Limit.PAGE = Limit(
    wire=3_000_000,
    body=5_000_000,
    seconds=30.0,
    gap=True,
    accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
)
Limit.IMAGE = Limit(wire=10_000_000, body=10_000_000, seconds=60.0, gap=False, accept="image/*, */*;q=0.5")
Limit.CALL = Limit(wire=4096, body=4096, seconds=20.0, gap=False, accept="*/*")
Limit.ROBOTS = Limit(
    wire=MOST_BYTES, body=MOST_BYTES, seconds=10.0, gap=True, accept="text/plain, */*;q=0.5", cut=True
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call was answered, whatever its status, with the first kilobytes of its body.

    `location` is where a redirect leads that another method than GET may follow; nobody did.
    """

    status: int
    body: bytes = b""
    retry_after: timedelta | None = None
    location: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the call was accepted."""
        return 200 <= self.status < 300
