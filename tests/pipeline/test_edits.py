"""deliver against the emulator: what was sent is edited when its article changes, or is taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import bad_request
from feedbot.model import ChatState, Entry, State
from feedbot.store import deliveries
from feedbot.store.outbox import Outbox
from tests.pipeline.office import HOUR, MINUTE, Office
from tests.support import entry, jpeg


async def sent(office: Office, api: BotApi, made: Entry | None = None) -> Entry:
    office.subscribe()
    made = made or entry(1)
    office.publish(made)
    assert await office.all() == ["Sent"]
    office.now += MINUTE
    return made


async def test_a_correction_edits_what_was_sent_and_says_so(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.correct(made, title="Another title")
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert message["text"].startswith("Another title")
    assert "Updated Mar 1, 2026" in message["text"]
    assert message["reply_markup"]
    assert await office.all() == []
    assert office.counts == {"sent": 1}


async def test_corrections_in_a_row_are_one_edit_a_minute_and_the_last_wins(
    office: Office, api: BotApi
) -> None:
    made = await sent(office, api)
    made = office.correct(made, title="Second")
    assert await office.all() == ["Sent"]
    for title in ("Third", "Fourth"):
        made = office.correct(made, title=title)
        assert await office.all() == []
    office.now += MINUTE + timedelta(seconds=1)
    assert await office.all() == ["Sent"]
    assert api.messages(-1001)[0]["text"].startswith("Fourth")
    assert [call["method"] for call in api.calls] == ["sendMessage", "editMessageText", "editMessageText"]


async def test_an_article_is_edited_five_times_at_most(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    for number in range(8):
        made = office.correct(made, title=f"Title {number}")
        await office.all()
        office.now += HOUR
    assert [call["method"] for call in api.calls].count("editMessageText") == 5


async def test_what_was_sent_two_days_ago_is_not_edited(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.now += timedelta(hours=48)
    office.correct(made, title="Too late")
    assert await office.all() == []


async def test_new_articles_go_before_corrections(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.correct(made, title="Another title")
    office.publish(entry(2))
    await office.all()
    assert [call["method"] for call in api.calls][1:] == ["sendMessage", "editMessageText"]


async def test_a_caption_is_edited_where_a_photo_was_sent(office: Office, api: BotApi) -> None:
    made = await sent(office, api, replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    office.correct(made, title="Another title")
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert message["caption"].startswith("Another title")
    assert "photo" in message
    assert api.calls[-1]["method"] == "editMessageCaption"


async def test_another_lead_photo_takes_the_place_of_the_one_that_was_sent(
    office: Office, api: BotApi
) -> None:
    made = await sent(office, api, replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    before = api.ledger[-1]["photo"]
    office.correct(made, photo=office.picture("2.jpg", jpeg(400, 300)))
    assert await office.all() == ["Sent"]
    assert api.calls[-1]["method"] == "editMessageMedia"
    assert api.ledger[-1]["photo"] not in {None, before}
    office.now += MINUTE
    office.correct(replace(made, photo=office.picture("2.jpg", jpeg(400, 300))), title="And a title")
    await office.all()
    assert api.calls[-1]["method"] == "editMessageCaption"


async def test_a_correction_shows_what_is_now_at_the_address_of_the_photo(
    office: Office, api: BotApi
) -> None:
    made = await sent(office, api, replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    before = api.ledger[-1]["photo"]
    office.picture("1.jpg", jpeg(400, 300))
    office.correct(made, content_html="<p>The picture was wrong.</p>")
    assert await office.all() == ["Sent"]
    assert api.calls[-1]["method"] == "editMessageMedia"
    assert api.ledger[-1]["photo"] not in {None, before}
    assert office.asked == ["1.jpg", "1.jpg"]
    office.now += MINUTE
    office.pictures.clear()  # what cannot be fetched again stays what it was
    office.correct(replace(made, content_html="<p>The picture was wrong.</p>"), title="And a title")
    assert await office.all() == ["Sent"]
    assert api.calls[-1]["method"] == "editMessageCaption"
    assert len(office.asked) == 3


async def test_a_photo_that_went_away_leaves_the_old_one(office: Office, api: BotApi) -> None:
    made = await sent(office, api, replace(entry(1), photo=office.picture("1.jpg", jpeg())))
    office.correct(made, photo=None, title="No photo")
    assert await office.all() == ["Sent"]
    assert "photo" in api.messages(-1001)[0]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("message is not modified: specified new message content …", "Unchanged"),
        ("message to edit not found", "Lost"),
        ("message can't be edited", "Lost"),
        ("there is no text in the message to edit", "Refused"),
    ],
)
async def test_an_edit_that_is_refused_is_settled_and_posts_nothing(
    office: Office, api: BotApi, words: str, outcome: str
) -> None:
    made = await sent(office, api)
    api.fail("editMessageText", how="error", error=bad_request(words))
    office.correct(made, title="Another title")
    assert await office.all() == [outcome]
    office.now += HOUR
    assert await office.all() == []
    office.correct(replace(made, title="Another title"), title="A third")
    assert await office.all() == ([] if outcome == "Lost" else ["Sent"])
    assert [call["method"] for call in api.calls].count("sendMessage") == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_edit_of_which_nobody_knows_is_made_again(office: Office, api: BotApi, when: str) -> None:
    made = await sent(office, api)
    api.fail("editMessageText", when=when, how="reset")
    office.correct(made, title="Another title")
    assert await office.all() == ["Unknown"]
    office.now += MINUTE
    assert await office.all() == ["Sent" if when == "before" else "Unchanged"]
    assert len(api.messages(-1001)) == 1


async def test_an_edit_outlives_an_outage_however_long(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.correct(made, title="Another title")
    await api.stop()
    for _ in range(7):
        assert await office.all() == ["RetryAfter"]
        assert await office.all() == []
        office.now += HOUR
    [waiting] = office.store.do_now(office.desk.outbox.waiting, office.now)
    assert waiting.chat == "-1001"


async def test_an_article_that_was_taken_back_is_marked(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.take_back(made)
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert "Withdrawn by its source" in message["text"]
    assert "strikethrough" in [one["type"] for one in message["entities"]]


async def test_an_article_that_was_taken_back_is_deleted_where_that_is_wanted(
    office: Office, api: BotApi
) -> None:
    made = await sent(office, api)
    office.desk.deletes = True
    office.take_back(made)
    assert await office.all() == ["Lost"]
    assert api.messages(-1001) == []
    assert await office.all() == []
    assert office.counts == {"sent": 1}


async def test_edits_survive_a_restart(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    office.correct(made, title="Another title")
    office.desk.outbox = Outbox("123456")
    [waiting] = office.store.do_now(office.desk.outbox.waiting, office.now)
    assert (waiting.chat, waiting.due_at) == ("-1001", office.now)
    assert await office.all() == ["Sent"]


async def test_an_edit_that_finds_its_chat_gone_closes_it(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    api.set_state(-1001, "kicked")
    office.correct(made, title="Another title")
    assert await office.all() == ["ChatClosed"]
    assert office.store.do_now(deliveries.get_chat, "-1001").state is ChatState.GONE
    assert office.counts == {State.SENT.value: 1}
