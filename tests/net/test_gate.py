"""Where large bodies wait."""

import asyncio

import pytest

from feedbot.net import gate
from feedbot.net.gate import STEPS, Gate
from feedbot.net.manners import BusyError
from tests.net.reader import BusyReader


async def test_small_bodies_pass_and_large_ones_take_a_step_at_each_size() -> None:
    entry = Gate().entry("a", quick=False)
    assert entry.may_hold(STEPS[0][0])
    assert not entry.may_hold(STEPS[0][0] + 1)
    await entry.step()
    assert entry.may_hold(STEPS[0][0] + 1)
    assert not entry.may_hold(STEPS[1][0] + 1)
    await entry.step()
    assert entry.may_hold(10**9)


async def test_those_that_are_quick_have_room_though_all_others_wait() -> None:
    made = Gate(BusyReader("quick"))
    waiting = [asyncio.create_task(made.entry(str(at), quick=True).step()) for at in range(20)]
    await asyncio.sleep(0)
    await made.entry("quick", quick=True).step()
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_when_too_many_wait_the_next_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_MOST_WAITING", 2)
    reader = BusyReader("quick")
    made = Gate(reader)
    waiting = [asyncio.create_task(made.entry("new", quick=False).step()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await made.entry("new", quick=False).step()
    await made.entry("quick", quick=True).step()
    reader.room.set()
    await asyncio.gather(*waiting)
    await made.entry("new", quick=False).step()


async def test_who_leaves_makes_room() -> None:
    made = Gate()
    entries = [made.entry("a", quick=False) for _ in range(STEPS[0][1] + 1)]
    for entry in entries[:-1]:
        await entry.step()
    last = asyncio.create_task(entries[-1].step())
    await asyncio.sleep(0)
    assert not last.done()
    entries[0].leave()
    await last
