"""Charsets as they come: declared, lying, missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.sources.decode import decode_feed

KOREAN = "<rss><channel><title>오늘의 정책 소식과 브리핑</title></channel></rss>"
JAPANESE = "<rss><channel><title>きょうのニュースと政策のおしらせ</title></channel></rss>"
FRENCH = "<rss><channel><title>Événement d’été – déjà vu à l’œuvre</title></channel></rss>"
UNTAGGED = "<rss><channel><title>Завтра ожидается дождь, а затем солнце</title></channel></rss>"
RUSSIAN = "<rss><channel><language>ru</language><title>Новости дня и погода</title></channel></rss>"


def declared(text: str, charset: str) -> bytes:
    return f'<?xml version="1.0" encoding="{charset}"?>{text}'.encode(charset, "replace")


@pytest.mark.parametrize(
    ("text", "charset"),
    [(KOREAN, "euc-kr"), (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"), (JAPANESE, "iso-2022-jp"),
     (RUSSIAN, "koi8-r"), (RUSSIAN, "windows-1251"), (FRENCH, "windows-1252"), (KOREAN, "utf-8")],
)  # fmt: skip
def test_a_declared_charset_is_read(text: str, charset: str):
    assert decode_feed(declared(text, charset), None).endswith(text)
    assert decode_feed(text.encode(charset), charset) == text


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_unicode_is_known_by_its_mark_or_its_zeros(charset: str):
    assert decode_feed(KOREAN.encode(charset), "iso-8859-1") == KOREAN


@pytest.mark.parametrize("lie", ["iso-8859-1", "windows-1252", "us-ascii", "euc-kr", "no-such-charset"])
def test_utf_8_that_was_declared_otherwise_is_still_utf_8(lie: str):
    assert decode_feed(FRENCH.encode(), lie) == FRENCH


def test_latin_1_that_was_declared_utf_8_is_read_as_what_it_is():
    assert decode_feed(declared("", "utf-8") + FRENCH.encode("cp1252"), "utf-8").endswith(FRENCH)


def test_one_wrong_byte_does_not_spoil_the_rest():
    body = FRENCH.encode().replace(b"vu", b"v\x92u")
    assert decode_feed(body, "utf-8") == FRENCH.replace("vu", "v’u")


def test_a_document_knows_its_charset_better_than_a_server_that_says_the_same_of_all():
    assert decode_feed(declared(RUSSIAN, "windows-1251"), "iso-8859-1").endswith(RUSSIAN)
    assert decode_feed(declared(RUSSIAN, "windows-1251"), "utf-8").endswith(RUSSIAN)


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (KOREAN, "euc-kr"),
        (JAPANESE, "euc-jp"),
        (RUSSIAN, "windows-1251"),
        (UNTAGGED, "windows-1251"),
        (UNTAGGED, "koi8-r"),
        (JAPANESE.replace("<title>", "<language>ja</language><title>"), "shift_jis"),
    ],
)
def test_an_undeclared_charset_is_guessed_by_language_and_pattern(text: str, charset: str):
    assert decode_feed(text.encode(charset), None) == text
    assert decode_feed(text.encode(charset), "utf-8") == text


def test_a_declaration_of_utf_16_in_plain_bytes_is_none():
    text = '<?xml version="1.0" encoding="utf-16"?><rss>é</rss>'
    assert decode_feed(text.encode(), "utf-16") == text


def test_no_codec_but_a_charset_is_looked_up():
    assert decode_feed(b"eJzLSM3JyQcABiwCFQ==", "zlib") == "eJzLSM3JyQcABiwCFQ=="
    assert decode_feed("é".encode(), "rot13") == "é"


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "utf-16", "euc-kr", "gb2312", "iso-2022-jp"]))
def test_any_bytes_give_text_that_can_be_written(body: bytes, charset: str | None):
    decode_feed(body, charset).encode()
