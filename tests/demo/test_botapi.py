"""The emulator over HTTP: how calls arrive, what updates do, and what it refuses."""

import asyncio
import json

import pytest

from tests.demo.botapi_client import ADA, NEWS, Client
from tests.rig import until
from tests.support import jpeg

HELLO = {"chat_id": str(ADA), "text": "Hello"}


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("GET", {"params": HELLO}),
        ("POST", {"params": HELLO}),
        ("POST", {"data": HELLO}),
        ("POST", {"json": {"chat_id": ADA, "text": "Hello"}}),
    ],
    ids=["query", "query of a POST", "urlencoded", "JSON"],
)
async def test_parameters_may_come_in_every_form(bot: Client, verb: str, options: dict) -> None:
    message = (await bot.request(verb, "sendMessage", **options)).result
    assert message["text"] == "Hello"
    assert message["chat"] == {"id": ADA, "type": "private", "first_name": "Ada"}


async def test_parameters_may_come_as_multipart(bot: Client) -> None:
    entities = [{"type": "bold", "offset": 0, "length": 5}]
    message = (await bot.upload("sendMessage", {}, **HELLO, entities=entities)).result
    assert message["entities"] == entities


async def test_method_names_have_no_case(bot: Client) -> None:
    assert (await bot.ask("SENDmessage", **HELLO)).result["text"] == "Hello"


async def test_a_connection_is_kept(bot: Client) -> None:
    async with bot.session.get(bot.url("getMe")) as response:
        await response.read()
        assert response.headers.get("Connection", "keep-alive") == "keep-alive"


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("bot999:WRONG/getMe", 401, "Unauthorized"),
        ("botnonsense/getMe", 404, "Not Found"),
        ("bot123456:TEST/getNothing", 404, "Not Found: method not found"),
        ("elsewhere", 404, "Not Found"),
    ],
)
async def test_who_asks_wrongly_is_told_so(bot: Client, path: str, code: int, said: str) -> None:
    async with bot.session.get(f"{bot.api.url}/{path}") as response:
        assert response.status == code
        assert await response.json() == {"ok": False, "error_code": code, "description": said}


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {"json": ["a", "list"]},
        {"data": b"x", "headers": {"Content-Type": "text/plain"}},
        {"json": {"chat_id": ADA, "text": "x", "entities": "not JSON"}},
        {"json": {"chat_id": ADA, "text": "x", "entities": 7}},
        {"json": {"chat_id": ADA, "text": "x", "message_thread_id": "seven"}},
    ],
)
async def test_what_cannot_be_read_is_a_bad_request(bot: Client, options: dict) -> None:
    answer = await bot.request("POST", "sendMessage", **options)
    assert answer.code == 400
    assert answer.said.startswith("Bad Request: ")


async def test_a_body_over_50_mb_is_refused(bot: Client) -> None:
    answer = await bot.upload("sendDocument", {"document": b"\0" * 52_500_000}, chat_id=str(ADA))
    assert (answer.code, answer.said) == (413, "Request Entity Too Large")


async def test_a_429_says_the_wait_in_body_and_header(bot: Client) -> None:
    await bot.ask("sendMessage", **HELLO)
    answer = await bot.ask("sendMessage", **HELLO)
    assert (answer.code, answer.said) == (429, "Too Many Requests: retry after 1")
    assert answer.body["parameters"] == {"retry_after": 1}
    assert answer.headers["Retry-After"] == "1"


async def test_the_bot_knows_itself(bot: Client) -> None:
    me = (await bot.request("GET", "getMe")).result
    assert (me["id"], me["is_bot"], me["username"]) == (123456, True, "feedbot_demo_bot")


# Updates.


