"""The store: SQLite through SQLAlchemy Core; one writing connection on a thread of its own."""

from feedbot.store.store import Store

__all__ = ["Store"]
