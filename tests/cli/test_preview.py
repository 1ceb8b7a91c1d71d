"""`preview` shows what would become of a document, with or without a configuration, and stores nothing."""

from pathlib import Path

import pytest

from tests.cli.conftest import Feedbot, fingerprint
from tests.support import SHARED

pytestmark = pytest.mark.slow
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Gazette</title><link>https://gazette.example</link>
<item><title>A bridge opens</title><link>https://gazette.example/1</link><guid>1</guid>
<description>The bridge has opened.</description><pubDate>Sun, 01 Mar 2026 12:00:00 +0900</pubDate></item>
</channel></rss>"""
KEYS = {
    "id", "url", "title", "summary", "content_html", "content_text", "authors", "categories", "language",
    "published", "published_precision", "updated", "first_seen", "photo", "photos", "enclosures", "related",
    "source_id", "provenance",
}  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.xml"
    path.write_text(FEED)
    return path


@pytest.mark.parametrize("configured", [False, True])
def test_a_file_gives_its_entries_with_every_key(
    feedbot: Feedbot, feed: Path, request: pytest.FixtureRequest, configured: bool
) -> None:
    if configured:
        request.getfixturevalue("config")
    before = fingerprint(feed.parent)
    done = feedbot("preview", feed, "--json")
    assert (done.code, done.err) == (0, "")
    assert [one["title"] for one in done.json] == ["A bridge opens"]
    assert set(done.json[0]) == KEYS
    assert done.json[0]["published"] == "2026-03-01T12:00:00+09:00"
    assert fingerprint(feed.parent) == before


def test_for_people_it_is_a_table(feedbot: Feedbot, feed: Path) -> None:
    out = feedbot("preview", feed).out
    assert "title       A bridge opens" in out


def test_an_address_of_a_file_is_a_file(feedbot: Feedbot, feed: Path) -> None:
    assert len(feedbot("preview", feed.as_uri(), "--json").json) == 1


def test_a_folder_gives_the_entries_of_all_its_documents(feedbot: Feedbot, feed: Path) -> None:
    (feed.parent / "second.xml").write_text(FEED.replace("A bridge", "A tunnel"))
    titles = [one["title"] for one in feedbot("preview", feed.parent, "--json").json]
    assert sorted(titles) == ["A bridge opens", "A tunnel opens"]


def test_an_empty_folder_would_make_nothing(feedbot: Feedbot, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    assert feedbot("preview", tmp_path / "documents", "--json").json == []
    assert feedbot("preview", tmp_path / "documents").out == "It would make no entry.\n"


@pytest.mark.parametrize(
    "target", ["nowhere.xml", "feed.xml/below", "http://127.0.0.1:1/f", "http://[::1", "http:///x", "ftp://x"]
)
def test_what_cannot_be_fetched_ends_with_1(feedbot: Feedbot, feed: Path, target: str) -> None:
    done = feedbot("preview", target, "--json")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("body", [b"", b"<rss", b"<html><body></body></html>"])
def test_what_cannot_be_read_ends_with_1(feedbot: Feedbot, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "broken.html").write_bytes(body)
    done = feedbot("preview", "broken.html", "--json")
    assert (done.code, done.out) == (1, "")
    assert "broken.html" in done.err


def test_a_pack_that_is_not_there_names_those_that_are(feedbot: Feedbot, feed: Path) -> None:
    done = feedbot("preview", feed, "--site", "gazete")
    assert done.code == 78
    assert "known: " in done.err


def test_a_named_configuration_must_be_there(feedbot: Feedbot, feed: Path) -> None:
    assert feedbot("--config", "nowhere.toml", "preview", feed).code == 78


def test_the_reference_article_is_read_completely(feedbot: Feedbot) -> None:
    folder = SHARED / "seeds"
    if not folder.is_dir():
        pytest.skip("the reference article is not on this machine")
    for path in sorted(folder.glob("*.txt")):
        (only,) = feedbot("preview", path, "--json").json
        assert only["title"]
        assert only["published"]
        assert only["content_text"]
        assert len({photo["caption"] for photo in only["photos"]}) == len(only["photos"])
