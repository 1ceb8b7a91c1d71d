"""deliver against the emulator: what is in the outbox arrives, in its form, and is edited when it changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.model import (
    Address,
    Announce,
    Button,
    Changes,
    ChatState,
    Entry,
    Message,
    Photo,
    SourceState,
    State,
)
from feedbot.net.client import Client
from feedbot.net.guard import Guard
from feedbot.pipeline import Desk, Tools, deliver
from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.sources.pack import Packs
from feedbot.store import Store, deliveries, entries, ledger, subscriptions
from feedbot.store.outbox import Outbox, claim_later
from feedbot.store.why import why
from feedbot.telegram.photos import Photos
from feedbot.telegram.send import Sender
from feedbot.telegram.transport import NeverLeft
from tests.rig import until
from tests.support import NOW, POLICIES, SOURCE, candidate, entry, jpeg, new, save_poll, subscription
from tests.telegram.test_photos import InThisProcess

STATE = SourceState("gazette", next_poll=NOW, last_success=NOW)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Office:
    """A store, a bot and a page of pictures; time is moved by hand."""

    store: Store
    desk: Desk
    pictures: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    now: datetime = NOW

    def subscribe(self, chat: str = "-1001", topic: int = 0, **settings: object) -> None:
        wanted = subscription(chat, **settings)
        wanted = replace(wanted, address=replace(wanted.address, topic=topic))
        self.store.do_now(subscriptions.subscribe, wanted, self.now)

    def publish(self, *made: Entry) -> None:
        save_poll(self.store, SOURCE, new(*made), STATE, self.now)

    def known(self, made: Entry):
        keys = candidate(made).keys
        return self.store.do_now(entries.recall, "gazette", keys).known[keys[0]]

    def correct(self, made: Entry, **changes: object) -> Entry:
        said = replace(made, **changes)
        changed = Changes(updated=((self.known(made), candidate(said)),))
        save_poll(self.store, SOURCE, changed, STATE, self.now)
        return said

    def take_back(self, made: Entry) -> None:
        gone = replace(self.known(made), tombstone_at=self.now)
        save_poll(self.store, SOURCE, Changes(retracted=(gone,)), STATE, self.now)

    def picture(self, name: str, body: bytes) -> Photo:
        self.pictures[name] = body
        return Photo(f"{self.url}/{name}", "A caption", "Gazette")

    async def step(self, chat: str = "-1001"):
        report, _ = await deliver(self.desk, chat, self.now, jitter=0.0)
        return report

    async def all(self, chat: str = "-1001") -> list[str]:
        """Do what is due, and what each came to."""
        found = []
        for _ in range(20):
            report, left = await deliver(self.desk, chat, self.now, jitter=0.0)
            if report:
                found.append(type(report.outcome).__name__)
            elif left is None or left.due_at > self.now:
                break
        return found

    async def everybody(self, chats: Sequence[str]) -> list[list[str]]:
        """Do what is due in each chat at once; who waited for a photo comes again."""
        found: list[list[str]] = [[] for _ in chats]
        for _ in range(3):
            more = await asyncio.gather(*map(self.all, chats))
            found = [came + new for came, new in zip(found, more, strict=True)]
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {state: n for state, n in self.store.do_now(deliveries.counts).items() if n}


@pytest.fixture
async def office(store: Store, api: BotApi, tmp_path: Path) -> AsyncIterator[Office]:
    pictures: dict[str, bytes] = {}
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        asked.append(name)
        if name not in pictures:
            raise web.HTTPNotFound
        return web.Response(body=pictures[name], content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    guard = Guard([(ip_network("127.0.0.1/32"), port)])
    client = Client(user_agent="feedbot/test", guard=guard, host_gap=timedelta(0), host_concurrency=4)
    photos = Photos(store, client, InThisProcess(), tmp_path / "photos")  # type: ignore[arg-type]
    site = Site(
        store=store,
        shelf=Shelf(),
        feeds_dir=tmp_path / "feeds",
        base_url="http://feeds.example",
        title="Feeds",
        language="en",
        authority="feeds.example",
        entries=50,
        categories={"policies": POLICIES},
    )
    tools = Tools(store, client, InThisProcess(), Packs({}), "feeds.example", photos, site)  # type: ignore[arg-type]
    sender = Sender("123456:TEST", api.url, shrink=photos.shrink)
    await sender.open()
    api.add_group(-1005, "Forum")
    api.add_topic(-1005, 7, "News")
    api.add_topic(-1005, 8, "Other")
    desk = Desk(tools, sender, Outbox(sender.bot_id, probe=True))
    made = Office(store, desk, pictures, asked, f"http://127.0.0.1:{port}")
    api.world.clock = lambda: made.now.timestamp()  # noqa: PLW0108  # `now` is moved
    yield made
    await sender.close()
    await client.close()
    await runner.cleanup()


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
    office.desk.answered = 0.05
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
    assert [call["method"] for call in api.calls] == ["sendPhoto"] * 3 + ["sendMessage"] * 2


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


# Corrections.


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


# Of what nobody knows whether it arrived.


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


async def test_an_edit_that_finds_its_chat_gone_closes_it(office: Office, api: BotApi) -> None:
    made = await sent(office, api)
    api.set_state(-1001, "kicked")
    office.correct(made, title="Another title")
    assert await office.all() == ["ChatClosed"]
    assert office.store.do_now(deliveries.get_chat, "-1001").state is ChatState.GONE
    assert office.counts == {State.SENT.value: 1}


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
