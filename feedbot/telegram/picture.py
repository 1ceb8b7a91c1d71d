"""A photo as the Bot API takes it: right format and size, upright, without EXIF. Runs in the worker."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from feedbot.errors import ParseError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")  # named, or Pillow starts Ghostscript on an EPS
MOST_PIXELS = 50_000_000
WORKER_MEMORY = 640 * 2**20  # a WebP of 50 Mpx takes 624 MB, the pixels and what it is made of
LEAST_SIDE = 30
MOST_RATIO = 20
LONGEST_SIDE = 2560
LONGEST_FILE = 20_000
SMALLER_SIDE = 1280
_LARGE, _STRIP = 12_000_000, 32  # pixels from which a picture is made smaller in strips; rows of their result
_AS_IT_IS = 1_500_000  # bytes: a JPEG up to that size is sent as it came


def prepare(body: bytes, longest: int = LONGEST_SIDE) -> tuple[dict[str, Any], bytes]:
    """The JPEG to send, and type, width and height of the original.

    `longest` is the longest side in pixels of what is sent; one that is too long to be shown as a photo
    (ratio over 20) keeps its size, as it goes as a file. Raises ParseError for what is no photo, too big
    (50 Mpx), or too small (a side up to 30 px).
    """
    with _opened(body) as image:
        facts = _check(image)
        if max(image.size) > MOST_RATIO * min(image.size):
            longest = LONGEST_FILE
        if _goes_as_it_is(image, body, longest):
            return facts, body
        image.draft("RGB", (longest, longest))
        return facts, _encode(image, longest)


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            yield image
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
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
    if image.getexif().get(0x0112, 1) >= 5:  # turned by a quarter
        width, height = height, width
    return {"type": Image.MIME.get(image.format or "", "image/jpeg"), "width": width, "height": height}


def _goes_as_it_is(image: Image.Image, body: bytes, longest: int) -> bool:
    plain = image.format == "JPEG" and image.mode in {"RGB", "L"} and not image.getexif()
    if plain and len(body) <= _AS_IT_IS and max(image.size) <= longest:
        image.load()  # a picture cut short is found here, not by Telegram
        return True
    return False


def _encode(image: Image.Image, longest: int) -> bytes:
    image.seek(0)
    image = _coarser(image, max(image.size) // longest) if _is_large(image, longest) else image
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(image)  # after it: the turned copy of a large picture is a large one
    out = io.BytesIO()
    _on_white(upright).convert("RGB").save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return out.getvalue()


def _is_large(image: Image.Image, longest: int) -> bool:
    return image.width * image.height > _LARGE and max(image.size) >= 2 * longest


def _coarser(image: Image.Image, factor: int) -> Image.Image:
    """The picture in so many times fewer columns and rows, made strip by strip: no copy of all its pixels."""
    width, height = image.size
    image.load()
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = factor * _STRIP
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        small.paste(_on_white(strip).convert("RGB").reduce(factor), (0, top // factor))
    if "exif" in image.info:
        small.info["exif"] = image.info["exif"]
    image.close()  # its pixels are the most of the memory
    return small


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in {"RGBA", "LA", "PA"} and "transparency" not in image.info:
        return image
    alpha = image.convert("RGBA")
    white = Image.new("RGB", alpha.size, "white")
    white.paste(alpha, mask=alpha.getchannel("A"))
    return white


def smaller(body: bytes) -> tuple[dict[str, Any], bytes]:
    """A smaller JPEG of the same picture: the second try of an upload. Raises ParseError where it is none."""
    with _opened(body) as image:
        return {}, _encode(image, SMALLER_SIDE)
