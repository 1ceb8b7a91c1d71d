"""`delivery` and `subscription` change what is sent, in one short transaction."""

from pathlib import Path

import pytest

from feedbot.model import ChatState, SourceState
from feedbot.rules.delivery import Sent, Unknown
from feedbot.store import Store, deliveries, numbers, outcomes, subscriptions
from feedbot.store.outbox import Outbox
from tests.cli.conftest import Feedbot
from tests.support import NOW, SOURCE, entry, new, save_poll, subscription


@pytest.fixture
def outbox(database: Path) -> Path:
    """One message sent, one of which nobody knows, one that waits; the unknown one is parked."""
    store = Store.open(database)
    store.do_now(subscriptions.subscribe, subscription("1001", on_unknown="park"), NOW)
    state = SourceState("gazette", next_poll=NOW, last_success=NOW)
    save_poll(store, SOURCE, new(entry(1), entry(2)), state, NOW)
    for outcome in (Sent(7), Unknown("no answer: timed out")):
        picked = store.do_now(Outbox("bot").pick, "1001", NOW)
        store.do_now(outcomes.record, picked.delivery, outcome, NOW)
    store.close_now()
    return database


def ids(feedbot: Feedbot, state: str) -> list[int]:
    return [one["id"] for one in feedbot("delivery", "list", "--state", state, "--json").json]


def test_the_outbox_says_what_became_of_each(feedbot: Feedbot, outbox: Path) -> None:
    listed = feedbot("delivery", "list", "--json").json
    assert sorted((one["chat"], one["state"]) for one in listed) == [
        ("-1001", "pending"),
        ("-1001", "pending"),
        ("1001", "sent"),
        ("1001", "unknown"),
    ]
    [unknown] = [one for one in listed if one["state"] == "unknown"]
    assert (unknown["title"], unknown["reason"]) == ("Article 2", "no answer: timed out")
    assert "Article 2" in feedbot("delivery", "list").out
    assert len(feedbot("delivery", "list", "--limit", 1, "--json").json) == 1
    assert feedbot("delivery", "list", "--state", "nonsense").code == 2


@pytest.mark.parametrize(("how", "after"), [("sent", "sent"), ("resend", "pending"), ("drop", "skipped")])
def test_what_nobody_knows_is_settled_by_hand(feedbot: Feedbot, outbox: Path, how: str, after: str) -> None:
    [unknown] = ids(feedbot, "unknown")
    done = feedbot("delivery", "settle", unknown, how, "--json")
    assert (done.code, done.json) == (0, {"id": unknown, "state": after})
    assert unknown in ids(feedbot, after)
    store = Store.open(outbox)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW.replace(year=2040))
    store.close_now()
    assert (picked is not None) == (how == "resend")


def test_what_was_sent_cannot_be_settled(feedbot: Feedbot, outbox: Path) -> None:
    [sent] = ids(feedbot, "sent")
    assert feedbot("delivery", "settle", sent, "resend").code == 2
    assert feedbot("delivery", "settle", 99, "drop").code == 2


def listed(feedbot: Feedbot) -> dict[tuple[str, int], dict]:
    return {(one["chat"], one["topic"]): one for one in feedbot("subscription", "list", "--json").json}


def test_a_chat_is_subscribed_paused_resumed_and_removed(feedbot: Feedbot, database: Path) -> None:
    words = ("-1005", "policies", "--topic", 7)
    done = feedbot("subscription", "add", *words, "--style", "link", "--latest", 3, "--json")
    assert (done.code, done.json) == (0, {"chat": "-1005", "topic": 7, "categories": ["policies"]})
    assert feedbot("subscription", "add", *words).code == 2
    made = listed(feedbot)["-1005", 7]
    assert (made["style"], made["paused"], made["state"]) == ("link", False, "active")
    assert feedbot("subscription", "pause", "-1005", "--topic", 7).code == 0
    assert listed(feedbot)["-1005", 7]["paused"] is True
    assert feedbot("subscription", "resume", "-1005", "policies", "--topic", 7).code == 0
    assert listed(feedbot)["-1005", 7]["paused"] is False
    assert feedbot("subscription", "remove", "-1005", "--topic", 7).code == 0
    assert ("-1005", 7) not in listed(feedbot)
    assert feedbot("subscription", "remove", "-1005", "--topic", 7).code == 2


