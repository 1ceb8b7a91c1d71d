"""What Telegram's words mean, over the wire: each row of the error table that this feedbot acts on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.model import Address, Button, ChatState, Message, Span
from feedbot.rules.delivery import (
    BotStopped,
    ChatClosed,
    Migrated,
    Outcome,
    Refused,
    RetryAfter,
    Sent,
    TopicClosed,
    Unknown,
    judge,
    retry_wait,
)
from feedbot.telegram.send import Attempt, Picture, Sender
from tests.support import jpeg
from tests.telegram.wire import MESSAGE, answer, saying, server

TOKEN = "123456:TEST"
CHANNEL = Address("-1001")
CAPTION, PLAIN = Message("With a photo"), Message("Without one", preview_url="https://a.example/1")
PICTURE = Picture("https://pictures.example/1.jpg", "hash", jpeg)


async def same(body: bytes) -> bytes:
    return body


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Sender]:
    made = Sender(TOKEN, url, shrink=same)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def sender(api: BotApi) -> AsyncIterator[Sender]:
    async with opened(api.url) as made:
        yield made


async def send(sender: Sender, picture: Picture | None = None, attempts: int = 0) -> Attempt:
    return await sender.send(CHANNEL, CAPTION, PLAIN, picture, attempts=attempts, jitter=0)


async def told(api: BotApi, sender: Sender, code: int, words: str, **parameters) -> Outcome:
    """What comes of a text that is answered so."""
    api.fail("sendMessage", how="error", error=ApiError(code, words, **parameters))
    return (await send(sender)).outcome


@pytest.mark.parametrize(
    "words",
    [
        "Forbidden: bot was blocked by the user",
        "Forbidden: user is deactivated",
        "Forbidden: bot can't initiate conversation with a user",
        "Forbidden: bot was kicked from the group chat",
        "Forbidden: bot was kicked from the supergroup chat",
        "Forbidden: bot was kicked from the channel chat",
        "Forbidden: bot is not a member of the channel chat",
        "Forbidden: the group chat was deleted",
        "Forbidden: the bot can't send messages to the bot",
        "Forbidden: BOT WAS BLOCKED BY THE USER",
    ],
)
async def test_a_chat_that_is_lost_is_gone(api: BotApi, sender: Sender, words: str) -> None:
    assert await told(api, sender, 403, words) == ChatClosed(ChatState.GONE, words)


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: chat not found",
        "Bad Request: not enough rights to send text messages to the chat",
        "Bad Request: need administrator rights in the channel chat",
        "Bad Request: CHAT_WRITE_FORBIDDEN",
        "Bad Request: have no write access to the chat",
        "Bad Request: CHAT_ADMIN_REQUIRED",
        "Bad Request: CHAT_RESTRICTED",
    ],
)
async def test_a_chat_that_may_come_back_is_suspended(api: BotApi, sender: Sender, words: str) -> None:
    assert await told(api, sender, 400, words) == ChatClosed(ChatState.SUSPENDED, words)


@pytest.mark.parametrize("words", ["message text is empty", "text must be non-empty", "something new"])
async def test_a_message_of_ours_that_is_wrong_costs_itself_only(
    api: BotApi, sender: Sender, words: str
) -> None:
    assert await told(api, sender, 400, f"Bad Request: {words}") == Refused(f"Bad Request: {words}")


RICH = Message(
    "Words of this message. " * 30,
    (Span("bold", 0, 5), Span("bold", 600, 6)),
    buttons=(Button("Read", url="https://a.example/1"),),
)


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        ("can't parse entities: Unsupported start tag", "entities"),
        ("wrong message entity: URL 'http://x/' is invalid: Wrong HTTP URL", "entities"),
        ("message is too long", "half"),
        ("text is too long", "half"),
        ("MESSAGE_TOO_LONG", "half"),
        ("reply markup is too long", "reply_markup"),
        ("BUTTON_URL_INVALID", "reply_markup"),
        ("BUTTON_DATA_INVALID", "reply_markup"),
        ("inline keyboard button URL 'x' is invalid: Wrong HTTP URL", "reply_markup"),
    ],
)
async def test_what_a_message_can_do_without_never_costs_the_article(
    api: BotApi, sender: Sender, words: str, lost: str
) -> None:
    api.fail("sendMessage", how="error", error=ApiError(400, f"Bad Request: {words}"))
    attempt = await sender.send(CHANNEL, RICH, RICH, None, attempts=0, jitter=0)
    assert isinstance(attempt.outcome, Sent)
    assert words in (attempt.alarm or "")
    [message] = api.messages(-1001)
    kept = {"entities", "reply_markup"} - {lost}
    assert kept <= set(message)
    assert lost not in message
    assert (len(message["text"]) < 400) == (lost == "half")


async def test_a_message_that_stays_refused_is_given_up(api: BotApi, sender: Sender) -> None:
    words = "Bad Request: message is too long"
    api.fail("sendMessage", how="error", times=2, error=ApiError(400, words))
    assert await told(api, sender, 400, words) == Refused(words)
    assert len(api.calls) == 2


async def test_a_caption_that_is_too_long_is_cut_and_keeps_its_photo(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(400, "Bad Request: message caption is too long"))
    attempt = await send(sender, PICTURE)
    assert isinstance(attempt.outcome, Sent)
    assert attempt.kind == "photo"


@pytest.mark.parametrize(
    ("words", "deleted"),
    [("message thread not found", True), ("TOPIC_DELETED", True), ("TOPIC_CLOSED", False)],
)
async def test_a_topic_that_takes_nothing_says_whether_it_may_come_back(
    api: BotApi, sender: Sender, words: str, deleted: bool
) -> None:
    outcome = await told(api, sender, 400, f"Bad Request: {words}")
    assert outcome == TopicClosed(f"Bad Request: {words}", deleted)


async def test_another_who_takes_the_updates_is_no_reason_not_to_send(api: BotApi, sender: Sender) -> None:
    words = "Conflict: terminated by other getUpdates request"
    assert isinstance(await told(api, sender, 409, words), RetryAfter)


async def test_a_text_over_every_limit_is_our_own_fault(api: BotApi, sender: Sender) -> None:
    words = "Request Entity Too Large"
    assert await told(api, sender, 413, words) == Refused(words)


async def test_a_migrated_group_names_its_new_number(api: BotApi, sender: Sender) -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    assert await told(api, sender, 400, words, migrate_to_chat_id=-1009) == Migrated("-1009")


@pytest.mark.parametrize("seconds", [1, 7, 43_837])
async def test_a_429_waits_as_long_as_it_says_and_a_little_longer(
    api: BotApi, sender: Sender, seconds: int
) -> None:
    words = f"Too Many Requests: retry after {seconds}"
    outcome = await told(api, sender, 429, words, retry_after=seconds)
    assert isinstance(outcome, RetryAfter)
    assert outcome.flood
    assert outcome.wait == timedelta(seconds=seconds + 0.1)


async def test_a_403_that_nobody_has_heard_of_yet_suspends(api: BotApi, sender: Sender) -> None:
    words = "Forbidden: something new"
    assert await told(api, sender, 403, words) == ChatClosed(ChatState.SUSPENDED, words)


@pytest.mark.parametrize(
    ("code", "words", "parameters", "seconds"),
    [
        (429, "Too Many Requests: retry after 17", {}, 17),
        (429, "Too Many Requests: retry after 17", {"retry_after": "18"}, 18),
        (429, "Too Many Requests", {"retry_after": 2.5}, 2.5),
        (429, "Too Many Requests", {"retry_after": -3}, 1),
        (429, "Too Many Requests", {"retry_after": "soon"}, 1),
        (429, "Too Many Requests", {"retry_after": float("nan")}, 1),
        (429, "Too Many Requests", {"retry_after": 10**400}, 1),
        (420, "FLOOD_WAIT_17", {}, 17),
        (400, "Bad Request: later", {"retry_after": 5}, 5),
    ],
)
def test_how_long_to_wait_is_read_wherever_it_is_said(
    code: int, words: str, parameters: dict[str, object], seconds: float
) -> None:
    outcome = judge(code, words, parameters, photo=False, attempts=0, jitter=0)
    assert outcome == RetryAfter(timedelta(seconds=seconds + 0.1), outcome.reason, flood=True)


def test_a_group_that_was_upgraded_without_saying_to_what_is_suspended() -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    outcome = judge(400, words, {}, photo=False, attempts=0, jitter=0)
    assert outcome == ChatClosed(ChatState.SUSPENDED, words)


async def test_a_429_that_does_not_say_how_long_waits_a_second(api: BotApi, sender: Sender) -> None:
    outcome = await told(api, sender, 429, "Too Many Requests")
    assert isinstance(outcome, RetryAfter)
    assert outcome.flood
    assert outcome.wait >= timedelta(seconds=1)


@pytest.mark.parametrize(
    ("code", "words"),
    [(401, "Unauthorized"), (404, "Not Found")],
)
async def test_a_refused_token_stops_the_bot(api: BotApi, sender: Sender, code: int, words: str) -> None:
    api.fail("getMe", how="error", error=ApiError(code, words))
    assert isinstance(await told(api, sender, code, words), BotStopped)


@pytest.mark.parametrize(
    ("code", "words"),
    [(401, "Unauthorized"), (404, "Not Found: method not found")],
)
async def test_one_call_that_is_refused_so_stops_no_bot_whose_token_is_well(
    api: BotApi, sender: Sender, code: int, words: str
) -> None:
    outcome = await told(api, sender, code, words)
    assert isinstance(outcome, RetryAfter)
    assert outcome.refused
    api.fail("sendPhoto", how="error", error=ApiError(code, words), times=9)
    assert (await send(sender, PICTURE)).kind == "text"
    tried = [call["method"] for call in api.calls][2:]
    assert tried == ["sendPhoto", "getMe", "sendMessage"]


async def test_a_token_of_which_nobody_can_say_stops_no_bot(api: BotApi, sender: Sender) -> None:
    api.fail("getMe", how="reset")
    assert isinstance(await told(api, sender, 401, "Unauthorized"), RetryAfter)


async def test_a_photo_that_is_refused_in_unknown_words_costs_no_article(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(400, "API method 'sendPhoto' is not supported"))
    attempt = await send(sender, PICTURE)
    assert (type(attempt.outcome), attempt.kind) == (Sent, "text")
    assert [call["method"] for call in api.calls] == ["sendPhoto", "sendMessage"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (409, "Conflict: terminated by other getUpdates request"),
        (500, "Internal Server Error: restart"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
    ],
)
async def test_telegrams_own_5xx_was_not_accepted_and_is_tried_again(
    api: BotApi, sender: Sender, code: int, words: str
) -> None:
    outcome = await told(api, sender, code, words)
    assert outcome == RetryAfter(timedelta(seconds=1), words, refused=True)


def test_retries_wait_longer_each_time_up_to_a_minute() -> None:
    assert [retry_wait(n).total_seconds() for n in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("status", [200, 413, 502])
async def test_a_proxys_page_leaves_it_unknown(status: int) -> None:
    page = answer(b"<html>502</html>", status, "text/html")
    async with server(saying(page)) as url, opened(url) as made:
        assert isinstance((await send(made)).outcome, Unknown)


@pytest.mark.parametrize(
    "result", [True, [], {}, {**MESSAGE, "message_id": "x"}, "text", None, {"message_id": True}]
)
async def test_what_telegram_says_it_took_is_sent_though_it_does_not_say_as_what(result: object) -> None:
    """Another try would be another copy."""
    async with server(saying(answer({"ok": True, "result": result}))) as url, opened(url) as made:
        assert (await send(made)).outcome == Sent(0)


# Photos.


@pytest.mark.parametrize(
    "words",
    [
        "wrong file identifier/HTTP URL specified",
        "wrong remote file identifier specified: Wrong string length",
        "FILE_REFERENCE_EXPIRED",
    ],
)
async def test_a_dead_file_id_is_forgotten_and_the_photo_uploaded(
    api: BotApi, sender: Sender, words: str
) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(400, f"Bad Request: {words}"))
    attempt = await send(sender, Picture(PICTURE.url, "hash", jpeg, "dead"))
    assert isinstance(attempt.outcome, Sent)
    assert attempt.dead
    assert attempt.file_id
    assert "photo" in api.messages(-1001)[0]


@pytest.mark.parametrize(
    "words",
    [
        "failed to get HTTP URL content",
        "wrong type of the web page content",
        "wrong HTTP URL specified",
        "can't upload file by URL",
        "PHOTO_INVALID_DIMENSIONS",
        "Photo_invalid_dimensions",
        "IMAGE_PROCESS_FAILED",
        "PHOTO_SAVE_FILE_INVALID",
        "PHOTO_EXT_INVALID",
        "photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp",
        "PHOTO_CONTENT_TYPE_INVALID",
        "file must be non-empty",
        "file is too big",
    ],
)
async def test_a_photo_that_is_refused_never_costs_the_article(
    api: BotApi, sender: Sender, words: str
) -> None:
    api.fail("sendPhoto", how="error", times=9, error=ApiError(400, f"Bad Request: {words}"))
    attempt = await send(sender, PICTURE)
    assert isinstance(attempt.outcome, Sent)
    assert words in (attempt.photo_fault or "")
    assert [call["method"] for call in api.calls] == ["sendPhoto"] * 3 + ["sendMessage"]


async def test_a_photo_too_large_for_the_server_goes_out_smaller(api: BotApi, sender: Sender) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(413, "Request Entity Too Large"))
    assert isinstance((await send(sender, PICTURE)).outcome, Sent)
    assert "photo" in api.messages(-1001)[0]


@pytest.mark.parametrize(
    "words", ["not enough rights to send photos to the chat", "CHAT_SEND_PHOTOS_FORBIDDEN"]
)
async def test_a_chat_without_photos_gets_the_text_at_once(api: BotApi, sender: Sender, words: str) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(400, f"Bad Request: {words}"))
    assert isinstance((await send(sender, PICTURE)).outcome, Sent)
    assert [call["method"] for call in api.calls] == ["sendPhoto", "sendMessage"]


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (403, "Forbidden: bot was blocked by the user", ChatClosed),
        (400, "Bad Request: chat not found", ChatClosed),
        (429, "Too Many Requests: retry after 3", RetryAfter),
        (500, "Internal Server Error", RetryAfter),
    ],
)
async def test_what_is_no_fault_of_the_photo_takes_no_further_rung(
    api: BotApi, sender: Sender, code: int, words: str, kind: type
) -> None:
    api.fail("sendPhoto", how="error", error=ApiError(code, words))
    assert isinstance((await send(sender, PICTURE)).outcome, kind)
    assert len(api.calls) == 1


@pytest.mark.parametrize("how", ["reset", "half", "html502", "html200"])
async def test_an_unknown_photo_is_not_followed_by_a_text(api: BotApi, sender: Sender, how: str) -> None:
    """Or the chat would have the article twice."""
    api.fail("sendPhoto", when="after", how=how)
    assert isinstance((await send(sender, PICTURE)).outcome, Unknown)
    assert len(api.ledger) == 1
