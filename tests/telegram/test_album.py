"""Albums against the emulator: one call, one caption, and a photo that is refused costs no other."""

from collections.abc import AsyncIterator

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.model import Address, Button, Message, Span
from feedbot.rules.delivery import RetryAfter, Sent, Unknown
from feedbot.telegram.send import Attempt, Picture, Sender
from tests.support import jpeg

CHANNEL = Address("-1001")
BUTTONS = (Button("Read", url="https://a.example/1"),)
MESSAGE = Message("Title and text", (Span("bold", 0, 5),), buttons=BUTTONS)
PLAIN = Message("Title and text", preview_url="https://a.example/1")


def picture(number: int, body: bytes | None = None, file_id: str | None = None) -> Picture:
    made = jpeg(300 + number, 200) if body is None else body
    return Picture(f"https://pictures.example/{number}.jpg", f"hash{number}", lambda: made, file_id)


async def smaller(_body: bytes) -> bytes:
    return jpeg(200, 100)


@pytest.fixture
async def sender(api: BotApi) -> AsyncIterator[Sender]:
    made = Sender("123456:TEST", api.url, shrink=smaller)
    await made.open()
    yield made
    await made.close()


async def send(sender: Sender, *pictures: Picture) -> Attempt:
    first = pictures[0]
    return await sender.send(CHANNEL, MESSAGE, PLAIN, first, attempts=0, jitter=0.5, album=pictures)


def methods(api: BotApi) -> list[str]:
    return [call["method"] for call in api.calls]


async def test_photos_go_together_under_the_caption_of_the_first(api: BotApi, sender: Sender) -> None:
    costs: list[int] = []

    async def gate(_chat: str, cost: int) -> None:
        costs.append(cost)

    sender.gate = gate
    attempt = await send(sender, *map(picture, range(1, 13)))
    assert attempt.outcome == Sent(1, tuple(range(2, 11)))
    assert attempt.kind == "album"
    assert costs == [10]
    first, *others = api.messages(-1001)
    assert first["caption"] == MESSAGE.text
    assert first["caption_entities"][0]["type"] == "bold"
    assert len({one["media_group_id"] for one in (first, *others)}) == 1
    assert not any("caption" in one for one in others)
    assert len({part.file_id for part in attempt.parts} - {None}) == 10


async def test_known_photos_are_sent_by_their_ids(api: BotApi, sender: Sender) -> None:
    before = await send(sender, picture(1), picture(2))
    known = [picture(n, b"", part.file_id) for n, part in enumerate(before.parts, 1)]
    attempt = await send(sender, *known, picture(3))
    assert attempt.outcome == Sent(3, (4, 5))
    assert [part.file_id is None for part in attempt.parts] == [True, True, False]
    assert len(api.world.media.files) == 3


async def test_a_photo_that_is_refused_is_left_out(api: BotApi, sender: Sender) -> None:
    attempt = await send(sender, picture(1), picture(2, b"no picture"), picture(3))
    assert attempt.outcome == Sent(1, (2,))
    assert methods(api) == ["sendMediaGroup"] * 2
    assert [part.fault is None for part in attempt.parts] == [True, False, True]
    assert attempt.photo_fault is None


@pytest.mark.parametrize("words", ["failed to send message #2", "group send failed"])
async def test_where_no_two_are_left_the_first_goes_alone(api: BotApi, sender: Sender, words: str) -> None:
    said = f'{words} with the error message "PHOTO_INVALID_DIMENSIONS"'
    api.fail("sendMediaGroup", how="error", times=9, error=bad_request(said))
    attempt = await send(sender, picture(1), picture(2))
    assert (attempt.outcome, attempt.kind) == (Sent(1), "photo")
    assert methods(api) == ["sendMediaGroup", "sendPhoto"]
    assert api.messages(-1001)[0]["reply_markup"]


async def test_a_dead_id_is_uploaded_again(api: BotApi, sender: Sender) -> None:
    before = await send(sender, picture(1), picture(2))
    api.world.media.forget_ids()
    known = [picture(n, None, part.file_id) for n, part in enumerate(before.parts, 1)]
    attempt = await send(sender, *known)
    assert attempt.outcome == Sent(3, (4,))
    assert all(part.dead and part.file_id and part.fault is None for part in attempt.parts)


async def test_a_chat_without_photo_rights_gets_the_text(api: BotApi, sender: Sender) -> None:
    error = bad_request("not enough rights to send photos to the chat")
    api.fail("sendMediaGroup", how="error", error=error)
    attempt = await send(sender, picture(1), picture(2))
    assert (attempt.outcome, attempt.kind) == (Sent(1), "text")
    assert "rights" in (attempt.photo_fault or "")
    assert methods(api) == ["sendMediaGroup", "sendMessage"]


@pytest.mark.parametrize("how", ["reset", "half", "html502"])
async def test_an_answer_that_is_lost_makes_the_album_unknown(api: BotApi, sender: Sender, how: str) -> None:
    api.fail("sendMediaGroup", when="after", how=how)
    assert isinstance((await send(sender, picture(1), picture(2))).outcome, Unknown)
    assert len(api.messages(-1001)) == 2


async def test_an_album_waits_as_long_as_it_is_told(api: BotApi, sender: Sender) -> None:
    api.fail("sendMediaGroup", how="error", error=ApiError(429, "Too Many Requests", retry_after=7))
    outcome = (await send(sender, picture(1), picture(2))).outcome
    assert isinstance(outcome, RetryAfter)
    assert outcome.flood
    assert api.messages(-1001) == []


async def test_a_photo_whose_file_is_gone_does_not_cost_the_article(api: BotApi, sender: Sender) -> None:
    def gone() -> bytes:
        raise FileNotFoundError(2, "No such file")

    missing = Picture("https://pictures.example/2.jpg", "hash2", gone)
    attempt = await send(sender, picture(1), missing)
    assert (attempt.outcome, attempt.kind) == (Sent(1), "photo")
