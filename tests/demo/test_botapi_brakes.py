"""What the server does to protect itself, flood control, and faults that are meant for some messages."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.limits import Limits, Uploads
from tests.demo.botapi_client import ADA, GROUP, NEWS, Client, client
from tests.rig import until

LARGE = 200_001


def pace(size: int, count: int, now: float = 100.0) -> list[float | None]:
    uploads = Uploads()
    return [uploads.wait(size, now) for _ in range(count)]


@pytest.mark.parametrize(("size", "gap"), [(100_001, 0.2), (4_000_000, 0.4), (30_000_000, 0.9)])
def test_uploads_of_equal_size_have_a_second_of_burst_and_then_go_one_by_one(size: int, gap: float) -> None:
    waits = [wait for wait in pace(size, 100) if wait is not None]
    free = waits.count(0.0)
    assert free == 1 + int(1.0 / gap)
    assert waits[free:] == pytest.approx([waits[free] + gap * at for at in range(len(waits) - free)])
    assert waits[-1] <= 5.0 + gap


def test_an_upload_that_is_five_seconds_behind_is_refused_until_the_others_are_through() -> None:
    uploads = Uploads()
    assert [uploads.wait(LARGE, 0.0) for _ in range(100)].count(None) > 50
    assert uploads.wait(LARGE, 1.0) is not None


def test_small_uploads_and_other_sizes_are_free() -> None:
    assert pace(100_000, 50) == [0.0] * 50
    uploads = Uploads()
    assert {uploads.wait(LARGE + at, 0.0) for at in range(50)} == {0.0}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(100_001, 12_000_000))
def test_in_any_stretch_no_more_uploads_pass_than_the_gap_allows(pauses: list[float], size: int) -> None:
    uploads, now, passed = Uploads(), 1000.0, []
    for pause in pauses:
        now += pause
        wait = uploads.wait(size, now)
        if wait is not None:
            passed.append(now + wait)
    gap = min(0.9, max(0.2, size * 1e-7))
    for at, first in enumerate(passed):
        assert all(
            last - first >= (number - 1) * gap - 1.0 - 1e-6 for number, last in enumerate(passed[at:], 0)
        )


async def test_an_upload_held_back_arrives_when_the_clock_allows(bot: Client) -> None:
    for number in range(7):
        bot.api.add_private(2000 + number, "Reader")

    async def upload(chat: int) -> int:
        form = {"document": b"\0" * LARGE}
        return (await bot.upload("sendDocument", form, chat_id=str(chat))).code

    clock, bot.clock = bot.clock, type(bot.clock)()  # the helper moves a clock that nobody reads
    sent = [asyncio.create_task(upload(2000 + number)) for number in range(7)]
    await until(lambda: len(bot.api.ledger) == 6 and len(clock._sleeping) == 1)
    clock.advance(0.25)
    assert await asyncio.gather(*sent) == [200] * 7


async def test_whoever_has_too_much_unsent_in_a_chat_is_paused_and_refused(bot: Client) -> None:
    bot.api.world.chats[GROUP].in_flight = 310
    refused = asyncio.create_task(bot.ask("sendMessage", chat_id=GROUP, text="x"))
    await until(lambda: bot.clock._sleeping)
    bot.clock.advance(3)
    answer = await refused
    assert answer.body["parameters"] == {"retry_after": 60}


# Flood control.


async def test_flood_control_may_be_switched_on_for_a_chat_or_for_all(bot: Client) -> None:
    bot.api.flood(30, NEWS)
    assert (await bot.ask("sendMessage", chat_id=NEWS, text="x")).body["parameters"] == {"retry_after": 30}
    assert (await bot.ask("sendMessage", chat_id=GROUP, text="x")).code == 200
    bot.api.flood(7)
    assert (await bot.ask("sendMessage", chat_id=GROUP, text="x")).body["parameters"] == {"retry_after": 7}
    assert bot.api.violations == []
    bot.clock.advance(30)
    assert (await bot.ask("sendMessage", chat_id=NEWS, text="x")).code == 200


def test_who_was_not_told_is_not_punished() -> None:
    limits = Limits()
    limits.close(10, 0.0, chat=1)
    assert limits.refuse(1, private=True, cost=1, now=0.0) == (10, False)
    assert limits.refuse(1, private=True, cost=1, now=1.0) == (20, True)


async def test_an_edit_that_changes_nothing_costs_one_and_one_of_nothing_costs_none(bot: Client) -> None:
    sent = (await bot.ask("sendMessage", chat_id=ADA, text="x")).result["message_id"]
    missing = await bot.ask("editMessageReplyMarkup", chat_id=ADA, message_id=99)
    assert missing.said == "Bad Request: message to edit not found"
    bot.clock.advance(1)
    probe = await bot.ask("editMessageReplyMarkup", chat_id=ADA, message_id=sent)
    assert "message is not modified" in probe.said
    assert (await bot.ask("sendMessage", chat_id=ADA, text="y")).code == 429


# Faults that are meant for some messages.


async def test_a_fault_may_spare_the_first_calls_and_mean_some_texts() -> None:
    async with client(enforce_limits=False) as bot:
        bot.api.fail("sendMessage", how="error", skip=1, containing="storm")
        texts = ("A storm", "Rain", "The storm again", "A storm")
        assert [(await bot.ask("sendMessage", chat_id=ADA, text=text)).code for text in texts] == [
            200,
            200,
            500,
            200,
        ]


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
async def test_a_call_may_be_slow_before_or_after_it_is_accepted(
    bot: Client, when: str, accepted: int
) -> None:
    bot.api.fail("sendMessage", when=when, how="slow", seconds=30.0)
    call = asyncio.create_task(bot.ask("sendMessage", chat_id=ADA, text="x"))
    await until(lambda: not any(fault.times for fault in bot.api.faults._waiting))
    assert len(bot.api.ledger) == accepted
    call.cancel()


async def test_each_step_of_a_call_is_told(bot: Client) -> None:
    told = []
    bot.api.watch = lambda step, method, chat: told.append((step, method, chat))
    await bot.ask("sendMessage", chat_id=ADA, text="x")
    await bot.ask("sendMessage", chat_id=ADA, text="")
    assert told == [
        ("arrived", "sendmessage", ADA),
        ("accepted", "sendmessage", ADA),
        ("answered", "sendmessage", ADA),
        ("arrived", "sendmessage", ADA),
        ("refused", "sendmessage", ADA),
    ]
