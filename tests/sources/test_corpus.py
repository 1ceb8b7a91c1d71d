"""The feeds at hand, where they are: feedparser's own reading of each, field by field, is ours."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedbot.model import ParsedEntry
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute
from feedbot.sources.read import read_source
from feedbot.sources.words import without_markup
from tests.sources.golden import URL
from tests.sources.test_cut import both_routes_agree
from tests.support import SHARED

CORPUS = SHARED / "data" / "feeds"
NAMES = sorted(path.name for path in CORPUS.glob("*.xml")) if CORPUS.is_dir() else []


@dataclass(frozen=True)
class Read:
    """A feed, and what feedparser and we read in it."""

    body: bytes
    theirs: list[Any]
    ours: Sequence[ParsedEntry]


@pytest.fixture(scope="module", params=NAMES or ["none"])
def read(request: pytest.FixtureRequest) -> Read:
    path = Path(CORPUS, request.param)
    if not path.is_file():
        pytest.skip("no corpus of real feeds here")
    body = path.read_bytes()
    return Read(body, theirs(body), read_source(body, url=URL, kind=None).entries)


def theirs(body: bytes) -> list[Any]:
    import feedparser  # noqa: PLC0415

    headers = {"content-location": URL, "content-type": "application/xml"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(
            feedparser.parse(
                body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            ).entries
        )


def differences(item: Any, entry: ParsedEntry) -> Iterator[tuple[str, object, object]]:
    """Fields that differ. Ours may fold, cap, drop doubles and what is no web address."""
    pairs = {
        "title": (fold(without_markup(item.get("title") or "")) or None, entry.title),
        "id": ((item.get("id") or "").strip() or None, entry.guid),
        "link": (absolute(item.get("link")), entry.link),
        "published": (fold(dict.get(item, "published")) or None, entry.published),
        "updated": (fold(dict.get(item, "updated")) or None, entry.updated),
        "authors": (
            list(dict.fromkeys(one["name"] for one in item.get("authors") or [] if one.get("name"))),
            [author.name for author in entry.authors],
        ),
        "enclosures": (
            [link["href"] for link in item.get("links") or [] if link.get("rel") == "enclosure"],
            [enclosure.url for enclosure in entry.enclosures],
        ),
        "categories": (
            [fold(tag.get("label") or tag.get("term")) for tag in item.get("tags") or []],
            list(entry.categories),
        ),
    }
    for name, (left, right) in pairs.items():
        if left != right:
            yield name, left, right


def words(text: str | None) -> set[str]:
    return set(re.findall(r"\w{4,}", text or ""))


def test_every_field_is_the_one_that_feedparser_reads(read: Read):
    assert len(read.ours) == len(read.theirs)
    for item, entry in zip(read.theirs, read.ours, strict=True):
        assert list(differences(item, entry)) == []


def test_hardly_a_word_of_a_text_is_lost(read: Read):
    """Left out are captions, which belong to their pictures, and what only browsers are told."""
    for item, entry in zip(read.theirs, read.ours, strict=True):
        values = [part["value"] for part in item.get("content") or []] + [item.get("summary") or ""]
        told = words(
            without_markup(
                re.sub(r"(?s)<svg.*?</svg>|<figcaption.*?</figcaption>|<", " <", max(values, key=len))
            )
        )
        ours = words(entry.content_text) | {word for photo in entry.photos for word in words(photo.caption)}
        assert len(told - ours) <= max(6, len(told) * 0.05), (entry.title, sorted(told - ours)[:20])


def test_cut_or_whole_a_real_feed_gives_equal_entries(read: Read):
    from feedbot.sources.decode import decode_feed  # noqa: PLC0415

    assert both_routes_agree(decode_feed(read.body, None), 1).entries
