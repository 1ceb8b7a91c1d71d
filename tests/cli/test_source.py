"""`source`: added, paused, resumed, polled, removed; with a database and without, beside a daemon too."""

import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedbot.config import load
from feedbot.model import Move, Source, SourceState
from feedbot.store import Store, sources
from tests.cli.conftest import CONFIG, Feedbot
from tests.rig import Rig, end, until
from tests.support import NOW, SOURCE, entry, new, save_poll

NEWS = "https://courier.example/news"


def _known(database: Path) -> dict[str, tuple[Source, SourceState, bool]]:
    store = Store.open(database)
    found = store.do_now(sources.all_sources)
    store.close_now()
    return {source.id: (source, state, paused) for source, state, paused in found}


def _remember(database: Path, **facts: Any) -> None:
    store = Store.open(database)
    store.do_now(sources.save_state, SourceState("gazette", **facts))
    store.close_now()


def test_a_source_is_added_where_there_is_no_database_yet_and_stays(feedbot: Feedbot, config: Path) -> None:
    done = feedbot("source", "add", NEWS, "--json")
    assert (done.code, done.err, done.json) == (0, "", {"id": "courier-example-news"})
    database = config.parent / "var" / "feedbot.db"
    store = Store.open(database)
    store.do_now(sources.sync_sources, list(load(config).sources()))  # as a start does
    assert [one.id for one, _ in store.do_now(sources.due_sources, NOW)] == [
        "courier-example-news",
        "gazette",
    ]
    store.close_now()
    assert database.stat().st_mode & 0o777 == 0o600


