"""The shelf: pages in memory, feeds read from their files when asked for, a bounded number of them kept."""

import gzip
from pathlib import Path

from feedbot.publish.files import PLAIN, write_set
from feedbot.publish.shelf import ATOM, Shelf, etag_of


def lay(shelf: Shelf, folder: Path, name: str, body: bytes) -> Path:
    file = folder / name
    write_set(file, {PLAIN: body, ".gz": gzip.compress(body, mtime=0)}, shelf.swapping)
    shelf.file(f"/feeds/{name}", file, ATOM, etag_of(body))
    return file


def test_a_feed_is_read_from_its_files_with_its_codings_and_date(tmp_path: Path):
    shelf = Shelf()
    file = lay(shelf, tmp_path, "a.atom", b"one")
    item = shelf.get("/feeds/a.atom")
    assert item is not None
    assert (item.body, gzip.decompress(item.compressed or b""), item.etag) == (
        b"one",
        b"one",
        etag_of(b"one"),
    )
    assert item.modified.timestamp() == int(file.stat().st_mtime)
    assert item is shelf.get("/feeds/a.atom")


def test_a_feed_that_was_written_anew_is_read_anew(tmp_path: Path):
    shelf = Shelf()
    lay(shelf, tmp_path, "a.atom", b"one")
    before = shelf.get("/feeds/a.atom")
    changes = shelf.changes
    lay(shelf, tmp_path, "a.atom", b"one")
    assert (shelf.get("/feeds/a.atom"), shelf.changes) == (before, changes)
    lay(shelf, tmp_path, "a.atom", b"two")
    after = shelf.get("/feeds/a.atom")
    assert after is not None
    assert after.body == b"two"
    assert shelf.digests() == {"/feeds/a.atom": etag_of(b"two")}


def test_those_asked_for_last_are_kept_and_no_more_than_there_is_room_for(tmp_path: Path):
    shelf = Shelf(most_bytes=2500)
    for name in ("a", "b", "c"):
        lay(shelf, tmp_path, f"{name}.atom", name.encode() * 1000)
    first = shelf.get("/feeds/a.atom")
    second = shelf.get("/feeds/b.atom")
    assert shelf.get("/feeds/a.atom") is first
    shelf.get("/feeds/c.atom")
    assert shelf.get("/feeds/a.atom") is first
    assert shelf.get("/feeds/b.atom") is not second


def test_a_document_larger_than_all_room_is_served_and_not_kept(tmp_path: Path):
    shelf = Shelf(most_bytes=10)
    lay(shelf, tmp_path, "a.atom", b"a" * 1000)
    first = shelf.get("/feeds/a.atom")
    assert first is not None
    assert shelf.get("/feeds/a.atom") is not first


def test_a_file_that_is_gone_is_no_document(tmp_path: Path):
    shelf = Shelf()
    lay(shelf, tmp_path, "a.atom", b"one").unlink()
    assert shelf.get("/feeds/a.atom") is None


def test_a_gzip_of_another_document_is_not_served(tmp_path: Path):
    shelf = Shelf()
    lay(shelf, tmp_path, "a.atom", b"one")
    (tmp_path / "a.atom.gz").write_bytes(gzip.compress(b"two"))
    item = shelf.get("/feeds/a.atom")
    assert item is not None
    assert item.compressed is None
