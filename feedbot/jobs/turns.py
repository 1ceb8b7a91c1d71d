"""Which of the sources that are due are asked next: the quick before the slow."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from feedbot.model import Source, SourceState

MOST_POLLS = 416  # most of them wait for a slow server; of large bodies the client takes a few at a time
_MOST_DOUBTFUL = 352  # failing, slow, or never polled with success yet
_MOST_OF_A_HOST = 16  # so that a host that hangs keeps no others waiting, however many sources it has
_SLOW_SECONDS = 8.0
_DOUBT_SECONDS = 5.0

Due = tuple[Source, SourceState]


class _Places:
    """The polls that run, counted by host and by what is slow."""

    def __init__(self, most_slow_of_a_host: int) -> None:
        self._most_slow_of_a_host = most_slow_of_a_host
        self._doubtful = 0
        self._of_host: Counter[str] = Counter()
        self._slow_of_host: Counter[str] = Counter()

    def take(self, host: str, seconds: float) -> None:
        self._doubtful += seconds >= _DOUBT_SECONDS
        self._of_host[host] += 1
        self._slow_of_host[host] += seconds >= _SLOW_SECONDS

    def has(self, host: str, seconds: float) -> bool:
        if seconds >= _DOUBT_SECONDS and self._doubtful >= _MOST_DOUBTFUL:
            return False
        if seconds >= _SLOW_SECONDS and self._slow_of_host[host] >= self._most_slow_of_a_host:
            return False
        return self._of_host[host] < _MOST_OF_A_HOST


class Turns:
    """Remembers how long the polls of each source take.

    Of the polls at the same time a part is for those that answered well and quickly. Of those of one host the
    slow get no more than half of the requests it is asked at once: so a place is left for the others, however
    many hang.
    """

    def __init__(self, host_concurrency: int) -> None:
        self._most_slow_of_a_host = max(1, host_concurrency // 2)
        self._last: dict[str, float] = {}
        self._took: dict[str, float] = {}

    def note(self, source_id: str, seconds: float, *, failed: bool = False) -> None:
        """A poll took so long. Once is no habit, where it went well: there may have been much to do."""
        before = self._last.get(source_id, 0.0)
        self._took[source_id] = seconds if failed else min(seconds, before)
        self._last[source_id] = seconds

    def choose(self, due: Sequence[Due], running: Collection[str], now: datetime) -> list[Due]:
        """Those to start now. `due` has the ones that run as well: they are due until they are saved."""
        places = _Places(self._most_slow_of_a_host)
        for source, state in due:
            if source.id in running:
                places.take(urlsplit(source.url).netloc, self._expected(state))
        chosen: list[Due] = []
        waiting = [one for one in due if one[0].id not in running]
        for source, state in sorted(waiting, key=lambda one: self._rank(one[1], now)):
            host, seconds = urlsplit(source.url).netloc, self._expected(state)
            if len(running) + len(chosen) < MOST_POLLS and places.has(host, seconds):
                places.take(host, seconds)
                chosen.append((source, state))
        return chosen

    def _expected(self, state: SourceState) -> float:
        """Seconds; who fails, or never answered well, is not expected to be quick."""
        doubtful = state.failures > 0 or state.last_success is None
        return max(self._took.get(state.source_id, 0.0), _DOUBT_SECONDS if doubtful else 0.0)

    def _rank(self, state: SourceState, now: datetime) -> float:
        """Who waits for longest goes first, less what it will take."""
        waited = (now - state.next_poll).total_seconds() if state.next_poll else 0.0
        return self._expected(state) - waited