def test_nothing_is_sent_while_a_subscription_is_paused(feedbot: Feedbot, outbox: Path) -> None:
    def waits() -> bool:
        store = Store.open(outbox)
        found = store.do_now(Outbox("bot").waiting, NOW)
        store.close_now()
        return "-1001" in {one.chat for one in found}

    assert waits()
    feedbot("subscription", "pause", "-1001")
    assert not waits()
    feedbot("subscription", "resume", "-1001")
    assert waits()


def test_resuming_opens_a_chat_that_took_nothing(feedbot: Feedbot, database: Path) -> None:
    store = Store.open(database)
    why = "Bad Request: CHAT_WRITE_FORBIDDEN"
    store.do_now(subscriptions.close_chat, "-1001", ChatState.SUSPENDED, why, NOW)
    store.do_now(deliveries.block_chat, "-1001", NOW)
    store.close_now()
    assert listed(feedbot)["-1001", 0]["reason"] == "Bad Request: CHAT_WRITE_FORBIDDEN"
    feedbot("subscription", "resume", "-1001")
    assert listed(feedbot)["-1001", 0]["state"] == "active"


@pytest.mark.parametrize(
    "words",
    [
        ("add", "no chat", "policies"),
        ("add", "1001", "sports"),
        ("add", "1001", "policies", "--style", "big"),
        ("add", "1001", "policies", "--latest", "-1"),
        ("pause", "77"),
        ("resume", "-1001", "sports"),
    ],
)
def test_what_makes_no_sense_is_refused_as_usage(feedbot: Feedbot, database: Path, words) -> None:
    done = feedbot("subscription", *words)
    assert (done.code, done.out) == (2, "")
    assert len(listed(feedbot)) == 1


def test_what_stands_in_the_configuration_is_removed_there(feedbot: Feedbot, config: Path) -> None:
    config.write_text(config.read_text() + '[[subscription]]\nchat = "-1001"\ncategory = "policies"\n')
    done = feedbot("subscription", "remove", "-1001")
    assert done.code == 2
    assert "configuration" in done.err


def stages(feedbot: Feedbot, chat: str, number: int) -> dict[str, tuple[bool, str]]:
    told = feedbot("why", chat, f"{entry(number).url}?utm_source=x", "--json").json
    return {one["name"]: (one["passed"], one["said"]) for one in told["stages"]}


def test_why_an_article_came_or_did_not(feedbot: Feedbot, outbox: Path) -> None:
    came = stages(feedbot, "1001", 1)
    assert all(passed for passed, _ in came.values())
    assert list(came) == ["source", "page", "news", "subscription", "chat", "delivery"]
    assert "as message 7" in came["delivery"][1]
    assert stages(feedbot, "1001", 2)["delivery"][1].startswith("unknown: no answer: timed out")
    assert stages(feedbot, "1001", 3) == {
        "source": (False, "no source has listed it, or it is not kept any more")
    }
    assert stages(feedbot, "77", 1)["subscription"] == (False, "77 follows none of its categories")
    feedbot("subscription", "pause", "-1001")
    assert stages(feedbot, "-1001", 1)["subscription"] == (False, "to policies, paused")
    assert "pending" in feedbot("why", "-1001", entry(1).url).out
    assert feedbot("why", "1001", "no address").code == 2


def test_a_channel_is_meant_by_its_name_and_by_its_number(feedbot: Feedbot, database: Path) -> None:
    assert feedbot("subscription", "add", "@news", "policies").code == 0
    store = Store.open(database)
    store.do_now(numbers.learn_number, "@news", "-100123", NOW)
    store.close_now()
    assert listed(feedbot)["-100123", 0]["name"] == "@news"
    assert feedbot("subscription", "add", "@news", "policies").code == 2
    for word in ("@news", "@News", "-100123"):
        assert feedbot("subscription", "pause", word).code == 0
        assert feedbot("subscription", "resume", word, "--json").json["chat"] == "-100123"
    assert feedbot("why", "@news", "https://gazette.example/1", "--json").json["chat"] == "-100123"
    assert feedbot("subscription", "remove", "@news").code == 0
    assert ("-100123", 0) not in listed(feedbot)
