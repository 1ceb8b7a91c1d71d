"""Migrations: run by themselves at start, in one transaction, after a backup."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from feedbot.errors import ConfigError

HEAD = "0003"
_MIGRATIONS = Path(__file__).parent / "migrations"


def current(connection: Connection) -> str | None:
    """The revision of a database, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine: Engine, path: Path) -> None:
    """Bring a database to the newest revision; raises ConfigError for one newer than this program."""
    with engine.connect() as connection:
        with connection.begin():
            revision = current(connection)
        if revision == HEAD:
            return
        if revision is not None:
            _refuse_newer(revision, path)
            _back_up(path, revision)
        _upgrade(connection)


def require_current(engine: Engine, path: Path) -> None:
    """Refuse a database of another revision, for commands that do not migrate."""
    with engine.connect() as connection, connection.begin():
        revision = current(connection)
    if revision != HEAD:
        _refuse_newer(revision or "none", path)
        raise ConfigError(
            f"feedbot.database: {path} is of an older version; `feedbot run` brings it up to date"
        )


def _refuse_newer(revision: str, path: Path) -> None:
    known = {file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")}
    if revision != "none" and revision not in known:
        raise ConfigError(
            f"feedbot.database: {path} is of a newer version ({revision}) than this program ({HEAD});"
            " update feedbot"
        )


def _back_up(path: Path, revision: str) -> None:
    target = path.with_name(f"{path.name}.before-{HEAD}-was-{revision}.bak")
    with sqlite3.connect(path) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    source.close()
    copy.close()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # 100 ms that a start without migration saves
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, "head")
