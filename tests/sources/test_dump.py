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


@pytest.mark.parametrize(
    "credit",
    [
        "Photos =Naru News",
        "Photo: Naru News",
        "Photos courtesy of Naru News",
        "Photos = Naru News, Video = Naru TV",
        "Photos = Naru News / Graphics by Lee Sol",
        "Video: Naru TV | Photo: Naru News",
        "사진 = Naru News, 영상 = Naru TV",
    ],
)
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


NARU = [("Kim Nara", "nara@korea.example")]
CAPTION = "Mayor Han on July 3 shakes hands at the city hall of Naru."


@pytest.mark.parametrize(
    ("byline", "last", "authors"),
    [
        ("By Kim Nara", "Kim Nara nara@korea.example", NARU),
        ("By Kim Nara", "Kim Nara (nara@korea.example)", NARU),
        ("By Kim Nara", "Reporter Kim Nara <nara@korea.example>", NARU),
        ("By Kim Nara", "* nara@korea.example", NARU),
        ("By Kim Nara (nara@korea.example)", "", NARU),
        ("By Kim Nara nara@korea.example", "", NARU),
        ("By Kim Nara, Staff Writer", "nara@korea.example", NARU),
        ("By staff writer Kim Nara", "nara@korea.example", NARU),
        ("", "Kim Nara nara@korea.example", NARU),
        ("김나라 기자", "nara@korea.example", [("김나라", "nara@korea.example")]),
        ("글 김나라 기자", "nara@korea.example", [("김나라", "nara@korea.example")]),
        ("김나라·이솔 기자", "", [("김나라", None), ("이솔", None)]),
        ("김나라 기자, 이솔 기자", "", [("김나라", None), ("이솔", None)]),
        ("By Kim Nara\n\nBy Lee Sol", "", [("Kim Nara", None), ("Lee Sol", None)]),
        (
            "By Korea.net Honorary Reporter Ana de la Cruz from Mexico",
            "",
            [("Korea.net Honorary Reporter Ana de la Cruz from Mexico", None)],
        ),
    ],
)
def test_author_and_email_are_joined_wherever_they_stand(
    byline: str, last: str, authors: list[tuple[str, str | None]]
):
    entry = read(f"{HEAD}{CAPTION}\n\n{CAPTION}\n\n{byline}\n\nPhotos =Naru News\n\n{BODY}{last}\n")
    assert [(author.name, author.email) for author in entry.authors] == authors
    assert entry.content_text == BODY.strip()
    assert [(photo.caption, photo.credit) for photo in entry.photos] == [(CAPTION, "Naru News")]


@pytest.mark.parametrize(
    "line",
    [
        "By Kim Nara | Photos = Naru News",
        "By Kim Nara / Photos = Naru News",
        "By Kim Nara, Photos = Naru News",
        "*By Kim Nara\n\n*Photos = Naru News",
        "By Kim Nara\nPhotos = Naru News",
    ],
)
def test_byline_and_credit_may_share_a_line(line: str):
    entry = read(f"{HEAD}{CAPTION}\n\n{CAPTION}\n\n{line}\n\n{BODY}")
    assert [author.name for author in entry.authors] == ["Kim Nara"]
    assert [photo.credit for photo in entry.photos] == ["Naru News"]
    assert entry.content_text == BODY.strip()


