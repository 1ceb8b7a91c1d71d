"""Tombstones of RFC 6721: what a feed takes back, read alike from the whole document and from its pieces."""

import pytest

from feedbot.model import ParsedFeed, Tombstone
from feedbot.sources.feed import parse_feed, prepare, read_whole

URL = "https://harbour.example/feed"
TOMBSTONE = """<at:deleted-entry ref="tag:harbour.example,2026:2" when="2026-03-01T10:00:00Z">
<at:by><name>Ada Byron</name></at:by><at:comment>Wrong in every word</at:comment>
<link rel="alternate" href="https://elsewhere.example/"/></at:deleted-entry>"""
TAKEN_BACK = (Tombstone("tag:harbour.example,2026:2", "2026-03-01T10:00:00Z"),)


def written(number: int, text: str = "Of the harbour.") -> str:
    return (
        f"<entry><id>tag:harbour.example,2026:{number}</id><title>Story {number}</title>"
        f'<link href="https://harbour.example/{number}"/><updated>2026-03-01T09:00:00Z</updated>'
        f'<content type="html">{text}</content></entry>'
    )


def feed(*parts: str) -> str:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
        f'<title>Harbour Notes</title><link href="https://harbour.example/"/>{"".join(parts)}</feed>'
    )


def both(text: str) -> list[ParsedFeed]:
    data, cut = prepare(text)
    assert cut is not None
    return [parse_feed(text, URL), read_whole(data, URL)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_tombstone_is_read_wherever_it_stands_and_changes_nothing_else(place: int) -> None:
    entries = [written(3), written(1)]
    plain, whole = both(feed(*entries))
    entries.insert(place, TOMBSTONE)
    for read in both(feed(*entries)):
        assert read.tombstones == TAKEN_BACK
        assert (read.title, read.link, read.entries) == (plain.title, plain.link, whole.entries)


def test_an_unclosed_tombstone_of_a_broken_document_swallows_no_entry() -> None:
    broken = feed(TOMBSTONE.replace("</at:deleted-entry>", "<p>"), written(3), "<br>", written(1))
    read = parse_feed(broken, URL)
    assert read.tombstones == TAKEN_BACK
    assert [entry.title for entry in read.entries] == ["Story 3", "Story 1"]


def test_what_an_entry_shows_its_readers_takes_nothing_back() -> None:
    """Who may write a comment must not be able to delete what others wrote."""
    inside = [
        written(3, f"<![CDATA[{TOMBSTONE}]]>"),
        written(4, TOMBSTONE).replace('type="html"', 'type="xhtml"'),
        written(5).replace("</entry>", TOMBSTONE + "</entry>"),
        f"<!-- {TOMBSTONE} -->",
    ]
    for read in both(feed(*inside)):
        assert read.tombstones == ()
        assert len(read.entries) == 3


def test_a_tombstone_without_ref_takes_nothing_back() -> None:
    for read in both(feed('<at:deleted-entry ref=" " when="2026-03-01T10:00:00Z"/>', written(1))):
        assert read.tombstones == ()
        assert len(read.entries) == 1


def test_an_rss_channel_may_hold_tombstones_too() -> None:
    item = "<item><guid>1</guid><title>One</title><description>Of it.</description></item>"
    namespace = 'xmlns:at="http://purl.org/atompub/tombstones/1.0"'
    dead = '<at:deleted-entry ref="2" when="2026-03-01T10:00:00Z"/>'
    text = f"<rss version='2.0' {namespace}><channel><title>t</title>{dead}{item}</channel></rss>"
    for read in both(text):
        assert read.tombstones == (Tombstone("2", "2026-03-01T10:00:00Z"),)
        assert [entry.guid for entry in read.entries] == ["1"]


def test_an_entry_that_is_taken_back_and_listed_at_once_is_read_though_it_is_known() -> None:
    text = feed(written(2), written(1))
    known = {piece.hash: (piece.guid, piece.link) for piece in parse_feed(text, URL).pieces or ()}
    read = parse_feed(feed(TOMBSTONE, written(2), written(1)), URL, known)
    assert [entry.title for entry in read.entries] == ["Story 2"]
    assert [bool(piece.hash) for piece in read.pieces or ()] == [False, True]
