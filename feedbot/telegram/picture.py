"""A photo as the Bot API takes it: right format and size, upright, without EXIF. Runs in the worker."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError

from feedbot.errors import ParseError
from feedbot.telegram.jpeg import bare

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")  # named, or Pillow starts Ghostscript on an EPS
MOST_PIXELS = 50_000_000
WORKER_MEMORY = 832 * 2**20  # a WebP of 50 Mpx takes 800 MB, four times its pixels
LEAST_SIDE = 30
MOST_RATIO = 20
LONGEST_SIDE = 2560
LONGEST_FILE = 20_000
SMALLER_SIDE = 1280
_LARGE, _STRIP = 12_000_000, 32  # pixels from which a picture is made smaller in strips; rows of their result
_WANTED = 1_000_000  # bytes: a JPEG up to that size keeps its pixels, others are made to have as many
_QUALITIES = (85, 75, 60)
_ORIENTATION = 0x0112  # of EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER = 5  # from this orientation on, width and height change places
_UNREADABLE = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError,
    ArithmeticError, RuntimeError, struct.error, Image.DecompressionBombError,
)  # fmt: skip


def prepare(body: bytes, longest: int = LONGEST_SIDE) -> tuple[dict[str, Any], bytes]:
    """The JPEG to send, and type, width and height of the original.

    `longest` is the longest side in pixels of what is sent; one that is too long to be shown as a photo
    (ratio over 20) keeps its size, as it goes as a file. A JPEG that will do keeps its pixels and loses what
    else its file tells. Raises ParseError for what is no photo, too big (50 Mpx), or too small (a side up to
    30 px).
    """
    with _opened(body) as image:
        facts = _check(image)
        if max(image.size) > MOST_RATIO * min(image.size):
            longest = LONGEST_FILE
        if (as_it_is := _as_it_is(image, body, longest)) is not None:
            return facts, as_it_is
        image.draft("RGB", (longest, longest))
        return facts, _encode(image, longest)


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            yield image
    except _UNREADABLE as error:
        raise ParseError(f"this is no picture that can be read: {_reason(error)}") from error
    except MemoryError as error:
        raise ParseError("this picture takes too much memory") from error


def _reason(error: Exception) -> str:
    return (
        "unknown format" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__
    )


def _check(image: Image.Image) -> dict[str, Any]:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ParseError(f"{width}×{height} pixels are more than {MOST_PIXELS // 1_000_000} million")
    if min(width, height) <= LEAST_SIDE:
        raise ParseError(f"{width}×{height} pixels are too small for a photo")
    if _orientation(image) >= _QUARTER:
        width, height = height, width
    # A JPEG with a second picture behind it (MPO, of telephones) is a JPEG to everybody else.
    kind = "image/jpeg" if image.format == "MPO" else Image.MIME[image.format or "JPEG"]
    return {"type": kind, "width": width, "height": height}


def _orientation(image: Image.Image) -> int:
    """1 to 8 as EXIF counts; what is written wrong there is no reason to have no photo."""
    try:
        found = image.getexif().get(_ORIENTATION)
    except _UNREADABLE:
        return 1
    return found if isinstance(found, int) and found in _TURNS else 1


def _as_it_is(image: Image.Image, body: bytes, longest: int) -> bytes | None:
    """The JPEG without what else its file tells, where nothing need be done to its pixels."""
    is_plain = image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"} and _orientation(image) == 1
    if not is_plain or max(image.size) > longest:
        return None
    stripped = bare(body)
    if stripped is None or len(stripped) > _WANTED:
        return None
    image.load()  # a picture cut short is found here, not by Telegram
    return stripped


def _encode(image: Image.Image, longest: int) -> bytes:
    image.seek(0)
    turn = _TURNS.get(_orientation(image))
    told = dict(image.info)  # its colours' meaning, which what is made of it forgets
    image = _coarser(image, max(image.size) // longest) if _is_large(image, longest) else _smooth(image)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    image = _in_srgb(_on_white(image), told)
    if turn is not None:
        image = image.transpose(turn)  # after it: the turned copy of a large picture is a large one
    image.info = {}  # comments are written too
    made = b""
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        made = out.getvalue()
        if len(made) <= _WANTED:
            break
    return made


def _is_large(image: Image.Image, longest: int) -> bool:
    return image.width * image.height > _LARGE and max(image.size) >= 2 * longest


def _coarser(image: Image.Image, factor: int) -> Image.Image:
    """The picture in so many times fewer columns and rows, made strip by strip: no copy of all its pixels."""
    width, height = image.size
    image.load()
    mode = image.mode if image.mode in {"L", "CMYK"} and "transparency" not in image.info else "RGB"
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = factor * _STRIP
    for top in range(0, height, rows):
        strip = _on_white(_smooth(image.crop((0, top, width, min(top + rows, height)))))
        small.paste(strip.convert(mode).reduce(factor), (0, top // factor))
    image.close()  # its pixels are the most of the memory
    return small


def _smooth(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller smoothly, of eight bits a channel."""
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow would make white of all above 255
        grey = image.point(lambda value: value * (1 / 256)).convert("L")
        grey.info.pop("transparency", None)
        return grey
    if "transparency" in image.info or image.mode == "PA":
        return image.convert("RGBA")
    return image.convert({"P": "RGB", "1": "L"}[image.mode]) if image.mode in {"P", "1"} else image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in {"RGBA", "LA"}:
        return image
    alpha = image.convert("RGBA")
    white = Image.new("RGB", alpha.size, "white")
    white.paste(alpha, mask=alpha.getchannel("A"))
    return white


def _in_srgb(image: Image.Image, told: dict[Any, Any]) -> Image.Image:
    """The picture in the colours that everybody takes a JPEG without a profile to have."""
    profile, gamma = told.get("icc_profile"), told.get("gamma")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            meant = "GRAY" if image.mode == "L" else image.mode
            if source.profile.xcolor_space.strip() == meant:
                wanted = ImageCms.createProfile("sRGB")
                return ImageCms.profileToProfile(image, source, wanted, outputMode="RGB") or image
        except (*_UNREADABLE, ImageCms.PyCMSError):
            pass  # a profile that is wrong says nothing
    elif gamma and "srgb" not in told and abs(gamma * 2.2 - 1) > 0.05:  # PNG 11.3.3.2
        exponent = 1 / (2.2 * gamma)
        curve = [round(255 * (value / 255) ** exponent) for value in range(256)]
        image = image.point(curve * len(image.getbands()))
    return image.convert("RGB")


def smaller(body: bytes) -> tuple[dict[str, Any], bytes]:
    """A smaller JPEG of the same picture: the second try of an upload. Raises ParseError where it is none."""
    with _opened(body) as image:
        return {}, _encode(image, SMALLER_SIDE)
