"""Statements that every poll runs, made once: running one takes SQLAlchemy ten times as long as SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Select, UpdateBase
from sqlalchemy.dialects import sqlite

from feedbot.store.tables import EPOCH, MILLISECOND, Time

_DIALECT = sqlite.dialect(paramstyle="named")


class Prepared:
    """A statement as the driver takes it; values are given by name. What it raises is sqlite3.Error.

    `columns` are those that an INSERT or UPDATE sets, where it does not name them itself.
    """

    def __init__(self, statement: Select[Any] | UpdateBase, columns: Sequence[str] | None = None) -> None:
        made = statement.compile(dialect=_DIALECT, column_keys=None if columns is None else list(columns))
        self._text = str(made)
        self._constants = {name: value for name, value in made.params.items() if value is not None}
        told = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._names = [str(column.key) for column in told]
        self._times = [str(column.key) for column in told if isinstance(column.type, Time)]
        self._truths = [str(column.key) for column in told if isinstance(column.type, Boolean)]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run it once; rows come as they are kept."""
        return driver(connection).execute(self._text, self._kept(values))

    def run_all(self, connection: Connection, many: Iterable[Mapping[str, Any]]) -> int:
        """Run it with each of these values: how many rows it wrote."""
        return driver(connection).executemany(self._text, map(self._kept, many)).rowcount

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What it selects, by column."""
        found = [dict(zip(self._names, row, strict=True)) for row in self.run(connection, values)]
        for row in found:
            for name in self._times:
                row[name] = None if row[name] is None else EPOCH + row[name] * MILLISECOND
            for name in self._truths:
                row[name] = None if row[name] is None else bool(row[name])
        return found

    def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kept = self._constants.copy()
        for name, value in values.items():
            kept[name] = (value - EPOCH) // MILLISECOND if isinstance(value, datetime) else value
        return kept


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection, in the transaction of this one."""
    found: Any = connection.connection.dbapi_connection
    return found  # type: ignore[no-any-return]
