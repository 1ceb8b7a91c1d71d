"""The house checker sees the mistakes that the W3C validator and RFC 4287's schema see, and ours."""

import pytest

from tests.publish.checker import html_problems, problems

GOOD = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en">
<id>tag:feeds.example,2026:feeds/policies</id><title type="text">Policies</title>
<updated>2026-03-01T12:00:00Z</updated><author><name>Test News</name></author>
<link rel="alternate" type="text/html" href="https://feeds.example/"/>
<link rel="self" href="https://feeds.example/feeds/policies.atom"/>
<entry><id>tag:feeds.example,2026:a/1</id><title type="text">A ferry sails again</title>
<updated>2026-03-01T12:00:00Z</updated><published>2026-03-01T11:00:00Z</published>
<link rel="alternate" type="text/html" href="https://gazette.example/1"/>
<link rel="enclosure" type="image/jpeg" length="9" href="https://gazette.example/1.jpg"/>
<category term="sea"/><content type="html">&lt;p&gt;It sails.&lt;/p&gt;</content>
<source><id>tag:feeds.example,2026:a</id><title>gazette.example</title><updated>2026-03-01T12:00:00Z</updated></source>
<media:content url="https://gazette.example/1.jpg" medium="image"><media:thumbnail url="https://gazette.example/1.jpg"/>
</media:content></entry></feed>
"""
LINK = '<link rel="alternate" type="text/html" href="https://gazette.example/1"/>'
PHOTO = '<media:thumbnail url="https://gazette.example/1.jpg"/>'


def test_a_document_without_mistake_has_no_problem():
    assert problems(GOOD.encode(), "https://feeds.example/feeds/policies.atom") == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<author><name>Test News</name></author>", ""),
        (LINK, LINK + LINK),
        (LINK, LINK.replace("alternate", "related")),
        (LINK, ""),
        (LINK, LINK.replace("https://gazette.example", "")),
        (LINK, LINK.replace('rel="alternate"', 'rel="alternate" size="3"')),
        ("<id>tag:feeds.example,2026:a/1</id>", "<id>number 1</id>"),
        ("<id>tag:feeds.example,2026:a/1</id>", "<id>tag:feeds.example:a/1</id>"),
        ("<updated>2026-03-01T12:00:00Z</updated><published>", "<published>"),
        ("2026-03-01T12:00:00Z</updated><published>", "2026-03-01T12:00:00</updated><published>"),
        ("2026-03-01T12:00:00Z</updated><published>", "2026-03-01T12:00:00.5Z</updated><published>"),
        ("2026-03-01T12:00:00Z</updated><published>", "2026-13-01T12:00:00Z</updated><published>"),
        ("2026-03-01T11:00:00Z</published>", "Sun, 01 Mar 2026 11:00:00 GMT</published>"),
        ("2026-03-01T11:00:00Z</published>", "2026-03-01T13:00:00Z</published>"),
        ("A ferry", "A & ferry"),
        ("A ferry", "A&#11; ferry"),
        ("A ferry", "A&nbsp;ferry"),
        ("</entry></feed>", "</entry>"),
        ('<content type="html">', '<content type="CDATA">'),
        ('<content type="html">&lt;p&gt;It sails.&lt;/p&gt;', '<content type="xhtml">It sails.'),
        ("<media:content url", "<media:group><media:content url"),
        (PHOTO, ""),
        (PHOTO, PHOTO + "<media:player/>"),
        ('xml:lang="en"', 'xml:lang="english"'),
        ('xml:lang="en"', ""),
        ("A ferry sails again", " "),
        ('<title type="text">A ferry sails again</title>', ""),
        ("&lt;p&gt;It", "&lt;script&gt;It"),
        ("&lt;p&gt;It", "&lt;p onclick='x()'&gt;It"),
        ("&lt;p&gt;It", "&lt;a href='javascript:x()'&gt;It"),
        ("&lt;p&gt;It", "&lt;img src='/a.jpg'&gt;It"),
        ('rel="self"', 'rel="next"'),
        ("policies.atom", "other.atom"),
        ('length="9"', 'length="None"'),
        ('rel="enclosure"', 'rel="photo"'),
        ('<category term="sea"/>', '<category label="sea"/>'),
        ('<category term="sea"/>', "<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>x</dc:creator>"),
        ('<category term="sea"/>', "<pubDate>x</pubDate>"),
        ('<category term="sea"/>', "<author><email>a@b.example</email></author>"),
        ('<category term="sea"/>', "<author><name>A</name><email>nowhere</email></author>"),
        ("<feed xmlns=", "<!-- x --><feed xmlns:x='u:x' x='' xmlns="),
    ],
)
def test_a_planted_mistake_is_seen(right: str, wrong: str):
    assert right in GOOD
    document = GOOD.replace(right, wrong)
    if "<media:group>" in wrong:
        document = document.replace("</media:content>", "</media:content></media:group>")
    assert problems(document.encode(), "https://feeds.example/feeds/policies.atom")


def test_the_order_and_the_uniqueness_of_entries_are_seen():
    entry = GOOD[GOOD.index("<entry>") : GOOD.index("</feed>")]
    newer = entry.replace("a/1", "a/2").replace("T11:00:00Z", "T11:30:00Z")
    assert any("stands 2 times" in one for one in problems(GOOD.replace(entry, entry + entry).encode()))
    assert any("2 were updated" in one for one in problems(GOOD.replace(entry, newer + entry).encode()))
    newer = newer.replace("T12:00:00Z", "T11:59:59Z")
    assert problems(GOOD.replace(entry, newer + entry).encode()) == []
    assert problems(GOOD.replace(entry, entry + newer).encode()) == ["not newest first"]


def test_the_time_of_the_feed_is_that_of_its_newest_entry():
    assert problems(GOOD.replace("2026-03-01T12", "2026-03-02T12", 1).encode())


def test_html_that_only_shows_is_fine():
    assert html_problems('<p lang="ko">A <a href="mailto:a@b.example">line</a></p>') == []
