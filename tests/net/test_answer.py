"""What the headers of an answer say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from feedbot.model import Validators
from feedbot.net.answer import charset_of, fresh_for, mask, media_type, phrase, retry_after, validators_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
LATER = "Sun, 01 Mar 2026 13:00:00 GMT"
EARLIER = "Sun, 01 Mar 2026 11:00:00 GMT"
URL = "https://gazette.example/feed"


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def seconds(found: timedelta | None) -> float | None:
    return None if found is None else found.total_seconds()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["max-age=300"], 300),
        (['max-age="300"'], 300),
        (["Max-Age = 300"], 300),
        (["public,max-age=300 , must-revalidate"], 300),
        (["public", "max-age=300"], 300),
        (["max-age=300", "max-age=9"], 300),
        (["max-age=abc, max-age=9"], 9),
        (["ext=\"max-age=1, no-store\", max-age=300"], 300),
        (["s-maxage=300"], None),
        (["x-max-age=300"], None),
        (["max-age"], None),
        (["max-age="], None),
        (["max-age=1.5"], None),
        (["max-age=٣"], None),
        (["max-age=-1"], 0),
        (["max-age=0"], 0),
        (["max-age=0000000000000000300"], 300),
        (["max-age=99999999999999999999999999999"], 2**31),
        (["no-cache"], 0),
        (["no-store"], 0),
        (["max-age=300, no-cache"], 0),
        (["no-cache=\"Set-Cookie\", max-age=300"], 300),
        ([""], None),
        ([",,;=\"\\"], None),
        ([], None),
    ],
)  # fmt: skip
def test_max_age_is_how_long_an_answer_is_fresh(values: list[str], expected: float | None) -> None:
    told = headers(*(("Cache-Control", value) for value in values))
    assert seconds(fresh_for(told, NOW)) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [("100", 200), ("400", 0), ("-5", 300), ("x", 300), ("9" * 40, 0), ("", 300)]
)
def test_what_an_answer_is_old_already_is_taken_off(age: str, expected: float) -> None:
    assert seconds(fresh_for(headers(("Cache-Control", "max-age=300"), ("Age", age)), NOW)) == expected
    assert seconds(
        fresh_for(headers(("Expires", "Sun, 01 Mar 2026 12:05:00 GMT"), ("Date", DATE), ("Age", age)), NOW)
    ) == (expected)


@pytest.mark.parametrize(
    ("expires", "date", "expected"),
    [
        (LATER, DATE, 3600),
        (LATER, None, 3600),
        (LATER, "garbage", 3600),
        ("Sun, 01 Mar 2020 01:00:00 GMT", "Sun, 01 Mar 2020 00:00:00 GMT", 3600),
        ("Sunday, 01-Mar-26 13:00:00 GMT", DATE, 3600),
        ("Sun Mar  1 13:00:00 2026", DATE, 3600),
        (EARLIER, DATE, 0),
        ("0", DATE, 0),
        ("-1", DATE, 0),
        ("", DATE, 0),
        ("Sun, 01 Mar 99999 13:00:00 GMT", DATE, 0),
        ("Sun, 01 Mar 2026 13:00:00 " + "x" * 5000, DATE, 0),
    ],
)
def test_expires_is_read_against_the_answers_own_date(expires: str, date: str | None, expected: int) -> None:
    told = headers(("Expires", expires), *([("Date", date)] if date else []))
    assert seconds(fresh_for(told, NOW)) == expected


def test_max_age_wins_over_expires() -> None:
    told = headers(("Cache-Control", "max-age=60"), ("Expires", LATER), ("Date", DATE))
    assert seconds(fresh_for(told, NOW)) == 60


def test_a_max_age_that_cannot_be_read_leaves_expires() -> None:
    told = headers(("Cache-Control", "max-age=soon"), ("Expires", LATER), ("Date", DATE))
    assert seconds(fresh_for(told, NOW)) == 3600


@given(st.lists(st.text(max_size=200), max_size=3), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_a_wait_or_none(values: list[str], age: str, expires: str) -> None:
    told = headers(
        ("Age", age),
        ("Expires", expires),
        ("Retry-After", age),
        *(("Cache-Control", value) for value in values),
    )
    found = fresh_for(told, NOW)
    assert found is None or found >= timedelta()
    asked = retry_after(told, NOW)
    assert asked is None or asked >= timedelta()


@pytest.mark.parametrize("flood", [" ", "a ", ";", '"', ",", "a=", 'a="', "a=\\", 'a="\\"', "max-age = "])
def test_a_long_header_is_read_in_one_walk(flood: str) -> None:
    """60 kB of it would take minutes, were it read again from each character."""
    assert fresh_for(headers(("Cache-Control", flood * (60_000 // len(flood)))), NOW) is None


@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        ("120", None, 120),
        (" 120 ", None, 120),
        ("0", None, 0),
        ("9" * 50, None, 2**31),
        (LATER, DATE, 3600),
        (LATER, EARLIER, 7200),
        (LATER, None, 3600),
        (EARLIER, DATE, 0),
        ("-5", None, None),
        ("+5", None, None),
        ("1.5", None, None),
        ("soon", None, None),
        ("", None, None),
        ("१२०", None, None),
        ("120, 240", None, None),
    ],
)
def test_retry_after_in_both_forms(text: str, date: str | None, expected: int | None) -> None:
    told = headers(("Retry-After", text), *([("Date", date)] if date else []))
    assert seconds(retry_after(told, NOW)) == expected


def test_validators_are_kept_as_they_are() -> None:
    told = headers(("ETag", ' W/"a,\udcff\\" '), ("Last-Modified", "last tuesday"))
    assert validators_of(told, URL) == Validators(URL, 'W/"a,\udcff\\"', "last tuesday")


@pytest.mark.parametrize("etag", ["", " ", "a\x00", "a\nb", "\x7f", "é" * 513, "x" * 1025])
def test_what_is_too_much_for_a_validator_is_none(etag: str) -> None:
    assert validators_of(headers(("ETag", etag)), URL) is None


def test_what_an_answer_does_not_repeat_is_as_it_was() -> None:
    known = Validators(URL, '"old"', "monday")
    assert validators_of(headers(("ETag", '"new"')), URL, known) == Validators(URL, '"new"', "monday")
    assert validators_of(headers(), URL, known) == known
    elsewhere = Validators("https://gazette.example/other", '"old"')
    assert validators_of(headers(), URL, elsewhere) is None


@pytest.mark.parametrize(
    ("text", "kind", "charset"),
    [
        ("text/XML; charset=UTF-8", "text/xml", "utf-8"),
        ('application/rss+xml;charset="euc-kr"', "application/rss+xml", "euc-kr"),
        ("text/html; boundary=x; Charset = latin1", "text/html", "latin1"),
        ("xml", None, None),
        ("text/html; charset=", "text/html", None),
        ("", None, None),
        ("text/<script>", None, None),
    ],
)
def test_a_content_type_names_kind_and_charset(text: str, kind: str | None, charset: str | None) -> None:
    told = headers(("Content-Type", text))
    assert (media_type(told), charset_of(told)) == (kind, charset)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://reader:pw@gazette.example/feed", "https://gazette.example/feed"),
        ("https://a@b:pw@gazette.example/", "https://gazette.example/"),
        ("https://gazette.example/?token=abc&x=1&KEY=d", "https://gazette.example/?token=***&x=1&KEY=***"),
        ("https://reader:pw@[::1/feed", "https://[::1/feed"),
        ("https://" + "p" * 900 + "@gazette.example/", "https://gazette.example/"),
        ("https://gazette.example/\r\nforged: line", "https://gazette.example/??forged: line"),
        ("https://gazette.example/" + "x" * 900, "https://gazette.example/" + "x" * 276),
    ],
)
def test_an_address_is_shown_without_secrets_in_one_short_line(url: str, shown: str) -> None:
    assert mask(url) == shown


def test_a_status_is_named_by_the_standard_and_not_by_the_server() -> None:
    assert [phrase(404), phrase(799)] == ["404 Not Found", "799"]
