"""What a request asks for: which coding it takes, and whether it has what it asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.web.negotiate import codings, matched


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", ["identity"]),
        ("gzip", ["gzip", "identity"]),
        ("br", ["br", "identity"]),
        ("gzip, deflate, br", ["br", "gzip", "identity"]),
        ("GZIP ;Q=0.5 , Br ; q=0.2", ["gzip", "br", "identity"]),
        ("br;q=0, gzip", ["gzip", "identity"]),
        ("gzip;q=0", ["identity"]),
        ("x-gzip", ["gzip", "identity"]),
        ("*", ["br", "gzip", "identity"]),
        ("*;q=0.1, gzip", ["gzip", "br", "identity"]),
        ("*;q=0, gzip", ["gzip"]),
        ("*;q=0", []),
        ("identity;q=0, gzip", ["gzip"]),
        ("identity, gzip;q=0.5", ["identity", "gzip"]),
        ("gzip;q=0.5, identity;q=0.5", ["gzip", "identity"]),
        ("gzip;q=nonsense", ["identity"]),
        ("gzip;q=-1", ["identity"]),
        ("gzip;level=9", ["identity"]),
        ("deflate, zstd", ["identity"]),
        ("gzip, gzip;q=0", ["gzip", "identity"]),
        (",,;;==", ["identity"]),
    ],
)
def test_the_coding_that_a_client_likes_best_comes_first(header: str, found: list[str]):
    assert list(codings(header.encode())) == found


@given(st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_header_is_a_surprise(header: bytes):
    assert set(codings(header)) <= {"br", "gzip", "identity"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('"a"', '"a"'),
        ('W/"b"', '"b"'),
        ('"x", W/"b" , "a"', '"a"'),
        ("*", '"a"'),
        ("a", None),
        ('"A"', None),
        ('w/"a"', None),
        ("", None),
    ],
)
def test_tags_are_compared_weakly(asked: str, found: str | None):
    assert matched(asked, ('"a"', '"b"')) == found
