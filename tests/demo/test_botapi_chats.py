"""Chats in the emulator: states, topics, editing, pace, faults, and the ledger."""

import asyncio

import aiohttp
import pytest

from feedbot.demo.botapi import BotApi, ManualClock
from feedbot.demo.botapi.errors import ApiError
from tests.demo.botapi_client import ADA, GROUP, NEWS, Client, client
from tests.support import jpeg


@pytest.mark.parametrize(
    ("chat", "state", "code", "said"),
    [
        (ADA, "blocked", 403, "Forbidden: bot was blocked by the user"),
        (ADA, "deactivated", 403, "Forbidden: user is deactivated"),
        (ADA, "never_started", 403, "Forbidden: bot can't initiate conversation with a user"),
        (ADA, "is_bot", 403, "Forbidden: the bot can't send messages to the bot"),
        (NEWS, "kicked", 403, "Forbidden: bot was kicked from the channel chat"),
        (GROUP, "kicked", 403, "Forbidden: bot was kicked from the supergroup chat"),
        (NEWS, "not_member", 403, "Forbidden: bot is not a member of the channel chat"),
        (GROUP, "deleted", 403, "Forbidden: the group chat was deleted"),
        (NEWS, "not_found", 400, "Bad Request: chat not found"),
        (GROUP, "no_rights", 400, "Bad Request: not enough rights to send text messages to the chat"),
        (NEWS, "not_admin", 400, "Bad Request: need administrator rights in the channel chat"),
        (GROUP, "no_write_access", 400, "Bad Request: have no write access to the chat"),
        (GROUP, "write_forbidden", 400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
        (GROUP, "restricted", 400, "Bad Request: CHAT_RESTRICTED"),
    ],
)
async def test_a_chat_says_why_it_takes_nothing(
    bot: Client, chat: int, state: str, code: int, said: str
) -> None:
    bot.api.set_state(chat, state)
    answer = await bot.send(chat_id=chat, text="x")
    assert (answer.code, answer.said) == (code, said)
    assert bot.api.ledger == []


def test_a_state_that_is_none_is_named() -> None:
    api = BotApi()
    api.add_private(ADA, "Ada")
    with pytest.raises(ValueError, match="blocked"):
        api.set_state(ADA, "sleepy")


async def test_a_chat_may_take_texts_and_no_photos(bot: Client) -> None:
    bot.api.set_state(GROUP, "no_photos")
    assert (await bot.send(chat_id=GROUP, text="x")).code == 200
    answer = await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(GROUP))
    assert answer.said == "Bad Request: not enough rights to send photos to the chat"


async def test_a_migrated_group_tells_its_new_number(bot: Client) -> None:
    bot.api.set_state(GROUP, "migrated", migrated_to=-1009)
    answer = await bot.send(chat_id=GROUP, text="x")
    assert answer.said == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer.body["parameters"] == {"migrate_to_chat_id": -1009}


async def test_start_reopens_the_chat_of_a_person_who_blocked_the_bot(bot: Client) -> None:
    bot.api.set_state(ADA, "blocked")
    bot.api.say(ADA, "/start")
    assert (await bot.send(chat_id=ADA, text="x")).code == 200


async def test_topics(bot: Client) -> None:
    bot.api.add_topic(GROUP, 7, "News")
    bot.api.add_topic(GROUP, 8, "Closed")
    bot.api.close_topic(GROUP, 8)
    sent = (await bot.send(chat_id=GROUP, text="x", message_thread_id=7)).result
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (7, True)
    for topic, said in (
        (1, "message thread not found"),
        (99, "message thread not found"),
        (8, "TOPIC_CLOSED"),
    ):
        answer = await bot.send(chat_id=GROUP, text="x", message_thread_id=topic)
        assert answer.said == f"Bad Request: {said}"


async def test_a_topic_where_there_are_none_is_ignored(bot: Client) -> None:
    assert "message_thread_id" not in (await bot.send(chat_id=NEWS, text="x", message_thread_id=7)).result