async def test_an_update_stays_until_the_next_offset_acknowledges_it(bot: Client) -> None:
    bot.api.say(ADA, "/start")
    first = (await bot.ask("getUpdates")).result
    again = (await bot.ask("getUpdates")).result
    assert first == again
    assert first[0]["message"]["text"] == "/start"
    assert first[0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert (await bot.ask("getUpdates", offset=first[0]["update_id"] + 1)).result == []
    assert (await bot.ask("getUpdates")).result == []


async def test_a_poll_waits_for_what_happens(bot: Client) -> None:
    poll = asyncio.create_task(bot.ask("getUpdates", timeout=30))
    await until(lambda: bot.api.bot.poll)
    bot.api.say(ADA, "now")
    assert [one["message"]["text"] for one in (await poll).result] == ["now"]


async def test_limit_and_negative_offset_choose_among_what_waits(bot: Client) -> None:
    for number in range(5):
        bot.api.say(ADA, str(number))
    assert [one["message"]["text"] for one in (await bot.ask("getUpdates", limit=2)).result] == ["0", "1"]
    assert [one["message"]["text"] for one in (await bot.ask("getUpdates", offset=-2)).result] == ["3", "4"]
    assert len((await bot.ask("getUpdates")).result) == 2


async def test_allowed_updates_hold_until_they_are_changed(bot: Client) -> None:
    await bot.ask("getUpdates", allowed_updates=["callback_query"])
    bot.api.say(ADA, "not heard")
    assert (await bot.ask("getUpdates")).result == []
    await bot.ask("getUpdates", allowed_updates="[]")
    bot.api.say(ADA, "heard")
    bot.api.push_update({"chat_member": {}})
    assert [one["message"]["text"] for one in (await bot.ask("getUpdates")).result] == ["heard"]


async def test_a_second_poll_ends_the_first_with_409(bot: Client) -> None:
    first = asyncio.create_task(bot.ask("getUpdates", timeout=30))
    await until(lambda: bot.api.bot.poll)
    second = asyncio.create_task(bot.ask("getUpdates", timeout=30))
    answer = await first
    assert answer.code == 409
    assert "terminated by other getUpdates request" in answer.said
    bot.api.say(ADA, "still heard")
    assert len((await second).result) == 1


async def test_while_a_webhook_is_set_polls_are_refused(bot: Client) -> None:
    await bot.ask("setWebhook", url="https://bot.example/hook")
    answer = await bot.ask("getUpdates")
    assert answer.code == 409
    assert "webhook is active" in answer.said
    bot.api.say(ADA, "dropped")
    await bot.ask("deleteWebhook", drop_pending_updates=True)
    assert (await bot.ask("getUpdates")).result == []


async def test_each_bot_has_its_own_updates(bot: Client) -> None:
    other = bot.api.add_bot("777:OTHER", "other_bot")
    bot.api.push_update({"message": {"text": "for the first"}})
    assert len(bot.api.bot.updates) == 1
    assert len(other.updates) == 0


# The menu, buttons and members.


async def test_commands_are_kept_by_language(bot: Client) -> None:
    korean = [{"command": "list", "description": "구독 중인 분야"}]
    await bot.ask("setMyCommands", commands=json.dumps(korean), language_code="ko")
    assert (await bot.ask("getMyCommands", language_code="ko")).result == korean
    assert (await bot.ask("getMyCommands")).result == []


@pytest.mark.parametrize(
    "command",
    [
        {"command": "List", "description": "x"},
        {"command": "l" * 33, "description": "x"},
        {"command": "list", "description": ""},
        {"command": "list", "description": "x" * 257},
        "list",
    ],
)
async def test_commands_that_telegram_refuses_are_refused(bot: Client, command: object) -> None:
    assert (await bot.ask("setMyCommands", commands=[command])).code == 400


async def test_a_pressed_button_is_answered_once(bot: Client) -> None:
    keyboard = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}
    sent = (await bot.send(chat_id=ADA, text="x", reply_markup=keyboard)).result
    assert sent["reply_markup"] == keyboard
    query = bot.api.press(ADA, ADA, sent["message_id"], "more")
    [update] = (await bot.ask("getUpdates")).result
    assert update["callback_query"]["data"] == "more"
    assert (await bot.ask("answerCallbackQuery", callback_query_id=query)).result is True
    assert "query is too old" in (await bot.ask("answerCallbackQuery", callback_query_id=query)).said


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ({"text": "x", "callback_data": "d" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "url": "nowhere"}, "BUTTON_URL_INVALID"),
    ],
)
async def test_a_bad_button_is_refused(bot: Client, button: dict, said: str) -> None:
    answer = await bot.send(chat_id=ADA, text="x", reply_markup={"inline_keyboard": [[button]]})
    assert said in answer.said


