"""Dates: read as they are written, with their precision and their offset, or not at all."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Precision
from feedbot.rules.dates import is_ambiguous, parse_date

SEOUL = "Asia/Seoul"


def read(text: str | None, zone: str = SEOUL) -> str | None:
    """The reading in short: ISO 8601 and the precision's first letter."""
    found = parse_date(text, zone)
    return f"{found[0].isoformat()} {found[1].value[0]}" if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 18 Jun 2025 17:05:33 +0900", "2025-06-18T17:05:33+09:00 s"),
        ("18 Jun 2025 17:05:33 GMT", "2025-06-18T17:05:33+00:00 s"),
        ("Wed,18 Jun 2025 07:05:33+0900", "2025-06-18T07:05:33+09:00 s"),
        ("Wed, 8 Jun 2025 7:05:33 +0900", "2025-06-08T07:05:33+09:00 s"),
        ("Wed, 18 Jun 2025 17:05 UT", "2025-06-18T17:05:00+00:00 m"),
        ("Wed, 18 Jun 2025 17:05:33", "2025-06-18T17:05:33+09:00 s"),
        ("18 Jun 25 17:05:33 GMT", "2025-06-18T17:05:33+00:00 s"),
        ("18 Jun 99 17:05:33 GMT", "1999-06-18T17:05:33+00:00 s"),
        ("18 Jun 125 17:05:33 GMT", "2025-06-18T17:05:33+00:00 s"),
        ("Wednesday, 18-Jun-25 10:00:00 GMT", "2025-06-18T10:00:00+00:00 s"),
        ("Wed Jun 18 10:00:00 2025", "2025-06-18T10:00:00+09:00 s"),
        ("Wed Jun 18 10:00:00 KST 2025", "2025-06-18T10:00:00+09:00 s"),
        ("Wed Jun 18 2025 10:00:00 GMT+0900 (Korean Standard Time)", "2025-06-18T10:00:00+09:00 s"),
    ],
)
def test_dates_of_mail_and_of_scripts(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7), ("MDT", -6), ("PST", -8),
        ("PDT", -7), ("GMT", 0), ("UT", 0), ("UTC", 0), ("Z", 0), ("KST", 9), ("JST", 9), ("CET", 1),
        ("CEST", 2), ("BST", 1), ("AEST", 10), ("MSK", 3), ("GMT+2", 2), ("+09", 9), ("-0330", -3.5),
        ("IST", 5.5),
    ],
)  # fmt: skip
def test_zones_by_name_and_by_number(zone, offset):
    found = parse_date(f"Wed, 18 Jun 2025 17:05:33 {zone}", "UTC")
    assert found is not None
    assert found[0].utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("letter", "AMNY")
def test_a_military_letter_means_utc_as_rfc_5322_has_it(letter):
    assert read(f"18 Jun 2025 17:05:33 {letter}") == "2025-06-18T17:05:33+00:00 s"


def test_an_unknown_zone_is_that_of_the_source():
    assert read("18 Jun 2025 17:05:33 XYZT") == "2025-06-18T17:05:33+09:00 s"