async def test_numbers_rise_in_each_chat_and_private_chats_share_theirs(bot: Client) -> None:
    bot.api.add_private(1002, "Ben")
    numbers = [
        (await bot.send(chat_id=chat, text="x")).result["message_id"] for chat in (ADA, 1002, ADA, NEWS, NEWS)
    ]
    assert numbers == [1, 2, 3, 1, 2]


@pytest.mark.parametrize(("chat", "author"), [(ADA, "from"), (GROUP, "from"), (NEWS, "sender_chat")])
async def test_a_message_names_its_author_and_time(bot: Client, chat: int, author: str) -> None:
    message = (await bot.send(chat_id=chat, text="x")).result
    assert message[author]["id"] == (NEWS if chat == NEWS else 123456)
    assert message["date"] == int(bot.clock())


# Editing.


async def test_a_text_is_edited_and_its_entities_with_it(bot: Client) -> None:
    entities = [{"type": "bold", "offset": 0, "length": 1}]
    sent = (await bot.send(chat_id=NEWS, text="Old", entities=entities)).result
    where = {"chat_id": NEWS, "message_id": sent["message_id"]}
    edited = (await bot.send("editMessageText", **where, text="New")).result
    assert edited["text"] == "New"
    assert "entities" not in edited
    assert edited["edit_date"] > edited["date"]
    assert [row["method"] for row in bot.api.ledger] == ["sendMessage", "editMessageText"]


async def test_an_edit_without_a_change_is_refused(bot: Client) -> None:
    sent = (await bot.send(chat_id=NEWS, text="Same")).result
    where = {"chat_id": NEWS, "message_id": sent["message_id"]}
    same = await bot.send("editMessageText", **where, text="Same")
    assert same.said.startswith("Bad Request: message is not modified: specified new message content")
    assert "not modified" in (await bot.send("editMessageReplyMarkup", **where)).said


async def test_the_same_photo_is_no_change_and_another_is(bot: Client) -> None:
    sent = (await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(NEWS), caption="A")).result
    where = {"chat_id": str(NEWS), "message_id": str(sent["message_id"])}
    media = {"type": "photo", "media": "attach://new", "caption": "A"}
    same = await bot.upload("editMessageMedia", {"new": jpeg()}, **where, media=media)
    assert "not modified" in same.said
    other = await bot.upload("editMessageMedia", {"new": jpeg(90, 90)}, **where, media=media)
    assert other.result["photo"][-1]["width"] == 90
    assert bot.api.ledger[-1]["photo"] == other.result["photo"][-1]["file_unique_id"]


async def test_a_text_can_be_given_a_photo(bot: Client) -> None:
    sent = (await bot.send(chat_id=NEWS, text="Words")).result
    where = {"chat_id": str(NEWS), "message_id": str(sent["message_id"])}
    media = {"type": "photo", "media": "attach://new", "caption": "Words"}
    edited = (await bot.upload("editMessageMedia", {"new": jpeg()}, **where, media=media)).result
    assert (edited["caption"], "text" in edited) == ("Words", False)


async def test_a_caption_is_edited_or_taken_away(bot: Client) -> None:
    sent = (await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(NEWS), caption="A")).result
    where = {"chat_id": NEWS, "message_id": sent["message_id"]}
    assert (await bot.send("editMessageCaption", **where, caption="B")).result["caption"] == "B"
    assert "caption" not in (await bot.send("editMessageCaption", **where)).result


async def test_each_kind_of_message_has_its_own_edit(bot: Client) -> None:
    text = (await bot.send(chat_id=NEWS, text="x")).result["message_id"]
    photo = (await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(NEWS))).result["message_id"]
    wrong = await bot.send("editMessageCaption", chat_id=NEWS, message_id=text, caption="y")
    assert wrong.said == "Bad Request: there is no caption in the message to edit"
    wrong = await bot.send("editMessageText", chat_id=NEWS, message_id=photo, text="y")
    assert wrong.said == "Bad Request: there is no text in the message to edit"