def test_an_added_source_has_what_the_configuration_says_of_all(feedbot: Feedbot, config: Path) -> None:
    config.write_text(
        CONFIG.replace("[[category]]", 'timezone = "Asia/Seoul"\nkeep = "365d"\n[[category]]', 1)
    )
    added = feedbot("source", "add", NEWS, "--id", "courier", "--site", "wordpress", "--interval", "45m")
    assert (added.code, added.out) == (0, "Source courier was added to policies.\n")
    source, state, paused = _known(config.parent / "var" / "feedbot.db")["courier"]
    assert (source.url, source.site, source.categories) == (NEWS, "wordpress", ("policies",))
    assert (source.interval, source.keep) == (timedelta(minutes=45), timedelta(days=365))
    assert (source.timezone, state.next_poll, paused) == ("Asia/Seoul", None, False)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "URL"),
        (("ftp://courier.example/",), 2, "no http:// or https:// address"),
        ((NEWS, "--id", "Not A Name"), 2, "--id 'Not A Name'"),
        ((NEWS, "--id", "gazette"), 2, "'gazette' is there already"),
        ((NEWS, "--category", "sport"), 2, "category 'sport' is not defined; known: policies"),
        ((NEWS, "--interval", "often"), 2, "a duration is text"),
        ((NEWS, "--interval", "0s"), 2, "at most once a second"),
        ((NEWS, "--site", "nowhere"), 78, "site 'nowhere' has no rule pack; known: generic"),
    ],
)
def test_what_cannot_be_added_is_told_and_leaves_nothing(
    feedbot: Feedbot, config: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    done = feedbot("source", "add", *words)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    if told != "'gazette' is there already":
        assert not (config.parent / "var").exists()


def test_with_several_categories_one_is_to_be_told(feedbot: Feedbot, config: Path) -> None:
    config.write_text(CONFIG + '[[category]]\nslug = "culture"\ntitle = "Culture"\n')
    done = feedbot("source", "add", NEWS)
    assert (done.code, done.err) == (2, "feedbot: no --category; known: policies, culture\n")
    assert feedbot("source", "add", NEWS, "--category", "culture").code == 0


def test_one_name_stands_for_one_source(feedbot: Feedbot, database: Path) -> None:
    assert feedbot("source", "add", NEWS).code == 0
    again = feedbot("source", "add", NEWS + "/?page=2")
    assert again.code == 2
    assert "'courier-example-news' is there already; choose another --id" in again.err


def test_passwords_of_an_added_address_are_not_shown(feedbot: Feedbot, database: Path) -> None:
    added = feedbot("source", "add", "https://ada:SECRET@courier.example/feed?token=SECRET", "--json")
    assert added.code == 0
    for words in (("list",), ("list", "--json"), ("show", "courier-example-feed", "--json")):
        assert "SECRET" not in feedbot("source", *words).out


def test_a_paused_source_is_not_due_until_it_is_resumed(feedbot: Feedbot, database: Path) -> None:
    assert feedbot("source", "pause", "gazette").out == "Source gazette is paused.\n"
    assert feedbot("source", "list", "--json").json[0]["paused"] is True
    store = Store.open(database)
    store.do_now(sources.sync_sources, [SOURCE])  # as a start does
    assert store.do_now(sources.due_sources, NOW) == []
    store.close_now()
    assert feedbot("source", "resume", "gazette", "--json").json == {"id": "gazette"}
    assert _known(database)["gazette"][2] is False


def test_a_stopped_source_is_told_and_resumed(feedbot: Feedbot, database: Path) -> None:
    _remember(database, stopped="HTTP 410", because="stopped: it is gone", failures=1)
    assert feedbot("source", "show", "gazette", "--json").json["stopped"] == "HTTP 410"
    assert feedbot("source", "resume", "gazette").code == 0
    assert feedbot("source", "show", "gazette", "--json").json["stopped"] is None


def test_a_source_is_made_due_whatever_it_waits_for(feedbot: Feedbot, database: Path) -> None:
    _remember(database, next_poll=NOW + timedelta(days=1), because="back-off after 5 failures", failures=5)
    assert feedbot("source", "poll", "gazette").out == "Source gazette is due now.\n"
    shown = feedbot("source", "show", "gazette", "--json").json
    assert (shown["next_poll"], shown["because"], shown["failures"]) == (None, "asked by command", 5)


def test_a_paused_source_is_not_polled_by_command(feedbot: Feedbot, database: Path) -> None:
    feedbot("source", "pause", "gazette")
    done = feedbot("source", "poll", "gazette")
    assert (done.code, done.out) == (2, "")
    assert "source gazette is paused; `feedbot source resume gazette` comes first" in done.err


def test_a_removed_source_is_forgotten_its_entries_stay_and_it_may_come_back(
    feedbot: Feedbot, database: Path
) -> None:
    feedbot("source", "add", NEWS, "--id", "courier")
    store = Store.open(database)
    courier = replace(SOURCE, id="courier", url=NEWS)
    after = SourceState("courier", next_poll=NOW + timedelta(hours=1), last_success=NOW)
    save_poll(store, courier, new(entry(1, source_id="courier")), after, NOW)
    store.close_now()
    assert feedbot("source", "remove", "courier").out == "Source courier was removed; its entries stay.\n"
    assert [one["id"] for one in feedbot("source", "list", "--json").json] == ["gazette"]
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (1,)
    connection.close()
    assert feedbot("source", "remove", "courier").code == 2
    assert feedbot("source", "add", NEWS, "--id", "courier").code == 0


def test_a_configured_source_cannot_be_removed(feedbot: Feedbot, config: Path) -> None:
    done = feedbot("source", "remove", "gazette")
    assert (done.code, done.out) == (2, "")
    assert "source gazette stands in the configuration" in done.err
    assert not (config.parent / "var").exists()


def test_one_that_left_the_configuration_can_be_removed(
    feedbot: Feedbot, database: Path, config: Path
) -> None:
    config.write_text(CONFIG.partition("[[source]]")[0])
    assert feedbot("source", "remove", "gazette").code == 0


@pytest.mark.parametrize("command", ["pause", "resume", "poll"])
def test_a_source_of_the_file_can_be_changed_before_any_daemon_has_seen_it(
    feedbot: Feedbot, config: Path, command: str
) -> None:
    assert feedbot("source", command, "gazette").code == 0
    store = Store.open(config.parent / "var" / "feedbot.db")
    store.do_now(sources.sync_sources, list(load(config).sources()))
    assert bool(store.do_now(sources.due_sources, NOW)) is (command != "pause")
    store.close_now()


@pytest.mark.parametrize("command", ["pause", "resume", "poll", "remove"])
def test_a_source_that_nobody_knows_is_a_wrong_usage(feedbot: Feedbot, database: Path, command: str) -> None:
    done = feedbot("source", command, "gazete")
    assert (done.code, done.out) == (2, "")
    assert "source 'gazete' is not known" in done.err


def test_show_tells_where_a_source_moved_and_how_complete_its_entries_are(
    feedbot: Feedbot, database: Path
) -> None:
    moved = "https://gazette.example/new-feed"
    _remember(
        database, next_poll=NOW, moved_to=moved, move=Move(moved, 3, NOW), per_week=2.5, last_success=NOW
    )
    store = Store.open(database)
    health = sources.health_of
    made = replace(store.do_now(health, "gazette"), newest=("110111",) * 4, listed=12.0, empty_since=NOW)
    store.do_now(sources.save_health, "gazette", made)
    store.close_now()
    shown = feedbot("source", "show", "gazette", "--json").json
    assert shown["moved_to"] == moved
    assert shown["health"] == {
        "last_success": "2026-03-01T12:00:00Z",
        "failing_since": None,
        "retracted": 0,
        "entries_a_week": 2.5,
        "shares": {
            "title": 1.0,
            "published": 1.0,
            "authors": 0.0,
            "content_text": 1.0,
            "photo": 1.0,
            "caption": 1.0,
        },
        "alarms": [
            "the list gives nothing since 2026-03-01T12:00+00:00; it used to give 12 entries",
        ],
    }
    assert moved in feedbot("source", "show", "gazette").out


def test_a_change_waits_for_the_daemon_to_end_its_transaction(feedbot: Feedbot, database: Path) -> None:
    daemon = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    daemon.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, daemon.execute, ("COMMIT",))
    timer.start()
    try:
        assert feedbot("source", "pause", "gazette").code == 0
    finally:
        timer.join()
        daemon.close()


