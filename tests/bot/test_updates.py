"""Updates as the Bot API brings them: taken once, answered in order, whatever they hold."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from telegram.error import TelegramError

from feedbot.bot import updates as updates_module
from feedbot.bot.conversation import Place
from feedbot.bot.updates import Updates
from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.model import Address, Category, ChatState, Subscription
from feedbot.store import Store, deliveries, photos, subscriptions
from feedbot.telegram.send import Sender
from tests.rig import until
from tests.support import NOW, POLICIES
from tests.telegram.wire import answer, saying, server

TOKEN, ADA, BEN, GROUP = "123456:TEST", 1001, 1002, -1002
PLACE = Place("The News", (POLICIES, Category("society", "Society")))
EN, KO = "You now follow", "구독했습니다"


class Talk:
    """People, and a bot that listens when it is told to."""

    def __init__(self, api: BotApi, store: Store) -> None:
        self.api, self.store, self.now = api, store, NOW
        self.waited: list[str] = []
        self.told_to_wait: list[tuple[str, float]] = []
        self.sender = Sender(TOKEN, api.url, shrink=self.shrink)
        self.updates = self.listener()

    def listener(self) -> Updates:
        """A bot that has just started."""
        return Updates(self.store, self.sender, PLACE, self.clock, self.wait, self.refused)

    def clock(self) -> datetime:
        return self.now

    async def wait(self, chat: str) -> None:
        self.waited.append(chat)

    def refused(self, chat: str, seconds: float) -> None:
        self.told_to_wait.append((chat, seconds))

    @staticmethod
    async def shrink(body: bytes) -> bytes:
        return body

    def update(self, **kind: Any) -> int:
        """Something happens."""
        return self.api.push_update(kind)

    def message(self, chat: int, text: str, kind: str = "message", **facts: Any) -> int:
        """A message with what is in it, or is not."""
        where = {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "x"}
        return self.update(
            **{kind: {"message_id": 1, "date": 1_750_000_000, "chat": where, "text": text, **facts}}
        )

    def heard(self, chat: int) -> list[str]:
        """What the bot said."""
        return [one["text"] for one in self.api.messages(chat)]

    def follows(self, chat: int) -> list[str]:
        return [one.category for one in self.store.do_now(subscriptions.of_address, Address(str(chat)))]


@pytest.fixture
async def talk(store: Store) -> AsyncIterator[Talk]:
    api = BotApi(TOKEN, enforce_limits=False)
    api.add_private(ADA, "Ada")
    api.add_private(BEN, "Ben", language="ko")
    api.add_group(GROUP, "Readers")
    await api.start()
    made = Talk(api, store)
    await made.sender.open()
    yield made
    await made.sender.close()
    await api.stop()


async def test_people_are_answered_in_order_and_their_language(talk: Talk) -> None:
    talk.api.say(ADA, "/subscribe policies")
    talk.api.say(BEN, "/subscribe policies")
    talk.api.say(ADA, "/list")
    assert await talk.updates.take(0) == 3
    assert [text.split(":")[0][:14] for text in talk.heard(ADA)] == [EN, "You follow"]
    assert KO in talk.heard(BEN)[0]
    assert talk.waited.count(str(ADA)) == 2


async def test_what_was_taken_is_not_taken_again_after_a_restart(talk: Talk) -> None:
    talk.api.say(ADA, "/subscribe policies")
    await talk.updates.take(0)
    assert await talk.listener().take(0) == 0
    assert len(talk.heard(ADA)) == 1


async def test_a_replayed_update_does_nothing_twice(talk: Talk) -> None:
    number = talk.message(ADA, "/subscribe policies")
    await talk.updates.take(0)
    talk.api.bot.updates.appendleft(
        {"update_id": number, "message": talk.api.messages(ADA)[0] | {"text": "/list"}}
    )
    talk.store.do_now(photos.save_next_update, str(talk.api.bot.id), number)
    await talk.updates.take(0)
    await talk.updates.take(0)
    assert len(talk.heard(ADA)) <= 2
    assert talk.follows(ADA) == ["policies"]


async def test_the_same_number_in_one_batch_is_taken_once(talk: Talk) -> None:
    talk.api.say(ADA, "/subscribe policies")
    talk.api.bot.updates.append(talk.api.bot.updates[0])
    assert await talk.updates.take(0) == 2
    assert len(talk.heard(ADA)) == 1


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": {"text": "/subscribe policies"}},
        {"channel_post": {"text": "/subscribe policies"}},
        {"message": {"text": None}},
        {"message": {"text": "", "sticker": {}}},
        {"message": {"date": "yesterday"}},
        {"message": {"date": 10**18}},
        {"message": {"chat": {"id": "x"}}},
        {"my_chat_member": {}},
        {"message_reaction": {}},
        {"poll_of_a_later_version": {"id": "1"}},
        {},
    ],
)
async def test_what_is_not_for_us_is_taken_and_passed_by(talk: Talk, update: dict) -> None:
    chat = {"message_id": 1, "date": 1_750_000_000, "chat": {"id": ADA, "type": "private"}}
    known = {"edited_message", "channel_post", "message"}
    for name, value in update.items():
        filled = {
            key: said for key, said in {**chat, **value}.items() if said is not None and key != "sticker"
        }
        update = {name: filled if name in known else value}
    talk.api.bot.updates.append({"update_id": 5_000, **update})
    assert await talk.updates.take(0) == 1
    talk.api.bot.updates.append({"update_id": 5_001, "message": {**chat, "text": "/list"}})
    assert await talk.updates.take(0) == 1
    assert len(talk.heard(ADA)) == 1
    assert talk.follows(ADA) == []


async def test_a_message_without_an_author_is_answered_in_english(talk: Talk) -> None:
    talk.message(ADA, "/subscribe policies")
    await talk.updates.take(0)
    assert EN in talk.heard(ADA)[0]


@pytest.mark.parametrize("text", ["/subscribe policies", "/start@feedbot_demo_bot", "hello"])
async def test_groups_are_not_answered(talk: Talk, text: str) -> None:
    talk.message(GROUP, text)
    assert await talk.updates.take(0) == 1
    assert talk.heard(GROUP) == []
    assert talk.follows(GROUP) == []


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("/start@other_bot", 0),
        ("/subscribe@other_bot policies", 0),
        ("/start@feedbot_demo_bot", 1),
        ("/start@FEEDBOT_Demo_Bot", 1),
        ("write to ada@example.org", 1),
    ],
)
async def test_commands_to_another_bot_are_left_to_it(talk: Talk, text: str, answers: int) -> None:
    await talk.updates.introduce()
    talk.api.say(ADA, text)
    await talk.updates.take(0)
    assert len(talk.heard(ADA)) == answers
    assert talk.follows(ADA) == []


async def test_two_megabytes_are_answered_in_one_short_message(talk: Talk) -> None:
    for text in ("/subscribe " + "x" * 2_000_000, "/" + "y" * 2_000_000, "🙂" * 1_000_000):
        talk.message(ADA, text)
    await talk.updates.take(0)
    assert len(talk.heard(ADA)) == 3
    assert max(map(len, talk.heard(ADA))) < 1000


async def test_a_flood_gets_five_answers_then_one_every_three_seconds(talk: Talk) -> None:
    for _ in range(50):
        talk.api.say(ADA, "/list")
    talk.api.say(BEN, "/list")
    assert await talk.updates.take(0) == 51
    assert (len(talk.heard(ADA)), len(talk.heard(BEN))) == (5, 1)
    talk.now += timedelta(seconds=6)
    for _ in range(10):
        talk.api.say(ADA, "/list")
    await talk.updates.take(0)
    assert len(talk.heard(ADA)) == 7


async def test_a_person_who_waits_for_their_pace_holds_up_nobody_else(talk: Talk) -> None:
    release = asyncio.Event()

    async def wait(chat: str) -> None:
        if chat == str(ADA):
            await release.wait()

    slow = Updates(talk.store, talk.sender, PLACE, talk.clock, wait, talk.refused)
    talk.api.say(ADA, "/list")
    talk.api.say(BEN, "/list")
    taking = asyncio.create_task(slow.take(0))
    await until(lambda: talk.heard(BEN))
    assert talk.heard(ADA) == []
    release.set()
    assert await taking == 2
    assert len(talk.heard(ADA)) == 1


async def test_a_chat_that_is_closed_for_long_does_not_keep_the_next_updates_waiting(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates_module, "_LONGEST_WAIT", 0.05)
    release = asyncio.Event()

    async def wait(_chat: str) -> None:
        await release.wait()

    slow = Updates(talk.store, talk.sender, PLACE, talk.clock, wait, talk.refused)
    talk.api.say(ADA, "/list")
    assert await slow.take(0) == 1
    assert talk.heard(ADA) == []
    release.set()
    await until(lambda: talk.heard(ADA))


async def test_an_answer_that_telegram_wants_later_is_said_again_and_the_lane_knows_of_it(talk: Talk) -> None:
    flood = ApiError(429, "Too Many Requests: retry after 3", retry_after=3)
    talk.api.fail("sendMessage", how="error", error=flood)
    talk.api.say(ADA, "/list")
    await talk.updates.take(0)
    assert len(talk.heard(ADA)) == 1
    assert [(chat, 3 < seconds < 4) for chat, seconds in talk.told_to_wait] == [(str(ADA), True)]
    assert talk.waited == [str(ADA)] * 2


async def test_who_blocked_the_bot_before_its_answer_is_gone(talk: Talk) -> None:
    talk.api.say(ADA, "/subscribe policies")
    talk.api.say(ADA, "/list")
    talk.api.set_state(ADA, "blocked")
    await talk.updates.take(0)
    chat = talk.store.do_now(deliveries.get_chat, str(ADA))
    assert chat
    assert chat.state is ChatState.GONE


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"status": "kicked", "until_date": 0}, ChatState.GONE),
        ({"status": "left"}, ChatState.GONE),
        ({"status": "member"}, ChatState.ACTIVE),
    ],
)
async def test_being_put_out_closes_a_chat_and_coming_back_opens_it(
    talk: Talk, status: dict, state: ChatState
) -> None:
    talk.api.say(ADA, "/subscribe policies")
    await talk.updates.take(0)
    me = talk.api.bot.json()
    change = {
        "chat": {"id": ADA, "type": "private"},
        "from": {"id": ADA, "is_bot": False, "first_name": "Ada"},
        "date": 1_750_000_000,
        "old_chat_member": {"status": "member", "user": me},
        "new_chat_member": {**status, "user": me},
    }
    talk.update(my_chat_member=change)
    assert await talk.updates.take(0) == 1
    chat = talk.store.do_now(deliveries.get_chat, str(ADA))
    assert chat
    assert chat.state is state
    assert talk.follows(ADA) == ["policies"]


async def test_a_server_that_takes_no_commands_is_listened_to_all_the_same(talk: Talk) -> None:
    talk.api.fail("setMyCommands", how="error", error=ApiError(404, "Not Found"), times=9)
    assert await talk.updates.introduce() == "feedbot_demo_bot"


async def test_the_menu_is_set_in_both_languages(talk: Talk) -> None:
    assert await talk.updates.introduce() == "feedbot_demo_bot"
    menus = talk.api.bot.commands
    assert {language for _, language in menus} == {"", "ko"}
    assert [one["command"] for one in menus["", ""]] == [one["command"] for one in menus["", "ko"]]


@pytest.mark.parametrize("result", [{}, None, True, "x", 7])
async def test_an_answer_that_is_no_list_is_an_error_to_wait_after(store: Store, result: object) -> None:
    """Or the next poll would follow at once, for ever."""
    async with server(saying(answer({"ok": True, "result": result}))) as url:
        sender = Sender(TOKEN, url, shrink=Talk.shrink)
        await sender.open()
        with pytest.raises(TelegramError):
            await sender.updates(None, 0, ["message"])
        await sender.close()


async def test_a_second_poller_is_reported_and_nothing_is_lost(talk: Talk) -> None:
    talk.api.bot.webhook = "https://elsewhere.example/"
    talk.api.say(ADA, "/list")
    with pytest.raises(TelegramError, match="webhook"):
        await talk.updates.take(0)
    talk.api.bot.webhook = ""
    assert await talk.updates.take(0) == 1
    assert len(talk.heard(ADA)) == 1


async def test_a_button_mutes_a_source_and_a_command_brings_it_back(talk: Talk) -> None:
    talk.api.say(ADA, "/subscribe policies")
    await talk.updates.take(0)
    [follows] = talk.store.do_now(subscriptions.of_address, Address(str(ADA)))
    number = talk.api.messages(ADA)[0]["message_id"]
    query = talk.api.press(ADA, ADA, number, f"mute:{follows.id}:gazette")
    await talk.updates.take(0)
    assert query not in talk.api.bot.queries
    [follows] = talk.store.do_now(subscriptions.of_address, Address(str(ADA)))
    assert follows.muted == ("gazette",)
    talk.api.say(ADA, "/unmute")
    await talk.updates.take(0)
    assert talk.heard(ADA)[-1] == "You get these again: gazette."
    [follows] = talk.store.do_now(subscriptions.of_address, Address(str(ADA)))
    assert follows.muted == ()


@pytest.mark.parametrize("data", ["mute:99:gazette", "mute:x", "", "mute:1:../x", "\u0661" * 30])
async def test_a_button_that_means_nothing_changes_nothing_and_is_answered(talk: Talk, data: str) -> None:
    talk.api.say(ADA, "/subscribe policies")
    talk.api.say(BEN, "/subscribe policies")
    await talk.updates.take(0)
    number = talk.api.messages(ADA)[0]["message_id"]
    talk.api.press(ADA, ADA, number, data)
    [bens] = talk.store.do_now(subscriptions.of_address, Address(str(BEN)))
    talk.api.press(ADA, ADA, number, f"mute:{bens.id}:gazette")
    await talk.updates.take(0)
    assert talk.api.bot.queries == set()
    assert all(not one.muted for one, _ in talk.store.do_now(subscriptions.all_subscriptions))


async def test_a_group_that_tells_its_new_number_keeps_its_subscriptions(talk: Talk) -> None:
    wanted = Subscription(0, Address(str(GROUP)), "policies")
    talk.store.do_now(subscriptions.subscribe, wanted, NOW)
    talk.message(GROUP, "", migrate_to_chat_id=-100_500)
    await talk.updates.take(0)
    assert talk.follows(-100_500) == ["policies"]
    assert talk.follows(GROUP) == []
