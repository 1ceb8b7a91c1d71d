"""WebSub's rules: what a hub reads and writes, and when who is called again."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import SourceState
from feedbot.rules.websub import (
    GIVE_UP,
    LONGEST_LEASE,
    SHORTEST_LEASE,
    Refusal,
    Wish,
    ask_again,
    hub_url,
    is_given_up,
    is_topic,
    may_hint,
    ping_form,
    read_lease,
    read_signature,
    read_wish,
    renew_after,
    signature,
    subscription_form,
    told_lease,
    verification,
    wait_after,
    with_query,
)
from tests.support import NOW

BASE = "https://feeds.example/news"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_the_hub_is_the_operators_or_ours_or_none():
    assert hub_url("", BASE) is None
    assert hub_url("https://hub.example/", BASE) == "https://hub.example/"
    assert hub_url("self", BASE) == "https://feeds.example/news/hub"


@pytest.mark.parametrize("path", ["/feeds/all.atom", "/feeds/a-1.rss", "/feeds/x.json", "/feeds/by/one.atom"])
def test_live_feeds_are_topics(path: str):
    assert is_topic(path)


@pytest.mark.parametrize(
    "path",
    ["/", "/feeds.opml", "/feeds/a/archive/1.atom", "/feeds/a.atom?x", "/feeds/../a.atom", "/feeds/a.atom\n"],
)
def test_nothing_else_is_a_topic(path: str):
    assert not is_topic(path)


def test_a_wish_is_read_as_it_was_meant():
    fields = {
        "hub.mode": "subscribe",
        "hub.callback": "https://reader.example/cb?a=%2F",
        "hub.topic": f"{BASE}/feeds/policies.atom",
        "hub.secret": "señor & co",
        "hub.lease_seconds": "7200",
    }
    assert read_wish(urlencode(fields).encode(), BASE) == Wish(
        "https://reader.example/cb?a=%2F", "/feeds/policies.atom", True, timedelta(hours=2), "señor & co"
    )


FORMS = st.binary(max_size=300) | st.text("hub.modecallbktpi=&%+20:/\\", max_size=300).map(str.encode)


@settings(max_examples=100, deadline=None)
@given(FORMS)
def test_no_form_of_chance_is_a_wish(body: bytes):
    with pytest.raises(Refusal):
        read_wish(body, BASE)


@pytest.mark.parametrize(
    ("told", "given"),
    [
        (None, 10 * DAY),
        ("", 10 * DAY),
        ("0", SHORTEST_LEASE),
        ("1", SHORTEST_LEASE),
        ("7200", 2 * HOUR),
        ("0000000000000007200", LONGEST_LEASE),
        ("999999999", LONGEST_LEASE),
        ("9" * 5000, LONGEST_LEASE),
    ],
)
def test_a_lease_is_between_an_hour_and_30_days(told: str | None, given: timedelta):
    assert read_lease(told) == given


def test_what_a_hub_says_of_its_lease_is_believed_within_reason():
    assert told_lease("60") == timedelta(minutes=1)
    assert told_lease("9" * 5000) == LONGEST_LEASE
    assert [told_lease(text) for text in (None, "", "-1", "soon")] == [DAY] * 4


def test_the_challenge_comes_after_what_a_callback_has_of_its_own():
    for callback, told in (
        ("https://a.example/", "https://a.example/?x=1"),
        ("https://a.example/?", "https://a.example/?x=1"),
        ("https://a.example/?a=%7E&b", "https://a.example/?a=%7E&b&x=1"),
        ("https://a.example/?a&", "https://a.example/?a&x=1"),
    ):
        assert with_query(callback, {"x": "1"}) == told
    url = verification(Wish("https://a.example/?q=1", "/feeds/a.atom", False), BASE, "ch&llenge")
    assert parse_qsl(urlsplit(url).query) == [
        ("q", "1"),
        ("hub.mode", "unsubscribe"),
        ("hub.topic", f"{BASE}/feeds/a.atom"),
        ("hub.challenge", "ch&llenge"),
    ]


def test_a_signature_is_the_one_that_anybody_computes():
    told = hmac.new("gehёim".encode(), b"body", hashlib.sha256).hexdigest()
    assert signature("gehёim", b"body") == f"sha256={told}"
    assert read_signature(f" SHA256={told.upper()} ") == ("sha256", told)


@pytest.mark.parametrize("header", ["", "sha1", "md5=00", "=00", "sha256:00", "sha1=ä", "crc32=0"])
def test_what_is_no_signature_is_none(header: str):
    found = read_signature(header)
    assert found is None or not found[1]


def test_what_we_ask_of_hubs():
    asked = dict(parse_qsl(subscription_form("https://us/cb", "https://t/", "s3", subscribe=True).decode()))
    assert asked == {
        "hub.mode": "subscribe",
        "hub.topic": "https://t/",
        "hub.callback": "https://us/cb",
        "hub.lease_seconds": "864000",
        "hub.secret": "s3",
    }
    left = dict(parse_qsl(subscription_form("https://us/cb", "https://t/", "s3", subscribe=False).decode()))
    assert set(left) == {"hub.mode", "hub.topic", "hub.callback"}
    assert dict(parse_qsl(ping_form("https://t/").decode()))["hub.url"] == "https://t/"


def test_back_off_doubles_to_six_hours_and_obeys_retry_after_up_to_a_day():
    waits = [wait_after(failures, 0.0).total_seconds() for failures in range(1, 14)]
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == wait_after(10_000, 0.0).total_seconds() == 6 * 3600
    assert wait_after(1, 0.1) == timedelta(seconds=33)
    assert wait_after(1, 0.0, timedelta(seconds=1)) == timedelta(seconds=30)
    assert wait_after(1, 0.0, timedelta(days=365)) == DAY


def test_hubs_of_sources_are_asked_again_after_ten_minutes_then_ever_later():
    assert ask_again(0, 0.0) == timedelta(minutes=10)
    assert ask_again(99, 0.0) == DAY


def test_a_subscription_is_renewed_at_two_thirds_and_never_all_the_time():
    assert renew_after(9 * DAY) == 6 * DAY
    assert renew_after(timedelta()) == timedelta(minutes=5)


def test_a_callback_is_given_up_after_days():
    assert not is_given_up(NOW, NOW + GIVE_UP - timedelta(seconds=1))
    assert is_given_up(NOW, NOW + GIVE_UP)


def test_a_push_helps_no_source_that_fails_stopped_or_is_to_rest():
    well = SourceState("one", because="its rhythm of 3 entries a week")
    assert may_hint(well)
    for other in ({"failures": 1}, {"stopped": "gone"}, {"because": "429 of its host, to source two"}):
        assert not may_hint(replace(well, **other))  # type: ignore[arg-type]