def test_a_change_beside_the_daemon_makes_no_checkpoint(feedbot: Feedbot, database: Path) -> None:
    """The file stays as it is, the change is in the log that the daemon folds in when it likes."""
    store = Store.open(database)
    for number in range(40):
        store.do_now(sources.save_state, SourceState("gazette", because=f"{number} " * 8000))
    before, log = database.read_bytes(), database.with_name("feedbot.db-wal")
    size = log.stat().st_size
    assert feedbot("source", "pause", "gazette").code == 0
    assert database.read_bytes() == before
    assert log.stat().st_size > size
    assert store.do_now(sources.is_paused, "gazette")
    store.close_now()


@pytest.mark.slow
async def test_a_daemon_polls_an_added_source_within_five_seconds_and_keeps_it(
    rig: Rig, feedbot: Feedbot
) -> None:
    categories = '[[category]]\nslug = "culture"\ntitle = "Culture"\n'
    config, page = rig.configure(sources="", categories=categories), f"{rig.site.url}/NewsFocus/policies"

    def source(*words: str) -> Any:
        done = feedbot("--config", config, "source", *words, "--json")
        assert done.code == 0, done.err
        return done.json

    source("add", page, "--id", "before", "--site", "korea-net", "--category", "policies")
    daemon = await rig.daemon()
    feeds = rig.folder / "feeds"
    try:
        await until(lambda: "<entry" in (feeds / "policies.atom").read_text())
        source("add", page, "--id", "beside", "--site", "korea-net", "--category", "culture")
        await until(lambda: source("show", "beside")["health"]["last_success"], patience=5)
        source("remove", "before")
    finally:
        done = await end(daemon)
    assert done.code == 0
    assert "surprise" not in done.err
    assert [one["id"] for one in source("list")] == ["beside"]
