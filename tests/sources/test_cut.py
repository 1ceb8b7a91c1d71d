"""A feed cut into entries gives what the whole gives, whichever of them were known."""

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedbot.model import ParsedEntry, ParsedFeed
from feedbot.sources.cut import TooDeep, cut_at_tags, cut_feed, piece_hashes
from feedbot.sources.feed import parse_feed, prepare, read_whole
from feedbot.sources.sniff import find_root
from tests.sources.golden import SAVED, URL

MEDIA = "http://search.yahoo.com/mrss/"


def known_of(parsed: ParsedFeed, without: Sequence[int] = ()) -> dict[str, list[str | None]]:
    """What is remembered of a document's pieces, but for some, as it comes through JSON."""
    pieces = parsed.pieces or ()
    new = {pieces[at].hash for at in without}
    return {piece.hash: [piece.guid, piece.link] for piece in pieces if piece.hash not in new}


def unknown_in(parsed: ParsedFeed, known: dict[str, list[str | None]]) -> tuple[ParsedEntry, ...]:
    """The entries whose pieces are not known; equal pieces are known or new together."""
    pairs = zip(parsed.entries, parsed.pieces or (), strict=True)
    return tuple(entry for entry, piece in pairs if piece.hash not in known)


def both_routes_agree(text: str, most: int = 5) -> ParsedFeed:
    """Read in pieces with none, all, all but one and all but two known; and in one go."""
    first = parse_feed(text, URL)
    if first.pieces is None:
        return first
    root = find_root(text)
    assert root is not None
    assert first.entries == read_whole(prepare(text[root.at :])[0], URL).entries
    some = range(min(most - 1, len(first.entries)))
    for new in [(), *((at,) for at in range(len(first.entries))[:most]), *combinations(some, 2)]:
        known = known_of(first, new)
        again = parse_feed(text, URL, known)
        assert again.entries == unknown_in(first, known)
        assert again.pieces == first.pieces
        assert (again.title, again.link, again.language) == (first.title, first.link, first.language)
    return first


@pytest.mark.parametrize("path", [p for p in SAVED if p.suffix == ".xml"], ids=lambda path: path.name)
def test_cut_or_whole_a_saved_feed_gives_equal_entries(path):
    both_routes_agree(path.read_text(encoding="utf-8"))


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
ESCAPED = WORDS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
NAMES = st.sampled_from(
    ["title", "link", "guid", "description", "pubDate", "author", "category", "media:description", "image",
     "media:title", "dc:creator", "source", "content:encoded", "summary", "id", "updated", "url", "name"]
)  # fmt: skip


@st.composite
def elements(draw: st.DrawFn, depth: int = 2) -> str:
    name, base = (
        draw(NAMES),
        draw(st.sampled_from(["", ' xml:base="deep/"', ' xml:lang="fr"', ' type="html"'])),
    )
    inside = draw(ESCAPED) + ("".join(draw(st.lists(elements(depth - 1), max_size=2))) if depth else "")
    return f"<{name}{base}>{inside}</{name}>"


@given(st.lists(st.lists(elements(), max_size=4), max_size=4), st.sampled_from(["", ' xml:base="/x/"']))
@settings(max_examples=60, deadline=None)
def test_cut_or_whole_any_feed_gives_equal_entries(items, base):
    between = "<title>channel</title>\n<!-- <item> -->"
    body = between.join(f"<item>{''.join(inside)}</item>" for inside in items)
    text = (
        f'<rss version="2.0" xmlns:media="{MEDIA}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:content="http://purl.org/rss/1.0/modules/content/"{base}><channel>{body}</channel></rss>'
    )
    first = parse_feed(text, URL)
    assert first.pieces is not None
    assume(len(first.pieces) == len(first.entries))  # feedparser raises over some, and those are left out
    for new in [(), *((at,) for at in range(len(first.entries)))]:
        known = known_of(first, new)
        assert parse_feed(text, URL, known).entries == unknown_in(first, known)


def rss(*items: str, channel: str = "<link>https://a.example/</link>", root: str = "") -> str:
    return f'<rss version="2.0"{root}><channel>{channel}{"".join(items)}</channel></rss>'


ONE, TWO = "<item><title>1</title><guid>1</guid></item>", "<item><title>2</title><guid>2</guid></item>"


def test_an_entry_that_feedparser_stumbles_over_costs_no_other():
    stumbling = "<item><source><link>0<source></source></link></source></item>"
    parsed = parse_feed(rss(ONE, stumbling, TWO), URL)
    assert [entry.title for entry in parsed.entries] == ["1", "2"]
    assert len(parsed.pieces or ()) == 3


def test_only_what_is_new_is_read():
    before = parse_feed(rss(ONE), URL)
    after = parse_feed(rss(TWO, ONE), URL, known_of(before))
    assert [entry.title for entry in after.entries] == ["2"]
    assert after.pieces is not None
    assert after.pieces[1:] == before.pieces


def test_the_date_of_the_channel_makes_no_entry_new():
    before = parse_feed(rss(ONE, channel="<lastBuildDate>1 Feb 2026 10:00:00 GMT</lastBuildDate>"), URL)
    after = parse_feed(rss(ONE, channel="<lastBuildDate>2 Feb 2026 10:00:00 GMT</lastBuildDate>"), URL)
    assert before.pieces == after.pieces


