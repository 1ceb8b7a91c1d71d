"""robots.txt of each origin, asked for once a day (edge: it keeps time)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from yarl import URL

from feedbot.errors import FetchError
from feedbot.net.answer import mask
from feedbot.net.robots import Robots, parse_robots

_DAY, _HOUR = 86_400.0, 3_600.0
_LONG_OUTAGE = 30 * _DAY  # RFC 9309 section 2.3.1.4
_MOST_ORIGINS = 1000
_MOST_WEIGHT = 16_000_000


class _Origin:
    """What is known of one origin. `fault` says why its file could not be read."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.rules: Robots | None = None
        self.ask_again = float("-inf")
        self.failing_since: float | None = None
        self.fault = ""
        self.weight = 0

    def fail(self, now: float, fault: str) -> None:
        """The file cannot be had: what was read before holds on, and after a long time there is none."""
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.fault, self.ask_again = fault, now + _HOUR
        if self.rules is None and now - self.failing_since >= _LONG_OUTAGE:
            self.rules = Robots()

    def learn(self, now: float, rules: Robots) -> None:
        """The file was read, or there is none."""
        self.rules, self.ask_again, self.failing_since = rules, now + _DAY, None
        self.weight = rules.weight


class Crawling:
    """Remembers the rules of origins, the most recently asked for, and so much of them."""

    def __init__(self, fetch: Callable[[URL], Awaitable[bytes]], clock: Callable[[], float]) -> None:
        """`fetch` gives a robots.txt, or raises FetchError with the status where there was one.

        What else it raises says nothing of the site, and is not remembered.
        """
        self._fetch, self._clock = fetch, clock
        self._origins: OrderedDict[str, _Origin] = OrderedDict()

    async def ask(self, target: URL) -> float:
        """The Crawl-delay in seconds for an address that may be read. Raises FetchError if it may not."""
        root = target.origin()
        origin = await self._known(root)
        if origin.rules is None:
            shown = mask(str(target))
            raise FetchError(f"{shown}: the site's robots.txt, which may forbid it, fails ({origin.fault})")
        if not origin.rules.allows(target.raw_path_qs):
            raise FetchError(f"{mask(str(target))}: the site's robots.txt asks us not to fetch this")
        return origin.rules.delay

    async def _known(self, root: URL) -> _Origin:
        name = str(root)
        origin = self._origins.setdefault(name, _Origin())
        self._origins.move_to_end(name)
        if origin.ask_again <= self._clock():
            async with origin.lock:
                if origin.ask_again <= self._clock():
                    await self._learn(origin, root / "robots.txt")
                    self._forget()
        return origin

    async def _learn(self, origin: _Origin, address: URL) -> None:
        try:
            body = await self._fetch(address)
        except FetchError as error:
            # A site that has no file, or shows it to nobody, forbids nothing (RFC 9309 section 2.3.1.3).
            if error.status is not None and error.status < 500:
                origin.learn(self._clock(), Robots())
            else:
                origin.fail(self._clock(), str(error))
        else:
            origin.learn(self._clock(), parse_robots(body))

    def _forget(self) -> None:
        weight = sum(origin.weight for origin in self._origins.values())
        while len(self._origins) > 1 and (len(self._origins) > _MOST_ORIGINS or weight > _MOST_WEIGHT):
            _, dropped = self._origins.popitem(last=False)
            weight -= dropped.weight

    def __len__(self) -> int:
        return len(self._origins)
