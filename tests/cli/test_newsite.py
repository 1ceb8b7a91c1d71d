"""`new-site` begins a rule pack from a page, and leaves alone what is there."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feedbot.sources.packs import load_packs
from tests.cli.conftest import Feedbot, fingerprint
from tests.cli.test_preview import FEED

pytestmark = pytest.mark.slow
PAGE = """<!doctype html><html lang="en"><head><title>Tram returns | Courier</title></head><body>
<nav><a href="/">Home</a></nav><article class="story"><h1 class="story-title">The tram returns</h1>
<p class="story-date">3 March 2026</p><div class="story-text">
<p>After forty years the tram returns to Harbour Street, and the first one was full by seven.</p>
<p>The drivers wore the caps of 1986, which the museum had lent them for the day of the return.</p>
<p>A second line is to follow in autumn, if the bridge holds what its engineers say it does.</p>
</div></article></body></html>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "tram.html"
    path.write_text(PAGE)
    return path


@pytest.fixture
def served(page: Path) -> Iterator[str]:
    """The page's address."""
    answer = partial(SimpleHTTPRequestHandler, directory=str(page.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{page.name}"
        server.shutdown()
        thread.join()


def test_a_file_gives_a_pack_that_reads_it_the_page_and_its_record(feedbot: Feedbot, page: Path) -> None:
    done = feedbot("new-site", page, "--json")
    assert (done.code, done.err, done.json["name"]) == (0, "", "tram")
    pack, saved, record = map(Path, done.json["files"])
    assert saved.read_bytes() == page.read_bytes()
    assert json.loads(record.read_text())["title"] == "The tram returns"
    assert load_packs(pack.parent).get("tram", "test").article.title == ("h1.story-title",)
    entry = feedbot("preview", page, "--site", "tram", "--json").json[0]
    assert (entry["title"], entry["provenance"]["title"]) == ("The tram returns", "h1.story-title")
    assert entry["published"].startswith("2026-03-03")


def test_what_is_there_already_is_kept(feedbot: Feedbot, page: Path) -> None:
    (page.parent / "sites" / "tram").mkdir(parents=True)
    (page.parent / "sites" / "tram" / "article.json").write_text("mine")
    before = fingerprint(page.parent)
    done = feedbot("new-site", page)
    assert (done.code, done.out) == (2, "")
    assert "article.json is there already; nothing was written" in done.err
    assert fingerprint(page.parent) == before


def test_a_page_of_the_web_gives_a_pack_for_its_host(feedbot: Feedbot, page: Path, served: str) -> None:
    port = served.split("/")[2].rpartition(":")[2]
    (page.parent / "config.toml").write_text(
        f'[feedbot]\nsites_dir = "rules"\n[fetch]\nallow_networks = ["127.0.0.1/32:{port}"]\n'
    )
    out = feedbot("new-site", served).out
    assert [line.split()[0] for line in out.splitlines()] == [
        "written",
        *(str(page.parent / "rules" / one) for one in (
            "127-0-0-1.toml", "127-0-0-1/article.html", "127-0-0-1/article.json"
        )),
    ]  # fmt: skip
    assert load_packs(page.parent / "rules").get("127-0-0-1", "test").hosts == ("127.0.0.1",)
    assert feedbot("check").code == 0


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("feed.xml", FEED, "this is a feed, which needs no rules"),
        ("empty.html", "", "there is nothing in it"),
        ("none.html", None, "No such file"),
        ("https://", None, "no address that can be fetched"),
        ("http://127.0.0.1:9/", None, "is not public"),
    ],
)
def test_what_is_no_page_is_told_in_a_line(
    feedbot: Feedbot, tmp_path: Path, name: str, body: str | None, told: str
) -> None:
    if body is not None:
        (tmp_path / name).write_text(body)
    before = fingerprint(tmp_path)
    done = feedbot("new-site", name)
    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert fingerprint(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_told(feedbot: Feedbot, page: Path) -> None:
    (page.parent / "sites").write_text("a file")
    done = feedbot("new-site", page)
    assert (done.code, done.out) == (78, "")
    assert "feedbot.sites_dir" in done.err
