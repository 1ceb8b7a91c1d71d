"""The wall clock beside one that nobody sets: whether it was set, and what then becomes of what waits."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from feedbot.errors import StoreError
from feedbot.jobs.observe import Observer
from feedbot.store import Store, clock

_JUMP = 1.0  # seconds by which the wall clock differs when it was set


class Wall:
    """Watches the wall clock for all that go by it. `shift` is what is added to its time, in seconds, to have
    that of the clock that nobody sets.
    """

    def __init__(self, store: Store, observer: Observer, now: Callable[[], datetime]) -> None:
        self._store, self._observer, self._now = store, observer, now
        self.shift = self._shift_now()

    def _shift_now(self) -> float:
        return time.monotonic() - self._now().timestamp()

    def now(self) -> datetime:
        """The time as the store knows it: of the clock as it was set when that was noticed last."""
        return datetime.fromtimestamp(time.monotonic() - self.shift, UTC)

    async def notice(self) -> bool:
        """Whether the clock was set since this was asked last: what waits, waits as long as it was told."""
        before, by = self.shift, self.shift - self._shift_now()
        if abs(by) <= _JUMP:
            return False
        self.shift -= by
        try:
            await self._store.do(clock.was_set, self._now(), timedelta(seconds=by))
        except StoreError:  # it is noticed again
            self.shift = before
            raise
        self._observer.warn("the clock was set", by_seconds=round(by))
        return True