async def test_what_is_not_there_or_not_ours_cannot_be_edited(bot: Client) -> None:
    said = bot.api.say(ADA, "mine")
    gone = await bot.send("editMessageText", chat_id=ADA, message_id=99, text="y")
    assert gone.said == "Bad Request: message to edit not found"
    theirs = await bot.send("editMessageText", chat_id=ADA, message_id=said, text="y")
    assert theirs.said == "Bad Request: message can't be edited"


async def test_another_bots_message_cannot_be_edited(bot: Client) -> None:
    sent = (await bot.send(chat_id=NEWS, text="x")).result["message_id"]
    bot.api.add_bot("777:OTHER", "other_bot")
    bot.token = "777:OTHER"
    answer = await bot.send("editMessageText", chat_id=NEWS, message_id=sent, text="y")
    assert answer.said == "Bad Request: message can't be edited"


async def test_a_message_is_deleted_within_48_hours(bot: Client) -> None:
    first, second = [(await bot.send(chat_id=NEWS, text="x")).result["message_id"] for _ in range(2)]
    assert (await bot.send("deleteMessage", chat_id=NEWS, message_id=first)).result is True
    assert "not found" in (await bot.send("deleteMessage", chat_id=NEWS, message_id=first)).said
    bot.clock.advance(48 * 3600)
    assert "can't be deleted" in (await bot.send("deleteMessage", chat_id=NEWS, message_id=second)).said


# Pace. The clock stands still unless it is moved.


async def test_a_private_chat_takes_one_message_a_second(bot: Client) -> None:
    assert (await bot.ask("sendMessage", chat_id=ADA, text="1")).code == 200
    assert (await bot.ask("sendMessage", chat_id=ADA, text="2")).code == 429
    bot.clock.advance(1.0)
    assert (await bot.ask("sendMessage", chat_id=ADA, text="2")).code == 200


