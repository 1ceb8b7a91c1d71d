"""What a category shows: its entries that are out, one for each story."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, exists, func, select

from feedbot.model import StoredEntry
from feedbot.store.entries import read
from feedbot.store.tables import entries, entry_categories


def _of_category(slug: str) -> Select[Any]:
    """The entries of a category that are out, one for each story: the first that told it.

    The inner EXISTS stands alone, as a join SQLite would begin it with the whole category, for each entry.
    """
    earlier, shelf = entries.alias(), entry_categories.alias()
    beside = exists().where(shelf.c.slug == slug, shelf.c.entry_id == earlier.c.id)
    told = exists().where(
        earlier.c.story == entries.c.story, earlier.c.id < entries.c.id, *_out(earlier), beside
    )
    here = select(entries).join(entry_categories)
    return here.where(entry_categories.c.slug == slug, *_out(entries), ~told)


def _out(rows_of: FromClause) -> tuple[ColumnElement[bool], ...]:
    return rows_of.c.ready, rows_of.c.retracted_at.is_(None)


def of_category(connection: Connection, slug: str, limit: int, after: int = 0) -> list[StoredEntry]:
    """The newest entries of a category that are out, newest first, one for each story, `after` so many."""
    newest = _of_category(slug).order_by(entry_categories.c.sort_at.desc(), entries.c.id.desc())
    return read(connection, newest.limit(limit).offset(after))


def count_of_category(connection: Connection, slug: str) -> int:
    """How many stories of a category are out."""
    query = select(func.count(entries.c.story.distinct())).join(entry_categories)
    found: int = connection.execute(query.where(entry_categories.c.slug == slug, *_out(entries))).scalar_one()
    return found
