"""Values for tests: short to write, complete to use."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from feedbot.model import (
    Address,
    Announce,
    Author,
    Candidate,
    Category,
    Changes,
    Entry,
    Photo,
    Precision,
    Source,
    SourceState,
    StoredEntry,
    Subscription,
)
from feedbot.rules.health import Health
from feedbot.rules.normalise import digest_of
from feedbot.store import Store, entries, sources
from feedbot.store.entries import Saved

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHARED = Path(__file__).parent.parent.parent / "shared"
POLICIES = Category("policies", "Policies", "en")
SOURCE = Source("gazette", "https://gazette.example/feed", categories=("policies",))


def entry(number: int = 1, **changes: object) -> Entry:
    """The article of that number; later numbers are newer."""
    made = Entry(
        id=f"tag:feeds.example,2026:gazette/{number}",
        url=f"https://gazette.example/articles/{number}",
        title=f"Article {number}",
        summary=f"What article {number} says.",
        content_html=f"<p>What article {number} says.</p>",
        content_text=f"What article {number} says.",
        authors=(Author("Ada Byron", "ada@gazette.example"),),
        categories=("Policies",),
        language="en",
        published=NOW + timedelta(minutes=number - 60),
        published_precision=Precision.SECOND,
        updated=None,
        first_seen=NOW,
        photo=None,
        photos=(),
        enclosures=(),
        related=(),
        source_id="gazette",
        provenance={},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def with_photo(made: Entry, **facts: object) -> Entry:
    """The same article with a lead photo."""
    photo = Photo(f"{made.url}.jpg", "A caption of the photo", "Gazette Pictures")
    photo = replace(photo, **facts)  # type: ignore[arg-type]
    return replace(made, photo=photo, photos=(photo,))


def stored(made: Entry, row: int = 1, **changes: object) -> StoredEntry:
    """An entry as the store gives it."""
    known = StoredEntry(
        row=row,
        entry=made,
        story=made.url or made.id,
        slugs=("policies",),
        updated_at=made.first_seen,
        digest=digest_of(made),
        first_key="",
        ready=True,
        announce=Announce.PUSH,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def candidate(made: Entry) -> Candidate:
    """An entry as a document tells it."""
    return Candidate(made, (f"guid:{made.id}",), made.url or made.id, ("policies",), digest_of(made))


def new(*made: Entry, announce: Announce = Announce.PUSH) -> Changes:
    """Changes in which all of these are new."""
    return Changes(tuple((candidate(one), announce) for one in made))


def subscription(chat: str = "1001", category: str = "policies", **changes: object) -> Subscription:
    """A chat's subscription."""
    return replace(Subscription(0, Address(chat), category), **changes)  # type: ignore[arg-type]


def save_poll(
    store: Store, source: Source, changes: Changes, after: SourceState, now: datetime, *more: object
) -> Saved:
    """Save what a poll found that began with the memory as it is now."""
    found = store.do_now(sources.get_source, source.id)
    assert found is not None
    left = sources.Reading(Health(), *more)  # type: ignore[arg-type]
    return store.do_now(entries.save_poll, source, changes, found[1], after, now, left)


def jpeg(width: int = 800, height: int = 500, colour: str = "teal", **options: object) -> bytes:
    """A JPEG of one colour."""
    return picture("JPEG", width, height, colour, **options)


def picture(kind: str, width: int, height: int, colour: str = "teal", **options: object) -> bytes:
    """A picture of one colour."""
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind, **options)
    return out.getvalue()