def test_an_impossible_offset_is_none():
    assert read("2025-06-18T10:00:00+99:99") == "2025-06-18T10:00:00+00:00 s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-18T17:05:33+0900", "2025-06-18T17:05:33+09:00 s"),
        ("2026-02-17T17:36:36-0500", "2026-02-17T17:36:36-05:00 s"),
        ("2025-06-18T17:05:33.123456Z", "2025-06-18T17:05:33+00:00 s"),
        ("2025-06-18T17:05+09:00", "2025-06-18T17:05:00+09:00 m"),
        ("2025-06-18 17:05:33 -0500", "2025-06-18T17:05:33-05:00 s"),
        ("2025-06-18T24:00:00Z", "2025-06-19T00:00:00+00:00 s"),
        ("2025-06-18", "2025-06-18T00:00:00+09:00 d"),
        ("2025-06", "2025-06-01T00:00:00+09:00 d"),
        ("20250618", "2025-06-18T00:00:00+09:00 d"),
        ("20250618170533", "2025-06-18T17:05:33+09:00 s"),
        ("20250618T170533Z", "2025-06-18T17:05:33+00:00 s"),
        ("2020/1/10 14:33:00", "2020-01-10T14:33:00+09:00 s"),
        ("Wed, 18 Jun 2025 23:59:60 GMT", "2025-06-18T23:59:59+00:00 s"),
    ],
)
def test_iso_8601_and_what_is_taken_for_it(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025.06.18", "2025-06-18T00:00:00+09:00 d"),
        ("2025. 6. 18.", "2025-06-18T00:00:00+09:00 d"),
        ("2025.06.18 (수) 14:05", "2025-06-18T14:05:00+09:00 m"),
        ("입력 2025.06.18 오전 10:05", "2025-06-18T10:05:00+09:00 m"),
        ("2025년 6월 18일 오후 3:05", "2025-06-18T15:05:00+09:00 m"),
        ("2025년 6월 18일 오후 3시 5분", "2025-06-18T15:05:00+09:00 m"),
        ("2025년 06월 18일(수) 15시 05분", "2025-06-18T15:05:00+09:00 m"),
        ("2025年6月18日 15時05分", "2025-06-18T15:05:00+09:00 m"),
        ("2025年6月18日 午後3時5分", "2025-06-18T15:05:00+09:00 m"),
        ("2025年6月18日 上午12:05", "2025-06-18T00:05:00+09:00 m"),
    ],
)
def test_dates_of_korea_japan_and_china(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jun 18, 2025", "2025-06-18T00:00:00+09:00 d"),
        ("June 18th, 2025 at 5:05 p.m. KST", "2025-06-18T17:05:00+09:00 m"),
        ("Published: Jun 18, 2025 5pm", "2025-06-18T17:00:00+09:00 m"),
        ("Jun. 18, 2025 | 17:05", "2025-06-18T17:05:00+09:00 m"),
        ("10:33 AM EST, Tue March 3, 2020", "2020-03-03T10:33:00-05:00 m"),
        ("12:05 am, 3 March 2020", "2020-03-03T00:05:00+09:00 m"),
        ("18. Juni 2025, 14:05 Uhr", "2025-06-18T14:05:00+09:00 m"),
        ("18. März 2025", "2025-03-18T00:00:00+09:00 d"),
        ("1er juillet 2025 à 14h05", "2025-07-01T14:05:00+09:00 m"),
        ("18 août 2025", "2025-08-18T00:00:00+09:00 d"),
        ("18 de junio de 2025", "2025-06-18T00:00:00+09:00 d"),
        ("18 июня 2025, 14:05", "2025-06-18T14:05:00+09:00 m"),
        ("18.06.2025 14:05", "2025-06-18T14:05:00+09:00 m"),
    ],
)
def test_dates_in_words(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("١٨ يونيو ٢٠٢٥ - ١٤:٠٥", "2025-06-18T14:05:00+09:00 m"),
        ("18 มิถุนายน 2568 เวลา 14:05 น.", "2025-06-18T14:05:00+09:00 m"),
        ("18 มิ.ย. 2568", "2025-06-18T00:00:00+09:00 d"),
        ("18 czerwca 2025, 14:05", "2025-06-18T14:05:00+09:00 m"),
        ("18 Haziran 2025", "2025-06-18T00:00:00+09:00 d"),
        ("18 जून 2025", "2025-06-18T00:00:00+09:00 d"),
        ("18 червня 2025", "2025-06-18T00:00:00+09:00 d"),
    ],
)
def test_dates_of_other_scripts_digits_and_eras(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize("text", ["06/18/2025", "18/06/2025", "18-06-2025"])
def test_slashes_are_read_where_only_one_reading_is_a_date(text):
    assert read(text) == "2025-06-18T00:00:00+09:00 d"


def test_slashes_that_can_be_read_twice_are_not_guessed():
    assert read("05/06/2025") is None
    assert is_ambiguous("05/06/2025 10:00")
    assert not is_ambiguous("06/18/2025")
    assert not is_ambiguous("05/05/2025")
    assert not is_ambiguous(None)


def test_unix_time_in_seconds_and_in_milliseconds():
    assert read("1750234000") == read("1750234000123") == "2025-06-18T08:06:40+00:00 s"


@pytest.mark.parametrize(
    "text",
    [
        None, "", "   ", "tomorrow", "3 hours ago", "May", "2025-02-30", "Mon, 31 Feb 2025 00:00:00 GMT",
        "2025-13-01", "10000-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00", "99999999999999999999", "1:2:3", "12/31",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    ["1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 09:00:00 +0900", "1900-01-01", "1969-12-31T19:00:00-05:00"],
)
def test_a_clock_that_was_never_set_tells_no_date(text):
    assert read(text, "UTC") is None


def test_an_old_article_keeps_its_year():
    assert read("12 April 1961", "UTC") == "1961-04-12T00:00:00+00:00 d"


def test_a_date_in_the_future_is_kept_as_told():
    assert read("2031-01-01T00:00:00Z") == "2031-01-01T00:00:00+00:00 s"


def test_a_summer_day_has_the_summer_offset():
    assert read("2025-06-18 10:00", "Europe/Berlin") == "2025-06-18T10:00:00+02:00 m"
    assert read("2025-01-18 10:00", "Europe/Berlin") == "2025-01-18T10:00:00+01:00 m"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    found = parse_date(text, SEOUL)
    assert found is None or found[0].utcoffset() is not None


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789:-/.+TZ ,JunAMPM일월년", max_size=40))
def test_anything_like_a_date_is_read_or_refused(text):
    found = parse_date(text, SEOUL)
    assert found is None or 1900 < found[0].year <= 2200


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 200 * 365 * 86400).map(
        lambda seconds: datetime(1971, 1, 2, tzinfo=UTC) + timedelta(0, seconds)
    ),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_python_writes_is_read_back(moment, minutes):
    told = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date(told.isoformat(), SEOUL) == (told, Precision.SECOND)
    assert parse_date(told.strftime("%a, %d %b %Y %H:%M:%S %z"), SEOUL) == (told, Precision.SECOND)
    assert parse_date(told.date().isoformat(), "UTC") == (
        told.replace(hour=0, minute=0, second=0, tzinfo=UTC),
        Precision.DAY,
    )


@given(
    st.tuples(st.integers(0, 40), st.integers(0, 2300), st.integers(0, 26), st.integers(0, 61)),
    st.sampled_from(["Jan", "May", "Sep", "Dec"]),
    st.sampled_from(["", ":07", ":60"]),
    st.sampled_from(["+0900", "-0330", "+9900", "GMT", "UTC", "Z", "EST", "CDT", "MDT"]),
)
def test_the_usual_form_of_mail_is_read_as_any_other(numbers, month, second, zone):
    day, year, hour, minute = numbers
    usual = f"{day} {month} {year:04} {hour:02}:{minute:02}{second} {zone}"
    assert parse_date(usual, "Asia/Seoul") == parse_date(f"{usual} ·", "Asia/Seoul")


def test_long_texts_around_a_date_cost_nothing():
    for part in ("2025.", "오후 ", "Jun ", "(", "a las ", "1:"):
        assert parse_date("".join(itertools.repeat(part, 100_000)), SEOUL) is None
