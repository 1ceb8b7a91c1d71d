"""When an entry counts as updated: at a second of its own, as two of one second are a fault to validators
(W3C, DuplicateUpdated), and a source that tells days only, or nothing, gives all of one moment.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from feedbot.model import Entry
from feedbot.store.prepared import Prepared
from feedbot.store.tables import EPOCH, MILLISECOND, entries

_SECOND = timedelta(seconds=1)
_LOOKED_AT = 300  # seconds; where all are taken it is shared: no document of ours is as long
_TAKEN = Prepared(
    select(entries.c.updated_at).where(
        entries.c.updated_at >= bindparam("first"),
        entries.c.updated_at <= bindparam("last"),
        entries.c.id != bindparam("row"),
    )
)


class Moments:
    """Seconds for what one unit of work saves, none of them later than `now`: for new entries, or for that of
    `row`, which may keep its own.
    """

    def __init__(self, connection: Connection, now: datetime, row: int = 0) -> None:
        self._connection, self._now, self._row = connection, now.replace(microsecond=0), row
        self._last: dict[tuple[datetime, int], datetime] = {}
        self._given: set[datetime] = set()

    def of_new(self, found: Sequence[Entry]) -> list[datetime]:
        """For entries that come out, oldest first: from when each was published on; without such a time, up
        to now.
        """
        dated = [self._since(entry.published) for entry in found]
        return [at or self.of_change() for at in reversed(dated)][::-1]

    def _since(self, published: datetime | None) -> datetime | None:
        if published is None or published >= self._now:
            return None
        return self._free(published.replace(microsecond=0), 1)

    def of_change(self, before: datetime | None = None) -> datetime:
        """For an entry that changed: later than `before`, when it last did."""
        found = self._free(self._now, -1)
        return found if found and (before is None or found > before) else self._now

    def _free(self, start: datetime, way: int) -> datetime | None:
        """The first free second from there on, later ones or earlier ones."""
        at = self._last.get((start, way), start)
        end = at + way * _LOOKED_AT * _SECOND
        span = {"first": min(at, end), "last": max(at, end), "row": self._row}
        taken = {EPOCH + row[0] * MILLISECOND for row in _TAKEN.run(self._connection, span)}
        while at != end and at <= self._now:
            if at not in taken and at not in self._given:
                self._last[start, way] = at
                self._given.add(at)
                return at
            at += way * _SECOND
        return None