def test_one_who_wrote_and_photographed_is_both():
    entry = read(f"{HEAD}{CAPTION}\n\n{CAPTION}\n\n글·사진 김나라\n\n{BODY}")
    assert [author.name for author in entry.authors] == ["김나라"]
    assert [photo.credit for photo in entry.photos] == ["김나라"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CAPTION, CAPTION.removesuffix(".")),
        (CAPTION, CAPTION.replace(" at", "\u00a0 at")),
        (
            "Naru's mayor opens the “Weir of the Year” in Solbat.",
            'Naru’s mayor opens the "Weir of the Year" in Solbat.',
        ),
    ],
)
def test_copies_of_a_caption_may_differ_in_spaces_and_signs(first: str, second: str):
    entry = read(f"{HEAD}By Kim Nara\n\n{BODY}{first}\n\n{second}\n\nnara@korea.example")
    assert [photo.caption for photo in entry.photos] == [first]
    assert entry.content_text == BODY.strip()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Society\n\nApr 09, 2031", ("Society", "2031-04-09", None)),
        ("Apr 09, 2031\n\nSociety", ("Society", "2031-04-09", None)),
        ("Sci/Tech | Apr 09, 2031", ("Sci/Tech", "2031-04-09", None)),
        ("Home > News > Society\n\nApr 09, 2031", ("Society", "2031-04-09", None)),
        ("Society", ("Society", None, None)),
        ("Apr 09, 2031", (None, "2031-04-09", None)),
        (
            "Society\n\nRain keeps Naru at home\n\nApr 09, 2031",
            ("Society", "2031-04-09", "Rain keeps Naru at home"),
        ),
        (
            "Rain keeps Naru at home\n\nSociety\n\nApr 09, 2031",
            ("Society", "2031-04-09", "Rain keeps Naru at home"),
        ),
        (
            "Society\n\nApr 09, 2031\n\nRain keeps Naru at home",
            ("Society", "2031-04-09", "Rain keeps Naru at home"),
        ),
    ],
)
def test_the_head_tells_section_date_and_title_in_any_order(head: str, expected: tuple[str | None, ...]):
    entry = read(f"{head}\n\n{CAPTION}\n\n{CAPTION}\n\nBy Kim Nara\n\nPhotos = Naru News\n\n{BODY}")
    date = (record(entry)["published"] or "")[:10] or None
    title = entry.title if entry.provenance["title"] == "title line" else None
    assert (next(iter(entry.categories), None), date, title) == expected
    assert [photo.caption for photo in entry.photos] == [CAPTION]
    assert entry.content_text == BODY.strip()


def test_a_single_caption_above_the_credit_is_one_however_short_the_text():
    entry = read(f"{HEAD}{CAPTION}\n\nBy Kim Nara\n\nPhotos = Naru News\n\nIt rained.\n\nnara@korea.example")
    assert [photo.caption for photo in entry.photos] == [CAPTION]
    assert entry.content_text == "It rained."


def test_a_byline_under_the_text_leaves_it_text():
    entry = read(
        f"{HEAD}{CAPTION}\n\n{CAPTION}\n\n{BODY}By Kim Nara\n\nPhotos = Naru News\n\nnara@korea.example"
    )
    assert entry.content_text == BODY.strip()


@pytest.mark.parametrize(
    "notice",
    [
        "Copyright © Naru News. All rights reserved.",
        "ⓒ Naru News, unauthorized reproduction and redistribution prohibited",
        "저작권자 ⓒ 나루뉴스, 무단 전재 및 재배포 금지",
    ],
)
def test_a_copyright_notice_is_no_text(notice: str):
    assert read(f"{HEAD}By Kim Nara\n\n{BODY}{notice}\n").content_text == BODY.strip()


@pytest.mark.parametrize(
    "sentence",
    [
        "By Tuesday, all of Naru had water again.",
        "By 2030 Solbat will have built three dams.",
        "Write to water@naru.example for a tour of the weir.",
        "Photo exhibitions on the river opened in both cities.",
        "On Apr 9, 2031, the contract was sealed.",
        "Copyright law was on the agenda as well.",
        "사진 전시회가 나루에서 열렸다.",
    ],
)
def test_a_sentence_that_looks_like_a_label_is_text(sentence: str):
    entry = read(f"{HEAD}By Kim Nara\n\n{BODY}{sentence}\n\nnara@korea.example")
    assert entry.content_text == f"{BODY}{sentence}"


def test_rows_and_list_items_are_paragraphs_of_their_own():
    entry = read(f"{HEAD}By Kim Nara\n\n{BODY}Year\tRain\n2030\t12\n2031\t40\n\n- Boots\n- Umbrellas\n")
    assert entry.content_text == BODY + "Year | Rain\n\n2030 | 12\n\n2031 | 40\n\n- Boots\n\n- Umbrellas"


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


def test_the_credit_in_a_caption_is_that_of_the_photo_alone():
    words = "A cloud over Naru. (Photo: Naru News, Video: Naru TV)"
    entry = read(f"{HEAD}{words}\n\n{words}\n\nBy Kim Nara\n\n{BODY}")
    assert [(photo.caption, photo.credit) for photo in entry.photos] == [("A cloud over Naru.", "Naru News")]
