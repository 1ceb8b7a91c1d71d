"""feedparser driven from here: its two parsers read the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.sources.tolerant import read_broken, read_xml
from tests.sources.golden import URL


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
