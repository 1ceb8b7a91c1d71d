"""Photos become what the Bot API takes, or are refused with a reason."""

from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageCms, PngImagePlugin

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


def exif(turn: object = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = turn
    made[0x010E] = "where it was taken"
    return made


_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_exif_is_dropped_and_its_turn_applied(kind: str, turn: int) -> None:
    made = Image.new("RGB", (160, 80), "white")
    made.paste((200, 0, 0), (0, 0, 40, 40))  # a corner that shows which way is up
    out = BytesIO()
    stored = made.transpose(_STORED[turn]) if turn in _STORED else made
    stored.save(out, kind, exif=exif(turn))
    facts, body = prepare(out.getvalue())
    assert (facts["width"], facts["height"]) == (160, 80)
    shown = opened(body).convert("RGB")
    assert shown.size == (160, 80)
    red, white = shown.getpixel((15, 15)), shown.getpixel((150, 70))
    assert isinstance(red, tuple)
    assert isinstance(white, tuple)
    assert (red[1] < 60, white[1] > 200) == (True, True)
    assert b"where it was taken" not in body


def test_exif_that_is_written_wrong_costs_no_photo() -> None:
    body = jpeg(exif=exif(6))
    at = body.index(b"\x01\x12\x00\x03")
    assert prepare(body[: at + 2] + b"\x00\x02" + body[at + 4 :])[0]["width"] == 800


@pytest.mark.parametrize(
    "more", [{"exif": exif()}, {"xmp": b"<x/>where it was taken"}, {"comment": b"where it was taken"}]
)
def test_a_fine_jpeg_loses_what_its_file_tells_and_no_pixel(more: dict[str, object]) -> None:
    body = jpeg(**more)
    assert b"where it was taken" in body
    stripped = prepare(body)[1]
    assert b"where it was taken" not in stripped
    assert opened(stripped).tobytes() == opened(body).tobytes()


def test_what_is_made_anew_has_no_comment_of_the_old() -> None:
    assert b"secret" not in prepare(jpeg(exif=exif(6), comment=b"secret"))[1]
    assert b"secret" not in smaller(jpeg(comment=b"secret"))[1]


def test_a_jpeg_with_a_second_picture_is_the_first_alone() -> None:
    out = BytesIO()
    first, second = (Image.new("RGB", (200, 100), colour) for colour in ("teal", "red"))
    first.save(out, "MPO", save_all=True, append_images=[second])
    facts, body = prepare(out.getvalue())
    assert facts["type"] == "image/jpeg"
    assert (opened(body).format, body.count(b"\xff\xd8")) == ("JPEG", 1)


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    out = BytesIO()
    Image.new("I;16", (100, 100), 0x8000).save(out, "PNG")
    assert opened(prepare(out.getvalue())[1]).convert("RGB").getpixel((50, 50)) == (128, 128, 128)


def test_a_palette_is_made_smaller_smoothly() -> None:
    lines = Image.new("L", (600, 600))
    lines.putdata([255 * (x % 2) for _ in range(600) for x in range(600)])
    out = BytesIO()
    lines.convert("P").save(out, "GIF")
    shades = opened(prepare(out.getvalue(), 300)[1]).convert("L").getextrema()
    assert isinstance(shades[0], int)
    assert (shades[0] > 100, shades[1] < 156) == (True, True)


def test_colours_are_those_that_the_profile_means() -> None:
    """A profile in which red and blue changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ") + 4, profile.index(b"bXYZ") + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    body = prepare(picture("PNG", 100, 100, "red", icc_profile=bytes(profile)))[1]
    pixel = opened(body).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert pixel[0] < 10 < 240 < pixel[2]


@pytest.mark.parametrize(
    "profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()]
)
def test_a_profile_that_does_not_fit_says_nothing(profile: bytes) -> None:
    body = prepare(picture("PNG", 100, 100, "red", icc_profile=profile))[1]
    assert opened(body).getpixel((50, 50)) == (254, 0, 0)


@pytest.mark.parametrize(("gamma", "shown"), [(45455, 128), (100_000, 186)])
def test_the_gamma_of_a_png_is_applied(gamma: int, shown: int) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", gamma.to_bytes(4))
    body = prepare(picture("PNG", 100, 100, "#808080", pnginfo=chunks))[1]
    assert opened(body).getpixel((50, 50)) == (shown, shown, shown)


def test_cmyk_becomes_rgb() -> None:
    out = BytesIO()
    Image.new("CMYK", (100, 100), (0, 255, 255, 0)).save(out, "JPEG")
    body = opened(prepare(out.getvalue())[1])
    assert (body.mode, body.getpixel((50, 50))) == ("RGB", (254, 0, 0))


def test_what_would_be_large_is_written_coarser() -> None:
    noise = Image.frombytes("L", (1400, 1400), Random(1).randbytes(1400 * 1400))
    out = BytesIO()
    noise.save(out, "PNG")
    assert len(prepare(out.getvalue())[1]) < 1_000_000


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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
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
