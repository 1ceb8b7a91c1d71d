"""An entry rendered once for all formats, and documents made of heads and such fragments. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedbot.model import Fragment, StoredEntry
from feedbot.publish import atom, jsonfeed, rss
from feedbot.publish.article import article_html
from feedbot.publish.feed import FeedHead, House, Origin, updated_of
from feedbot.publish.plain import web_uri

RENDERER = 1  # one more whenever an entry is rendered otherwise than before
FULL, SUMMARY = "full", "summary"
LOST_FOR = timedelta(days=30)  # so long a retracted entry keeps its tombstone


@dataclass(frozen=True, slots=True)
class Documents:
    """The live documents of a feed."""

    atom: bytes
    rss: bytes
    json: bytes


def made_with(house: House, origin: Origin | None) -> str:
    """A short name of everything beside the entry that its rendering depends on."""
    told = (
        RENDERER,
        house.base_url,
        house.site_title,
        house.language,
        sorted(house.categories.items()),
        origin,
    )
    return hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:24]


def render(stored: StoredEntry, house: House, origin: Origin | None, content: str) -> Fragment:
    """The entry in all formats, with its article if `content` is "full"."""
    html = article_html(stored.entry) if content == FULL else None
    url = web_uri(stored.entry.url) or f"{house.base_url}/e/{stored.row}"
    return Fragment(
        made_with=made_with(house, origin),
        updated=updated_of(stored),
        atom=atom.atom_entry(stored, house, origin, url, html),
        rss=rss.rss_item(stored, house, origin, url, html),
        json=jsonfeed.json_item(stored, house, origin, url, html),
    )


def documents(
    head: FeedHead, fragments: Sequence[Fragment], lost: Iterable[tuple[str, datetime]] = ()
) -> Documents:
    """The live documents of these entries, newest first.

    A feed counts as updated when its newest change was, a loss included; an empty one, when it was made.
    """
    lost = list(lost)
    moments = [*(fragment.updated for fragment in fragments), *(when for _, when in lost)]
    updated = max(moments, default=head.created_at)
    recent = [one for one in lost if one[1] > updated - LOST_FOR]
    return Documents(
        atom=b"".join((atom.atom_head(head, updated, recent), *(one.atom for one in fragments), atom.END)),
        rss=b"".join((rss.rss_head(head, updated), *(one.rss for one in fragments), rss.END)),
        json=b"".join(_listed(jsonfeed.json_head(head, updated), fragments)),
    )


def _listed(start: bytes, fragments: Iterable[Fragment]) -> Iterator[bytes]:
    """The parts of the JSON document: joined once, as each copy of a large one costs as much as all else."""
    yield start
    for number, one in enumerate(fragments):
        if number:
            yield b","
        yield one.json
    yield jsonfeed.END


def archive(head: FeedHead, number: int, fragments: Sequence[Fragment], *, is_last: bool) -> bytes:
    """The archive of that number, its entries newest first. `is_last`: no later one is known yet, and as its
    bytes never change it will never name one; who reads on goes by `current`.
    """
    head = replace(head, archive=number, archives=number if is_last else number + 1)
    updated = max(one.updated for one in fragments)
    return b"".join((atom.atom_head(head, updated), *(one.atom for one in fragments), atom.END))


def content_of(slugs: Iterable[str], house: House, wanted: str, *, is_category: bool) -> str:
    """Whether an entry goes out whole: as its category says. A feed of several takes an entry whole where the
    operator wants that in general and for one of its categories.
    """
    if is_category:
        return wanted
    told = [house.categories[slug].content for slug in slugs if slug in house.categories]
    return FULL if wanted == FULL and (FULL in told or not told) else SUMMARY
