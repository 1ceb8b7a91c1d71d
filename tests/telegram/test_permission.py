"""Whether the bot may post in a chat, asked without posting, in a sentence that says what to change."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram.error import TelegramError

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.model import Address
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
    ("chat", "number", "said"),
    [
        (ADA, 1001, "The bot may write to 1001."),
        (NEWS, -1001, "The bot may post in the channel “News”."),
        ("@news_of_the_day", -1001, "The bot may post in the channel “News”."),
        (GROUP, -1002, "The bot may post in “Readers”."),
    ],
)
async def test_a_chat_that_takes_messages(
    api: BotApi, sender: Sender, chat: str, number: int, said: str
) -> None:
    assert await ask_permission(sender.bot, Address(chat)) == Permission(True, said, number=number)
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
    permission = await ask_permission(sender.bot, Address(chat))
    assert not permission.may_post
    assert words in permission.said
    assert api.ledger == []


async def test_a_chat_that_nobody_knows(sender: Sender) -> None:
    permission = await ask_permission(sender.bot, Address("@nobody"))
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
    permission = await ask_permission(sender.bot, Address(NEWS))
    assert not permission.may_post
    assert words in permission.said
    assert "administrator" not in permission.said


async def test_no_answer_is_no_permission(api: BotApi, sender: Sender) -> None:
    await api.stop()
    with pytest.raises(TelegramError):
        await ask_permission(sender.bot, Address(NEWS))


TOPIC = Address(GROUP, 7)


async def test_a_chat_that_takes_no_photos_says_that_they_come_as_text(api: BotApi, sender: Sender) -> None:
    api.set_state(int(GROUP), "no_photos")
    permission = await ask_permission(sender.bot, Address(GROUP))
    assert permission.may_post
    assert not permission.photos
    assert "will come as text" in permission.notes[0]


async def test_a_group_that_has_another_number_now_tells_it(api: BotApi, sender: Sender) -> None:
    api.migrate(int(GROUP), -100_500)
    api.fail(
        "getChat",
        how="error",
        error=ApiError(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100_500),
    )
    permission = await ask_permission(sender.bot, Address(GROUP))
    assert "-100500" in permission.said


async def test_a_topic_is_asked_without_posting(api: BotApi, sender: Sender) -> None:
    assert "no topics" in (await ask_permission(sender.bot, TOPIC)).notes[0]
    api.add_topic(int(GROUP), 7, "Culture")
    permission = await ask_permission(sender.bot, TOPIC)
    assert permission.may_post
    assert "certain only when something is posted" in permission.notes[0]
    api.close_topic(int(GROUP), 7)
    assert "Open the topic 7 again" in (await ask_permission(sender.bot, TOPIC)).said
    for gone in (8, 7):
        if gone == 7:
            api.delete_topic(int(GROUP), 7)
        permission = await ask_permission(sender.bot, Address(GROUP, gone))
        assert not permission.may_post
        assert f"There is no topic {gone}" in permission.said
    assert api.ledger == []


async def test_a_server_without_typing_leaves_that_unasked(api: BotApi, sender: Sender) -> None:
    api.fail("sendChatAction", how="error", error=ApiError(404, "Not Found: method not found"))
    permission = await ask_permission(sender.bot, Address(GROUP))
    assert permission.may_post
    assert "was not asked" in permission.notes[0]


async def asked_of(chat: dict, member: dict) -> Permission:
    """What is said of a chat and a member that the emulator does not have."""
    user = {"id": 123456, "is_bot": True, "first_name": "f", "username": "f"}
    gifts = dict.fromkeys(
        (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        ),
        False,
    )
    told = {
        "getChat": {"id": int(GROUP), "type": "supergroup", "title": "R", **chat}
        | {"accent_color_id": 0, "max_reaction_count": 1, "accepted_gift_types": gifts},
        "getMe": user,
        "getChatMember": {"user": user, **member},
        "sendChatAction": True,
    }

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "result": told[request.path.rpartition("/")[2]]})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with TestServer(app) as server:
        made = Sender("123456:TEST", str(server.make_url("")).rstrip("/"), shrink=bytes)  # type: ignore[arg-type]
        await made.open()
        try:
            return await ask_permission(made.bot, Address(GROUP))
        finally:
            await made.close()


MEMBER = {"status": "member"}


@pytest.mark.parametrize(
    ("chat", "member", "may_post", "photos", "words"),
    [
        (
            {"permissions": {"can_send_messages": False}},
            MEMBER,
            False,
            False,
            "make the bot an administrator",
        ),
        (
            {"permissions": {"can_send_messages": True, "can_send_photos": False}},
            MEMBER,
            True,
            False,
            "Allow “Photos”",
        ),
        ({"permissions": {"can_send_documents": False}}, MEMBER, True, True, "very tall"),
        ({"slow_mode_delay": 30}, MEMBER, True, True, "once in 30 s"),
        ({"slow_mode_delay": 30}, {"status": "creator", "is_anonymous": False}, True, True, ""),
        ({"is_forum": True}, MEMBER, True, True, "the topic General is closed"),
        ({"type": "channel"}, MEMBER, False, False, "“Post messages”"),
        ({}, {"status": "left"}, False, False, "add it to the group"),
    ],
)
async def test_what_all_members_may_holds_for_the_bot(
    chat: dict, member: dict, may_post: bool, photos: bool, words: str
) -> None:
    permission = await asked_of(chat, member)
    assert (permission.may_post, permission.photos) == (may_post, photos)
    assert words in " ".join([permission.said, *permission.notes])
    assert bool(permission.notes) == (may_post and bool(words))
