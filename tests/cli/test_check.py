"""`check` finds what would stop the daemon, names it in one line, and changes nothing."""

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Feedbot, fingerprint


def test_a_sound_configuration_is_sound(feedbot: Feedbot, config: Path) -> None:
    done = feedbot("check", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["ok"] is True
    names = [check["name"] for check in done.json["checks"]]
    assert names == ["configuration", "rule packs", "database", "feeds_dir", "token"]
    assert feedbot("check").out.startswith("checked")


@pytest.mark.parametrize("with_database", [False, True])
def test_it_changes_nothing(
    feedbot: Feedbot, config: Path, request: pytest.FixtureRequest, with_database: bool
) -> None:
    if with_database:
        request.getfixturevalue("database")
    before = fingerprint(config.parent)
    assert feedbot("check").code == 0
    assert fingerprint(config.parent) == before


def test_without_a_file_it_says_how_to_name_one(feedbot: Feedbot) -> None:
    done = feedbot("check")
    assert (done.code, done.out) == (78, "")
    assert "--config" in done.err


def test_keys_without_effect_are_told(feedbot: Feedbot, config: Path) -> None:
    config.write_text(CONFIG + '[publish]\nbrotli = true\n[fetch]\nproxy = "http://proxy.example"\n')
    told = [check["detail"] for check in feedbot("check", "--json").json["checks"]]
    without = [detail for detail in told if "nothing with" in detail]
    assert without == [] or "brotli" in without[0] or "proxy" in without[0]


def test_a_token_is_named_by_its_bot_alone(
    feedbot: Feedbot, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN", "123456:SECRET-of-a-bot")
    done = feedbot("check")
    assert "of bot 123456" in done.out
    assert "SECRET" not in done.out + done.err


def _wrong_key(folder: Path) -> None:
    (folder / "config.toml").write_text("[feedbot]\ntitel = 'x'\n")


def _token_file_away(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG + '[telegram]\ntoken_file = "token"\n')


def _unknown_category(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG.replace('category = "policies"', 'category = "sports"'))


def _unknown_pack(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG + 'site = "gazete"\n')


def _template_with_a_loop(folder: Path) -> None:
    person = '[[subscription]]\nchat = "1001"\ncategory = "policies"\ntemplate = "{% for x in y %}"\n'
    (folder / "config.toml").write_text(CONFIG + person)


def _pack_that_is_no_toml(folder: Path) -> None:
    (folder / "sites").mkdir()
    (folder / "sites" / "mine.toml").write_text("name = ")


def _pack_with_a_wrong_key(folder: Path) -> None:
    (folder / "sites").mkdir()
    (folder / "sites" / "mine.toml").write_text('name = "mine"\n[article]\nbodi = "p"\n')


def _pack_that_is_no_text(folder: Path) -> None:
    (folder / "sites").mkdir()
    (folder / "sites" / "mine.toml").write_bytes(b"\xff\xfe")


def _pack_that_is_a_folder(folder: Path) -> None:
    (folder / "sites" / "mine.toml").mkdir(parents=True)


def _packs_in_a_file(folder: Path) -> None:
    (folder / "sites").write_text("")


def _feeds_in_a_file(folder: Path) -> None:
    (folder / "feeds").write_text("")


def _feeds_below_a_file(folder: Path) -> None:
    (folder / "config.toml").write_text(f'[feedbot]\nfeeds_dir = "config.toml/feeds"\n{CONFIG[11:]}')


def _feeds_where_nothing_is_written(folder: Path) -> None:
    (folder / "config.toml").write_text(f'[feedbot]\nfeeds_dir = "/proc/feeds"\n{CONFIG[11:]}')


def _database_below_a_file(folder: Path) -> None:
    text = f'[feedbot]\ndatabase = "sqlite:///config.toml/feedbot.db"\n{CONFIG[11:]}'
    (folder / "config.toml").write_text(text)


def _postgresql(folder: Path) -> None:
    text = f'[feedbot]\ndatabase = "postgresql://ada:SECRET@db.example/feeds"\n{CONFIG[11:]}'
    (folder / "config.toml").write_text(text)


@pytest.mark.parametrize("command", ["check", "once"])
@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (_wrong_key, ["config.toml", "feedbot.titel: unknown key", "title"]),
        (_token_file_away, ["telegram.token_file", "token: cannot be read", "No such file"]),
        (_unknown_category, ["source gazette", "'sports' is not defined", "policies"]),
        (_template_with_a_loop, ["subscription[0].template", "line 1", "for"]),
        (_unknown_pack, ["source gazette", "'gazete'", "korea-net"]),
        (_pack_that_is_no_toml, ["mine.toml"]),
        (_pack_with_a_wrong_key, ["mine.toml", "article."]),
        (_pack_that_is_no_text, ["mine.toml", "cannot be read"]),
        (_pack_that_is_a_folder, ["mine.toml", "cannot be read"]),
        (_feeds_in_a_file, ["feedbot.feeds_dir", "cannot be written"]),
        (_feeds_below_a_file, ["feedbot.feeds_dir", "cannot be written"]),
        (_database_below_a_file, ["feedbot.database"]),
        (_postgresql, ["feedbot.database", "postgresql:// comes with a later version"]),
    ],
)
def test_what_cannot_work_is_told_in_one_line(
    feedbot: Feedbot, config: Path, command: str, spoil: Callable[[Path], None], parts: list[str]
) -> None:
    config.write_text(CONFIG + '[web]\nlisten = "127.0.0.1:0"\n')
    spoil(config.parent)
    done = feedbot(command)
    assert (done.code, done.out) == (78, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("feedbot: ")
    assert "SECRET" not in done.err
    for part in parts:
        assert part in done.err
    assert not (config.parent / "var").exists()


def test_a_folder_that_only_writing_proves_unusable_stops_a_round(feedbot: Feedbot, config: Path) -> None:
    """`check` writes nothing, so it takes the system's word; a round does not."""
    _feeds_where_nothing_is_written(config.parent)
    done = feedbot("once")
    assert (done.code, done.out) == (78, "")
    assert "feedbot.feeds_dir: /proc/feeds cannot be written" in done.err


def test_rule_packs_in_a_file_are_none(feedbot: Feedbot, config: Path) -> None:
    """Packs that are looked for in vain would be missed only when a page is read."""
    _packs_in_a_file(config.parent)
    done = feedbot("check")
    assert done.code == 78
    assert "feedbot.sites_dir" in done.err


def test_a_port_in_use_is_told_before_anything_is_done(feedbot: Feedbot, config: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        config.write_text(f'{CONFIG}[web]\nlisten = "127.0.0.1:{port}"\n')
        before = fingerprint(config.parent)
        done = feedbot("run")
    assert (done.code, done.out) == (78, "")
    assert f"web.listen: 127.0.0.1:{port}" in done.err
    assert fingerprint(config.parent) == before


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    path.write_text("this is a letter, not a database\n" * 300)


def _cut_short(path: Path) -> None:
    body = path.read_bytes()
    path.write_bytes(body[: len(body) // 2])


def _cut_to_a_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def _flipped(path: Path) -> None:
    body = bytearray(path.read_bytes())
    for at in range(100, 4096, 3):
        body[at] ^= 0x5A
    path.write_bytes(body)


def _torn_behind_its_first_page(path: Path) -> None:
    body = path.read_bytes()
    path.write_bytes(body[:4096] + b"\xa5" * (len(body) - 4096))


def _of_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE letters (body TEXT)")
    connection.close()


def _from_the_future(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


@pytest.mark.parametrize(
    "command", [("check",), ("status",), ("source", "list"), ("subscription", "list"), ("once",)]
)
@pytest.mark.parametrize(
    "spoil",
    [
        _empty,
        _foreign,
        _cut_short,
        _cut_to_a_header,
        _flipped,
        _torn_behind_its_first_page,
        _of_another_program,
        _from_the_future,
    ],
)
def test_a_database_that_is_not_well_is_refused_and_kept_as_it_is(
    feedbot: Feedbot, database: Path, command: tuple[str, ...], spoil: Callable[[Path], None]
) -> None:
    spoil(database)
    body = database.read_bytes()
    done = feedbot(*command)
    assert (done.code, done.out) == (78, "")
    assert len(done.err.splitlines()) == 1
    assert f"feedbot.database: {database}" in done.err
    assert database.read_bytes() == body


@pytest.mark.parametrize("command", [("check",), ("status",), ("once",)])
def test_a_folder_in_place_of_the_database_is_refused(
    feedbot: Feedbot, config: Path, command: tuple[str, ...]
) -> None:
    (config.parent / "var" / "feedbot.db").mkdir(parents=True)
    done = feedbot(*command)
    assert done.code == 78
    assert "feedbot.database" in done.err
    assert len(done.err.splitlines()) == 1
