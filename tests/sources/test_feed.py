"""Saved feeds of all formats, each beside what it says; and the traps, one by one."""

import json
from pathlib import Path

import pytest

from feedbot.model import Kind, ParsedEntry, ParsedFeed
from feedbot.sources.read import read_source
from tests.sources.golden import SAVED, URL, read, record

RSS = '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/">'


def feed(text: str | bytes, **arguments: str | None) -> ParsedFeed:
    body = text if isinstance(text, bytes) else text.encode()
    return read_source(body, url=URL, kind=None, **arguments)


def item(inside: str, channel: str = "") -> ParsedEntry:
    (entry,) = feed(f"{RSS}<channel>{channel}<item>{inside}</item></channel></rss>").entries
    return entry


def atom(inside: str) -> ParsedEntry:
    (entry,) = feed(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{inside}</entry></feed>').entries
    return entry


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.name)
def test_a_saved_feed_says_what_stands_beside_it(path: Path):
    assert record(read(path)) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_the_caption_of_a_media_picture_is_not_the_text():
    """feedparser puts it first among the contents."""
    entry = item(
        "<description>The article.</description>"
        '<media:content url="https://a.example/1.jpg" medium="image"><media:description>A much longer caption'
        " than the article has words</media:description></media:content>"
    )
    assert entry.content_text == "The article."
    assert entry.photos[0].caption == "A much longer caption than the article has words"


def test_a_media_description_is_the_text_where_there_is_no_other():
    assert (
        item("<media:group><media:description>Words</media:description></media:group>").content_text
        == "Words"
    )


def test_a_guid_stays_as_written():
    """Resolved against the address, it would change with the address."""
    assert item("<title>a</title><guid>post/7</guid>").guid == "post/7"


def test_a_guid_is_the_link_only_where_it_is_an_address():
    assert item("<guid>https://a.example/7</guid>").link == "https://a.example/7"
    assert item("<guid>post/7</guid>").link is None
    assert item('<guid isPermaLink="false">https://a.example/7</guid>').link is None
    assert atom("<id>urn:7</id>").link is None


def test_updated_is_not_filled_from_published():
    entry = item("<pubDate>Mon, 02 Feb 2026 10:00:00 GMT</pubDate>")
    assert (entry.published, entry.updated) == ("Mon, 02 Feb 2026 10:00:00 GMT", None)
    assert entry.updated_parsed is None


def test_an_atom_title_that_is_text_keeps_its_signs():
    assert atom("<title>Use &lt;b&gt;, not &lt;/b&gt;</title>").title == "Use <b>, not </b>"
    assert atom('<title type="html">A &lt;b&gt;b&lt;/b&gt;</title>').title == "A b"


@pytest.mark.parametrize(
    ("written", "name", "email"),
    [
        ("<author>mo@a.example (Mo Finn)</author>", "Mo Finn", "mo@a.example"),
        ("<author>Mo Finn &lt;mo@a.example&gt;</author>", "Mo Finn", "mo@a.example"),
        ("<author>mo@a.example, Mo Finn</author>", "Mo Finn", "mo@a.example"),
        ("<author>mo@a.museum</author>", "mo", "mo@a.museum"),
        ("<author>noreply@a.example (Mo Finn)</author>", "Mo Finn", None),
        ("<dc:creator><![CDATA[<a href='https://a.example/mo'>Mo Finn</a>]]></dc:creator>", "Mo Finn", None),
        ("<author><name>Mo Finn</name><email>mo@a.example</email></author>", "Mo Finn", "mo@a.example"),
        ("<author>Mo Finn</author><dc:creator>mo finn</dc:creator>", "Mo Finn", None),
    ],
)
def test_authors_are_read_in_the_forms_that_feeds_use(written: str, name: str, email: str | None):
    (author,) = item(written).authors
    assert (author.name, author.email) == (name, email)


def test_an_author_of_noreply_alone_is_none():
    assert item("<author>noreply@a.example</author>").authors == ()


def test_the_title_of_an_author_is_not_the_articles():
    entry = item("<author><title>Product Manager</title><name>Mo</name></author><title>Real</title>")
    assert entry.title == "Real"
    assert item("<author><name>Mo</name><title>Product Manager</title></author>").title is None


