"""The daemon's ticks."""

import asyncio
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from feedbot.jobs.local import Every, Local
from feedbot.jobs.observe import Observer
from tests.support import NOW


class BusyStore:
    """A store whose units of work do not end."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def do(self, *_: Any) -> Any:
        self.asked.set()
        await asyncio.Event().wait()


async def test_ticks_that_are_broken_off_at_the_end_are_no_errors(caplog: pytest.LogCaptureFixture) -> None:
    store = BusyStore()
    tools: Any = SimpleNamespace(
        store=store, client=SimpleNamespace(host_concurrency=2, expected=None, is_asking=None)
    )
    local = Local(tools, {}, Observer(), None, lambda: NOW)
    local.start()
    await store.asked.wait()
    await local.stop()
    await asyncio.sleep(0.05)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_clock_that_was_set_forth_by_half_a_century_makes_up_for_no_tick_that_was_missed() -> None:
    every, second = Every(1.0), timedelta(seconds=1)
    assert every.get_next_fire_time(None, NOW) == NOW + second
    assert every.get_next_fire_time(NOW - second / 4, NOW) == NOW + second * 3 / 4
    assert every.get_next_fire_time(NOW - 50 * 365 * 24 * 3600 * second, NOW) == NOW
