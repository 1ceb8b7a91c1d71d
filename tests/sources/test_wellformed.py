"""What is made well-formed, and what is left as it is."""

from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.sources.wellformed import tidy


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
