"""deliver against the emulator: what is in the outbox arrives, in its form."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import bad_request
from feedbot.model import Announce, Changes, ChatState, State
from feedbot.store import deliveries, ledger
from feedbot.store.why import why
from tests.pipeline.office import HOUR, MINUTE, STATE, Office
from tests.rig import until
from tests.support import SOURCE, candidate, entry, jpeg, save_poll


async def test_an_article_arrives_with_what_its_subscription_wants(office: Office, api: BotApi) -> None:
    office.subscribe(style="link", silent=True)
    office.publish(entry(1))
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert message["text"].startswith("Article 1\n\nRead on") or message["text"].startswith(
        "Article 1\nRead on"
    )
    assert api.ledger[0]["silent"]
    assert [button["text"] for button in message["reply_markup"]["inline_keyboard"][0]] == ["Read on"]


async def test_a_person_can_mute_a_source_and_a_channel_cannot(office: Office, api: BotApi) -> None:
    office.subscribe("1001", template="<b>{{ title }}</b> of {{ source }}")
    office.publish(entry(1))
    await office.all("1001")
    [message] = api.messages(1001)
    assert message["text"] == "Article 1 of gazette.example"
    assert [button["text"] for button in message["reply_markup"]["inline_keyboard"][0]] == [
        "Read on",
        "Mute gazette.example",
    ]


# Photos.


async def test_a_photo_is_fetched_and_uploaded_once_for_all(office: Office, api: BotApi) -> None:
    office.subscribe("-1001")
    office.subscribe("1001")
    made = entry(1)
    office.publish(replace(made, photo=office.picture("1.jpg", jpeg())))
    assert await office.all("-1001") == ["Sent"]
    (office.desk.tools.photos.folder / "x").mkdir()  # nothing there is read again
    assert await office.all("1001") == ["Sent"]
    assert office.asked == ["1.jpg"]
    assert len({line["photo"] for line in api.ledger}) == 1
    assert len(api.world.media.files) == 1


async def test_a_photo_too_long_to_be_one_goes_as_a_file(office: Office, api: BotApi) -> None:
    office.subscribe()
    office.publish(replace(entry(1), photo=office.picture("long.jpg", jpeg(3000, 100))))
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert "document" in message
    assert "Article 1" in message["caption"]


async def test_a_photo_that_telegram_refuses_in_two_chats_is_not_offered_to_others(
    office: Office, api: BotApi
) -> None:
    api.fail("sendPhoto", how="error", times=99, error=bad_request("IMAGE_PROCESS_FAILED"))
    api.add_private(2000, "Reader")
    for chat in ("-1001", "1001", "2000"):
        office.subscribe(chat)
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    for chat in ("-1001", "1001", "2000"):
        assert await office.all(chat) == ["Sent"]
    tried = ["sendPhoto"] * 3 + ["sendMessage"]
    assert [call["method"] for call in api.calls] == [*tried, *tried, "sendMessage"]
    last = office.store.do_now(why, "1001", str(entry(1).url))[-1]
    assert last.said.endswith("without its photo: Bad Request: IMAGE_PROCESS_FAILED")


async def test_a_photo_that_one_chat_alone_refuses_is_sent_to_all_others(office: Office, api: BotApi) -> None:
    api.fail("sendPhoto", how="error", times=99, chat_id=1001, error=bad_request("PHOTO_INVALID_DIMENSIONS"))
    for chat in ("1001", "-1001"):
        office.subscribe(chat)
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    for chat in ("1001", "-1001"):
        assert await office.all(chat) == ["Sent"]
    assert "photo" in api.messages(-1001)[0]


async def test_chats_that_want_a_photo_at_once_all_get_it(office: Office, api: BotApi) -> None:
    """One fetches, one uploads; the others take their turn anew and send its id."""
    chats = [str(number) for number in range(2000, 2012)]
    for chat in chats:
        api.add_private(int(chat), "Reader")
        office.subscribe(chat)
    for number, body in ((1, jpeg()), (2, b"no picture")):
        office.publish(replace(entry(number), photo=office.picture(f"{number}.jpg", body)))
        assert await office.everybody(chats) == [["Sent"]] * len(chats)
        office.now += MINUTE
    assert office.asked == ["1.jpg", "2.jpg"]
    first = api.ledger[: len(chats)]
    assert len({line["photo"] for line in first}) == 1


async def test_chats_that_wait_for_an_upload_that_is_refused_do_not_try_it(
    office: Office, api: BotApi
) -> None:
    chats = [str(number) for number in range(2000, 2012)]
    for chat in chats:
        api.add_private(int(chat), "Reader")
        office.subscribe(chat)
    api.fail("sendPhoto", how="error", times=99, error=bad_request("IMAGE_PROCESS_FAILED"))
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    assert await office.everybody(chats) == [["Sent"]] * len(chats)
    assert sum(call["method"] == "sendPhoto" for call in api.calls) == 6


async def test_a_chat_that_does_not_answer_its_upload_keeps_nobody_else_from_the_photo(
    office: Office, api: BotApi
) -> None:
    office.desk.sender.answered = 0.05
    api.add_private(2000, "Reader")
    api.fail("sendPhoto", how="slow", chat_id=2000, seconds=0.5)
    for chat in ("2000", "1001"):
        office.subscribe(chat)
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    slow = asyncio.create_task(office.all("2000"))
    await until(lambda: any(at < float("inf") for at in office.desk.fetching.values()))
    await until(lambda: any(at < time.monotonic() for at in office.desk.fetching.values()))
    assert await office.all("1001") == ["Sent"]
    assert "photo" in api.messages(1001)[0]
    assert await slow == ["Sent"]


async def test_a_photo_whose_uploads_are_never_answered_costs_no_article(office: Office, api: BotApi) -> None:
    """A proxy before the Bot API that takes no large bodies answers with a page of its own."""
    office.subscribe("-1001")
    office.subscribe("1001")
    api.fail("sendPhoto", how="html502", times=99)
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    outcomes = []
    for _ in range(4):
        outcomes += await office.all("-1001")
        office.now += MINUTE
    assert outcomes == ["Unknown", "Unknown", "Unknown", "Sent"]
    assert await office.all("1001") == ["Sent"]
    asked = [call["method"] for call in api.calls]
    assert [one for one in asked if one != "getMe"] == ["sendPhoto"] * 3 + ["sendMessage"] * 2


async def test_an_outage_without_answers_costs_no_photo(office: Office, api: BotApi) -> None:
    office.subscribe("-1001")
    api.fail("*", how="html502", times=10)  # five of them the question whether it answers at all
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    outcomes = []
    while "Sent" not in outcomes:
        outcomes += await office.all("-1001")
        office.now += MINUTE
    assert outcomes == ["Unknown"] * 5 + ["Sent"]
    assert "photo" in api.messages(-1001)[0]


async def test_a_dead_file_id_is_replaced_for_all_others(office: Office, api: BotApi) -> None:
    office.subscribe("-1001")
    office.subscribe("1001")
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    await office.all("-1001")
    api.world.media.forget_ids()
    assert await office.all("1001") == ["Sent"]
    office.publish(replace(entry(2), photo=office.picture("1.jpg", jpeg())))
    await office.all("1001")
    assert [call["method"] for call in api.calls] == ["sendPhoto"] * 4
    assert office.asked == ["1.jpg"]


async def test_a_chat_that_does_not_answer_keeps_nobody_from_replacing_a_dead_file_id(
    office: Office, api: BotApi
) -> None:
    office.desk.sender.answered = 0.05
    api.add_private(2000, "Reader")
    for chat in ("-1001", "2000", "1001"):
        office.subscribe(chat)
    office.publish(replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    await office.all("-1001")
    api.world.media.forget_ids()
    api.fail("sendPhoto", how="slow", chat_id=2000, skip=1, seconds=0.5)
    slow = asyncio.create_task(office.all("2000"))
    await until(lambda: len(api.calls) == 2)
    assert await office.all("1001") == ["Sent"]
    assert not slow.done()
    assert await slow == ["Sent"]


# Topics.


async def test_a_closed_topic_is_tried_daily_and_holds_up_no_other(office: Office, api: BotApi) -> None:
    office.subscribe("-1005", 7)
    office.subscribe("-1005", 8)
    api.close_topic(-1005, 7)
    office.publish(entry(1))
    assert await office.all("-1005") == ["TopicClosed", "Sent"]
    office.now += timedelta(hours=23)
    assert await office.all("-1005") == []
    api.world.chats[-1005].closed_topics.clear()
    office.now += HOUR
    assert await office.all("-1005") == ["Sent"]
    assert [one["message_thread_id"] for one in api.messages(-1005)] == [8, 7]
    office.publish(entry(2))
    assert await office.all("-1005") == ["Sent", "Sent"]


async def test_a_deleted_topic_is_left_alone_and_nothing_goes_to_general(office: Office, api: BotApi) -> None:
    office.subscribe("-1005", 9)
    office.subscribe("-1005", 8)
    office.publish(entry(1), entry(2))
    assert sorted(await office.all("-1005")) == ["Sent", "Sent", "TopicClosed"]
    assert office.counts == {"sent": 2, "gone": 1, "skipped": 1}
    office.publish(entry(3))
    office.now += timedelta(days=2)
    assert await office.all("-1005") == ["Sent"]
    assert {one["message_thread_id"] for one in api.messages(-1005)} == {8}


# Chats.


async def test_a_migrated_group_gets_its_message_under_the_new_number(office: Office, api: BotApi) -> None:
    api.add_group(-5, "Old", supergroup=False)
    api.set_state(-5, "migrated", migrated_to=-1005)
    office.subscribe("-5")
    office.publish(entry(1))
    assert await office.all("-5") == ["Migrated"]
    assert await office.all("-1005") == ["Sent"]
    assert office.store.do_now(deliveries.get_chat, "-5").state is ChatState.GONE


async def test_what_was_sent_before_a_migration_is_not_edited_there(office: Office, api: BotApi) -> None:
    api.add_group(-5, "Old", supergroup=False)
    office.subscribe("-5")
    office.publish(entry(1))
    await office.all("-5")
    api.set_state(-5, "migrated", migrated_to=-1005)
    office.now += MINUTE
    office.correct(entry(1), title="Another title")
    assert await office.all("-5") == ["Migrated"]
    assert await office.all("-1005") == []


# Many.


async def test_of_many_at_once_the_newest_come_and_one_line_tells_of_the_others(
    office: Office, api: BotApi
) -> None:
    office.subscribe()
    many = [(candidate(entry(n)), Announce.PUSH if n > 12 else Announce.TOO_MANY) for n in range(1, 15)]
    save_poll(office.store, SOURCE, Changes(tuple(many)), STATE, office.now)
    assert await office.all() == ["Sent"] * 3
    told = [one["text"].split("\n")[0] for one in api.messages(-1001)]
    assert told == ["Article 13", "Article 14", "and 12 more in Policies → feeds.example"]
    assert api.messages(-1001)[-1]["entities"][0]["url"] == "http://feeds.example/c/policies"
    assert office.counts == {"sent": 3, "skipped": 12}
    assert await office.all() == []


async def test_a_chat_far_behind_gets_the_newest_and_one_line(office: Office, api: BotApi) -> None:
    office.subscribe()
    for n in range(1, 31):
        office.publish(entry(n))
    office.now += timedelta(hours=2)
    for _ in range(3):  # no more than a group takes in a minute
        await office.all()
        office.now += MINUTE
    told = [one["text"].split("\n")[0] for one in api.messages(-1001)]
    assert told == [*(f"Article {n}" for n in range(11, 31)), "and 10 more in Policies → feeds.example"]
    reasons = {one.reason for one in office.store.do_now(ledger.newest, State.SKIPPED, 99)}
    assert reasons == {"too_many"}


async def test_a_chat_that_is_busy_for_minutes_misses_nothing(office: Office, api: BotApi) -> None:
    office.subscribe()
    for n in range(1, 31):
        office.publish(entry(n))
    for _ in range(3):
        await office.all()
        office.now += MINUTE
    assert len(api.messages(-1001)) == 30


async def test_a_line_of_many_counts_on_while_it_waits(office: Office, api: BotApi) -> None:
    """As it does where pages are read one by one."""
    office.subscribe()
    for n in (1, 2, 3):
        one = (candidate(entry(n)), Announce.TOO_MANY)
        save_poll(office.store, SOURCE, Changes((one,)), STATE, office.now)
    assert await office.all() == []
    office.now += MINUTE
    assert await office.all() == ["Sent"]
    assert api.messages(-1001)[0]["text"].startswith("and 3 more in Policies")
