"""Calls go out one by one, and an answer to a command holds up nobody longer than the bot itself waits."""

import asyncio
import time

import pytest

from feedbot.jobs.gate import Gate
from feedbot.rules.pace import Pacer
from feedbot.telegram.transport import NeverLeft


def gate(rate: int = 100) -> tuple[Gate, Pacer, list[str]]:
    pacer, out = Pacer(rate), list[str]()
    return Gate(pacer, out.append), pacer, out


async def test_calls_go_out_in_order_and_evenly() -> None:
    made, _, out = gate()
    began = time.monotonic()
    await asyncio.gather(*(made.call(str(number)) for number in range(1, 11)))
    assert out == [str(number) for number in range(1, 11)]
    assert time.monotonic() - began >= 8 * 0.01


async def test_a_call_that_would_wait_long_goes_back() -> None:
    made, pacer, out = gate()
    pacer.close(time.monotonic() + 60)
    with pytest.raises(NeverLeft):
        await made.call("1")
    assert out == []


async def test_an_album_counts_as_many_as_it_has_photos_and_waits_for_room_for_all() -> None:
    made, pacer, out = gate()
    for _ in range(2):
        await made.call("-3", 9)
    with pytest.raises(NeverLeft):
        await made.call("-3", 2)
    assert out == ["-3", "-3"]
    assert pacer.chat_ready_at("-3", 9) <= pacer.chat_ready_at("-3", 10)


async def test_an_answer_goes_before_the_messages_that_wait_and_is_counted_once() -> None:
    made, _, out = gate(20)
    await made.call("1")
    waiting = [asyncio.create_task(made.call(str(number))) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    await made.answer("9")
    assert "3" not in out
    before = time.monotonic()
    await made.call("9")
    assert time.monotonic() - before < 0.02
    await asyncio.gather(*waiting)
    assert out == ["1", "2", "3", "4"]


async def test_one_more_form_of_what_was_refused_waits_for_its_chat_and_holds_up_no_other() -> None:
    made, pacer, out = gate()
    await made.call("1")
    again = asyncio.create_task(made.call("1"))
    await asyncio.sleep(0)
    await made.call("2")
    assert out == ["1", "2"]
    assert pacer.chat_ready_at("1") > time.monotonic()
    await again
    assert out == ["1", "2", "1"]


async def test_a_turn_is_counted_once_and_lost_with_the_call_that_was_not_made() -> None:
    made, pacer, out = gate(20)
    async with made.turn("1"):
        before = time.monotonic()
        await made.call("1")
        assert time.monotonic() - before < 0.02
    async with made.turn("2"):
        pass
    assert out == ["1", "2"]
    pacer.close(time.monotonic() + 60)
    with pytest.raises(NeverLeft):
        await made.call("2")


async def test_an_answer_to_a_chat_that_takes_none_yet_holds_up_nobody_else() -> None:
    made, pacer, out = gate()
    pacer.close_chat("9", time.monotonic() + 3600)
    answer = asyncio.create_task(made.answer("9"))
    await asyncio.sleep(0)
    await made.call("1")
    assert out == ["1"]
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    await made.call("2")
