"""From the outbox on: rich messages and what they become, and what is composed once for many."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedbot.demo.botapi import BotApi
from tests.pipeline.office import MINUTE, Office
from tests.support import entry


def methods(api: BotApi) -> list[str]:
    return [call["method"] for call in api.calls]


async def test_a_rich_message_is_the_whole_article_and_so_are_its_corrections(
    office: Office, api: BotApi
) -> None:
    office.subscribe(style="rich")
    made = replace(entry(1), content_html="<h2>First</h2><p>The whole of it.</p>")
    office.publish(made)
    assert await office.all() == ["Sent"]
    assert "The whole of it." in api.ledger[-1]["text"]
    office.now += MINUTE
    office.correct(made, title="Another title")
    assert await office.all() == ["Sent"]
    assert methods(api) == ["sendRichMessage", "editMessageText"]
    [message] = api.messages(-1001)
    assert "rich_message" in message
    assert api.ledger[-1]["text"].startswith("Another title")


async def test_where_the_server_knows_no_rich_messages_the_article_goes_out_in_full(
    office: Office, api: BotApi
) -> None:
    api.lacks("sendRichMessage")
    office.subscribe(style="rich")
    made = replace(entry(1), content_html="<p>The whole of it.</p>")
    office.publish(made)
    assert await office.all() == ["Sent"]
    [message] = api.messages(-1001)
    assert "The whole of it." in message["text"]
    office.now += MINUTE
    office.correct(made, title="Another title")
    assert await office.all() == ["Sent"]
    assert methods(api)[-1] == "editMessageText"
    assert api.messages(-1001)[0]["text"].startswith("Another title")


async def test_a_rich_message_that_is_never_answered_goes_out_in_full(office: Office, api: BotApi) -> None:
    office.subscribe(style="rich")
    api.fail("sendRichMessage", how="html502", times=99)
    office.publish(entry(1))
    for _ in range(12):
        await office.all()
        office.now += timedelta(hours=1)
    assert office.counts == {"sent": 1}
    assert methods(api)[-1] == "sendMessage"


async def test_a_rich_message_with_a_template_is_in_its_own_words(office: Office, api: BotApi) -> None:
    office.subscribe(style="rich", template="<b>{{ title }}</b>")
    office.publish(entry(1))
    await office.all()
    assert methods(api) == ["sendMessage"]


@pytest.mark.parametrize("deletes", [False, True])
async def test_a_withdrawn_rich_message_says_so_or_goes(office: Office, api: BotApi, deletes: bool) -> None:
    office.subscribe(style="rich")
    office.publish(entry(1))
    await office.all()
    office.desk.deletes = deletes
    office.now += MINUTE
    office.take_back(entry(1))
    await office.all()
    left = [row["text"] for row in api.ledger[1:]]
    assert (api.messages(-1001) == []) is deletes
    assert deletes or "withdrawn" in left[0].casefold()


async def test_what_is_composed_for_one_is_taken_by_those_alone_who_want_the_same(
    office: Office, api: BotApi
) -> None:
    wanted = [
        {"style": "photo"},
        {"style": "full"},
        {"style": "rich"},
        {"style": "photo", "language": "ko"},
        {"style": "photo", "template": "<i>{{ title }}</i>"},
        {"style": "photo"},
    ]
    for number, settings in enumerate(wanted, start=2001):
        api.add_private(number, "Reader")
        office.subscribe(str(number), **settings)
    made = replace(entry(1), content_html="<p>The whole of it.</p>")
    office.publish(made)
    chats = range(2001, 2007)

    async def texts() -> list[str]:
        del api.ledger[:]
        for chat in chats:
            assert await office.all(str(chat)) == ["Sent"]
        return [row["text"] for row in api.ledger]

    first = await texts()
    assert len({*first}) == 5
    assert first[0] == first[5]
    assert len(office.desk.composed) == 6  # a rich one has its fallback at hand
    office.now += MINUTE
    office.correct(made, title="Another title")
    second = await texts()
    assert all("Another title" in text and text != before for text, before in zip(second, first, strict=True))
