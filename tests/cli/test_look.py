"""Commands that look: on nothing, on something, for people and for programs."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feedbot.model import SourceState, Validators
from feedbot.store import Store, sources, subscriptions
from tests.cli.conftest import Feedbot, fingerprint
from tests.support import NOW, SOURCE, entry, new, save_poll, subscription

LOOKING = [("status",), ("source", "list"), ("source", "show", "gazette"), ("subscription", "list")]


def _live(database: Path) -> None:
    """A source that fails, and a delivery that waits."""
    store = Store.open(database)
    store.do_now(subscriptions.sync_configured, [subscription("-1001", configured=True)], NOW)
    state = SourceState(
        "gazette",
        next_poll=NOW + timedelta(hours=1),
        because="back-off after 2 failures",
        failures=2,
        error="\x1b[31mHTTP 500 from token=SECRET",
        validators=Validators("https://gazette.example/feed?token=SECRET", etag='"a"'),
        last_success=NOW,
    )
    save_poll(store, SOURCE, new(entry(1)), state, NOW + timedelta(minutes=1))
    store.close_now()


@pytest.mark.parametrize("words", LOOKING)
@pytest.mark.parametrize("state", ["none", "empty", "live"])
def test_looking_works_and_changes_nothing(
    feedbot: Feedbot, config: Path, request: pytest.FixtureRequest, words: tuple[str, ...], state: str
) -> None:
    if state != "none":
        database = request.getfixturevalue("database")
    if state == "live":
        _live(database)
    before = fingerprint(config.parent)
    for more in ((), ("--json",)):
        done = feedbot(*words, *more)
        assert (done.code, done.err) == (0, "")
        assert done.out.replace("\n", "").isprintable()
        assert done.out.endswith("\n")
    assert done.json is not None
    assert fingerprint(config.parent) == before


def test_status_tells_what_fails_and_what_waits(feedbot: Feedbot, database: Path) -> None:
    _live(database)
    told = feedbot("status", "--json").json
    assert told["sources"] == 1
    assert [one["id"] for one in told["failing"]] == ["gazette"]
    assert told["failing"][0]["failures"] == 2
    assert told["deliveries"]["pending"] == 1
    assert told["oldest_pending"] is not None
    assert (told["unknown"], told["chats"]) == ([], [])
    out = feedbot("status").out
    assert "Failing sources" in out
    assert "pending 1" in out


def test_source_show_tells_when_and_why_and_what_is_remembered(feedbot: Feedbot, database: Path) -> None:
    _live(database)
    told = feedbot("source", "show", "gazette", "--json").json
    assert {"next_poll", "because", "failures", "validators", "moved_to", "health"} <= set(told)
    assert told["next_poll"] == "2026-03-01T13:00:00Z"
    assert told["because"] == "back-off after 2 failures"
    assert told["validators"]["etag"] == '"a"'


@pytest.mark.parametrize("words", [("source", "list"), ("source", "show", "gazette"), ("status",)])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_secrets_of_addresses_are_not_shown(
    feedbot: Feedbot, database: Path, words: tuple[str, ...], more: tuple[str, ...]
) -> None:
    _live(database)
    assert "SECRET" not in feedbot(*words, *more).out


def test_a_source_that_is_not_there_is_a_wrong_usage_that_names_those_that_are(
    feedbot: Feedbot, config: Path
) -> None:
    done = feedbot("source", "show", "gazete")
    assert (done.code, done.out) == (2, "")
    assert "known: gazette" in done.err


def test_subscriptions_are_listed_with_the_state_of_their_chat(feedbot: Feedbot, database: Path) -> None:
    told = feedbot("subscription", "list", "--json").json
    assert [(one["chat"], one["category"], one["configured"], one["state"]) for one in told] == [
        ("-1001", "policies", True, "active")
    ]


def test_to_test_a_chat_takes_a_token(feedbot: Feedbot, config: Path) -> None:
    done = feedbot("subscription", "test", "-1001")
    assert (done.code, done.out) == (78, "")
    assert "FEEDBOT_TELEGRAM__TOKEN" in done.err


@pytest.mark.parametrize(
    "words",
    [(), ("run",), ("once",), ("check",), ("preview",), ("status",), ("demo",), ("source",),
     ("source", "list"), ("source", "show"), ("source", "add"), ("source", "pause"), ("source", "resume"),
     ("source", "poll"), ("source", "remove"), ("new-site",), ("subscription",),
     ("subscription", "list"), ("subscription", "test")],
)  # fmt: skip
def test_each_command_explains_itself(feedbot: Feedbot, words: tuple[str, ...]) -> None:
    done = feedbot(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: feedbot")
    assert words in {(), ("run",), ("demo",), ("source",), ("subscription",)} or "--json" in done.out


@pytest.mark.parametrize(
    "words",
    [("nonsense",), (), ("source",), ("source", "nonsense"), ("status", "extra"), ("status", "--nonsense"),
     ("--config",), ("preview",), ("once", "--deliver-seconds", "-1"), ("once", "--deliver-seconds", "x"),
     ("once", "--at", "yesterday"), ("once", "--at", "2026-03-01T12:00:00"), ("subscription", "test", "ada"),
     ("source", "show"), ("demo", "--seconds", "0")],
)  # fmt: skip
def test_a_wrong_usage_ends_with_2_and_says_so_on_stderr(
    feedbot: Feedbot, config: Path, words: tuple[str, ...]
) -> None:
    done = feedbot(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_the_version_is_told(feedbot: Feedbot) -> None:
    assert feedbot("--version").out.startswith("feedbot 0.")


def test_an_error_tells_no_secret_and_does_not_command_the_terminal(feedbot: Feedbot) -> None:
    done = feedbot("--config", "\x1b[31m 123456:AAHSECRET", "status")
    assert done.code == 78
    assert "SECRET" not in done.err
    assert done.err.removesuffix("\n").isprintable()


def test_a_paused_source_is_told(feedbot: Feedbot, database: Path) -> None:
    store = Store.open(database)
    store.do_now(sources.sync_sources, [replace(SOURCE, id="other")])
    store.close_now()
    told = {one["id"]: one["paused"] for one in feedbot("source", "list", "--json").json}
    assert told == {"gazette": True, "other": False}
