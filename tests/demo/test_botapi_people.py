"""Who is what in a chat, what the bot hears of it, topics that go, keyboards and replies."""

import pytest

from tests.demo.botapi_client import ADA, GROUP, NEWS, Client


async def heard(bot: Client) -> list[dict]:
    return (await bot.ask("getUpdates")).result


async def test_a_group_that_migrates_says_so_in_both_chats(bot: Client) -> None:
    bot.api.migrate(GROUP, -1009)
    old, new = [one["message"] for one in await heard(bot)]
    assert (old["chat"]["id"], old["migrate_to_chat_id"]) == (GROUP, -1009)
    assert (new["chat"]["id"], new["migrate_from_chat_id"]) == (-1009, GROUP)
    refused = await bot.send(chat_id=GROUP, text="x")
    assert refused.body["parameters"] == {"migrate_to_chat_id": -1009}
    assert (await bot.send(chat_id=-1009, text="x")).code == 200


@pytest.mark.parametrize(
    ("chat", "state", "statuses"),
    [
        (ADA, "blocked", ("member", "kicked")),
        (NEWS, "kicked", ("administrator", "kicked")),
        (GROUP, "not_member", ("member", "left")),
    ],
)
async def test_the_bot_hears_that_it_was_put_out(bot: Client, chat: int, state: str, statuses: tuple) -> None:
    bot.api.set_state(chat, state, told=True)
    [update] = await heard(bot)
    change = update["my_chat_member"]
    assert change["chat"]["id"] == chat
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == statuses


async def test_start_after_a_block_is_heard_as_both(bot: Client) -> None:
    bot.api.set_state(ADA, "blocked")
    bot.api.say(ADA, "/start")
    back, said = await heard(bot)
    assert back["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert said["message"]["text"] == "/start"


async def test_a_person_writes_in_a_topic_of_a_group(bot: Client) -> None:
    bot.api.add_topic(GROUP, 7, "News")
    bot.api.say(ADA, "/subscribe@feedbot_demo_bot", chat_id=GROUP, topic=7)
    [update] = await heard(bot)
    assert update["message"]["chat"]["id"] == GROUP
    assert update["message"]["message_thread_id"] == 7
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 27}]


async def test_members_are_what_they_were_made(bot: Client) -> None:
    asked = {"chat_id": GROUP, "user_id": ADA}
    assert (await bot.ask("getChatMember", **asked)).result["status"] == "member"
    for status in ("creator", "administrator", "restricted", "left", "kicked"):
        bot.api.add_member(GROUP, ADA, status)
        assert (await bot.ask("getChatMember", **asked)).result["status"] == status
    with pytest.raises(ValueError, match="creator"):
        bot.api.add_member(GROUP, ADA, "king")


async def test_administrators_are_listed(bot: Client) -> None:
    bot.api.add_member(NEWS, ADA, "creator")
    found = (await bot.ask("getChatAdministrators", chat_id=NEWS)).result
    assert [(one["status"], one["user"]["id"]) for one in found] == [
        ("administrator", 123456),
        ("creator", ADA),
    ]
    assert (await bot.ask("getChatAdministrators", chat_id=ADA)).code == 400


async def test_a_deleted_topic_is_named(bot: Client) -> None:
    bot.api.add_topic(GROUP, 7, "News")
    bot.api.delete_topic(GROUP, 7)
    refused = await bot.send(chat_id=GROUP, text="x", message_thread_id=7)
    assert refused.said == "Bad Request: TOPIC_DELETED"


# Keyboards.


def keyboard(*buttons: object) -> dict:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        (keyboard({"text": "x"}), "Text buttons are unallowed"),
        (keyboard({"url": "https://example.org"}), 'Field "text"'),
        (keyboard({"text": "x", "callback_data": ""}), "BUTTON_DATA_INVALID"),
        (keyboard({"text": "x", "callback_data": "뉴스" * 11}), "BUTTON_DATA_INVALID"),
        (keyboard({"text": "x", "url": "http://localhost:8080/"}), "BUTTON_URL_INVALID"),
        (keyboard({"text": "x", "url": "javascript:alert(1)"}), "BUTTON_URL_INVALID"),
        (keyboard("x"), 'Field "text"'),
        (keyboard(*[{"text": "x", "callback_data": "y"}] * 101), "reply markup is too long"),
        (keyboard({"text": "x" * 11_000, "callback_data": "y"}), "reply markup is too long"),
    ],
)
async def test_a_keyboard_that_telegram_refuses_is_refused(bot: Client, markup: dict, said: str) -> None:
    assert said in (await bot.send(chat_id=ADA, text="x", reply_markup=markup)).said
    assert bot.api.ledger == []


async def test_sixty_four_bytes_of_data_and_web_addresses_are_taken(bot: Client) -> None:
    markup = keyboard(
        {"text": "a", "callback_data": "d" * 64}, {"text": "b", "url": "https://news.example/a?b=c"}
    )
    assert (await bot.send(chat_id=ADA, text="x", reply_markup=markup)).result["reply_markup"] == markup


# Replies.


async def test_a_reply_quotes_what_it_answers(bot: Client) -> None:
    first = (await bot.send(chat_id=NEWS, text="one")).result
    told = {"message_id": first["message_id"]}
    second = (await bot.send(chat_id=NEWS, text="two", reply_parameters=told)).result
    assert second["reply_to_message"] == first
    third = (
        await bot.send(chat_id=NEWS, text="three", reply_parameters={"message_id": second["message_id"]})
    ).result
    assert "reply_to_message" not in third["reply_to_message"]


async def test_a_reply_to_nothing_is_refused_unless_it_may_stand_alone(bot: Client) -> None:
    gone = {"message_id": 99}
    assert (await bot.send(chat_id=NEWS, text="x", reply_parameters=gone)).said == (
        "Bad Request: message to be replied not found"
    )
    alone = gone | {"allow_sending_without_reply": True}
    assert (await bot.send(chat_id=NEWS, text="x", reply_parameters=alone)).code == 200
