"""Pictures for the sample articles: drawn, never the same twice, always the same for one seed."""

import io
import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Palette = Sequence[Colour]

_OVERSAMPLE = 2  # drawn larger and reduced: Pillow's polygons have no soft edges
_DAWN: Palette = ((252, 214, 170), (240, 140, 120), (92, 72, 120), (44, 40, 80))
_DAY: Palette = ((226, 242, 250), (126, 190, 226), (64, 130, 150), (28, 78, 92))
_DUSK: Palette = ((250, 190, 120), (120, 80, 150), (62, 50, 110), (24, 22, 58))
_SPRING: Palette = ((240, 246, 226), (150, 208, 226), (104, 160, 92), (40, 92, 62))
_NIGHT: Palette = ((60, 76, 130), (12, 16, 44), (16, 22, 48), (6, 8, 22))


class Canvas:
    """A picture being drawn, in units of its own width and height (0 to 1)."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # pictures, not secrets
        self.width, self.height = width * _OVERSAMPLE, height * _OVERSAMPLE
        self.image = Image.new("RGB", (self.width, self.height))
        self.pen = ImageDraw.Draw(self.image)

    def sky(self, top: Colour, bottom: Colour, until: float = 1.0) -> None:
        """A vertical gradient from the upper edge down to `until`."""
        depth = int(self.height * until)
        strip = Image.new("RGB", (1, 64))
        for row in range(64):
            strip.putpixel((0, row), _mixed(top, bottom, row / 63))
        self.image.paste(strip.resize((self.width, depth), Image.Resampling.BILINEAR), (0, 0))

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """A filled shape."""
        self.pen.polygon([(x * self.width, y * self.height) for x, y in points], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled rectangle."""
        self.pen.rectangle(
            (left * self.width, top * self.height, right * self.width, bottom * self.height), fill=colour
        )

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle; its radius counts in heights."""
        size = radius * self.height
        middle = (x * self.width, y * self.height)
        self.pen.ellipse(
            (middle[0] - size, middle[1] - size, middle[0] + size, middle[1] + size), fill=colour
        )

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, thickness: float = 0.004) -> None:
        """A line; its thickness counts in heights."""
        self.pen.line(
            [(x * self.width, y * self.height) for x, y in points],
            fill=colour,
            width=max(1, int(thickness * self.height)),
            joint="curve",
        )

    def ridge(self, level: float, rough: float, colour: Colour) -> list[tuple[float, float]]:
        """A chain of hills from `level` down to the lower edge; gives its upper line."""
        waves = [
            (self.chance.uniform(0.6, 1.4) * rough / step, step * self.chance.uniform(1.6, 2.6))
            for step in (1, 2.2, 5, 11)
        ]
        shift = self.chance.uniform(0, math.tau)
        top = [
            (step / 120, level - sum(high * math.sin(shift + often * step / 120 * 3) for high, often in waves))
            for step in range(121)
        ]
        self.polygon([(0, 1), *top, (1, 1)], colour)
        return top

    def finished(self) -> Image.Image:
        """The picture in its true size."""
        return self.image.reduce(_OVERSAMPLE)


def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _sun(canvas: Canvas, x: float, y: float, colour: Colour, glow: Colour) -> None:
    halo = Image.new("L", (64, 64))
    ImageDraw.Draw(halo).ellipse((14, 14, 50, 50), fill=190)
    size = int(canvas.height * 0.5)
    soft = halo.filter(ImageFilter.GaussianBlur(7)).resize((size, size), Image.Resampling.BILINEAR)
    canvas.image.paste(
        glow, (int(x * canvas.width) - size // 2, int(y * canvas.height) - size // 2), mask=soft
    )
    canvas.disc(x, y, 0.06, colour)


def _mountains(canvas: Canvas) -> None:
    light, haze, near, dark = canvas.chance.choice((_DAWN, _DAY, _DUSK))
    canvas.sky(haze, light, 0.75)
    _sun(canvas, canvas.chance.uniform(0.2, 0.8), 0.3, (255, 250, 230), light)
    for step in range(5):
        colour = _mixed(_mixed(light, haze, 0.7), dark, 0.15 + step * 0.21)
        canvas.ridge(0.45 + step * 0.12, 0.1 - step * 0.012, colour)
    _trees(canvas, canvas.ridge(0.95, 0.02, _mixed(near, dark, 0.9)), _mixed(near, dark, 0.95))


def _trees(canvas: Canvas, ground: Sequence[tuple[float, float]], colour: Colour) -> None:
    for _ in range(60):
        x, y = canvas.chance.choice(ground)
        size = canvas.chance.uniform(0.03, 0.08)
        wide = size * 0.3 * canvas.height / canvas.width
        canvas.polygon([(x - wide, y + 0.01), (x, y - size), (x + wide, y + 0.01)], colour)


def _fields(canvas: Canvas) -> None:
    light, haze, near, dark = _SPRING
    canvas.sky(haze, light, 0.6)
    _sun(canvas, canvas.chance.uniform(0.15, 0.85), 0.2, (255, 252, 235), (255, 252, 235))
    canvas.ridge(0.42, 0.06, _mixed(haze, near, 0.45))
    for step in range(6):
        share = step / 5
        top = canvas.ridge(0.5 + step * 0.09, 0.035, _mixed(_mixed((190, 210, 110), near, share), dark, share / 2))
        for row in range(1, 4):
            canvas.line([(x, y + row * 0.018) for x, y in top], _mixed(near, dark, 0.25 + share / 2), 0.0025)
    _trees(canvas, [(x / 40, 0.99) for x in range(41)], dark)


def _water(canvas: Canvas, level: float, light: Colour, deep: Colour, sun: float) -> None:
    for step in range(40):
        top = level + (1 - level) * step / 40
        canvas.box(0, top, 1, 1, _mixed(light, deep, step / 39))
        for _ in range(6):
            x, long = canvas.chance.random(), 0.01 + 0.05 * step / 40
            canvas.line([(x, top), (x + long, top)], _mixed(light, deep, max(0, step / 39 - 0.18)), 0.003)
        wide = canvas.chance.uniform(0.2, 1) * (0.02 + 0.05 * step / 40)
        canvas.line([(sun - wide, top), (sun + wide, top)], _mixed(light, (255, 250, 225), 0.7), 0.004)


def _sea(canvas: Canvas) -> None:
    light, haze, near, dark = canvas.chance.choice((_DAWN, _DAY, _DUSK))
    sun = canvas.chance.uniform(0.25, 0.75)
    canvas.sky(haze, light, 0.56)
    _sun(canvas, sun, 0.4, (255, 250, 230), (255, 244, 214))
    canvas.ridge(0.55, 0.03, _mixed(haze, near, 0.6))
    _water(canvas, 0.55, _mixed(light, haze, 0.5), dark, sun)
    x, y = canvas.chance.uniform(0.2, 0.7), 0.66
    canvas.polygon([(x, y), (x + 0.16, y), (x + 0.14, y + 0.05), (x + 0.02, y + 0.05)], dark)
    canvas.box(x + 0.03, y - 0.035, x + 0.12, y, (248, 244, 236))
    canvas.box(x + 0.05, y - 0.06, x + 0.09, y - 0.035, (232, 226, 216))
    canvas.box(x + 0.065, y - 0.1, x + 0.08, y - 0.06, (206, 74, 60))
    for window in range(6):
        canvas.disc(x + 0.038 + window * 0.0145, y - 0.016, 0.006, (250, 206, 110))


def _buildings(canvas: Canvas, level: float, tall: float, colour: Colour, lit: Colour | None) -> None:
    x = -0.02
    while x < 1:
        wide, top = canvas.chance.uniform(0.03, 0.08), level - canvas.chance.uniform(0.2, 1) * tall
        canvas.box(x, top, x + wide, 1, colour)
        if canvas.chance.random() < 0.3:
            canvas.line([(x + wide / 2, top), (x + wide / 2, top - 0.06)], colour, 0.005)
        if lit:
            _windows(canvas, x, wide, top, level + 0.1, lit)
        x += wide + canvas.chance.uniform(-0.005, 0.01)


def _windows(canvas: Canvas, x: float, wide: float, top: float, bottom: float, lit: Colour) -> None:
    rows, columns = int((bottom - top) / 0.025), int(wide / 0.011)
    for row in range(1, rows):
        for column in range(columns):
            if canvas.chance.random() < 0.45:
                left, upper = x + 0.005 + column * 0.011, top + row * 0.025
                canvas.box(left, upper, left + 0.005, upper + 0.011, lit)


def _skyline(canvas: Canvas) -> None:
    light, haze, near, dark = canvas.chance.choice((_DUSK, _DAWN))
    canvas.sky(haze, light, 0.8)
    _sun(canvas, canvas.chance.uniform(0.2, 0.8), 0.5, (255, 240, 210), light)
    _buildings(canvas, 0.72, 0.3, _mixed(haze, near, 0.4), None)
    _buildings(canvas, 0.78, 0.34, _mixed(near, dark, 0.3), (238, 180, 120))
    needle = canvas.chance.uniform(0.35, 0.75)
    canvas.polygon([(needle - 0.012, 1), (needle, 0.16), (needle + 0.012, 1)], dark)
    canvas.disc(needle, 0.34, 0.03, dark)
    _buildings(canvas, 0.86, 0.26, dark, (252, 212, 132))
    _water(canvas, 0.92, _mixed(near, light, 0.3), dark, needle)


def _night(canvas: Canvas) -> None:
    glow, deep, near, dark = _NIGHT
    canvas.sky(deep, glow)
    for _ in range(900):
        x, y = canvas.chance.random(), canvas.chance.random() ** 1.3
        near_band = abs(x - y * 0.9 - 0.1) < 0.12
        size = canvas.chance.uniform(0.0006, 0.0022) * (1.3 if near_band else 1)
        canvas.disc(x, y, size, _mixed(deep, (255, 250, 235), canvas.chance.uniform(0.3, 1)))
    canvas.disc(0.8, 0.2, 0.06, (246, 240, 220))
    canvas.disc(0.775, 0.185, 0.055, _mixed(deep, glow, 0.18))
    canvas.ridge(0.72, 0.06, _mixed(glow, near, 0.6))
    canvas.ridge(0.84, 0.05, near)
    x = canvas.chance.uniform(0.25, 0.5)
    canvas.disc(x, 0.76, 0.08, (176, 184, 200))
    canvas.polygon([(x, 0.8), (x + 0.012, 0.68), (x + 0.03, 0.69), (x + 0.02, 0.8)], deep)
    canvas.box(x - 0.06, 0.76, x + 0.06, 0.9, (120, 128, 148))
    _trees(canvas, canvas.ridge(0.9, 0.03, dark), dark)


def _lanterns(canvas: Canvas) -> None:
    _, deep, near, dark = _NIGHT
    canvas.sky(deep, (70, 52, 84), 0.6)
    canvas.ridge(0.52, 0.05, near)
    _water(canvas, 0.58, (74, 58, 88), dark, 0.5)
    places = sorted(canvas.chance.uniform(0.6, 0.97) for _ in range(46))
    for y in places:
        x, size = canvas.chance.random(), 0.012 + (y - 0.6) * 0.09
        wide = size * canvas.height / canvas.width
        warm = canvas.chance.choice(((255, 196, 92), (255, 160, 84), (255, 220, 150)))
        canvas.box(x - wide * 0.6, y + size * 0.4, x + wide * 0.6, y + size * 2.4, _mixed(warm, dark, 0.72))
        canvas.box(x - wide, y - size, x + wide, y + size * 0.5, warm)
        canvas.box(x - wide * 0.5, y - size * 0.6, x + wide * 0.5, y + size * 0.2, (255, 244, 208))
        canvas.box(x - wide * 1.2, y + size * 0.5, x + wide * 1.2, y + size * 0.7, (60, 36, 30))


def _turbines(canvas: Canvas) -> None:
    light, haze, near, dark = _DAY
    canvas.sky(haze, light, 0.62)
    _sun(canvas, 0.78, 0.26, (255, 252, 240), (255, 252, 240))
    canvas.ridge(0.58, 0.04, _mixed(haze, near, 0.6))
    _water(canvas, 0.62, _mixed(haze, near, 0.4), dark, 0.78)
    for step in range(6):
        size = canvas.chance.uniform(0.75, 1.1) * (0.16 + step * 0.035)
        x, foot = 0.1 + step * 0.155, 0.66 + step * 0.03
        top = foot - size * 1.5
        canvas.line([(x, foot), (x, top)], (244, 248, 250), 0.011)
        turn = canvas.chance.uniform(0, math.tau)
        for blade in range(3):
            angle = turn + blade * math.tau / 3
            reach = size * 0.75
            end = (x + math.sin(angle) * reach * canvas.height / canvas.width, top - math.cos(angle) * reach)
            canvas.line([(x, top), end], (250, 252, 253), 0.008)
        canvas.disc(x, top, 0.012, (220, 228, 232))


def _bridge(canvas: Canvas) -> None:
    light, haze, near, dark = canvas.chance.choice((_DAWN, _DUSK))
    canvas.sky(haze, light, 0.7)
    _sun(canvas, 0.5, 0.5, (255, 246, 220), light)
    _buildings(canvas, 0.68, 0.14, _mixed(haze, near, 0.5), None)
    _water(canvas, 0.7, _mixed(light, haze, 0.4), dark, 0.5)
    canvas.box(0, 0.62, 1, 0.645, dark)
    for pillar in (0.25, 0.75):
        canvas.box(pillar - 0.012, 0.2, pillar + 0.012, 0.82, dark)
    for middle in (0.0, 0.5, 1.0):
        cable = [(middle + t / 40 * 0.25, 0.58 - 0.36 * (t / 40) ** 2) for t in range(-40, 41)]
        canvas.line(cable, dark, 0.008)
        for x, y in cable[::4]:
            canvas.line([(x, y), (x, 0.62)], dark, 0.003)
    x = canvas.chance.uniform(0.3, 0.5)
    canvas.box(x, 0.575, x + 0.15, 0.62, (204, 84, 66))
    for window in range(7):
        canvas.box(x + 0.008 + window * 0.02, 0.583, x + 0.021 + window * 0.02, 0.6, (255, 228, 160))


def _train(canvas: Canvas) -> None:
    light, haze, near, dark = canvas.chance.choice((_DAWN, _SPRING))
    canvas.sky(haze, light, 0.6)
    for step in range(3):
        canvas.ridge(0.4 + step * 0.12, 0.08, _mixed(_mixed(light, haze, 0.6), dark, 0.25 + step * 0.22))
    slope = [(x / 20, 0.78 - 0.12 * x / 20) for x in range(21)]
    for x, y in slope[1::3]:
        canvas.box(x - 0.01, y, x + 0.01, 1, (150, 130, 118))
    canvas.polygon([(0, 0.81), *slope, (1, 0.69)], (176, 156, 140))
    for carriage in range(4):
        left = 0.28 + carriage * 0.125
        points = [(left, 0.775 - 0.12 * left), (left + 0.118, 0.775 - 0.12 * (left + 0.118))]
        body = [*points, *((x, y - 0.085) for x, y in reversed(points))]
        canvas.polygon(body, (190, 48, 44) if carriage < 3 else (208, 60, 50))
        for window in range(5):
            x = left + 0.012 + window * 0.02
            y = 0.775 - 0.12 * x - 0.065
            canvas.polygon([(x, y), (x + 0.014, y - 0.0017), (x + 0.014, y + 0.028), (x, y + 0.03)], (255, 236, 190))
    _trees(canvas, canvas.ridge(0.97, 0.03, _mixed(near, dark, 0.8)), dark)


def _chart(canvas: Canvas) -> None:
    canvas.sky((250, 251, 253), (232, 238, 245))
    accent = canvas.chance.choice(((38, 110, 160), (30, 132, 110), (150, 74, 120)))
    for row in range(6):
        canvas.line([(0.08, 0.14 + row * 0.144), (0.95, 0.14 + row * 0.144)], (206, 214, 224), 0.003)
    heights, level = [], 0.25
    for step in range(14):
        level = min(0.92, max(0.12, level + canvas.chance.uniform(-0.07, 0.13)))
        heights.append(level)
        left = 0.1 + step * 0.06
        canvas.box(left, 0.86 - level * 0.7, left + 0.04, 0.86, _mixed((222, 232, 242), accent, 0.35 + step / 22))
    line = [(0.12 + step * 0.06, 0.82 - high * 0.72) for step, high in enumerate(heights)]
    canvas.line(line, (226, 120, 60), 0.009)
    for x, y in line:
        canvas.disc(x, y, 0.013, (226, 120, 60))
        canvas.disc(x, y, 0.006, (255, 255, 255))
    canvas.line([(0.08, 0.06), (0.08, 0.86), (0.95, 0.86)], (70, 84, 100), 0.005)


_SCENES: dict[str, Callable[[Canvas], None]] = {
    "bridge": _bridge,
    "chart": _chart,
    "fields": _fields,
    "lanterns": _lanterns,
    "mountains": _mountains,
    "night": _night,
    "sea": _sea,
    "skyline": _skyline,
    "train": _train,
    "turbines": _turbines,
}
SCENES = frozenset(_SCENES)


@lru_cache(maxsize=64)
def paint(scene: str, seed: int, width: int = 1200, height: int = 800, kind: str = "jpeg") -> bytes:
    """The picture of a scene as JPEG or PNG."""
    canvas = Canvas(width, height, seed)
    _SCENES[scene](canvas)
    image = canvas.finished()
    out = io.BytesIO()
    if kind == "png":
        image.quantize(128).save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=82)
    return out.getvalue()


@lru_cache(maxsize=8)
def emblem(side: int, background: Colour = (20, 84, 104)) -> bytes:
    """The site's sign as PNG: waves under a sun. It stands for what is no photo of the article."""
    image = Image.new("RGB", (side * 4, side * 4), background)
    pen, unit = ImageDraw.Draw(image), side * 4 / 16
    pen.ellipse((5 * unit, 3 * unit, 11 * unit, 9 * unit), fill=(250, 204, 110))
    for row, tone in enumerate(((226, 242, 246), (150, 204, 216), (84, 156, 176))):
        top = (8 + row * 2.4) * unit
        for part in range(-1, 9):
            pen.ellipse(
                ((part * 2 + row % 2) * unit, top, (part * 2 + 2 + row % 2) * unit, top + 3 * unit), fill=tone
            )
    pen.rectangle((0, 14.2 * unit, side * 4, side * 4), fill=background)
    out = io.BytesIO()
    image.reduce(4).save(out, "PNG")
    return out.getvalue()
