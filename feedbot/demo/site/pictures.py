"""Photos for the sample site, drawn when asked for: layered landscapes, the same for the same scene."""

import io
import math
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

_PALETTES = {
    "harbour": ("#f7c59f", "#ef8354", "#2d3a5c", "#1b2540", "#f2e8cf"),
    "meadow": ("#bfe3f2", "#eaf4d3", "#6f9e4b", "#3f6d3a", "#e4572e"),
    "hall": ("#2b2340", "#6d3b47", "#a4553d", "#e0a458", "#ffe8b0"),
    "books": ("#f3e3c3", "#d9b382", "#8a5a3c", "#4f3425", "#c8553d"),
    "hills": ("#fde2c4", "#f6bd8f", "#7d9aa1", "#466d74", "#2c4a50"),
    "sea": ("#ffd9b3", "#f4978e", "#4f6d8f", "#27405f", "#fff3d6"),
    "market": ("#1d1b3a", "#3a2a5c", "#7a3b63", "#e9724c", "#ffd166"),
    "street": ("#cfe8ef", "#f5e6c8", "#c97b63", "#6e4b4f", "#3d405b"),
    "marsh": ("#fbe7c6", "#d8d3b6", "#8aa08a", "#55735f", "#ffffff"),
    "ovens": ("#2a1a17", "#5b2e22", "#a24c2a", "#e8833a", "#ffd08a"),
    "turbine": ("#d6ecf5", "#9fc9de", "#3f7ea6", "#1f4e6f", "#f4f8fa"),
    "night": ("#05070f", "#0b1226", "#16213f", "#22315a", "#ffe9a8"),
    "reef": ("#0f4c5c", "#1b6f7f", "#2a9d8f", "#e9c46a", "#f4a261"),
    "pulse": ("#f4f1ea", "#dfe7e6", "#94b8b8", "#457b7b", "#d1495b"),
    "vault": ("#20242b", "#3a414b", "#68717d", "#b8a888", "#f0e3c0"),
}


@lru_cache(maxsize=64)
def draw(scene: str, size: tuple[int, int], kind: str) -> bytes:
    """The picture of a scene as JPEG or PNG."""
    name, _, variant = scene.partition("-")
    chance = random.Random(scene)  # noqa: S311  # a picture, no secret
    sky, horizon, middle, front, light = _PALETTES.get(name, _PALETTES["hills"])
    image = _sky(size, sky, horizon)
    _light(image, light, chance)
    for depth, colour in enumerate((middle, front)):
        _ridge(image, colour, depth, chance, town=name in {"harbour", "street", "market", "hall"})
    _dots(image, light, chance, many=name in {"market", "night", "meadow", "books"} or variant == "2")
    out = io.BytesIO()
    if kind == "PNG":
        image.quantize(128).save(out, "PNG", optimize=False)
    else:
        image.save(out, "JPEG", quality=84)
    return out.getvalue()


def _sky(size: tuple[int, int], top: str, bottom: str) -> Image.Image:
    """A sky that changes from one colour to another."""
    column = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), column)


def _light(image: Image.Image, colour: str, chance: random.Random) -> None:
    """A sun or moon with its glow."""
    width, height = image.size
    x, y = width * chance.uniform(0.2, 0.8), height * chance.uniform(0.2, 0.45)
    radius = height * chance.uniform(0.06, 0.1)
    glow = Image.new("L", (width // 8, height // 8))
    spot = [(x - 2.6 * radius) / 8, (y - 2.6 * radius) / 8, (x + 2.6 * radius) / 8, (y + 2.6 * radius) / 8]
    ImageDraw.Draw(glow).ellipse(spot, fill=120)
    mask = glow.filter(ImageFilter.GaussianBlur(height / 80)).resize(image.size)
    image.paste(Image.new("RGB", image.size, colour), mask=mask)
    ImageDraw.Draw(image).ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def _ridge(image: Image.Image, colour: str, depth: int, chance: random.Random, *, town: bool) -> None:
    """Hills, or roofs, in front of the sky."""
    width, height = image.size
    base = height * (0.62 + 0.17 * depth)
    waves = [(chance.uniform(1, 5), chance.uniform(0, 6.3), chance.uniform(0.02, 0.06)) for _ in range(3)]
    step = 60 if town else 6
    points: list[tuple[float, float]] = [(0, height)]
    for x in range(0, width + step, step):
        rise = sum(math.sin(x / width * 6.3 * f + p) * a for f, p, a in waves) * height
        top = base + rise - (chance.uniform(0, 0.12) * height if town else 0)
        points += [(x, top), (x + step, top)] if town else [(x, top)]
    ImageDraw.Draw(image).polygon([*points, (width, height)], fill=colour)


def _dots(image: Image.Image, colour: str, chance: random.Random, *, many: bool) -> None:
    """Lanterns, flowers, stars or birds."""
    width, height = image.size
    pen = ImageDraw.Draw(image)
    for _ in range(140 if many else 14):
        x, y = chance.uniform(0, width), height * chance.uniform(0.5 if many else 0.1, 0.97)
        radius = chance.uniform(1.5, 5 if many else 3)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def logo() -> bytes:
    """The site's own sign: it stands on every page and is no photo of anything."""
    image = Image.new("RGB", (240, 80), "#1b4d5c")
    pen = ImageDraw.Draw(image)
    pen.ellipse([16, 16, 64, 64], fill="#f2c14e")
    pen.rectangle([80, 30, 220, 38], fill="white")
    pen.rectangle([80, 46, 180, 52], fill="white")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
