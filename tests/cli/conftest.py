"""The program run in this process: words in, what it said and its exit code out."""

import hashlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from feedbot.cli import main
from feedbot.store import Store, subscriptions
from tests.support import NOW, subscription

CONFIG = """
[feedbot]
title = "Test News"
[[category]]
slug = "policies"
title = "Policies"
[[source]]
id = "gazette"
url = "https://gazette.example/feed?token=SECRET"
category = "policies"
"""


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


Feedbot = Callable[..., Said]


@pytest.fixture
def feedbot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Feedbot]:
    """Runs `feedbot` with these words in an empty folder."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["feedbot", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    yield run
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with one category and one source, in the working folder."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def database(config: Path, new_database: bytes) -> Path:
    """A database as a first start leaves it, with one subscription."""
    path = config.parent / "var" / "feedbot.db"
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(new_database)
    store = Store.open(path)
    store.do_now(subscriptions.sync_configured, [subscription("-1001", configured=True)], NOW)
    store.close_now()
    return path


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file and folder below, with a hash of its bytes."""
    return {
        str(path.relative_to(folder)): "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
    }
