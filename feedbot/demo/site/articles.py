"""The articles: what each of them says."""

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any

SECTIONS = ("Policies", "Society", "Sci-Tech")
FILES = ("policies", "society", "sci-tech")
_FIRST_NUMBER = 301_200


@dataclass(frozen=True, slots=True)
class Picture:
    """One photo of an article: its path, its caption, and the scene that is drawn."""

    path: str
    caption: str
    scene: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Article:
    """One article, as it is meant. `related_inside`: its Related Contents stand inside the body's box;
    `inline_photo`: the second photo stands between the paragraphs; `with_time`: its date has a time.
    """

    number: int
    section: str
    title: str
    author: str
    email: str
    credit: str
    paragraphs: tuple[str, ...]
    pictures: tuple[Picture, ...]
    published: datetime
    inline_photo: bool = False
    related_inside: bool = False
    with_time: bool = False

    @property
    def slug(self) -> str:
        """The section as it stands in addresses."""
        return self.section.lower()

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/NewsFocus/{self.slug}/view?articleId={self.number}"

    @property
    def summary(self) -> str:
        """What the RSS says of it."""
        return self.paragraphs[0]


@cache
def _written() -> tuple[dict[str, Any], ...]:
    """What was written, the sections taking turns."""
    shelves = []
    for name in FILES:
        text = files("feedbot.demo.site").joinpath(f"articles/{name}.toml").read_text(encoding="utf-8")
        data = tomllib.loads(text)
        shelves.append([{"section": data["section"], **one} for one in data["article"]])
    mixed = [one for turn in zip_longest(*shelves) for one in turn if one]
    return tuple(mixed)


def article(index: int, published: datetime) -> Article:
    """The article of that place in the queue, for ever: after the last written one they come again as
    follow-ups with a number.
    """
    written = _written()
    round_, place = divmod(index, len(written))
    told = written[place]
    number = _FIRST_NUMBER + 7 * index
    suffix = ".png" if told.get("format") == "PNG" else ".jpg"
    size = (2000, 400) if told.get("wide") else (1200, 800)
    pictures = tuple(
        Picture(f"/upload/content/image/{number}_{at}{suffix}", caption, f"{told['scene']}-{at}", size)
        for at, caption in enumerate(told["captions"], start=1)
    )
    made = Article(
        number=number,
        section=told["section"],
        title=told["title"],
        author=told["author"],
        email=told["email"],
        credit=told.get("credit", ""),
        paragraphs=tuple(told["paragraphs"]),
        pictures=pictures,
        published=published,
        inline_photo=told.get("inline_photo", False),
        related_inside=told.get("related_inside", False),
        with_time=index % 3 == 1,
    )
    return replace(made, title=f"{made.title} ({round_ + 1})") if round_ else made


def backlog_date(index: int, first: int, now: datetime) -> datetime:
    """The dates of what is there at the start: a day apart, the newest today."""
    return now - timedelta(days=first - 1 - index)
