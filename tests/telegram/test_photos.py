"""Photos are fetched once, kept as what can be sent, and asked for again when they can have changed."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from feedbot.net.client import Client
from feedbot.net.guard import Guard
from feedbot.store import Store
from feedbot.store import photos as rows
from feedbot.telegram.photos import PREPARE, Photos
from feedbot.telegram.picture import prepare, smaller
from feedbot.worker.pool import Answer
from tests.support import NOW, jpeg, picture

HOUR = timedelta(hours=1)


class InThisProcess:
    """What the worker does, without its process."""

    async def run(self, function: str, body: bytes, **_arguments: Any) -> Answer:
        value, out = prepare(body) if function == PREPARE else smaller(body)
        return Answer(value, out)


@dataclass
class Gallery:
    """A site with pictures that can be changed, and what was asked of it."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        if name not in self.pictures:
            raise web.HTTPNotFound
        return web.Response(body=self.pictures[name], content_type="image/jpeg")


@pytest.fixture
async def gallery() -> AsyncIterator[Gallery]:
    made = Gallery({"1.jpg": jpeg(), "same.jpg": jpeg(), "2.png": picture("PNG", 300, 200)})
    app = web.Application()
    app.router.add_get("/{name}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def photos(store: Store, gallery: Gallery, tmp_path: Path) -> AsyncIterator[Photos]:
    guard = Guard([(ip_network("127.0.0.1/32"), int(gallery.url.rpartition(":")[2]))])
    client = Client(user_agent="feedbot/test", guard=guard, host_gap=timedelta(0), host_concurrency=4)
    yield Photos(store, client, InThisProcess(), tmp_path / "photos")  # type: ignore[arg-type]
    await client.close()


async def test_a_photo_is_fetched_once_and_its_facts_are_the_originals(
    photos: Photos, gallery: Gallery
) -> None:
    for _ in range(2):
        found = await photos.get(f"{gallery.url}/2.png", NOW)
        assert (found.type, found.width, found.height) == ("image/png", 300, 200)
        assert found.length == len(gallery.pictures["2.png"])
    assert gallery.asked == ["2.png"]
    assert (photos.folder / (found.hash or "")).read_bytes()[:2] == b"\xff\xd8"


async def test_many_chats_that_want_it_at_once_fetch_it_once(photos: Photos, gallery: Gallery) -> None:
    url = f"{gallery.url}/1.jpg"
    found = await asyncio.gather(*(photos.picture(url, "bot", NOW) for _ in range(8)))
    assert gallery.asked == ["1.jpg"]
    assert {one.hash for one in found if one} == {found[0].hash if found[0] else ""}


async def test_what_cannot_be_had_is_asked_again_after_an_hour(photos: Photos, gallery: Gallery) -> None:
    url = f"{gallery.url}/later.jpg"
    assert "404" in ((await photos.get(url, NOW)).error or "")
    gallery.pictures["later.jpg"] = jpeg()
    assert await photos.picture(url, "bot", NOW + HOUR - timedelta(seconds=1)) is None
    assert await photos.picture(url, "bot", NOW + HOUR) is not None
    assert len(gallery.asked) == 2


@pytest.mark.parametrize(
    ("body", "reason"), [(b"<html>", "no picture"), (jpeg(3000, 30), "too small"), (b"", "no picture")]
)
async def test_what_is_no_photo_says_why(photos: Photos, gallery: Gallery, body: bytes, reason: str) -> None:
    gallery.pictures["x.jpg"] = body
    assert reason in ((await photos.get(f"{gallery.url}/x.jpg", NOW)).error or "")
    assert await photos.picture(f"{gallery.url}/x.jpg", "bot", NOW) is None


async def test_the_same_bytes_at_two_addresses_are_one_upload(
    photos: Photos, gallery: Gallery, store: Store
) -> None:
    first = await photos.picture(f"{gallery.url}/1.jpg", "bot", NOW)
    assert first
    store.do_now(rows.save_file_id, "bot", first.hash, "known-id")
    second = await photos.picture(f"{gallery.url}/same.jpg", "bot", NOW)
    assert second
    assert (second.hash, second.file_id) == (first.hash, "known-id")
    assert len(list(photos.folder.iterdir())) == 1


async def test_an_upload_is_known_to_its_own_bot_only(photos: Photos, gallery: Gallery, store: Store) -> None:
    mine = await photos.picture(f"{gallery.url}/1.jpg", "bot", NOW)
    assert mine
    store.do_now(rows.save_file_id, "bot", mine.hash, "known-id")
    other = await photos.picture(f"{gallery.url}/1.jpg", "another", NOW)
    assert other
    assert other.file_id is None
    assert await photos.known_upload(mine, "bot") == "known-id"
    store.do_now(rows.save_file_id, "bot", mine.hash, None)
    assert await photos.known_upload(mine, "bot") is None


async def test_a_file_that_is_lost_is_fetched_again(photos: Photos, gallery: Gallery) -> None:
    found = await photos.get(f"{gallery.url}/1.jpg", NOW)
    (photos.folder / (found.hash or "")).unlink()
    assert await photos.picture(f"{gallery.url}/1.jpg", "bot", NOW) is not None
    assert len(gallery.asked) == 2


async def test_files_that_nobody_used_are_cleaned_up(photos: Photos, gallery: Gallery) -> None:
    used = await photos.get(f"{gallery.url}/1.jpg", NOW)
    await photos.get(f"{gallery.url}/2.png", NOW)
    for path in photos.folder.iterdir():
        os.utime(path, (0, 0))
    await photos.picture(f"{gallery.url}/1.jpg", "bot", NOW)
    assert photos.clean_up(NOW.replace(year=2000)) == 1
    assert [path.name for path in photos.folder.iterdir()] == [used.hash]


async def test_one_whose_article_changed_is_fetched_anew_once(photos: Photos, gallery: Gallery) -> None:
    url = f"{gallery.url}/1.jpg"
    old = await photos.get(url, NOW)
    gallery.pictures["1.jpg"] = jpeg(400, 300)
    new = await photos.get(url, NOW + HOUR, NOW + HOUR)
    assert (new.hash != old.hash, new.width) == (True, 400)
    assert await photos.get(url, NOW + HOUR, NOW + HOUR) == new
    del gallery.pictures["1.jpg"]
    assert (await photos.get(url, NOW + HOUR, NOW + 2 * HOUR)).hash == new.hash
    assert (await photos.get(url, NOW + HOUR, NOW + 2 * HOUR)).hash == new.hash
    assert len(gallery.asked) == 3


async def test_a_folder_that_cannot_be_written_costs_no_article(photos: Photos, gallery: Gallery) -> None:
    photos.folder.write_text("a file in its place")
    found = await photos.get(f"{gallery.url}/1.jpg", NOW)
    assert "cannot be kept" in (found.error or "")
    assert await photos.picture(f"{gallery.url}/1.jpg", "bot", NOW) is None


async def test_files_age_by_the_clock_that_cleans_them(photos: Photos, gallery: Gallery) -> None:
    long_ago = NOW.replace(year=1999)
    await photos.get(f"{gallery.url}/1.jpg", long_ago)
    assert photos.clean_up(long_ago - HOUR) == 0
    assert photos.clean_up(long_ago + HOUR) == 1


async def test_there_may_be_nothing_to_clean_up(photos: Photos) -> None:
    assert photos.clean_up(NOW) == 0


async def test_a_photo_is_shrunk_or_left_as_it_is(photos: Photos) -> None:
    large = jpeg(2000, 1500)
    assert len(await photos.shrink(large)) < len(large)
    assert await photos.shrink(b"no picture") == b"no picture"