async def test_a_chat_is_found_by_number_or_name(bot: Client) -> None:
    by_name = (await bot.ask("getChat", chat_id="@News_Of_The_Day")).result
    assert by_name == (await bot.ask("getChat", chat_id=NEWS)).result
    assert (by_name["id"], by_name["type"], by_name["title"]) == (NEWS, "channel", "News")
    assert (await bot.ask("getChat", chat_id="@nobody")).said == "Bad Request: chat not found"
    assert (await bot.ask("getChat")).said == "Bad Request: chat_id is empty"


@pytest.mark.parametrize(
    ("state", "status", "right"),
    [("ok", "administrator", True), ("not_admin", "administrator", False), ("kicked", "kicked", None)],
)
async def test_what_the_bot_is_in_a_channel(bot: Client, state: str, status: str, right: object) -> None:
    bot.api.set_state(NEWS, state)
    member = (await bot.ask("getChatMember", chat_id=NEWS, user_id=123456)).result
    assert (member["status"], member.get("can_post_messages")) == (status, right)


async def test_a_file_is_sent_and_its_id_used_again(bot: Client) -> None:
    sent = await bot.upload("sendDocument", {"document": jpeg()}, chat_id=ADA, caption="A file")
    first = sent.result["document"]
    assert (first["file_name"], first["mime_type"], first["file_size"]) == (
        "a.jpg",
        "image/jpeg",
        len(jpeg()),
    )
    again = (await bot.send("sendDocument", chat_id=NEWS, document=first["file_id"])).result["document"]
    assert again["file_unique_id"] == first["file_unique_id"]
    assert again["file_id"] != first["file_id"]


async def test_who_dies_in_the_middle_of_its_request_posted_nothing(
    bot: Client, caplog: pytest.LogCaptureFixture
) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", int(bot.api.url.rpartition(":")[2]))
    head = (
        f"POST /bot{bot.token}/sendMessage?text=x&chat_id={ADA} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
    )
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()
    assert (await bot.ask("getMe")).code == 200
    assert bot.api.ledger == []
    assert not caplog.records


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("sendMessage", {"text": "x", "entities": [{"type": [], "offset": 0, "length": 1}]}),
        ("sendMessage", {"text": "x", "reply_parameters": {"message_id": "x"}}),
        ("sendMessage", {"text": "x", "link_preview_options": [1]}),
        ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [1]}}),
        ("sendMediaGroup", {"media": [{"type": ["x"]}] * 2}),
        ("sendPhoto", {"photo": [1], "caption": "x", "caption_entities": [{"type": {}}]}),
        ("editMessageText", {"message_id": 2**70, "text": "x"}),
        ("getUpdates", {"allowed_updates": [{}]}),
    ],
)
async def test_a_parameter_of_a_wrong_kind_is_refused_and_nothing_breaks(
    bot: Client, method: str, given: dict[str, object]
) -> None:
    assert (await bot.send(method, chat_id=ADA, **given)).said.startswith("Bad Request")


async def test_a_webhook_is_told_of(bot: Client) -> None:
    bot.api.push_update({"message": {}})
    assert (await bot.ask("getWebhookInfo")).result["pending_update_count"] == 1
    await bot.ask("setWebhook", url="https://a.example/")
    assert (await bot.ask("getWebhookInfo")).result["url"] == "https://a.example/"
