"""What words mean: durations, networks, listening addresses."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.config import parse_duration, parse_network, split_listen
from feedbot.config.values import shown


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, seconds: int) -> None:
    meant = timedelta(days=days, hours=hours, seconds=seconds)
    assert parse_duration(f"{days}d{hours}h{seconds}s") == meant


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "-5m", "1.5h", "5M", "m5", "５m", "5m ", "999999999w", 5, None, True]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|hundred years"):
        parse_duration(text)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= timedelta()


@pytest.mark.parametrize(
    ("text", "network", "port"),
    [
        ("127.0.0.1/32:8099", "127.0.0.1/32", 8099),
        ("[::1]/128:8099", "::1/128", 8099),
        ("10.1.2.0/24", "10.1.2.0/24", None),
        ("10.1.2.3", "10.1.2.3/32", None),
        ("fd00::/8", "fd00::/8", None),
        ("[fd00::]/8", "fd00::/8", None),
    ],
)
def test_networks_may_name_a_port(text: str, network: str, port: int | None) -> None:
    found, at = parse_network(text)
    assert (str(found), at) == (network, port)


@pytest.mark.parametrize(
    "text", ["", "localhost", "10.0.0.0/99", "10.1.2.0/24:0", "10.1.2.0/24:99999", "1.2.3", "::1:80/1:x"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no network"):
        parse_network(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)],
)
def test_a_listening_address_has_host_and_port(text: str, host: str, port: int) -> None:
    assert split_listen(text) == (host, port)


def test_a_value_is_shown_in_the_words_of_toml() -> None:
    assert [shown(value) for value in (True, 5, "x", {"a": 1}, [1])] == [
        "true",
        "5",
        "'x'",
        "a table",
        "a list",
    ]
    assert shown("https://ada:word@x.example/") == "'https://***@x.example/'"
    assert len(shown("x" * 1000)) == 62
