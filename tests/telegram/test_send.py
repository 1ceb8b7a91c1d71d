"""One message against the emulator: the ladder, the outcomes, and no token anywhere."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.model import Address, ChatState, Message, Span
from feedbot.rules.delivery import BotStopped, ChatClosed, Migrated, Refused, RetryAfter, Sent, Unknown
from feedbot.telegram.send import Attempt, Picture, Sender
from tests.support import jpeg
from tests.telegram.wire import answer, saying, server

TOKEN = "123456:TEST"
CHANNEL = Address("-1001")
MESSAGE = Message("Title and text", (Span("bold", 0, 5), Span("text_link", 0, 5, "https://a.example/1")))
PLAIN = Message("Title and text", preview_url="https://a.example/1")


def photo(**facts) -> Picture:
    return Picture("https://pictures.example/1.jpg", "hash", jpeg, **facts)


async def smaller(_body: bytes) -> bytes:
    return jpeg(300, 200)


@pytest.fixture
async def sender(api: BotApi) -> AsyncIterator[Sender]:
    made = Sender(TOKEN, api.url, shrink=smaller)
    await made.open()
    yield made
    await made.close()


async def send(sender: Sender, picture: Picture | None, address: Address = CHANNEL) -> Attempt:
    return await sender.send(address, MESSAGE, PLAIN, picture, attempts=0, jitter=0.5)


async def test_a_photo_is_uploaded_with_its_caption(api: BotApi, sender: Sender) -> None:
    attempt = await send(sender, photo())
    assert attempt.outcome == Sent(1)
    assert attempt.file_id
    [message] = api.messages(-1001)
    assert message["caption"] == MESSAGE.text
    assert [one["type"] for one in message["caption_entities"]] == ["bold", "text_link"]


async def test_a_known_photo_is_sent_by_its_id(api: BotApi, sender: Sender) -> None:
    file_id = (await send(sender, photo())).file_id
    await send(sender, photo(file_id=file_id))
    first, second = api.ledger
    assert first["photo"] == second["photo"]
    assert len(api.world.media.files) == 1


async def test_a_dead_file_id_is_uploaded_again_and_reported(sender: Sender) -> None:
    attempt = await send(sender, photo(file_id="of-another-bot"))
    assert isinstance(attempt.outcome, Sent)
    assert attempt.dead
    assert attempt.file_id


async def test_many_who_find_an_id_dead_upload_the_photo_once(sender: Sender) -> None:
    reads = []

    def read() -> bytes:
        reads.append(1)
        return jpeg()

    dead = replace(photo(file_id="dead"), read=read)
    attempts = await asyncio.gather(*(send(sender, dead) for _ in range(6)))
    assert all(isinstance(one.outcome, Sent) and one.dead and one.file_id for one in attempts)
    assert len(reads) == 1


async def test_a_new_id_that_dies_as_well_is_uploaded_again(api: BotApi, sender: Sender) -> None:
    first = await send(sender, photo(file_id="dead"))
    api.world.media.forget_ids()
    again = await send(sender, photo(file_id=first.file_id))
    assert (again.dead, again.file_id not in {None, first.file_id}) == (True, True)


async def test_a_photo_that_is_refused_goes_out_smaller(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=bad_request("PHOTO_INVALID_DIMENSIONS"))
    assert isinstance((await send(sender, photo())).outcome, Sent)
    assert api.messages(-1001)[0]["photo"][-1]["width"] == 300


async def test_a_photo_never_costs_the_article(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", times=3, error=bad_request("IMAGE_PROCESS_FAILED"))
    attempt = await send(sender, photo())
    assert isinstance(attempt.outcome, Sent)
    assert attempt.photo_fault
    assert api.messages(-1001)[0]["link_preview_options"]["url"] == "https://a.example/1"


async def test_an_address_with_a_password_is_not_told(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", times=9, error=bad_request("IMAGE_PROCESS_FAILED"))
    secret = replace(photo(), url="https://ada:secret@pictures.example/1.jpg")
    assert isinstance((await send(sender, secret)).outcome, Sent)
    assert [call["method"] for call in api.calls] == ["sendPhoto", "sendPhoto", "sendMessage"]


async def test_a_chat_without_photo_rights_gets_the_text_at_once(api: BotApi, sender: Sender) -> None:
    api.set_state(-1001, "no_photos")
    await send(sender, photo())
    assert [call["method"] for call in api.calls] == ["sendPhoto", "sendMessage"]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("blocked", ChatClosed(ChatState.GONE, "Forbidden: bot was blocked by the user")),
        ("kicked", ChatClosed(ChatState.GONE, "Forbidden: bot was kicked from the channel chat")),
        ("not_found", ChatClosed(ChatState.SUSPENDED, "Bad Request: chat not found")),
        (
            "not_admin",
            ChatClosed(ChatState.SUSPENDED, "Bad Request: need administrator rights in the channel chat"),
        ),
        ("migrated", Migrated("-1002")),
    ],
)
async def test_a_chat_that_takes_no_messages_says_why(api: BotApi, sender: Sender, state, outcome) -> None:
    api.set_state(-1001, state, migrated_to=-1002)
    assert (await send(sender, photo())).outcome == outcome


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["reset", "half", "html502"])
async def test_an_answer_that_is_lost_makes_the_message_unknown(
    api: BotApi, sender: Sender, when: str, how: str
) -> None:
    """Before and after acceptance look the same from outside."""
    api.fail("sendPhoto", when=when, how=how)
    attempt = await send(sender, photo())
    assert isinstance(attempt.outcome, Unknown)
    assert "TEST" not in repr(attempt)


async def test_an_error_in_telegrams_own_json_was_not_accepted(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(500, "Internal Server Error: restart"))
    assert isinstance((await send(sender, photo())).outcome, RetryAfter)


async def test_a_429_tells_how_long_to_wait_and_never_less(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(429, "Too Many Requests: retry after 7", retry_after=7))
    outcome = (await send(sender, photo())).outcome
    assert isinstance(outcome, RetryAfter)
    assert outcome.flood
    assert 7.1 <= outcome.wait.total_seconds() <= 8


async def test_a_server_that_is_not_there_was_not_reached(api: BotApi, sender: Sender) -> None:
    await api.stop()
    attempt = await send(sender, photo())
    assert isinstance(attempt.outcome, RetryAfter)
    assert not attempt.outcome.flood
    assert "TEST" not in repr(attempt)


async def test_a_token_that_is_refused_stops_the_bot(api: BotApi) -> None:
    made = Sender("99999:SECRET-token", api.url, shrink=smaller)
    await made.open()
    attempt = await made.send(CHANNEL, MESSAGE, PLAIN, None, attempts=0, jitter=0)
    await made.close()
    assert isinstance(attempt.outcome, BotStopped)
    assert "SECRET" not in repr(attempt)


async def test_a_message_that_is_refused_for_good_is_named(api: BotApi, sender: Sender) -> None:
    attempt = await sender.send(CHANNEL, Message(" "), Message(" "), None, attempts=0, jitter=0)
    assert attempt.outcome == Refused("Bad Request: text must be non-empty")


async def test_topic_1_is_general_and_must_not_be_named(api: BotApi, sender: Sender) -> None:
    api.add_group(-1005, "Forum")
    api.add_topic(-1005, 7, "News")
    assert isinstance((await send(sender, None, Address("-1005", 1))).outcome, Sent)
    await send(sender, None, Address("-1005", 7))
    assert [one.get("message_thread_id") for one in api.messages(-1005)] == [None, 7]


def message_of(number: object, file_id: object) -> bytes:
    return answer({"ok": True, "result": {"message_id": number, "photo": [{"file_id": file_id}]}})


@pytest.mark.parametrize("number", [2**70, -1, 0, True, 7.5, "7", None])
async def test_a_number_that_is_none_is_not_kept_though_the_message_is_sent(number: object) -> None:
    async with server(saying(message_of(number, "AgAC-1"))) as url:
        sender = Sender(TOKEN, url, shrink=smaller)
        await sender.open()
        attempt = await send(sender, photo())
        await sender.close()
    assert (attempt.outcome, attempt.file_id) == (Sent(0), "AgAC-1")


@pytest.mark.parametrize("file_id", ["", "a b", "\ud800", "x" * 513, 7, None])
async def test_a_file_id_that_is_none_is_not_kept_though_the_message_is_sent(file_id: object) -> None:
    async with server(saying(message_of(7, file_id))) as url:
        sender = Sender(TOKEN, url, shrink=smaller)
        await sender.open()
        attempt = await send(sender, photo())
        await sender.close()
    assert (attempt.outcome, attempt.file_id) == (Sent(7), None)


async def test_a_bot_that_is_shown_tells_no_token(sender: Sender) -> None:
    assert "TEST" not in f"{sender!r} {sender.bot!r} {sender.bot}"
