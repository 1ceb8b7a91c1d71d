"""Opening the database, and running units of work one after the other."""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from feedbot.errors import ConfigError, LockedError, StoreError
from feedbot.store import schema
from feedbot.store.prepared import driver
from feedbot.store.tables import metadata

P = ParamSpec("P")
T = TypeVar("T")
_BUSY_MS = 10_000
_MOST_TOGETHER, _LONGEST_TOGETHER = 200, 0.1
_FAULTS = (DBAPIError, sqlite3.Error)  # of what SQLAlchemy runs, and of what is run without it
_Unit = tuple[Callable[[Connection], Any], "asyncio.Future[Any]"]


class Store:
    """One SQLite database. `do` runs a unit of work on the store's own thread.

    Units that wait at the same time share one transaction and its fsync, each in a savepoint of its own: one
    that fails takes nothing of the others with it, and none is answered before all are on the disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: Connection | None = None
        self._waiting: deque[_Unit] = deque()
        self._working = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing, creating and migrating the database as needed.

        Raises ConfigError for a path or file that cannot be used; an existing file is never replaced.
        """
        _make_folder(path)
        if not path.exists():
            _create(path)
        check_file(path)
        engine = _engine(path)
        try:
            schema.migrate(engine, path)
        except _FAULTS as error:
            engine.dispose()
            raise ConfigError(_unusable(path, error)) from error
        return cls(engine)

    @classmethod
    def open_to_read(cls, path: Path) -> Self:
        """Open for a reading or short writing command; a database that is not there yet reads as empty."""
        if path.exists():
            check_file(path, thorough=False)
            engine = _engine(path, checkpoint=False)
            try:
                schema.require_current(engine, path)
            except _FAULTS as error:
                engine.dispose()
                raise ConfigError(_unusable(path, error)) from error
            return cls(engine)
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        return cls(engine)

    async def do(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work, all or nothing; raises StoreError where the database refuses."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append((lambda connection: unit(connection, *args, **kwargs), answer))
        if not self._working:
            self._working = True
            loop.call_soon(self._start, loop)  # with all that come in this turn of the loop
        return await answer

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        units = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
        self._thread.submit(self._work, units, loop)

    def _work(self, units: list[_Unit], loop: asyncio.AbstractEventLoop) -> None:
        wanted = [unit for unit in units if not unit[1].cancelled()]
        try:
            results = self._together([unit for unit, _ in wanted])
        except BaseException as error:  # told to each caller, who is in another thread
            results = [error] * len(wanted)
        with suppress(RuntimeError):  # the loop ended without waiting for us
            loop.call_soon_threadsafe(self._answer, wanted, results, loop)

    def _answer(self, units: list[_Unit], results: list[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.extendleft(reversed(units[len(results) :]))
        for (_, answer), result in zip(units, results, strict=False):
            if answer.done():
                continue
            if isinstance(result, BaseException):
                answer.set_exception(result)
            else:
                answer.set_result(result)
        if self._waiting:
            self._start(loop)
        else:
            self._working = False

    def _together(self, units: list[Callable[[Connection], Any]]) -> list[Any]:
        """What each unit returned, or the exception that it ended with, in one transaction.

        After a moment the rest has to wait for the next one: who came first is told first.
        """
        if len(units) == 1:
            return [self.do_now(units[0])]
        results: list[Any] = []

        def all_of_them(connection: Connection) -> None:
            execute = driver(connection).execute
            until = time.monotonic() + _LONGEST_TOGETHER
            for unit in units:
                if results and time.monotonic() > until:
                    break
                execute("SAVEPOINT unit")  # a hundredth of the cost of begin_nested
                try:
                    results.append(unit(connection))
                except Exception as error:  # it is its caller's
                    execute("ROLLBACK TO unit")
                    results.append(self._refused(error) if isinstance(error, _FAULTS) else error)
                execute("RELEASE unit")

        self.do_now(all_of_them)
        return results

    def do_now(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one unit of work from the calling thread, for start-up and commands."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                return unit(self._connection, *args, **kwargs)
        except _FAULTS as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> StoreError:
        reason = error.orig if isinstance(error, DBAPIError) else error
        refused = StoreError(f"{self._engine.url.database}: {reason}")
        refused.__cause__ = error
        return refused

    async def close(self) -> None:
        """Wait for the last unit of work and close the file."""
        loop = asyncio.get_running_loop()
        with suppress(StoreError):
            await self.do(lambda _connection: None)  # comes after all that wait
        await loop.run_in_executor(self._thread, self.close_now)
        self._thread.shutdown()

    def close_now(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


def _engine(path: Path, *, checkpoint: bool = True) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),  # a path may hold what a URL means otherwise
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            f"busy_timeout = {_BUSY_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",  # NORMAL may forget the last commits in a power cut: messages twice
            "foreign_keys = ON",
            "secure_delete = ON",
            *([] if checkpoint else ["wal_autocheckpoint = 0"]),
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver(connection).execute("BEGIN IMMEDIATE")

    return engine


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"feedbot.database: {path.parent} cannot be made: {error.strerror}") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"feedbot.database: {path.parent} is not writable for this user; it must be")


def _create(path: Path) -> None:
    """Make a new database whole, then give it its name: a kill in between leaves nothing half made."""
    unfinished = path.with_name(path.name + ".new")
    for leftover in (
        unfinished,
        path.with_name(path.name + ".new-wal"),
        path.with_name(path.name + ".new-shm"),
    ):
        leftover.unlink(missing_ok=True)
    try:
        engine = _engine(unfinished)
        schema.migrate(engine, unfinished)
        engine.dispose()
        unfinished.chmod(0o600)
        unfinished.rename(path)
    except (*_FAULTS, OSError) as error:
        raise ConfigError(_unusable(path, error)) from error


def _unusable(path: Path, error: Exception) -> str:
    reason = error.orig if isinstance(error, DBAPIError) else error
    busy = "locked" in str(reason)
    what = "another program holds it; try again when it lets go" if busy else "put a backup in its place"
    return f"feedbot.database: {path} cannot be used: {reason}; {what}"


def check_file(path: Path, *, thorough: bool = True) -> None:
    """Refuse what is no sound SQLite database of feedbot; raises ConfigError. The file is never touched."""
    restore = "the file is kept as it is; put a backup in its place"
    try:
        with path.open("rb") as file:
            header = file.read(16)
    except OSError as error:
        raise ConfigError(f"feedbot.database: {path} cannot be read: {error.strerror}") from error
    if header != b"SQLite format 3\0":
        what = "is empty" if not header else "is no SQLite database"
        raise ConfigError(f"feedbot.database: {path} {what}; {restore}")
    try:
        with sqlite3.connect(path, timeout=_BUSY_MS / 1000) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
        connection.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise ConfigError(_unusable(path, error)) from error
        raise ConfigError(f"feedbot.database: {path} is damaged: {error}; {restore}") from error
    if fault != "ok":
        raise ConfigError(f"feedbot.database: {path} is damaged: {fault}; {restore}")
    if tables and "alembic_version" not in tables:
        raise ConfigError(
            f"feedbot.database: {path} is another program's database and is kept as it is; name another file"
        )


class InstanceLock:
    """Held for life by the one process that works on a database; it dies with the process."""

    def __init__(self, database: Path) -> None:
        _make_folder(database)
        self._path = database.with_name(database.name + ".lock")
        self._file = -1

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"feedbot.database: {self._path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise LockedError(
                f"another feedbot works on {self._path.with_suffix('')}; stop it first"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def version_of_others(connection: Connection) -> int:
    """A number that changes when another process wrote (SQLite, "PRAGMA data_version")."""
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())