def test_links_are_resolved_by_the_bases_around_them():
    entry = item('<link xml:base="deep/">a</link>', "")
    assert entry.link == "https://reader.example/feeds/deep/a"
    assert item("<link>/a b</link>").link == "https://reader.example/a%20b"


def test_only_web_addresses_survive():
    entry = item(
        '<link>javascript:alert(1)</link><enclosure url="file:///etc/passwd" type="a/b"/>'
        '<media:content url="data:image/png;base64,AA" medium="image"/>'
    )
    assert (entry.link, entry.enclosures, entry.photos) == (None, (), ())


def test_caps_hold_for_each_field():
    categories = "".join(f"<category>{n}{'c' * 200}</category>" for n in range(60))
    entry = item(
        f"<title>{'t' * 5000}</title><guid>{'g' * 9000}</guid><author>{'a' * 900}</author>{categories}"
        f"<link>https://a.example/{'l' * 3000}</link>"
    )
    assert len(entry.title or "") == 1000
    assert len(entry.guid or "") == 4000
    assert len(entry.authors[0].name) == 200
    assert (len(entry.categories), {len(one) for one in entry.categories}) == (32, {100})
    assert entry.link is None


def test_two_long_guids_with_one_beginning_stay_two():
    first, second = (item(f"<guid>{'g' * 9000}{n}</guid>").guid for n in range(2))
    assert first != second


def test_the_newest_thousand_entries_are_read_whatever_their_order():
    dated = [
        f"<item><title>{n}</title><pubDate>1 Feb 2026 {n // 60:02d}:{n % 60:02d}:00 GMT</pubDate></item>"
        for n in range(1005)
    ]
    parsed = feed(f"{RSS}<channel>{''.join(dated)}</channel></rss>")
    assert parsed.cut_off
    assert [entry.title for entry in parsed.entries] == [str(n) for n in range(5, 1005)]


def test_a_channel_says_when_it_changes():
    parsed = feed(
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>t</title>'
        "<ttl>90</ttl><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
        "<skipHours><hour>24</hour><hour>7</hour><hour>-1</hour></skipHours>"
        "<skipDays><day>Monday</day></skipDays></channel></rss>"
    )
    assert parsed.ttl is not None
    assert parsed.ttl.total_seconds() == 5400
    assert parsed.update_period is not None
    assert parsed.update_period.total_seconds() == 6 * 3600
    assert (parsed.skip_hours, parsed.skip_days) == ((0, 7), (0,))


@pytest.mark.parametrize("ttl", ["", "-5", "1e9", "9" * 40, "soon"])
def test_a_ttl_that_means_nothing_is_none(ttl: str):
    assert feed(f"{RSS}<channel><ttl>{ttl}</ttl></channel></rss>").ttl is None


def test_an_enormous_ttl_is_a_wish_that_the_schedule_caps():
    ttl = feed(f"{RSS}<channel><ttl>999999999999999</ttl></channel></rss>").ttl
    assert ttl is not None
    assert ttl.days > 600


def test_a_feed_without_entries_is_well():
    parsed = feed(f"{RSS}<channel><title>New</title></channel></rss>")
    assert (parsed.fault, parsed.entries, parsed.kind) == (None, (), Kind.FEED)


def test_entities_of_its_own_are_refused_in_any_encoding():
    prolog = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa">]>'
    bomb = f"{prolog}{RSS}<channel><title>&a;</title></channel></rss>"
    for body in (bomb.encode(), bomb.encode("utf-16"), bomb.encode("utf-16-be")):
        assert "entities" in (feed(body).fault or "")


def test_a_harmless_doctype_is_read_over():
    entry = feed(
        f"<!DOCTYPE rss [<!ELEMENT a ANY>]>{RSS}<channel><item><title>a</title></item></channel></rss>"
    )
    assert [one.title for one in entry.entries] == ["a"]


def test_a_bare_ampersand_or_an_unknown_entity_cuts_no_text():
    entry = item("<title>Q&A &nbsp; R&D &bogus; &eacute;</title><description>a & b &copy;</description>")
    assert entry.title == "Q&A R&D &bogus; é"
    assert entry.content_text == "a & b ©"


def test_a_prefix_that_was_not_declared_means_what_it_always_means():
    entry = item('<title>a</title><atom:link href="https://a.example/1"/><foo:bar>b</foo:bar>')
    assert entry.link == "https://a.example/1"


