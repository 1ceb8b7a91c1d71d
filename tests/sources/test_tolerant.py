"""feedparser driven from here: what is made well-formed, and that its two parsers read the same."""

from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.sources.tolerant import read_broken, read_xml, tidy
from tests.sources.golden import URL


def is_well_formed(text: str) -> bool:
    try:
        expat.ParserCreate("utf-8", " ").Parse(text.encode(), True)
    except expat.ExpatError:
        return False
    return True


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("Q&A", "Q&amp;A"),
        ("a && b &", "a &amp;&amp; b &amp;"),
        ("&&amp;&&lt;", "&amp;&amp;&amp;&lt;"),
        ("a&nbsp;b &eacute;", "a\xa0b é"),
        ("&lt; &amp; &#233; &#xe9;", "&lt; &amp; &#233; &#xe9;"),
        ("&LT; &bogus; &#x;", "&amp;LT; &amp;bogus; &amp;#x;"),
        ("?a=1&b=2&copy=3", "?a=1&amp;b=2&amp;copy=3"),
        ("<![CDATA[a & b &nbsp;]]> & c", "<![CDATA[a & b &nbsp;]]> &amp; c"),
        ("<!-- R&D --> &", "<!-- R&D --> &amp;"),
        ("a\x00b\x0bc&#8;&#x1F;&#xFFFE;&#55296;&#x110000;&#0;", "abc"),
    ],
)
def test_only_what_xml_cannot_carry_is_changed(written: str, tidied: str):
    assert tidy(written) == tidied


def test_a_prefix_is_bound_once_and_only_where_it_was_not():
    assert tidy('<rss xmlns:a="b"><a:x/><dc:x/></rss>') == (
        '<rss xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:a="b"><a:x/><dc:x/></rss>'
    )


@given(st.text(st.characters(exclude_characters="<>", codec="utf-8"), max_size=60))
@settings(deadline=None)
def test_any_words_make_a_well_formed_element(words: str):
    assert is_well_formed(f"<rss>{tidy(words)}</rss>")


@given(st.text(st.characters(exclude_characters="<>&", codec="utf-8", exclude_categories=["C"]), max_size=40))
@settings(max_examples=50, deadline=None)
def test_both_parsers_read_the_same_words(words: str):
    data = (
        f"<rss><channel><item><title>{words}</title><author>{words}</author></item></channel></rss>".encode()
    )
    (strict,), (loose,) = read_xml(data, URL).entries, read_broken(data, URL).entries
    assert (strict.get("title"), strict.get("authors")) == (loose.get("title"), loose.get("authors"))


def test_what_xml_forbids_goes_to_the_loose_parser():
    reading = read_xml(b"<rss><channel><item><title>a<br></title></item></channel></rss>", URL)
    assert (reading.well_formed, len(reading.entries)) == (False, 1)


def test_nothing_is_opened_that_a_document_names(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    feed = "<rss><channel><item><title>a</title></item></channel></rss>"
    text = f'<!DOCTYPE rss SYSTEM "{secret.as_uri()}">{feed}'
    assert "secret" not in str(read_xml(text.encode(), URL).entries)
