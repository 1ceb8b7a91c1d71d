"""A wall clock that is set is noticed once, by whoever asks first, with a bot or without."""

from datetime import UTC, datetime, timedelta

import pytest

from feedbot.errors import StoreError
from feedbot.jobs.observe import Observer
from feedbot.jobs.wall import Wall
from feedbot.model import SourceState
from feedbot.store import Store, sources
from tests.support import SOURCE, new, save_poll

HOUR = timedelta(hours=1)


class Clock:
    """The clock of this machine, which can be set."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def is_due(store: Store, now: datetime) -> bool:
    return bool(await store.do(sources.due_sources, now))


def fill(store: Store, now: datetime) -> None:
    save_poll(store, SOURCE, new(), SourceState("gazette", next_poll=now + HOUR / 60, last_success=now), now)


@pytest.mark.parametrize("by", [HOUR, -HOUR, -3650 * 24 * HOUR, 400 * 24 * HOUR])
async def test_a_source_waits_as_long_as_it_was_told(store: Store, by: timedelta) -> None:
    now = Clock()
    wall = Wall(store, Observer(), now)
    fill(store, now())
    now.ahead = by
    assert await wall.notice()
    assert not await is_due(store, now() + HOUR / 80)
    assert await is_due(store, now() + HOUR / 50)
    assert not await wall.notice()


async def test_a_clock_that_nobody_set_moves_nothing(store: Store) -> None:
    assert not await Wall(store, Observer(), Clock()).notice()


async def test_what_the_database_refused_to_write_of_it_is_written_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Clock()
    wall = Wall(store, Observer(), now)
    fill(store, now())
    now.ahead = -HOUR

    async def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "do", refuse)
        with pytest.raises(StoreError):
            await wall.notice()
    assert await wall.notice()
    assert await is_due(store, now() + HOUR / 50)