def test_a_title_in_xhtml_is_its_words():
    inside = '<div xmlns="http://www.w3.org/1999/xhtml">A <b>b</b>old one</div>'
    assert atom(f'<title type="xhtml">{inside}</title>').title == "A bold one"


def test_one_picture_in_several_sizes_is_one_photo():
    small, large = (f'<media:content url="/{n}.jpg" width="{n}" medium="image"/>' for n in (200, 900))
    photos = item(f"<title>a</title><media:group>{small}{large}</media:group>").photos
    assert [photo.width for photo in photos] == [900]
    assert len(item(f"<title>a</title>{small}{large}").photos) == 2


@pytest.mark.parametrize("image", ["<url>/i.jpg</url><title>no</title>", "/i.jpg"])
def test_the_image_element_of_an_entry_is_its_photo(image: str):
    entry = item(f"<title>a</title><image>{image}</image>")
    assert [photo.url for photo in entry.photos] == ["https://reader.example/i.jpg"]
    assert entry.title == "a"


def test_a_picture_told_as_a_small_landscape_is_a_photo():
    """Quarto writes 144 by 96 of every picture, whatever its size."""
    told = '<media:content url="/banner.png" medium="image" width="144" height="96"/>'
    assert [photo.url for photo in item(f"<title>a</title>{told}").photos]


def test_faces_and_icons_are_no_photos():
    face = '<media:content url="https://secure.gravatar.com/avatar/1" medium="image"/>'
    icon = '<media:thumbnail url="https://a.example/i.png" width="30" height="30"/>'
    assert item(face + icon).photos == ()


def test_characters_that_xml_cannot_carry_go_and_the_entry_stays():
    entry = item("<title>a\x00b\x0bc&#0;&#xFFFF;&#xD800;d\x7f</title>")
    assert entry.title == "abcd"


def test_the_entry_that_a_document_breaks_off_in_is_left_out():
    """It comes whole with the next poll; cut, it would be announced cut."""
    parsed = feed(f"{RSS}<channel><item><title>a</title></item><item><title>b</title><descr")
    assert [entry.title for entry in parsed.entries] == ["a"]
    assert "breaks off" in (feed(f"{RSS}<channel><item><title>a</ti").fault or "")


def test_entries_after_a_fault_are_not_lost():
    broken = "<item><title>a</title><description><b>x</description></item>"
    parsed = feed(f"{RSS}<channel>{broken}{broken}<item><title>z</title></item></channel></rss>")
    assert [entry.title for entry in parsed.entries] == ["a", "a", "z"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<item>" * 100_000,
        "<item><title>a</title>" + "<a>" * 100_000,
        "<item " + " ".join(f'a{n}="1"' for n in range(5000)) + "><title>a</title></item>",
        "<item>" + "<category>a</category>" * 50_000 + "</item>",
        "<![CDATA[" * 50_000,
        "<item><author>" + "a." * 100_000 + "@</author></item>",
        "<item><title>x<br>&#99999999999;<![foo[bar]]><!x</title></item>",
        "<item><pubDate>" + "1 " * 100_000 + "</pubDate></item>",
    ],
    ids=["items", "depth", "attributes", "children", "sections", "author", "sgml", "date"],
)
def test_hostile_documents_are_read_or_refused_and_raise_nothing(hostile: str):
    parsed = feed(f"{RSS}<channel>{hostile}</channel></rss>")
    assert parsed.fault or len(parsed.entries) <= 1000


HUBS = {
    "atom": """<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" href="https://hub.example/"/>
        <link rel="self" href="named.xml"/>
        <entry><id>1</id><title>a</title><link rel="hub" href="https://other.example/"/></entry></feed>""",
    "rss": """<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel>
        <a:link rel="hub" href="https://hub.example/"/><a:link rel="hub" href="https://second.example/"/>
        <a:link rel="self" href="named.xml"/><item><title>a</title></item></channel></rss>""",
    "json": """{"version": "https://jsonfeed.org/version/1.1", "feed_url": "named.xml", "items": [],
        "hubs": [7, {"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://hub.example/"}]}""",
}


@pytest.mark.parametrize("kind", HUBS)
def test_a_feed_names_its_hub_and_itself(kind: str):
    said = feed(HUBS[kind])
    assert (said.hub, said.self_url) == ("https://hub.example/", "https://reader.example/feeds/named.xml")
