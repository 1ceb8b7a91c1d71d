"""Who has little patience passes who has more; nobody is forgotten."""

import asyncio

import pytest

from feedbot.worker.room import Room


async def enter(room: Room, patience: float, name: str, order: list[str]) -> None:
    async with room.turn(patience):
        order.append(name)


async def test_small_patience_goes_first_and_equals_keep_their_order() -> None:
    room, order = Room(1), []
    async with room.turn():
        waiting = [
            asyncio.create_task(enter(room, patience, name, order))
            for patience, name in ((60, "large"), (0, "first"), (0, "second"))
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert order == ["first", "second", "large"]


async def test_one_that_is_cancelled_in_line_leaves_its_place_to_the_next() -> None:
    room, order = Room(1), []
    async with room.turn():
        gone = asyncio.create_task(enter(room, 0, "gone", order))
        next_one = asyncio.create_task(enter(room, 0, "next", order))
        await asyncio.sleep(0)
        gone.cancel()
    await next_one
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert order == ["next"]


async def test_one_that_is_cancelled_as_its_turn_comes_gives_it_on() -> None:
    room, order = Room(1), []
    async with room.turn():
        gone = asyncio.create_task(enter(room, 0, "gone", order))
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    async with asyncio.timeout(5):
        await enter(room, 0, "next", order)
    assert order[-1] == "next"
