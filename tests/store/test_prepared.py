"""Prepared statements say what SQLAlchemy's own would."""

import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, bindparam, select

from feedbot.errors import StoreError
from feedbot.store import Store
from feedbot.store.prepared import Prepared
from feedbot.store.tables import chats, sources

SINCE = datetime(2026, 1, 29, 8, 30, tzinfo=UTC)
PUT = Prepared(chats.insert())
GET = Prepared(select(chats).where(chats.c.chat == bindparam("wanted"), chats.c.state != "gone"))


def put(connection: Connection, chat: str, state: str = "active") -> int:
    return PUT.run(connection, {"chat": chat, "state": state, "since": SINCE}).rowcount


def test_times_and_truths_come_back_as_they_went_in(store: Store) -> None:
    assert store.do_now(put, "1") == 1
    (row,) = store.do_now(GET.rows, {"wanted": "1"})
    assert row == {"chat": "1", "state": "active", "reason": None, "since": SINCE, "blocked_until": None}
    paused = {"id": "courier", "record": "{}", "configured": True, "paused": False}
    store.do_now(Prepared(sources.insert()).run, paused)
    (source,) = store.do_now(Prepared(select(sources).where(sources.c.id == "courier")).rows, {})
    assert source == paused
    assert source["paused"] is False
    with_sqlalchemy = store.do_now(lambda c: dict(c.execute(select(chats)).mappings().one()))
    assert with_sqlalchemy == row


def test_constants_of_the_statement_hold(store: Store) -> None:
    store.do_now(put, "1", "gone")
    assert store.do_now(GET.rows, {"wanted": "1"}) == []


def test_many_rows_are_counted(store: Store) -> None:
    many = [{"chat": str(number), "state": "active", "since": SINCE} for number in range(3)]
    assert store.do_now(PUT.run_all, many) == 3


def test_a_refusal_is_one_of_the_store_and_undoes_the_unit(store: Store) -> None:
    def twice(connection: Connection) -> None:
        put(connection, "1")
        put(connection, "1")

    with pytest.raises(StoreError, match="UNIQUE") as told:
        store.do_now(twice)
    assert isinstance(told.value.__cause__, sqlite3.IntegrityError)
    assert store.do_now(GET.rows, {"wanted": "1"}) == []
