"""Which of the sources that are due are asked next: the quick before the slow."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from zlib import crc32

from feedbot.store.sources import Waiting

MOST_POLLS = 416  # most of them wait for a slow server; of large bodies the client takes a few at a time
_MOST_DOUBTFUL = 352  # failing, slow, or never polled with success yet
_QUICK_IN_LINE, _DOUBTFUL_IN_LINE = 64, 16  # at one host, besides those that it is asked at once
_SLOW_SECONDS = 8.0
_DOUBT_SECONDS = 5.0


class _Places:
    """The polls that run, counted by host and by what is slow."""

    def __init__(self, host_concurrency: int) -> None:
        self._most_slow = max(1, host_concurrency // 2)
        self._most = {
            True: host_concurrency + _DOUBTFUL_IN_LINE,
            False: host_concurrency + _QUICK_IN_LINE,
        }
        self._doubtful = 0
        self._of_host: Counter[tuple[str, bool]] = Counter()
        self._slow_of_host: Counter[str] = Counter()

    def take(self, host: str, seconds: float, *, asking: bool = True) -> None:
        doubtful = seconds >= _DOUBT_SECONDS
        self._doubtful += doubtful
        if not asking:  # its host has answered
            return
        self._of_host[host, doubtful] += 1
        self._slow_of_host[host] += seconds >= _SLOW_SECONDS

    def has(self, host: str, seconds: float) -> bool:
        doubtful = seconds >= _DOUBT_SECONDS
        if doubtful and self._doubtful >= _MOST_DOUBTFUL:
            return False
        if seconds >= _SLOW_SECONDS and self._slow_of_host[host] >= self._most_slow:
            return False
        return self._of_host[host, doubtful] < self._most[doubtful]


class Turns:
    """Chooses among those that are due.

    Of the polls at the same time a part is for those that answered well and quickly. Of those of one host the
    slow get no more than half of the requests it is asked at once: so a place is left for the others, however
    many hang.
    """

    def __init__(
        self, host_concurrency: int, took: Callable[[str], float], is_asking: Callable[[str], bool]
    ) -> None:
        """`took`: how many seconds a source's answers take; `is_asking`: whether one is waited for."""
        self._host_concurrency, self._took, self._is_asking = host_concurrency, took, is_asking
        self._since: dict[str, datetime] = {}

    def choose(self, due: Sequence[Waiting], running: Collection[str], now: datetime) -> list[str]:
        """Those to start now. `due` has the ones that run as well: they are due until they are saved."""
        self._since = {one.id: self._since.get(one.id, now) for one in due if one.next_poll is None}
        places = _Places(self._host_concurrency)
        for one in due:
            if one.id in running:
                host, seconds = urlsplit(one.url).netloc, self._expected(one)
                places.take(host, seconds, asking=self._is_asking(one.id))
        chosen: list[str] = []
        waiting = [one for one in due if one.id not in running]
        for one in sorted(waiting, key=lambda one: self._rank(one, now)):
            host, seconds = urlsplit(one.url).netloc, self._expected(one)
            if len(running) + len(chosen) < MOST_POLLS and places.has(host, seconds):
                places.take(host, seconds)
                chosen.append(one.id)
        return chosen

    def _expected(self, one: Waiting) -> float:
        """Seconds; who fails, or never answered well, is not expected to be quick."""
        return max(self._took(one.id), 0.0 if one.answered else _DOUBT_SECONDS)

    def _rank(self, one: Waiting, now: datetime) -> tuple[float, int]:
        """Who waits for longest goes first, less what it will take; who came at once, in no order."""
        waited = now - (one.next_poll or self._since[one.id])
        return self._expected(one) - waited.total_seconds(), crc32(one.id.encode())
