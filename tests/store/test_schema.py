"""The tables and the migrations say the same; a database is made, kept and refused as promised."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from feedbot.errors import ConfigError, LockedError
from feedbot.store import Store, categories, deliveries, rows, schema, subscriptions
from feedbot.store import store as store_module
from feedbot.store.outbox import Outbox
from feedbot.store.store import InstanceLock
from feedbot.store.tables import metadata
from tests.support import NOW, entry


def test_migrations_and_tables_give_the_same_schema(store: Store) -> None:
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    found = store.do_now(differences)
    assert [one for one in found if one[0] != "modify_type"] == []


def test_the_newest_migration_is_the_head_that_the_program_names() -> None:
    versions = Path(schema.__file__).parent / "migrations" / "versions"
    assert max(path.name[:4] for path in versions.glob("[0-9]*.py")) == schema.HEAD


def test_opening_twice_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    first = Store.open(path)
    first.do_now(lambda connection: connection.execute(text("INSERT INTO bots VALUES ('1', 5)")))
    first.close_now()
    second = Store.open(path)
    assert second.do_now(lambda c: c.execute(text("SELECT next_update FROM bots")).scalar()) == 5
    second.close_now()


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be one" * 100])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "feedbot.db"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="kept as it is"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_damaged_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    Store.open(path).close_now()
    body = bytearray(path.read_bytes())
    body[4096:12288] = b"\xa5" * 8192
    path.write_bytes(body)
    with pytest.raises(ConfigError, match="damaged"):
        Store.open(path)
    assert path.read_bytes() == bytes(body)


def test_a_database_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    Store.open(path).close_now()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ConfigError, match="newer version"):
        Store.open(path)


def first_release(path: Path) -> None:
    """A database as the first release made it, with a row in each table that later ones touch."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with connection.begin():
            command.upgrade(config, "0001")
            connection.execute(text("INSERT INTO bots VALUES ('1', 5)"))
            connection.execute(text("INSERT INTO sources VALUES ('gazette', '{}', 1, 0)"))
            columns = (
                "id, source_id, tag, story, first_key, digest, announce, ready, first_seen, sort_at,"
                " updated_at, page_failures, updates, record"
            )
            values = (
                "1, 'gazette', 'tag:1', 'story', 'guid:1', 'd', 'push', 1, 5000, 5000, 5000, 0, 0, :record"
            )
            told = {"record": rows.entry_json(entry(1))}
            connection.execute(text(f"INSERT INTO entries ({columns}) VALUES ({values})"), told)
            connection.execute(text("INSERT INTO entry_categories VALUES ('policies', 1, 5000)"))
            connection.execute(text("INSERT INTO chats VALUES ('1001', 'active', NULL, 5000, NULL)"))
            columns = "id, chat, topic, category, configured, created_at, paused, latest, style, silent"
            values = "7, '1001', 0, 'policies', 0, 5000, 0, 0, 'photo', 0"
            insert = f"INSERT INTO subscriptions ({columns}, on_unknown) VALUES ({values}, 'resend')"
            connection.execute(text(insert))
            columns = "story, chat, topic, entry_id, subscription_id, state, sort_at, due_at, attempts"
            for story, state in (("story", "pending"), ("older", "sent")):
                values = f"'{story}', '1001', 0, 1, 7, '{state}', 5000, 5000, 0"
                connection.execute(text(f"INSERT INTO deliveries ({columns}) VALUES ({values})"))
    engine.dispose()


def test_a_database_of_an_older_version_is_backed_up_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    first_release(path)
    store = Store.open(path)
    assert store.do_now(lambda c: c.execute(text("SELECT next_update FROM bots")).scalar()) == 5
    assert store.do_now(schema.current) == schema.HEAD
    store.close_now()
    backups = list(tmp_path.glob(f"feedbot.db.before-{schema.HEAD}-was-0001.bak"))
    assert len(backups) == 1
    with sqlite3.connect(backups[0]) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    copy.close()


def test_a_database_that_was_brought_up_to_date_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    first_release(path)
    store = Store.open(path)
    test_migrations_and_tables_give_the_same_schema(store)
    store.close_now()


def test_entries_of_the_first_release_are_still_out(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    first_release(path)
    store = Store.open(path)
    [found] = store.do_now(categories.of_category, "policies", 10)
    assert found.entry == entry(1)
    assert (found.missing_since, found.retracted_at, found.tombstone_at) == (None, None, None)
    store.close_now()


def test_what_the_first_release_was_to_send_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "feedbot.db"
    first_release(path)
    store = Store.open(path)
    picked = store.do_now(Outbox("bot").pick, "1001", NOW)
    assert picked is not None
    assert (picked.entry.entry, picked.delivery.template, picked.delivery.more) == (entry(1), "", 0)
    [(subscription, _)] = store.do_now(subscriptions.all_subscriptions)
    assert (subscription.style, subscription.muted) == ("photo", ())
    store.do_now(deliveries.want_edits, 1, NOW)
    assert store.do_now(deliveries.counts)["sent"] == 1
    store.close_now()


def test_a_database_that_another_program_holds_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_MS", 10)
    path = tmp_path / "feedbot.db"
    first_release(path)
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigError, match="another program holds it"):
        Store.open(path)
    holder.close()


def test_a_half_made_database_of_a_killed_start_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "feedbot.db.new").write_bytes(b"half")
    Store.open(tmp_path / "feedbot.db").close_now()
    assert not (tmp_path / "feedbot.db.new").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"feedbot\.database"):
        Store.open(tmp_path / "file" / "feedbot.db")


def test_reading_a_database_that_is_not_there_yet_finds_nothing_and_makes_nothing(tmp_path: Path) -> None:
    store = Store.open_to_read(tmp_path / "feedbot.db")
    assert store.do_now(lambda c: c.execute(text("SELECT count(*) FROM entries")).scalar()) == 0
    store.close_now()
    assert list(tmp_path.iterdir()) == []


def test_the_instance_lock_is_held_once(tmp_path: Path) -> None:
    with (
        InstanceLock(tmp_path / "feedbot.db"),
        pytest.raises(LockedError),
        InstanceLock(tmp_path / "feedbot.db"),
    ):
        pass


def test_the_instance_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from feedbot.store.store import InstanceLock\n"
        "InstanceLock(Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "feedbot.db")], check=False)
    with InstanceLock(tmp_path / "feedbot.db"):
        pass
