"""Photos become what the Bot API takes, or are refused with a reason."""

from io import BytesIO

import pytest
from PIL import Image

from feedbot.errors import ParseError
from feedbot.telegram.picture import LONGEST_SIDE, SMALLER_SIDE, prepare, smaller
from tests.support import jpeg, picture


def opened(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body))


def test_a_plain_jpeg_goes_as_it_is() -> None:
    body = jpeg()
    assert prepare(body) == ({"type": "image/jpeg", "width": 800, "height": 500}, body)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_other_formats_become_jpeg_and_keep_their_facts(kind: str) -> None:
    facts, body = prepare(picture(kind, 400, 300))
    assert (facts["width"], facts["height"], facts["type"]) == (400, 300, f"image/{kind.lower()}")
    assert opened(body).format == "JPEG"


def test_a_large_photo_is_shrunk_and_its_own_size_remembered() -> None:
    facts, body = prepare(jpeg(6000, 3000))
    assert (facts["width"], facts["height"]) == (6000, 3000)
    assert opened(body).size == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_exif_is_dropped_and_its_turn_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "where it was taken"
    facts, body = prepare(jpeg(800, 500, exif=exif))
    assert (facts["width"], facts["height"]) == (500, 800)
    assert opened(body).size == (500, 800)
    assert b"where it was taken" not in body


def test_transparency_lies_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(out, "PNG")
    _, body = prepare(out.getvalue())
    assert opened(body).convert("RGB").getpixel((50, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no picture"),
        (b"<html>not a picture</html>", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        (jpeg(1, 1), "too small"),
        (jpeg()[:2000], "no picture"),
        (picture("PNG", 12000, 5000), "million"),
    ],
)
def test_what_is_no_photo_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        prepare(body)


def test_one_that_is_too_long_for_a_photo_keeps_its_size() -> None:
    facts, body = prepare(jpeg(3000, 100))
    assert (facts["width"], facts["height"]) == (3000, 100)
    assert opened(body).size == (3000, 100)


def test_the_second_try_is_smaller() -> None:
    assert max(opened(smaller(jpeg(2000, 1000))[1]).size) == SMALLER_SIDE


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_very_large_picture_is_shrunk_in_strips_to_the_same(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Image.new("RGBA", (701, 403), "red")
    made.paste((0, 0, 255, 255), (300, 100, 701, 403))
    made.paste((0, 0, 0, 0), (0, 300, 300, 403))
    out = BytesIO()
    made.convert(mode).save(out, "PNG")
    whole = _colours(prepare(out.getvalue(), 100)[1])
    monkeypatch.setattr("feedbot.telegram.picture._LARGE", 1000)
    in_strips = _colours(prepare(out.getvalue(), 100)[1])
    assert len(whole) == len(in_strips) == 3
    for before, after in zip(whole, in_strips, strict=True):
        assert all(abs(one - other) < 12 for one, other in zip(before, after, strict=True))


def _colours(body: bytes) -> list[tuple[int, ...]]:
    with Image.open(BytesIO(body)) as image:
        assert image.size == (100, 57)
        pixels = image.convert("RGB")
        return [tuple(pixels.getpixel(at)) for at in ((10, 10), (80, 40), (10, 52))]  # type: ignore[arg-type]
