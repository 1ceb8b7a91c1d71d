"""From the outbox on: albums, messages that stand aside, corrections that change nothing that is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from feedbot.model import Entry, Photo, State
from feedbot.store import deliveries, ledger
from feedbot.store.outbox import Waiting
from tests.pipeline.office import HOUR, MINUTE, Office
from tests.support import entry, jpeg


def with_photos(office: Office, count: int, number: int = 1, *, start: int = 0) -> Entry:
    photos = tuple(
        office.picture(f"{number}-{place}.jpg", jpeg(300 + place + 20 * number, 200))
        for place in range(start, start + count)
    )
    return replace(entry(number), photo=photos[-1], photos=photos)


def methods(api: BotApi) -> list[str]:
    return [call["method"] for call in api.calls if call["method"] != "getMe"]


def waiting(office: Office) -> list[Waiting]:
    return office.store.do_now(office.desk.outbox.waiting, office.now)


async def test_an_album_shows_the_lead_first_and_each_photo_is_fetched_and_uploaded_once(
    office: Office, api: BotApi
) -> None:
    for chat in ("-1001", "1001"):
        office.subscribe(chat, style="album")
    office.publish(with_photos(office, 3))
    assert {one.cost for one in waiting(office)} == {3}
    assert await office.all("-1001") == ["Sent"]
    assert await office.all("1001") == ["Sent"]
    assert methods(api) == ["sendMediaGroup"] * 2
    assert sorted(office.asked) == ["1-0.jpg", "1-1.jpg", "1-2.jpg"]
    assert len(api.world.media.files) == 3
    first, *others = api.messages(1001)
    assert first["caption"].startswith("Article 1")
    assert first["photo"][-1]["width"] == 322
    assert len(others) == 2
    assert office.counts == {"sent": 2}


async def test_chats_that_want_an_album_at_once_all_get_it_by_one_upload(office: Office, api: BotApi) -> None:
    chats = [str(number) for number in range(2000, 2008)]
    for number, chat in enumerate(chats):
        api.add_private(int(chat), "Reader")
        office.subscribe(chat, style="photo" if number % 3 == 2 else "album")
    office.publish(with_photos(office, 3))
    assert await office.everybody(chats) == [["Sent"]] * len(chats)
    assert len(api.world.media.files) == 3


@pytest.mark.parametrize("count", [0, 1])
async def test_with_fewer_than_two_photos_it_is_as_ever(office: Office, api: BotApi, count: int) -> None:
    office.subscribe(style="album")
    office.publish(with_photos(office, 1) if count else entry(1))
    assert await office.all() == ["Sent"]
    assert methods(api) == ["sendPhoto" if count else "sendMessage"]


async def test_photos_that_cannot_be_had_are_left_out(office: Office, api: BotApi) -> None:
    office.subscribe(style="album")
    made = with_photos(office, 3)
    long = office.picture("long.jpg", jpeg(3000, 100))
    gone = Photo(f"{office.url}/gone.jpg")
    office.publish(replace(made, photos=(gone, long, *made.photos)))
    assert await office.all() == ["Sent"]
    assert len(api.messages(-1001)) == 3


async def test_a_photo_that_telegram_refuses_in_an_album_is_not_offered_again(
    office: Office, api: BotApi
) -> None:
    office.subscribe("-1001", style="album")
    office.subscribe("1001", style="album")
    office.publish(with_photos(office, 3))
    words = 'failed to send message #2 with the error message "PHOTO_INVALID_DIMENSIONS"'
    api.fail("sendMediaGroup", how="error", error=ApiError(400, f"Bad Request: {words}"))
    assert await office.all("-1001") == ["Sent"]
    assert await office.all("1001") == ["Sent"]
    assert methods(api) == ["sendMediaGroup"] * 3
    assert len(api.messages(1001)) == 2


async def test_a_correction_edits_the_caption_of_an_album(office: Office, api: BotApi) -> None:
    office.subscribe(style="album")
    made = with_photos(office, 2)
    office.publish(made)
    await office.all()
    office.now += MINUTE
    office.correct(made, title="Another title")
    assert await office.all() == ["Sent"]
    first, second = api.messages(-1001)
    assert first["caption"].startswith("Another title")
    assert "caption" not in second
    assert methods(api) == ["sendMediaGroup", "editMessageCaption"]


async def test_another_lead_photo_takes_the_place_of_an_albums_first(office: Office, api: BotApi) -> None:
    office.subscribe(style="album")
    made = with_photos(office, 2)
    office.publish(made)
    await office.all()
    before = [one["photo"][-1]["file_unique_id"] for one in api.messages(-1001)]
    office.now += MINUTE
    other = office.picture("other.jpg", jpeg(400, 300))
    office.correct(made, photo=other, photos=(other, *made.photos[1:]))
    assert await office.all() == ["Sent"]
    after = [one["photo"][-1]["file_unique_id"] for one in api.messages(-1001)]
    assert (after[0] != before[0], after[1]) == (True, before[1])
    assert methods(api) == ["sendMediaGroup", "editMessageMedia"]


async def test_an_album_is_deleted_as_a_whole(office: Office, api: BotApi) -> None:
    office.desk.deletes = True
    office.subscribe(style="album")
    made = with_photos(office, 3)
    office.publish(made)
    await office.all()
    office.now += MINUTE
    office.take_back(made)
    await office.all()
    assert api.messages(-1001) == []


async def test_an_album_that_arrived_is_found_and_not_sent_again(office: Office, api: BotApi) -> None:
    office.subscribe(style="album")
    office.publish(with_photos(office, 3))
    await office.all()
    api.fail("sendMediaGroup", when="after")
    office.publish(with_photos(office, 2, 2))
    assert "Unknown" in await office.all()
    office.now += MINUTE
    await office.all()
    assert office.counts == {"sent": 2}
    assert methods(api)[2:] == ["editMessageReplyMarkup"]


async def test_an_album_counts_after_a_restart_as_many_as_it_has_photos(office: Office) -> None:
    office.subscribe(style="album")
    office.publish(with_photos(office, 4))
    await office.all()
    sends = office.store.do_now(deliveries.recent_sends, office.now - MINUTE)
    assert [chat for chat, _ in sends] == ["-1001"] * 4


# Standing aside.


def fails(api: BotApi, words: str, times: int = 999) -> None:
    error = ApiError(500, "Internal Server Error")
    api.fail("sendMessage", how="error", times=times, error=error, containing=words)


async def refused(office: Office, times: int) -> None:
    for _ in range(times):
        assert await office.all() == ["RetryAfter"]
        office.now += timedelta(minutes=1, seconds=1)


async def test_a_message_over_which_telegram_fails_each_time_lets_the_others_go_first(
    office: Office, api: BotApi
) -> None:
    office.subscribe()
    fails(api, "Article 1")
    office.publish(entry(1), entry(2), entry(3))
    await refused(office, 9)
    assert await office.all() == ["RetryAfter", "Sent", "Sent"]
    assert office.counts == {"pending": 1, "sent": 2}
    [left] = waiting(office)
    assert left.due_at == office.now + MINUTE
    office.publish(entry(4))
    office.now += 2 * HOUR
    assert await office.all() == ["Sent", "RetryAfter"]
    [left] = waiting(office)
    assert left.due_at == office.now + 2 * MINUTE


async def test_one_that_stands_aside_is_tried_now_and_then_and_given_up_after_two_days(
    office: Office, api: BotApi
) -> None:
    office.subscribe()
    fails(api, "Article 1")
    office.publish(entry(1))
    await refused(office, 10)
    office.now -= timedelta(minutes=1, seconds=1)
    for _ in range(47):
        office.now += HOUR
        assert await office.all() == ["RetryAfter"]
    assert office.counts == {"pending": 1}
    office.now += HOUR
    await office.all()
    assert office.counts == {"gone": 1}


async def test_one_that_stood_aside_arrives_when_telegram_takes_it(office: Office, api: BotApi) -> None:
    office.subscribe()
    fails(api, "Article 1", 10)
    office.publish(entry(1))
    await refused(office, 9)
    assert await office.all() == ["RetryAfter"]
    assert await office.all() == []
    office.now += MINUTE
    assert await office.all() == ["Sent"]


async def test_after_an_outage_that_answers_in_telegrams_words_all_arrive_in_order(
    office: Office, api: BotApi
) -> None:
    office.subscribe()
    office.publish(*(entry(number) for number in range(1, 5)))
    api.fail("sendMessage", how="error", times=40, error=ApiError(500, "Internal Server Error"))
    while "Sent" not in (came := await office.all()):
        office.now += MINUTE
    assert came[-4:] == ["Sent"] * 4
    assert [line["text"][8] for line in api.messages(-1001)] == ["1", "2", "3", "4"]


async def test_two_over_which_telegram_fails_hold_up_no_third_for_ever(office: Office, api: BotApi) -> None:
    office.subscribe()
    fails(api, "Article 1")
    fails(api, "Article 2")
    office.publish(entry(1), entry(2), entry(3))
    began = office.now
    while "Sent" not in await office.all():
        office.now += MINUTE
    assert office.now - began < 3 * HOUR


async def test_one_whose_answers_are_lost_waits_longer_each_time_and_lets_the_others_go(
    office: Office, api: BotApi
) -> None:
    office.subscribe("1001")
    api.fail("sendMessage", when="after", how="reset", times=999, containing="Article 1")
    office.publish(entry(1), entry(2))
    began, came = office.now, list[str]()
    while "Sent" not in came:
        came += await office.all("1001")
        office.now += timedelta(seconds=2)
    assert came.count("Unknown") == 8
    assert office.now - began < 10 * MINUTE


async def test_one_whose_answers_are_lost_for_two_days_is_left_to_the_operator(
    office: Office, api: BotApi
) -> None:
    office.subscribe("1001")
    api.fail("sendMessage", when="after", how="reset", times=999)
    office.publish(entry(1))
    for _ in range(5 * 24 * 6):
        await office.all("1001")
        office.now += 10 * MINUTE
    assert office.counts == {"unknown": 1}
    assert len(api.messages(1001)) < 25
    [line] = office.store.do_now(ledger.newest, State.UNKNOWN, 9)
    office.store.do_now(ledger.settle, line.id, State.PENDING, office.now)
    assert await office.all("1001") == ["Unknown"]


async def test_one_that_stood_aside_is_sent_at_once_by_hand(office: Office, api: BotApi) -> None:
    office.subscribe()
    fails(api, "Article 1", 10)
    office.publish(entry(1))
    await refused(office, 10)
    [line] = office.store.do_now(ledger.newest, State.PENDING, 9)
    office.store.do_now(ledger.settle, line.id, State.PENDING, office.now)
    assert await office.all() == ["Sent"]


async def test_an_outage_without_an_answer_moves_no_message_aside(office: Office, api: BotApi) -> None:
    office.subscribe()
    office.publish(entry(1), entry(2))
    api.fail("sendMessage", how="error", times=20, error=ApiError(429, "Too Many Requests", retry_after=1))
    for _ in range(20):
        assert await office.all() == ["RetryAfter"]
        office.now += MINUTE
    assert await office.all() == ["Sent", "Sent"]
    assert [line["text"][:9] for line in api.messages(-1001)] == ["Article 1", "Article 2"]


# Corrections that show in no message.


async def test_a_correction_that_shows_in_no_message_is_no_edit(office: Office, api: BotApi) -> None:
    office.subscribe("-1001", style="link")
    office.subscribe("1001", style="full")
    made = replace(entry(1), content_html="<p>As it was.</p>")
    office.publish(made)
    for chat in ("-1001", "1001"):
        assert await office.all(chat) == ["Sent"]
    office.now += MINUTE
    made = office.correct(made, content_html="<p>As it is.</p>", content_text="As it is.")
    assert await office.all("-1001") == []
    assert await office.all("1001") == ["Sent"]
    assert methods(api) == ["sendMessage"] * 2 + ["editMessageText"]
    assert "Updated" not in api.messages(-1001)[0]["text"]
    office.now += MINUTE
    office.correct(made, title="Another title")
    assert await office.all("-1001") == ["Sent"]


async def test_an_invisible_change_does_not_move_the_date_of_the_last_one(
    office: Office, api: BotApi
) -> None:
    office.subscribe(style="link")
    made = entry(1)
    office.publish(made)
    await office.all()
    office.now += MINUTE
    made = office.correct(made, title="Another title")
    await office.all()
    before = api.messages(-1001)[0]["text"]
    office.now += 30 * HOUR
    office.correct(made, content_html="<p>More.</p>", content_text="More.")
    assert await office.all() == []
    assert api.messages(-1001)[0]["text"] == before
    assert waiting(office) == []


async def test_who_takes_a_correction_back_edits_too(office: Office, api: BotApi) -> None:
    office.subscribe()
    made = entry(1)
    office.publish(made)
    await office.all()
    for title in ("Another title", made.title):
        office.now += 2 * MINUTE
        office.correct(made, title=title)
        assert await office.all() == ["Sent"]
    assert api.messages(-1001)[0]["text"].startswith("Article 1")
