"""Whether the bot may post in a chat, asked without posting, in a sentence that says what to change."""

from collections.abc import AsyncIterator

import pytest
from telegram.error import TelegramError

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.telegram.permission import Permission, ask_permission
from feedbot.telegram.send import Sender

ADA, NEWS, GROUP = "1001", "-1001", "-1002"


@pytest.fixture
async def sender(api: BotApi) -> AsyncIterator[Sender]:
    async def same(body: bytes) -> bytes:
        return body

    api.add_group(int(GROUP), "Readers")
    made = Sender("123456:TEST", api.url, shrink=same)
    await made.open()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("chat", "said"),
    [
        (ADA, "The bot may write to 1001."),
        (NEWS, "The bot may post in the channel “News”."),
        ("@news_of_the_day", "The bot may post in the channel “News”."),
        (GROUP, "The bot may post in “Readers”."),
    ],
)
async def test_a_chat_that_takes_messages(api: BotApi, sender: Sender, chat: str, said: str) -> None:
    assert await ask_permission(sender.bot, chat) == Permission(True, said)
    assert api.ledger == []


@pytest.mark.parametrize(
    ("chat", "state", "words"),
    [
        (ADA, "blocked", "must press /start"),
        (ADA, "never_started", "must press /start"),
        (NEWS, "not_admin", "make it an administrator with “Post messages”"),
        (NEWS, "kicked", "the bot must be a member"),
        (NEWS, "not_found", "Check the number or @name"),
        (GROUP, "no_rights", "lift its restrictions"),
        (GROUP, "not_member", "the bot must be a member"),
    ],
)
async def test_a_chat_that_takes_none_says_what_to_change(
    api: BotApi, sender: Sender, chat: str, state: str, words: str
) -> None:
    api.set_state(int(chat), state)
    permission = await ask_permission(sender.bot, chat)
    assert not permission.may_post
    assert words in permission.said
    assert api.ledger == []


async def test_a_chat_that_nobody_knows(sender: Sender) -> None:
    permission = await ask_permission(sender.bot, "@nobody")
    assert not permission.may_post
    assert permission.said.startswith("@nobody: Bad Request: chat not found. ")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ApiError(401, "Unauthorized"), "ask @BotFather"),
        (ApiError(404, "Not Found"), "ask @BotFather"),
        (ApiError(429, "Too Many Requests: retry after 9", retry_after=9), "ask again in a minute"),
        (ApiError(502, "Bad Gateway"), "ask again in a minute"),
    ],
)
async def test_what_is_no_fault_of_the_chat_is_not_blamed_on_it(
    api: BotApi, sender: Sender, error: ApiError, words: str
) -> None:
    api.fail("getChat", how="error", error=error)
    permission = await ask_permission(sender.bot, NEWS)
    assert not permission.may_post
    assert words in permission.said
    assert "administrator" not in permission.said


async def test_no_answer_is_no_permission(api: BotApi, sender: Sender) -> None:
    await api.stop()
    with pytest.raises(TelegramError):
        await ask_permission(sender.bot, NEWS)
