"""The press: history in archives, corrections and losses, formats, files; nothing written without news."""

import asyncio
import gzip
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot.model import Category, Entry, Source, SourceState
from feedbot.publish.feed import House
from feedbot.publish.press import Press, PublishReport
from feedbot.publish.shelf import Shelf
from feedbot.store import Store, entries, feeds, publishing, retractions, rows, sources
from feedbot.store.tables import entries as entry_rows
from tests.publish.checker import ATOM, problems
from tests.store.test_schema import first_release
from tests.support import NOW, POLICIES, SOURCE, candidate, entry, new, save_poll

MOST = 5
AT = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
HISTORY = "{http://purl.org/syndication/history/1.0}archive"
SEA = Category("sea", "Sea", "en")


class World:
    """A store, a folder and a press, which can be made anew as at a restart."""

    def __init__(self, store: Store, folder: Path, **settings: object) -> None:
        self.store, self.folder, self.settings = store, folder, settings
        self.folder.mkdir(exist_ok=True)
        self.restart()

    def restart(self) -> None:
        house = House("https://feeds.example", "Test News", "en", {"policies": POLICIES, "sea": SEA})
        told = {"entries": MOST} | self.settings
        self.press = Press(self.store, Shelf(), self.folder, house, "feeds.example", **told)  # type: ignore[arg-type]
        self.store.do_now(feeds.sync_feeds, ["policies", "sea"], "feeds.example", NOW)

    async def round(self) -> dict[str, PublishReport]:
        await self.press.take_in(NOW)
        changed = await self.store.do(feeds.changed_feeds)
        slugs = [feed.slug for feed in changed if self.press.publishes(feed.slug)]
        reports = {slug: await self.press.write_feed(slug) for slug in slugs}
        self.press.sync()
        return reports

    def publish(self) -> dict[str, PublishReport]:
        return asyncio.run(self.round())

    def add(self, *made: Entry) -> None:
        save_poll(self.store, SOURCE, new(*made), SourceState("gazette"), NOW)

    def correct(self, row: int, later: timedelta, **changes: object) -> None:
        [stored] = self.store.do_now(publishing.entries_of, [row])
        changed = candidate(entry(row, **changes))
        self.store.do_now(entries.rewrite, stored, changed.entry, stored.slugs, changed.digest, NOW + later)

    def retract(self, row: int, later: timedelta) -> None:
        [stored] = self.store.do_now(publishing.entries_of, [row])
        assert self.store.do_now(retractions.retract, stored, NOW + later)

    def atom(self, name: str = "policies") -> etree._Element:
        body = (self.folder / f"{name}.atom").read_bytes()
        assert problems(body, f"https://feeds.example/feeds/{name}.atom") == []
        assert gzip.decompress((self.folder / f"{name}.atom.gz").read_bytes()) == body
        return etree.fromstring(body)

    def archives(self, feed: str = "policies") -> dict[int, bytes]:
        found = (self.folder / feed / "archive").glob("*.atom")
        return {int(path.stem): path.read_bytes() for path in found}

    def files(self) -> dict[str, tuple[int, bytes]]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in found
        }


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written need not outlive the power here; test_files looks at that."""
    monkeypatch.setattr("os.fsync", lambda _file: None)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path / "feeds")


def titles(root: etree._Element) -> list[str]:
    return [one.findtext(ATOM + "title") or "" for one in root.findall(ATOM + "entry")]


def relation(root: etree._Element, name: str) -> str | None:
    found = [link.get("href") for link in root.findall(ATOM + "link") if link.get("rel") == name]
    return found[0] if found else None


def logical(world: World, feed: str = "policies") -> dict[str, str]:
    """The whole feed as a reader of RFC 5005 puts it together: what is later in it counts."""
    root = world.atom(feed)
    found: dict[str, str] = {one.get("ref"): "" for one in root.findall(AT)}
    while True:
        for one in root.findall(ATOM + "entry"):
            found.setdefault(one.findtext(ATOM + "id"), one.findtext(ATOM + "title"))
        before = relation(root, "prev-archive")
        if before is None:
            return found
        name = before.removeprefix("https://feeds.example/feeds/")
        body = (world.folder / name).read_bytes()
        assert problems(body, before) == []
        root = etree.fromstring(body)
        assert root.find(HISTORY) is not None
        assert relation(root, "current") == f"https://feeds.example/feeds/{feed}.atom"


def test_the_live_document_has_the_newest_and_archives_have_the_rest(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    assert titles(world.atom()) == [f"Article {number}" for number in range(12, 7, -1)]
    archives = world.archives()
    assert sorted(archives) == [1, 2]
    first, second = (etree.fromstring(archives[number]) for number in (1, 2))
    assert titles(first) == [f"Article {number}" for number in range(5, 0, -1)]
    assert relation(first, "next-archive") == "https://feeds.example/feeds/policies/archive/2.atom"
    assert relation(second, "prev-archive") == "https://feeds.example/feeds/policies/archive/1.atom"
    assert relation(second, "next-archive") is None
    assert len(logical(world)) == 12


def test_a_feed_that_fits_its_document_has_no_archive(world: World):
    world.add(*(entry(number) for number in range(1, MOST + 1)))
    world.publish()
    assert world.archives() == {}
    assert relation(world.atom(), "prev-archive") is None


def test_an_archive_never_changes_and_nothing_falls_between(store: Store, tmp_path: Path):
    world = World(store, tmp_path / "feeds", entries=2)
    before: dict[int, bytes] = {}
    for number in range(1, 8):
        world.add(entry(number))
        world.publish()
        assert logical(world).keys() == {entry(one).id for one in range(1, number + 1)}
        archives = world.archives()
        assert {key: archives[key] for key in before} == before
        before = archives
        assert len(titles(world.atom())) <= 2
    assert len(before) == 3


def test_an_entry_that_comes_late_and_is_old_is_shown_until_it_lies_in_an_archive(world: World):
    world.add(*(entry(number) for number in range(10, 20)))
    world.publish()
    world.add(entry(1))
    world.publish()
    assert titles(world.atom())[-1] == "Article 1"
    for number in range(20, 26, 3):
        world.add(*(entry(one) for one in range(number, number + 3)))
        world.publish()
        assert entry(1).id in logical(world)
    assert "Article 1" not in titles(world.atom())


def test_a_correction_of_an_archived_entry_comes_back_live_and_the_archive_stays(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.archives()
    world.correct(2, timedelta(days=1), title="Corrected")
    world.publish()
    root = world.atom()
    assert titles(root)[-1] == "Corrected"
    assert root.findtext(ATOM + "updated") == "2026-03-02T12:00:00Z"
    assert world.archives() == before
    assert logical(world)[entry(2).id] == "Corrected"
    for number in range(13, 22, 3):
        world.add(*(entry(one) for one in range(number, number + 3)))
        world.publish()
        assert logical(world)[entry(2).id] == "Corrected"


def test_a_retracted_entry_leaves_a_tombstone_and_every_format(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.archives()
    for row in (1, 12):
        world.retract(row, timedelta(days=row))
    world.publish()
    root = world.atom()
    assert {(one.get("ref"), one.get("when")) for one in root.findall(AT)} == {
        (entry(12).id, "2026-03-13T12:00:00Z"),
        (entry(1).id, "2026-03-02T12:00:00Z"),
    }
    assert "Article 12" not in titles(root)
    assert world.archives() == before
    for ending in (".rss", ".json"):
        assert b"Article 12" not in (world.folder / f"policies{ending}").read_bytes()
    assert logical(world)[entry(1).id] == ""


def test_a_tombstone_stands_for_a_month_of_the_feeds_own_time(world: World):
    world.add(entry(1), entry(2))
    world.retract(1, timedelta(days=1))
    world.publish()
    assert world.atom().findall(AT) == []  # it was never published
    world.retract(2, timedelta(days=2))
    world.publish()
    assert len(world.atom().findall(AT)) == 1
    world.add(entry(3))
    world.correct(3, timedelta(days=33))
    world.publish()
    assert world.atom().findall(AT) == []


def test_what_came_back_is_an_entry_again(world: World):
    world.add(entry(1), entry(2))
    world.publish()
    world.retract(1, timedelta(days=1))
    world.publish()
    [stored] = world.store.do_now(publishing.entries_of, [1])
    world.store.do_now(retractions.restore, stored, NOW + timedelta(days=2))
    world.publish()
    assert world.atom().findall(AT) == []
    assert titles(world.atom()) == ["Article 2", "Article 1"]


def test_who_tells_a_story_of_an_entry_that_is_gone_takes_its_place(world: World):
    world.store.do_now(sources.sync_sources, [SOURCE, Source("herald", "https://herald.example/feed")])
    same = entry(1, id="tag:feeds.example,2026:herald/1", source_id="herald", title="Told again")
    world.add(entry(1))
    save_poll(world.store, Source("herald", ""), new(same), SourceState("herald"), NOW)
    world.publish()
    assert titles(world.atom()) == ["Article 1"]
    world.retract(1, timedelta(days=1))
    world.publish()
    assert titles(world.atom()) == ["Told again"]


def test_nothing_is_written_when_nothing_changed(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.files()
    assert world.publish() == {}
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    asyncio.run(world.press.tidy())
    reports = world.publish()
    assert reports
    assert not any(report.written for report in reports.values())
    assert world.files() == before


def test_one_entry_is_rendered_when_one_is_new(world: World, monkeypatch: pytest.MonkeyPatch):
    from feedbot.publish import fragment  # noqa: PLC0415

    rendered, render = [], fragment.render
    monkeypatch.setattr(
        fragment, "render", lambda stored, *more: rendered.append(stored.row) or render(stored, *more)
    )
    world.add(entry(1), entry(2))
    world.publish()
    assert rendered == [1, 2]  # once for all feeds that they are in
    world.add(entry(3))
    world.publish()
    assert rendered == [1, 2, 3]
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    world.publish()
    assert rendered == [1, 2, 3]
    monkeypatch.setattr(fragment, "RENDERER", 99)
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    world.publish()
    assert sorted(rendered[3:]) == [1, 2, 3]


def test_only_the_feeds_of_what_changed_are_written(world: World):
    world.add(entry(1))
    world.publish()
    world.add(entry(2))
    assert set(world.publish()) == {"policies", "all"}


def test_fragments_of_what_no_feed_shows_are_forgotten(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    count = "SELECT count(*) FROM fragments"
    assert world.store.do_now(lambda c: c.exec_driver_sql(count).scalar()) == MOST


def test_an_archive_that_was_cut_short_comes_back_at_the_next_start(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.archives()
    cut = world.folder / "policies" / "archive" / "1.atom"
    cut.write_bytes(cut.read_bytes()[:100])
    asyncio.run(world.press.tidy())
    assert world.archives() == before


def test_no_document_names_an_archive_whose_file_was_not_written(world: World):
    """The disk was full, or the process ended, between the store and the file."""
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.archives()
    last = world.folder / "policies" / "archive" / "2.atom"
    last.unlink()
    world.add(entry(13))
    world.publish()
    assert {number: world.archives()[number] for number in before} == before


def test_archives_and_documents_come_back_byte_for_byte_when_the_folder_was_emptied(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = {name: body for name, (_, body) in world.files().items()}
    shutil.rmtree(world.folder)
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    asyncio.run(world.press.tidy())
    world.publish()
    assert {name: body for name, (_, body) in world.files().items()} == before
    item = world.press.shelf.get("/feeds/policies/archive/1.atom")
    assert item is not None
    assert item.body == before["policies/archive/1.atom"]


def test_a_feed_of_one_source_is_written_where_the_operator_wants_it(store: Store, tmp_path: Path):
    world = World(store, tmp_path / "feeds", per_source=True)
    world.add(entry(1))
    world.publish()
    assert titles(world.atom("by/gazette")) == ["Article 1"]
    assert world.atom("by/gazette").findtext(ATOM + "title") == "gazette.example – Test News"
    world.settings["per_source"] = False
    world.restart()
    asyncio.run(world.press.tidy())
    assert list((world.folder / "by").iterdir()) == []


def test_a_source_with_an_odd_id_gets_a_file_of_its_own_in_the_folder(store: Store, tmp_path: Path):
    world = World(store, tmp_path / "feeds", per_source=True)
    for number, name in enumerate(("../x", "..-x", "X", "x", "é"), 1):
        source = Source(name, "https://x.example/feed")
        store.do_now(sources.sync_sources, [SOURCE, source])
        made = entry(number, source_id=name)
        save_poll(store, source, new(made), SourceState(name), NOW)
    world.publish()
    names = sorted(path.name for path in (world.folder / "by").glob("*.atom"))
    assert len(names) == 5
    assert all(path.name == "feeds" or path.suffix for path in tmp_path.iterdir())


def test_a_category_that_is_gone_from_the_configuration_leaves_no_documents(world: World):
    world.add(*(entry(number) for number in range(1, 13)))
    world.publish()
    before = world.archives()
    del world.press.house.categories["policies"]  # type: ignore[attr-defined]
    asyncio.run(world.press.tidy())
    assert not (world.folder / "policies.atom").exists()
    assert world.archives() == {}
    world.restart()
    asyncio.run(world.press.tidy())
    assert world.archives() == before


def test_brotli_stands_beside_where_it_is_wanted_and_goes_where_it_is_not(store: Store, tmp_path: Path):
    import brotli  # noqa: PLC0415

    world = World(store, tmp_path / "feeds", brotli=True)
    world.add(entry(1))
    world.publish()
    body = (world.folder / "policies.atom").read_bytes()
    assert brotli.decompress((world.folder / "policies.atom.br").read_bytes()) == body
    item = world.press.shelf.get("/feeds/policies.atom")
    assert item is not None
    assert item.brotli is not None
    world.settings["brotli"] = False
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    world.publish()
    assert not (world.folder / "policies.atom.br").exists()


def test_a_gzip_file_that_is_of_another_document_is_put_right(world: World):
    world.add(entry(1))
    world.publish()
    file = world.folder / "policies.atom.gz"
    right = file.read_bytes()
    file.write_bytes(gzip.compress(b"older"))
    world.restart()
    world.store.do_now(feeds.mark_all_changed)
    world.publish()
    assert file.read_bytes() == right


def test_a_folder_that_is_a_link_is_refused_and_named(store: Store, tmp_path: Path):
    world = World(store, tmp_path / "feeds", per_source=True)
    (tmp_path / "outside").mkdir()
    (world.folder / "by").symlink_to(tmp_path / "outside")
    world.add(entry(1))
    reports = world.publish()
    assert "is a link" in (reports["by/gazette"].error or "")
    assert list((tmp_path / "outside").iterdir()) == []
    assert world.publish()["by/gazette"].error  # and is tried again


def test_a_correction_while_a_feed_is_written_is_not_kept_as_what_was_rendered(world: World):
    world.add(entry(1))
    live = world.store.do_now(publishing.live, "all", MOST)
    assert live is not None
    world.store.do_now(publishing.take_in, "feeds.example", NOW)
    world.store.do_now(lambda c: c.execute(entry_rows.update().values(listed=False)))
    made = feedparser  # anything: it is not looked at
    world.store.do_now(publishing.keep, [(1, "full", made)], [1])  # type: ignore[list-item]
    assert world.store.do_now(publishing.live, "all", MOST).kept == {}  # type: ignore[union-attr]


def test_what_a_database_of_the_first_release_holds_is_published(tmp_path: Path):
    path = tmp_path / "feedbot.db"
    first_release(path)
    with sqlite3.connect(path) as old:
        old.execute("UPDATE sources SET record = ?", (rows.source_json(SOURCE),))
        old.execute("INSERT INTO feeds VALUES ('policies', 'tag:feeds.example,2025:feeds/policies', 0, 1, 1)")
    old.close()
    store = Store.open(path)
    world = World(store, tmp_path / "feeds")
    world.publish()
    assert titles(world.atom()) == titles(world.atom("all")) == ["Article 1"]
    assert world.atom().findtext(ATOM + "id") == "tag:feeds.example,2025:feeds/policies"
    store.close_now()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(-200, 200)),
        st.tuples(st.just("correct"), st.integers(0, 40)),
        st.tuples(st.just("retract"), st.integers(0, 40)),
        st.tuples(st.just("publish"), st.just(0)),
    ),
    max_size=20,
)


@given(steps=STEPS)
@settings(max_examples=5, deadline=None)
def test_whatever_happens_in_whatever_order_a_reader_puts_the_feed_together(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("history")
    store = Store.open(folder / "feedbot.db")
    store.do_now(sources.sync_sources, [SOURCE])
    world = World(store, folder / "feeds", entries=3)
    there: dict[int, str] = {}
    lost: set[int] = set()
    for at, (what, number) in enumerate([*steps, ("publish", 0)], 1):
        later = timedelta(minutes=at)
        rows = sorted(there)
        if what == "add":
            row = len(there) + len(lost) + 1
            world.add(entry(row, published=NOW + timedelta(minutes=number)))
            there[row] = f"Article {row}"
        elif what == "correct" and rows:
            row = rows[number % len(rows)]
            there[row] = f"Corrected {at}"
            world.correct(row, later, title=there[row])
        elif what == "retract" and rows:
            row = rows[number % len(rows)]
            world.retract(row, later)
            lost.add(row)
            del there[row]
        elif what == "publish":
            before = world.archives()
            world.publish()
            after = world.archives()
            assert {key: after[key] for key in before} == before
            found = {tag: title for tag, title in logical(world).items() if title}
            assert found == {entry(row).id: title for row, title in there.items()}
    store.close_now()
