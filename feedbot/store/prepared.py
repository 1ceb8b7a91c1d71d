"""Statements that every poll runs, made once: running one takes SQLAlchemy ten times as long as SQLite."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Select, UpdateBase, bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import Boolean

from feedbot.store.tables import EPOCH, MILLISECOND, Time

_DIALECT = sqlite.dialect(paramstyle="named")


class Prepared:
    """A statement that is given to the driver as text, with its values by name. It raises sqlite3.Error.

    An INSERT or UPDATE sets the columns that it is given, defaults of the tables included.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._statement = statement
        self._made: dict[tuple[str, ...], tuple[str, dict[str, Any]]] = {}
        told = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._names = [str(column.key) for column in told]
        self._times = [str(column.key) for column in told if isinstance(column.type, Time)]
        self._truths = [str(column.key) for column in told if isinstance(column.type, Boolean)]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run it once; rows come as they are kept."""
        text, constants = self._text(values)
        return driver(connection).execute(text, constants | _kept(values))

    def put(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Insert a row: its number."""
        return self.run(connection, values).lastrowid or 0

    def run_all(self, connection: Connection, many: Sequence[Mapping[str, Any]]) -> int:
        """Run it with each of these values, which have the same names: how many rows it wrote."""
        if not many:
            return 0
        text, constants = self._text(many[0])
        return driver(connection).executemany(text, [constants | _kept(values) for values in many]).rowcount

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What it selects, by column."""
        found = [dict(zip(self._names, row, strict=True)) for row in self.run(connection, values)]
        for row in found:
            for name in self._times:
                row[name] = None if row[name] is None else EPOCH + row[name] * MILLISECOND
            for name in self._truths:
                row[name] = None if row[name] is None else bool(row[name])
        return found

    def scalar(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first column of its first row; None where there is none."""
        return next((row[self._names[0]] for row in self.rows(connection, values)), None)

    def _text(self, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The statement that takes these values, and those that it has of itself."""
        names = tuple(values)
        if names not in self._made:
            made = self._statement.compile(dialect=_DIALECT, column_keys=list(names))
            constants = made.params | _defaults(self._statement)
            constants = {name: value for name, value in constants.items() if name not in values}
            self._made[names] = str(made), constants
        return self._made[names]


def _defaults(statement: Any) -> dict[str, Any]:
    """What a row that is inserted has where nothing is said."""
    columns = statement.table.columns if isinstance(statement, Insert) else ()
    defaults = {column.key: column.default for column in columns}
    return {name: one.arg for name, one in defaults.items() if isinstance(one, ScalarElementColumnDefault)}


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(values)
    for name, value in values.items():
        if isinstance(value, datetime):
            kept[name] = (value - EPOCH) // MILLISECOND
        elif isinstance(value, (list, tuple)):
            kept[name] = json.dumps(value)
    return kept


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of a list that is given by that name, however long it is."""
    given = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(given.c.value))


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection, in the transaction of this one."""
    found: Any = connection.connection.dbapi_connection
    return found  # type: ignore[no-any-return]
