"""Documents appear whole, in their folder, and only when they changed."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from feedbot.errors import FeedbotError
from feedbot.publish.files import clean_leftovers, make_folder, write_whole, written_at


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_document_is_written_and_readable_by_the_web_server(tmp_path: Path):
    assert write_whole(tmp_path / "a.atom", b"one")
    assert (tmp_path / "a.atom").read_bytes() == b"one"
    assert (tmp_path / "a.atom").stat().st_mode & 0o444 == 0o444
    assert names(tmp_path) == ["a.atom"]


def test_equal_bytes_are_not_written_again(tmp_path: Path):
    """The file stays the same one, with its time: that is what web servers make ETags of."""
    path = tmp_path / "a.atom"
    write_whole(path, b"one")
    os.utime(path, (1_000_000, 1_000_000))
    before = path.stat()
    assert not write_whole(path, b"one")
    assert (path.stat().st_ino, path.stat().st_mtime) == (before.st_ino, before.st_mtime)
    assert written_at(path).timestamp() == 1_000_000


def test_who_reads_meanwhile_reads_the_old_one_to_its_end(tmp_path: Path):
    path = tmp_path / "a.atom"
    write_whole(path, b"one")
    with path.open("rb") as reader:
        write_whole(path, b"another")
        assert reader.read() == b"one"


def test_a_planted_link_is_replaced_and_not_followed(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "feeds"
    folder.mkdir()
    outside.write_bytes(b"one")
    for name in ("a.atom", ".a.atom.feedbot-new"):
        (folder / name).symlink_to(outside)
    assert write_whole(folder / "a.atom", b"one")
    assert write_whole(folder / "a.atom", b"two")
    assert outside.read_bytes() == b"one"
    assert not (folder / "a.atom").is_symlink()
    assert names(folder) == ["a.atom"]


def test_a_folder_in_its_place_is_told_and_nothing_is_left(tmp_path: Path):
    (tmp_path / "a.atom").mkdir()
    with pytest.raises(FeedbotError, match=r"a\.atom: cannot be written"):
        write_whole(tmp_path / "a.atom", b"one")
    assert names(tmp_path) == ["a.atom"]


def test_a_folder_that_is_gone_is_told(tmp_path: Path):
    with pytest.raises(FeedbotError, match="No such file"):
        write_whole(tmp_path / "gone" / "a.atom", b"one")
    with pytest.raises(FeedbotError, match="No such file"):
        written_at(tmp_path / "a.atom")


def test_a_full_disk_leaves_the_old_document_and_no_half_one(tmp_path: Path):
    """A file size limit fails in the same call as a full disk."""
    (tmp_path / "a.atom").write_bytes(b"old")
    program = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from feedbot.publish.files import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_whole(Path(sys.argv[1]), b'x' * 100_000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.atom"], capture_output=True, text=True, check=False
    )
    assert "File too large; the old one stays" in done.stderr
    assert (tmp_path / "a.atom").read_bytes() == b"old"
    assert names(tmp_path) == ["a.atom"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_what_a_crash_left_is_removed_and_nothing_else(tmp_path: Path):
    for name in (".a.atom.feedbot-new", "a.atom", ".htaccess", "feedbot-new"):
        (tmp_path / name).write_bytes(b"x")
    clean_leftovers(tmp_path)
    assert names(tmp_path) == [".htaccess", "a.atom", "feedbot-new"]


_KILLED = """
import os, sys
from pathlib import Path
from feedbot.publish import files
folder, wanted = Path(sys.argv[1]), ("", ".gz", ".br")
def write(body):
    files.write_set(folder / "a.atom", {suffix: body + suffix.encode() for suffix in wanted})
calls = ("open", "fsync", "replace", "rename", "unlink", "write", "fdopen", "close")
number = 0
while True:
    write(b"old")
    number += 1
    child = os.fork()
    if child == 0:
        left = number
        def counted(real):
            def call(*args, **named):
                global left
                left -= 1
                if left == 0:
                    os._exit(9)
                return real(*args, **named)
            return call
        for name in calls:
            setattr(os, name, counted(getattr(os, name)))
        write(b"new")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    for suffix in wanted:
        found = (folder / f"a.atom{suffix}").read_bytes()
        assert found in (b"old" + suffix.encode(), b"new" + suffix.encode()), (number, suffix, found)
    if (folder / "a.atom").read_bytes() == b"new":  # the last: whoever finds it new finds all new
        assert all((folder / f"a.atom{suffix}").read_bytes().startswith(b"new") for suffix in wanted), number
    files.clean_leftovers(folder)
    assert sorted(os.listdir(folder)) == ["a.atom", "a.atom.br", "a.atom.gz"], os.listdir(folder)
    if os.waitstatus_to_exitcode(status) == 0:
        print(number)
        break
"""


def test_a_kill_at_any_call_leaves_the_old_or_the_new_document_whole(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 12


def test_leftovers_are_removed_in_every_folder_of_ours_and_links_are_not_followed(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "feeds"
    for at in (outside, folder / "by", folder / "policies" / "archive"):
        at.mkdir(parents=True)
        (at / ".1.atom.gz.feedbot-new").write_bytes(b"x")
    (folder / "linked").symlink_to(outside)
    clean_leftovers(folder)
    assert names(folder / "by") == names(folder / "policies" / "archive") == []
    assert names(outside) == [".1.atom.gz.feedbot-new"]


def test_a_folder_is_made_below_another_and_never_through_a_link(tmp_path: Path):
    assert make_folder(tmp_path / "a" / "b", tmp_path)
    assert not make_folder(tmp_path / "a" / "b", tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    with pytest.raises(FeedbotError, match="is a link"):
        make_folder(tmp_path / "linked" / "c", tmp_path)
