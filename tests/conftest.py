"""What all tests share: a store on a temporary file, and the list of what was left out."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from feedbot.demo.botapi import BotApi
from feedbot.demo.site import Site
from feedbot.store import Store, feeds, sources
from tests.rig import Rig
from tests.support import NOW, SOURCE

# Elsewhere chance looks for new cases at every run; CI tries the same ones: its word is the same twice.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a database with one source and one category; migrating it once does for all tests."""
    path = tmp_path_factory.mktemp("store") / "feedbot.db"
    opened = Store.open(path)
    opened.do_now(sources.sync_sources, [SOURCE])
    opened.do_now(feeds.sync_feeds, ["policies"], "feeds.example", NOW)
    opened.close_now()
    return path.read_bytes()


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, new_database: bytes) -> Iterator[Store]:
    """An open store with one source and one category; the database is a parameter, as a second one comes."""
    assert request.param == "sqlite"
    path = tmp_path / "feedbot.db"
    path.write_bytes(new_database)
    opened = Store.open(path)
    yield opened
    opened.close_now()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the machine's own environment reaches a test."""
    for name in list(os.environ):
        if name.startswith("FEEDBOT_") and name != "FEEDBOT_TESTS_COMPLETE":
            monkeypatch.delenv(name)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """A Bot API emulator with one person and one channel."""
    made = BotApi()
    made.add_private(1001, "Ada")
    made.add_channel(-1001, "News", "news_of_the_day")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def rig(tmp_path: Path, api: BotApi) -> AsyncIterator[Rig]:
    """A sample site that stands still, an emulator, and a folder with a configuration."""
    site = Site(first=6, every=0)
    await site.start()
    made = Rig(tmp_path, site, api)
    made.configure()
    yield made
    await site.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out, and why."""
    left_out = terminalreporter.stats.get("skipped", [])
    for report in left_out:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"left out: {report.nodeid}: {str(reason).removeprefix('Skipped: ')}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is to be run, a test that was left out is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("FEEDBOT_TESTS_COMPLETE") and left_out and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
