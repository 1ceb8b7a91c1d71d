"""What is told, and how often."""

from structlog.testing import capture_logs

from feedbot.errors import StoreError
from feedbot.jobs.observe import Observer


async def refuse() -> None:
    raise StoreError("feedbot.db: disk is full")


async def fail() -> None:
    raise LookupError


async def test_a_database_that_refuses_every_step_is_told_once() -> None:
    with capture_logs() as lines:
        observer = Observer()
        for key in ("tick_sources", "tick_feeds", "poll:a", "tick_sources", "poll:b"):
            await observer.guarded(key, refuse)
    assert [(line["event"], line["error"]) for line in lines] == [
        ("the database refuses", "feedbot.db: disk is full")
    ]
    assert observer.is_paused("poll:a")


async def test_any_other_surprise_is_told_with_its_step() -> None:
    with capture_logs() as lines:
        observer = Observer()
        for key in ("poll:a", "poll:b"):
            await observer.guarded(key, fail)
    assert [line["step"] for line in lines] == ["poll:a", "poll:b"]