@pytest.mark.parametrize("chat", [GROUP, NEWS])
async def test_a_group_or_channel_takes_twenty_a_minute(bot: Client, chat: int) -> None:
    codes = [(await bot.ask("sendMessage", chat_id=chat, text="x")).code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    bot.clock.advance(60)
    assert (await bot.ask("sendMessage", chat_id=chat, text="x")).code == 200


async def test_the_bot_sends_thirty_a_second(bot: Client) -> None:
    for number in range(40):
        bot.api.add_private(2000 + number, "Somebody")
    codes = [(await bot.ask("sendMessage", chat_id=2000 + n, text="x")).code for n in range(31)]
    assert codes == [200] * 30 + [429]
    bot.clock.advance(1)
    assert (await bot.ask("sendMessage", chat_id=2039, text="x")).code == 200


async def test_edits_count_and_other_calls_do_not(bot: Client) -> None:
    sent = (await bot.ask("sendMessage", chat_id=ADA, text="x")).result["message_id"]
    assert (await bot.ask("sendChatAction", chat_id=ADA, action="typing")).code == 200
    assert (await bot.ask("editMessageText", chat_id=ADA, message_id=sent, text="y")).code == 429
    bot.clock.advance(2)
    assert (await bot.ask("editMessageText", chat_id=ADA, message_id=sent, text="y")).code == 200
    assert (await bot.ask("sendMessage", chat_id=ADA, text="z")).code == 429


async def test_who_does_not_wait_waits_longer_and_is_written_down(bot: Client) -> None:
    waits = []
    for _ in range(5):
        answer = await bot.ask("sendMessage", chat_id=ADA, text="x")
        waits.append(answer.body.get("parameters", {}).get("retry_after"))
    assert waits == [None, 1, 2, 4, 8]
    assert len(bot.api.violations) == 3
    assert bot.api.refusals_429 == 4
    bot.clock.advance(7)
    assert (await bot.ask("sendMessage", chat_id=ADA, text="x")).code == 429
    bot.clock.advance(16)
    assert (await bot.ask("sendMessage", chat_id=ADA, text="x")).code == 200


async def test_an_hour_of_flood_control_costs_no_hour(bot: Client) -> None:
    for _ in range(20):
        await bot.ask("sendMessage", chat_id=ADA, text="x")
    bot.clock.advance(3600)
    assert (await bot.ask("sendMessage", chat_id=ADA, text="x")).code == 200


async def test_limits_can_be_left_out() -> None:
    async with client(enforce_limits=False) as bot:
        codes = [(await bot.ask("sendMessage", chat_id=ADA, text="x")).code for _ in range(40)]
        assert codes == [200] * 40


# Faults and the ledger.


@pytest.mark.parametrize("how", ["reset", "silence", "half"])
@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
async def test_a_connection_breaks_before_or_after_acceptance(
    bot: Client, how: str, when: str, accepted: int
) -> None:
    bot.api.fail("sendMessage", when=when, how=how)
    with pytest.raises(aiohttp.ClientError):
        await bot.ask("sendMessage", chat_id=ADA, text="x")
    assert len(bot.api.ledger) == accepted
    assert len(bot.api.messages(ADA)) == accepted
    assert (await bot.send(chat_id=ADA, text="y")).code == 200


@pytest.mark.parametrize(("how", "code"), [("html502", 502), ("html200", 200)])
async def test_a_proxy_may_answer_instead(bot: Client, how: str, code: int) -> None:
    bot.api.fail("*", how=how)
    async with bot.session.get(bot.url("getMe")) as response:
        assert (response.status, response.content_type) == (code, "text/html")


async def test_a_fault_may_be_an_error_for_one_chat_and_some_times(bot: Client) -> None:
    bot.api.fail(
        "sendmessage", how="error", times=2, chat_id=ADA, error=ApiError(500, "Internal Server Error")
    )
    codes = [(await bot.send(chat_id=chat, text="x")).code for chat in (NEWS, ADA, ADA, ADA)]
    assert codes == [200, 500, 500, 200]


async def test_an_error_may_be_told_as_its_answer_has_it(bot: Client) -> None:
    told = {"error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 3}}
    bot.api.fail("getMe", how="error", error=told)
    assert (await bot.ask("getMe")).body == {"ok": False} | told


async def test_faults_can_be_taken_back(bot: Client) -> None:
    bot.api.fail("*", how="error", times=99)
    bot.api.faults.clear()
    assert (await bot.ask("getMe")).code == 200


def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="how is one of"):
        BotApi().fail("sendMessage", how="slowly")


async def test_the_ledger_holds_what_was_accepted_and_nothing_else(bot: Client) -> None:
    await bot.send(chat_id=ADA, text="one", disable_notification=True)
    await bot.send(chat_id=ADA, text="")
    await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(NEWS), caption="two")
    assert [(row["method"], row["chat"], row["text"], row["silent"]) for row in bot.api.ledger] == [
        ("sendMessage", ADA, "one", True),
        ("sendPhoto", NEWS, "two", False),
    ]
    assert [call["code"] for call in bot.api.calls] == [200, 400, 200]


async def test_two_messages_at_once_to_one_chat_are_written_down(bot: Client) -> None:
    form = [bot.ask("sendPhoto", chat_id=GROUP, photo="http://127.0.0.1:1/x.jpg") for _ in range(2)]
    await asyncio.gather(*form)
    assert [one for one in bot.api.violations if "at once" in one]


async def test_the_emulator_can_be_stopped_twice_and_a_clock_moves_by_hand() -> None:
    clock = ManualClock(10.0)
    clock.advance(2.5)
    assert clock() == 12.5
    api = BotApi(clock=clock)
    await api.start()
    await api.stop()
    await api.stop()
