"""The bot's token: where it may come from, and what is said where it cannot be had."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedbot.config import load, read_token
from feedbot.errors import ConfigError

TOKEN = "123456789:AAH-invented_for_a_test"
Read = Callable[[str], tuple[str | None, str | None]]


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the token that a [telegram] section leads to."""

    def one(section: str = "") -> tuple[str | None, str | None]:
        (tmp_path / "config.toml").write_text(f"[telegram]\n{section}")
        return read_token(load(tmp_path / "config.toml"))

    return one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "token"
    made.write_text(TOKEN + "\n")
    made.chmod(0o600)
    return made


def test_no_token_is_no_error(read: Read) -> None:
    assert read("") == (None, None)


def test_it_comes_from_the_environment_and_wins(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN", f" {TOKEN}\n")
    assert read('token_file = "nowhere"') == (TOKEN, None)


@pytest.mark.parametrize("variable", ["FEEDBOT_TELEGRAM__TOKEN", "FEEDBOT_TELEGRAM__TOKEN_FILE"])
def test_an_empty_variable_means_that_there_is_none(
    read: Read, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "")
    assert read("") == (None, None)


def test_it_comes_from_a_file_of_which_only_the_first_word_counts(read: Read, file: Path) -> None:
    assert read(f'token_file = "{file.name}"') == (TOKEN, None)


def test_the_file_can_be_named_by_the_environment(
    read: Read, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN_FILE", str(file))
    assert read("") == (TOKEN, None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_taken_with_a_warning(read: Read, file: Path, mode: int) -> None:
    file.chmod(mode)
    token, warning = read(f'token_file = "{file}"')
    assert token == TOKEN
    assert warning is not None
    assert "chmod 600" in warning
    assert TOKEN not in warning


def test_a_systemd_credential_is_found_and_not_warned_of(
    read: Read, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd.exec(5): the folder is for us alone, whatever the mode of the file says."""
    file.rename(file.with_name("telegram_token")).chmod(0o444)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert read("") == (TOKEN, None)


def test_a_credentials_folder_without_our_file_means_nothing(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert read("") == (None, None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "No such file"),
        (".", "Is a directory"),
        ("config.toml/below", "Not a directory"),
        ("/proc/self/mem", "cannot be read"),
        ("/dev/zero", "no bot token in it"),
        ("/dev/null", "no bot token in it"),
    ],
)
def test_a_named_file_that_cannot_be_read_is_an_error(read: Read, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^telegram\.token_file: .*{said}"):
        read(f'token_file = "{name}"')


@pytest.mark.parametrize("body", [b"", b"hunter2-SECRET", b"12:SECRET word", b"\xff\xfe\x00SECRET"])
def test_a_file_without_a_token_is_an_error_that_does_not_tell_what_is_in_it(
    read: Read, file: Path, body: bytes
) -> None:
    file.write_bytes(body)
    with pytest.raises(ConfigError, match=r"^telegram\.token_file: .*token: ") as raised:
        read(f'token_file = "{file}"')
    assert "SECRET" not in str(raised.value)


def test_a_variable_that_holds_no_token_names_itself(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN", "my-SECRET")
    with pytest.raises(ConfigError, match=r"^FEEDBOT_TELEGRAM__TOKEN: no bot token in it") as raised:
        read("")
    assert "SECRET" not in str(raised.value)
