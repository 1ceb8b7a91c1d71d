"""Units of work: all or nothing; those that wait together share a transaction, but no fate."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from feedbot.errors import StoreError
from feedbot.store import Store


def put(connection: Connection, bot: str) -> str:
    connection.execute(text("INSERT INTO bots VALUES (:bot, 1)"), {"bot": bot})
    return bot


def put_and_fail(connection: Connection, bot: str) -> None:
    put(connection, bot)
    raise KeyError(bot)


def bots(store: Store) -> list[str]:
    return store.do_now(lambda c: list(c.execute(text("SELECT bot FROM bots ORDER BY bot")).scalars()))


async def test_a_unit_gives_back_what_it_returns(store: Store) -> None:
    assert await store.do(put, "one") == "one"
    assert bots(store) == ["one"]


async def test_units_that_wait_together_are_committed_together(store: Store) -> None:
    commits: list[None] = []
    event.listen(store._engine, "commit", lambda _: commits.append(None))
    first = asyncio.ensure_future(store.do(put, "first"))
    await asyncio.sleep(0)
    found = await asyncio.gather(first, *(store.do(put, f"{number:02}") for number in range(20)))
    assert found == ["first", *(f"{number:02}" for number in range(20))]
    assert len(commits) < 21
    assert len(bots(store)) == 21


async def test_one_that_fails_takes_nothing_of_the_others_with_it(store: Store) -> None:
    wanted = [store.do(put, "a"), store.do(put_and_fail, "b"), store.do(put, "a"), store.do(put, "c")]
    results = await asyncio.gather(store.do(put, "before"), *wanted, return_exceptions=True)
    assert [type(one) for one in results] == [str, str, KeyError, StoreError, str]
    assert bots(store) == ["a", "before", "c"]


async def test_units_run_in_the_order_in_which_they_came(store: Store) -> None:
    seen: list[int] = []
    await asyncio.gather(*(store.do(lambda _, number=number: seen.append(number)) for number in range(50)))
    assert seen == list(range(50))


async def test_a_caller_that_went_away_costs_the_others_nothing(store: Store) -> None:
    first = asyncio.ensure_future(store.do(put, "first"))
    gone = asyncio.ensure_future(store.do(put, "gone"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await store.do(put, "last") == "last"
    await first
    assert {"first", "last"} <= set(bots(store))


async def test_what_was_answered_is_in_the_file(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "feedbot.db")
    await asyncio.gather(*(store.do(put, str(number)) for number in range(5)))
    other = Store.open_to_read(tmp_path / "feedbot.db")
    assert len(bots(other)) == 5
    other.close_now()
    await store.close()


async def test_a_refusal_of_the_database_names_it(store: Store) -> None:
    with pytest.raises(StoreError, match="no such table"):
        await store.do(lambda connection: connection.execute(text("SELECT * FROM missing")))


async def test_a_long_unit_does_not_keep_what_came_before_it_from_its_answer(store: Store) -> None:
    """The last one here ends only after the second was answered."""
    queued, answered = threading.Event(), threading.Event()
    first = asyncio.ensure_future(store.do(lambda _: queued.wait(5)))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(store.do(put, "second"))
    second.add_done_callback(lambda _: answered.set())
    long = asyncio.ensure_future(store.do(lambda _: time.sleep(0.2)))
    last = asyncio.ensure_future(store.do(lambda _: answered.wait(5)))
    await asyncio.sleep(0)
    queued.set()
    assert await asyncio.gather(first, second, long, last) == [True, "second", None, True]
