"""Content codings: what was offered comes out whole, however cut; nothing comes out beyond the bound."""

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import FetchError
from feedbot.net.inflate import Inflater, TooLargeError, megabytes


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS = {
    "gzip": ("gzip", gzip.compress),
    "gzip in two members": ("gzip", lambda body: gzip.compress(body[:7]) + gzip.compress(body[7:])),
    "zlib": ("deflate", zlib.compress),
    "bare deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
    "none named": ("", bytes),
}


def inflated(coding: str, pieces: list[bytes], limit: int = 10_000) -> bytes:
    inflater = Inflater(coding, limit)
    for piece in pieces:
        inflater.feed(piece)
    return inflater.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(at)]


@pytest.mark.parametrize("packer", PACKERS)
@given(body=st.binary(max_size=3000), places=st.lists(st.integers(0, 10_000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_split_of_a_stream_gives_the_same_body(packer: str, body: bytes, places: list[int]) -> None:
    coding, pack = PACKERS[packer]
    assert inflated(coding, cut(pack(body), places)) == body


@pytest.mark.parametrize("packer", PACKERS)
def test_a_stream_byte_by_byte_is_the_same_body(packer: str) -> None:
    coding, pack = PACKERS[packer]
    body = b"A sentence that is told byte by byte. " * 20
    assert inflated(coding, [bytes([octet]) for octet in pack(body)]) == body


@pytest.mark.parametrize("packer", PACKERS)
@given(extra=st.integers(-3, 3), places=st.lists(st.integers(0, 10_000), max_size=4))
@settings(max_examples=30, deadline=None)
def test_the_bound_is_exact(packer: str, extra: int, places: list[int]) -> None:
    coding, pack = PACKERS[packer]
    body, pieces = bytes(1000 + extra), []
    pieces = cut(pack(body), places)
    if extra > 0:
        with pytest.raises(TooLargeError, match=r"larger than 0\.001 MB"):
            inflated(coding, pieces, 1000)
    else:
        assert inflated(coding, pieces, 1000) == body


def test_a_bomb_never_holds_more_than_its_bound() -> None:
    inflater = Inflater("gzip", 1000)
    with pytest.raises(TooLargeError):
        inflater.feed(gzip.compress(bytes(30_000_000)))
    assert len(inflater._body) == 1001
    assert inflater.start() == bytes(1000)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_stream_that_is_cut_short_is_an_error(coding: str, pack, data: st.DataObject) -> None:
    packed = pack(b"what is cut is never taken for a whole body")
    end = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(FetchError, match="cut short"):
        inflated(coding, [packed[:end]])


@given(st.sampled_from(["gzip", "deflate"]), st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_body_or_one_error(coding: str, pieces: list[bytes]) -> None:
    try:
        body = inflated(coding, pieces, 500)
    except FetchError:
        return
    assert len(body) <= 500


def test_noise_after_the_end_is_left_alone() -> None:
    for noise in (b"\0" * 9, b"noise", b"\x1f", b"\x1fx"):
        packed = gzip.compress(b"body") + noise
        assert inflated("gzip", [packed]) == b"body"


def test_a_single_last_byte_after_the_end_may_come_alone() -> None:
    assert inflated("gzip", [gzip.compress(b"body"), b"\n"]) == b"body"


def test_a_wrong_checksum_is_an_error() -> None:
    packed = bytearray(gzip.compress(b"body"))
    packed[-6] ^= 1
    with pytest.raises(FetchError, match="not the gzip"):
        inflated("gzip", [bytes(packed)])


def test_members_by_the_thousand_are_an_error() -> None:
    with pytest.raises(TooLargeError, match="pieces"):
        inflated("gzip", [gzip.compress(b"")] * 1001)
    assert inflated("gzip", [gzip.compress(b"")] * 999) == b""


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "compress", "gzip, gzip", "deflate,gzip", "gzip;q=1", "x-x-gzip"]
)
def test_what_was_not_offered_is_an_error(coding: str) -> None:
    with pytest.raises(FetchError, match=r"not offered|codings"):
        Inflater(coding, 1000)


def test_nothing_is_an_empty_body() -> None:
    for coding in ("gzip", "deflate", "identity"):
        assert inflated(coding, []) == b""


def test_a_limit_as_people_say_it() -> None:
    assert [megabytes(5_000_000), megabytes(250_000)] == ["5 MB", "0.25 MB"]


def test_a_few_bytes_that_hold_megabytes_come_out_part_by_part() -> None:
    inflater = Inflater("gzip", 10_000_000)
    lengths = [len(inflater) for _ in inflater.steps(gzip.compress(bytes(1_000_000)))]
    assert lengths == [*range(65_536, 1_000_000, 65_536), 1_000_000]
    assert inflater.finish() == bytes(1_000_000)