@pytest.mark.parametrize(
    "changed",
    [
        rss(ONE, root=' xml:base="/deep/"'),
        rss(ONE, root=' xml:lang="ko"'),
        rss(ONE, root=f' xmlns:media="{MEDIA}"'),
        rss(ONE, channel="<link>https://a.example/</link><language>ko</language>"),
        rss(ONE, channel="<link>https://b.example/</link>"),
        rss(ONE.replace("1</title>", "1!</title>")),
    ],
)
def test_what_changes_the_reading_makes_an_entry_new(changed: str):
    known = known_of(parse_feed(rss(ONE), URL))
    assert len(parse_feed(changed, URL, known).entries) == 1


def test_a_document_from_another_address_is_read_anew():
    known = known_of(parse_feed(rss(ONE), URL))
    assert len(parse_feed(rss(ONE), "https://other.example/feed", known).entries) == 1


@pytest.mark.parametrize("known", [{"x": 1}, {"x": None}, {"x": [1]}, {"x": "ab"}])
def test_a_memory_that_is_no_memory_is_none(known):
    digest = (parse_feed(rss(ONE), URL).pieces or ())[0].hash
    assert len(parse_feed(rss(ONE), URL, {digest: known["x"]}).entries) == 1


@pytest.mark.parametrize(
    "unsafe",
    [
        "<rss><channel><item><title>a</title></channel></rss>",
        "<rss><channel><item><x:a>1</x:a></item></channel></rss>",
        "<!DOCTYPE rss [<!ENTITY a 'b'>]><rss><channel><item>&a;</item></channel></rss>",
        "<!DOCTYPE rss SYSTEM 'x.dtd'><rss><channel><item>&nbsp;</item></channel></rss>",
        "<rss><channel><item><item>a</item></item></channel></rss>",
        "<rss><channel><item>a</item></channel><channel><item>b</item></channel></rss>",
        "<rss><channel><item>a</item></channel><item>b</item></rss>",
        "<rss><channel><item>a</item><entry>b</entry></channel></rss>",
        "<rss><channel><x><item>a</item></x></channel></rss>",
        "<rss><channel><item/></channel></rss>",
        "<item>a</item>",
    ],
)
def test_what_cannot_be_proven_is_not_cut(unsafe: str):
    assert cut_feed(unsafe.encode()) is None


_PARTS = st.sampled_from(
    ["<item>", "</item>", "<item>a</item>", "<item a='>'>b</item>", "<item/>", "<items/>", "<item >c</item >",
     "<!-- ", " -->", "<![CDATA[", "]]>", "<?feedbot-entry?>", "<?x </item>?>", "<title>t</title>", "&amp;",
     "<b>", "</b>", "</channel>", "<channel>", "<x:item>d</x:item>", "<entry>e</entry>",
     "<item><y><item/></y></item>"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=10))
@settings(max_examples=200, deadline=None)
def test_cut_at_tags_or_by_a_walk_the_parts_are_the_same(parts: list[str]):
    data = f"<rss><channel>{''.join(parts)}</channel></rss>".encode()
    quick = cut_at_tags(data)
    if quick is None or not all(map(quick.holds, quick.pieces)):
        return
    assume(b"feedbot-entry" not in data)  # who writes that has what was commented out read
    walked = cut_feed(data)
    assert walked is not None
    assert (quick.pieces, quick.head) == (walked.pieces, walked.head)
    assert (quick.opening, quick.closing) == (walked.opening, walked.closing)


def test_an_ordinary_feed_is_cut_at_its_tags():
    quick = cut_at_tags(rss(ONE, "<!-- items -->", TWO).encode())
    assert quick is not None
    assert (quick.pieces, quick.proven) == ((ONE.encode(), TWO.encode()), False)
    assert [quick.holds(piece) for piece in (*quick.pieces, b"<item><b></item>")] == [True, True, False]


def test_a_broken_entry_is_mended_beside_known_ones():
    known = known_of(parse_feed(rss(ONE, TWO), URL))
    parsed = parse_feed(rss(ONE, TWO, "<item><title>R&D</title></item>"), URL, known)
    assert [entry.title for entry in parsed.entries] == ["R&D"]
    assert len(parsed.pieces or ()) == 3


def test_a_cut_loses_no_byte():
    text = (
        b"<rss a='>'\n><channel >\n<!-- <item> --><title>t</title><item a='/>' >1</item >\n"
        b"<![CDATA[</item>]]><item><![CDATA[</item>]]></item><link/></channel></rss> <!-- end -->"
    )
    cut = cut_feed(text)
    assert cut is not None
    assert cut.pieces == (b"<item a='/>' >1</item >", b"<item><![CDATA[</item>]]></item>")
    assert (cut.opening, cut.closing) == (b"<rss a='>'\n><channel >", b"</channel></rss>")
    rest = text
    for piece in cut.pieces:
        rest = rest.replace(piece, b"", 1)
    assert cut.head == rest


def test_hashes_depend_on_the_context_part_by_part():
    cut = cut_feed(rss(ONE).encode())
    assert cut is not None
    assert piece_hashes(cut.pieces, cut.opening, ("a", "b")) != piece_hashes(
        cut.pieces, cut.opening, ("ab", None)
    )


@pytest.mark.parametrize("hostile", ["<a>" * 300, "<item>" + "<a/>" * 30_000, "<a " + "b='' " * 10])
def test_no_time_is_spent_on_piles(hostile: str):
    try:
        assert cut_feed(f"<rss><channel>{hostile}".encode()) is None
    except TooDeep:
        assert len(hostile) > 500
