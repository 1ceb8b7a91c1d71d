"""Our own site on disk and on the shelf: the same bytes, the same dates, and an index that many share."""

import asyncio
from pathlib import Path

import pytest

from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.store import Store
from tests.support import POLICIES


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Site:
    folder = tmp_path / "feeds"
    folder.mkdir()
    known = {"policies": POLICIES}
    return Site(
        store, Shelf(), folder, "https://feeds.example", "Test News", "en", "feeds.example", 50, known
    )


async def test_files_and_answers_are_the_same_bytes_with_the_same_date(site: Site):
    assert (await site.write_feed("policies")).written
    await site.write_index()
    names = {"policies.atom": "/feeds/policies.atom", "style.css": "/style.css", "feeds.opml": "/feeds.opml"}
    for name, path in names.items():
        file, item = site.feeds_dir / name, site.shelf.get(path)
        assert item is not None
        assert file.read_bytes() == item.body
        assert int(file.stat().st_mtime) == item.modified.timestamp()
    assert not (await site.write_feed("policies")).written


async def test_the_index_in_the_folder_works_where_nothing_else_is_served(site: Site):
    """A static host knows the files of the folder and no other path."""
    await site.write_index()
    beside, item = (site.feeds_dir / "index.html").read_text(), site.shelf.get("/")
    assert item is not None
    assert 'href="policies.atom"' in beside
    assert 'href="style.css?' in beside
    assert "/c/policies" not in beside
    assert b'href="https://feeds.example/feeds/policies.atom"' in item.body
    assert b'href="https://feeds.example/c/policies"' in item.body


async def test_who_asks_for_the_index_meanwhile_shares_the_next_writing(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    """Two writers at once would rename each other's half file into place."""
    count, write = 0, Site._write_index

    async def counted(self: Site) -> None:
        nonlocal count
        count += 1
        await write(self)

    monkeypatch.setattr(Site, "_write_index", counted)
    await asyncio.gather(*(site.write_index() for _ in range(20)))
    assert count == 2  # the first, and one for the nineteen who came during it
    await site.write_index()
    assert count == 3
    assert sorted(path.name for path in site.feeds_dir.iterdir()) == [
        "favicon.svg",
        "feeds.opml",
        "index.html",
        "style.css",
    ]
