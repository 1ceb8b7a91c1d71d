"""deliver against the emulator: what may have arrived is looked for, sent again, or kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.model import Address, Button, Message
from feedbot.pipeline import deliver
from feedbot.store import deliveries
from feedbot.store.outbox import claim_later
from feedbot.telegram.transport import NeverLeft
from tests.pipeline.office import MINUTE, Office
from tests.support import entry


async def lost(office: Office, api: BotApi, when: str, **settings: object) -> None:
    office.subscribe(**settings)
    office.publish(entry(1))
    await office.all()
    office.publish(entry(2))
    api.fail("sendMessage", when=when, how="reset")
    assert await office.all() == ["Unknown"]
    office.now += MINUTE


@pytest.mark.parametrize("policy", ["resend", "park"])
async def test_a_message_that_arrived_is_found_and_not_sent_again(
    office: Office, api: BotApi, policy: str
) -> None:
    await lost(office, api, "after", on_unknown=policy)
    assert await office.all() == ["Unchanged"]
    assert office.counts == {"sent": 2}
    assert len(api.messages(-1001)) == 2
    assert all("reply_markup" in one for one in api.messages(-1001))


async def test_what_was_corrected_while_nobody_knew_is_edited_once_it_is_found(
    office: Office, api: BotApi
) -> None:
    await lost(office, api, "after", on_unknown="park")
    office.correct(entry(2), title="Article 2, corrected")
    office.now += MINUTE
    assert await office.all() == ["Unchanged", "Sent"]
    assert "corrected" in api.messages(-1001)[-1]["text"]


async def test_what_was_corrected_after_a_crash_is_edited_once_it_is_found(
    office: Office, api: BotApi
) -> None:
    office.subscribe(on_unknown="park")
    office.publish(entry(1))
    await office.all()
    office.publish(entry(2))
    picked = office.store.do_now(office.desk.outbox.pick, "-1001", office.now)
    assert office.store.do_now(claim_later, picked, office.now, "123456")
    told = Message("Article 2", buttons=(Button("Read", url=entry(2).url),))
    await office.desk.sender.send(Address("-1001"), told, told, None, attempts=0, jitter=0)
    office.store.do_now(deliveries.recover, office.now)
    office.correct(entry(2), title="Article 2, corrected")
    office.now += MINUTE
    came = await office.all()
    assert came[-1] == "Sent"
    assert office.counts == {"sent": 2}
    assert [one["text"][:20] for one in api.messages(-1001)][1:] == ["Article 2, corrected"]


async def test_a_closed_topic_puts_off_what_is_to_be_looked_for_and_to_be_edited(
    office: Office, api: BotApi
) -> None:
    office.subscribe(topic=7)
    office.publish(entry(1))
    await office.all()
    office.correct(entry(1), title="Article 1, corrected")
    office.now += MINUTE
    closed = ApiError(400, "Bad Request: TOPIC_CLOSED")
    api.fail("editMessageText", how="error", error=closed)
    assert await office.all() == ["TopicClosed"]
    office.now += timedelta(days=1)
    assert await office.all() == ["Sent"]


async def test_buttons_that_are_refused_keep_nobody_from_finding_a_message(
    office: Office, api: BotApi
) -> None:
    await lost(office, api, "after")
    api.fail("editMessageReplyMarkup", how="error", error=bad_request("BUTTON_URL_INVALID"))
    assert (await office.all())[0] in {"Sent", "Unchanged"}
    assert len(api.messages(-1001)) == 2


async def test_a_message_that_did_not_arrive_is_sent_again(office: Office, api: BotApi) -> None:
    await lost(office, api, "before")
    assert await office.all() == ["Lost", "Sent"]
    assert len(api.messages(-1001)) == 2


async def test_one_that_is_parked_and_not_found_stays_parked(office: Office, api: BotApi) -> None:
    await lost(office, api, "before", on_unknown="park")
    assert await office.all() == ["Lost"]
    assert office.counts == {"sent": 1, "unknown": 1}


async def test_one_that_would_be_parked_is_written_down_as_being_sent_only_when_its_turn_has_come(
    office: Office,
) -> None:
    """Or at a crash all those would be parked that waited for their turn."""
    seen = []

    @asynccontextmanager
    async def turn(chat: str, cost: int) -> AsyncIterator[None]:
        seen.append((chat, cost, office.counts))
        yield

    office.desk.turn = turn
    office.subscribe(on_unknown="park")
    office.publish(entry(1))
    assert await office.all() == ["Sent"]
    assert seen == [("-1001", 1, {"pending": 1})]


async def test_one_whose_turn_is_far_stays_where_it_is(office: Office) -> None:
    @asynccontextmanager
    async def turn(_chat: str, _cost: int) -> AsyncIterator[None]:
        raise NeverLeft("not yet")
        yield

    office.desk.turn = turn
    office.subscribe(on_unknown="park")
    office.publish(entry(1))
    assert (await deliver(office.desk, "-1001", office.now, jitter=0))[0] is None
    assert office.counts == {"pending": 1}


async def test_in_a_private_chat_there_is_nothing_to_look_for(office: Office, api: BotApi) -> None:
    office.subscribe("1001")
    office.publish(entry(1))
    api.fail("sendMessage", when="after", how="reset")
    assert await office.all("1001") == ["Unknown"]
    office.now += MINUTE
    assert await office.all("1001") == ["Sent"]
    assert len(api.messages(1001)) == 2
