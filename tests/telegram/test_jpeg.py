"""A JPEG is kept without what else its file tells, or not touched at all."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.telegram.jpeg import bare
from tests.support import jpeg

BODY = jpeg(64, 48)


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2) + content


def test_a_bare_one_is_the_same() -> None:
    assert bare(BODY) == BODY
    progressive = jpeg(64, 48, progressive=True)
    assert bare(progressive) == progressive


def test_only_what_its_colours_mean_is_kept_of_applications() -> None:
    more = [segment(0xE1, b"Exif\0\0 a place"), segment(0xED, b"Photoshop 3.0\0"), segment(0xE0, b"JFXX\0")]
    profile = segment(0xE2, b"ICC_PROFILE\0\1\1 colours")
    told = b"".join([BODY[:2], *more, profile, segment(0xE2, b"MPF\0"), segment(0xFE, b"words"), BODY[2:]])
    assert bare(told) == BODY[:2] + profile + BODY[2:]


def test_what_follows_its_end_is_cut_off() -> None:
    assert bare(BODY + BODY + b"and more") == BODY


def test_one_that_is_not_whole_is_none() -> None:
    assert all(bare(BODY[:length]) is None for length in range(0, len(BODY) - 1, 7))
    assert bare(b"GIF89a" + BODY) is None


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80), st.integers(2, len(BODY)))
def test_any_bytes_are_answered(noise: bytes, at: int) -> None:
    found = bare(BODY[:at] + noise + BODY[at:])
    assert found is None or found.startswith(b"\xff\xd8")
