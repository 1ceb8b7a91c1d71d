"""Text dumps, each beside the record that it tells, written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedbot.model import ParsedEntry
from feedbot.sources.dump import parse_dump
from tests.sources.test_page import record

PAGES = Path(__file__).parent / "pages"
DUMPS = sorted(path.stem for path in PAGES.glob("dump-*.txt"))


def read(text: str) -> ParsedEntry:
    (entry,) = parse_dump(text.encode(), "file:///a.txt").entries
    return entry


@pytest.mark.parametrize("name", DUMPS)
def test_a_dump_gives_the_record_it_tells(name: str):
    body = (PAGES / f"{name}.txt").read_bytes()
    expected: dict[str, Any] = json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))
    (entry,) = parse_dump(body, "file:///a.txt").entries
    found = record(entry)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(ends: str):
    text = (PAGES / "dump-twice.txt").read_text(encoding="utf-8")
    assert record(read(text.replace("\n", ends))) == record(read(text))


def test_a_byte_order_mark_does_not_matter():
    text = (PAGES / "dump-twice.txt").read_text(encoding="utf-8")
    assert record(read(f"\ufeff{text}")) == record(read(text))


HEAD = "Policies\n\nApr 09, 2031\n\n"
BODY = "It rained all day in Naru and nobody went out.\n\nThen the clouds moved on to Solbat.\n\n"


@pytest.mark.parametrize(
    "date",
    [
        "Apr 09, 2031",
        "April 9, 2031",
        "9 April 2031",
        "2031-04-09",
        "2031.04.09",
        "2031. 4. 9.",
        "2031년 4월 9일",
    ],
)
def test_dates_are_read_in_every_form(date: str):
    entry = read(f"Society\n\n{date}\n\nBy Kim Nara\n\n{BODY}")
    assert record(entry)["published"] == "2031-04-09T00:00:00+09:00"
    assert entry.categories == ("Society",)


@pytest.mark.parametrize("credit", ["Photos =Naru News", "Photo: Naru News", "Photos courtesy of Naru News"])
def test_the_credit_goes_to_every_caption(credit: str):
    pictures = "A cloud over Naru.\n\nA cloud over Naru.\n\n", "Wet umbrellas.\n\nWet umbrellas.\n\n"
    entry = read(f"{HEAD}{pictures[0]}By Kim Nara\n\n{credit}\n\n{BODY}{pictures[1]}nara@korea.example")
    assert [(photo.caption, photo.credit) for photo in entry.photos] == [
        ("A cloud over Naru.", "Naru News"),
        ("Wet umbrellas.", "Naru News"),
    ]
    assert entry.content_text == BODY.strip()


def test_a_sentence_that_begins_with_by_is_no_byline():
    entry = read(f"{HEAD}By Kim Nara\n\n{BODY}By Monday the sun was back.\n\n")
    assert (entry.content_text or "").endswith("By Monday the sun was back.")
    assert [author.name for author in entry.authors] == ["Kim Nara"]


def test_what_follows_related_contents_is_no_text():
    assert "Fog" not in (read(f"{HEAD}{BODY}Related Contents\n\nFog over Naru.\n").content_text or "")


def test_an_email_without_byline_names_the_author_by_its_first_part():
    (author,) = read(f"{HEAD}{BODY}nara@korea.example").authors
    assert (author.name, author.email) == ("nara", "nara@korea.example")


def test_wrapped_lines_are_one_paragraph():
    entry = read(f"{HEAD}By Kim Nara\n\nIt rained\nall day in\nNaru.\n\nThen it stopped.\n")
    assert entry.content_text == "It rained all day in Naru.\n\nThen it stopped."


def test_a_text_without_head_is_body_from_its_first_line():
    entry = read(BODY)
    assert (entry.content_text, entry.categories, entry.published) == (BODY.strip(), (), None)


@pytest.mark.parametrize(
    "body", [b"", b"\n\n", b"\x00\xff", b"Policies\n\nApr 09, 2031\n", b"Related Contents"]
)
def test_a_text_without_article_is_a_fault_and_no_entry(body: bytes):
    read_ = parse_dump(body, "file:///a.txt")
    assert read_.entries == ()
    assert read_.fault
