"""Our own feeds: their ids for life, and which of them must be written again."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.store.prepared import Prepared, among
from feedbot.store.tables import entries, feed_entries, feeds

ALL = "all"
OF_SOURCES = "by/"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed of ours: `changed` counts what happened to its entries, `published` what of it was written.

    `source_id` is that of the feed of one source. Of its entries those up to the serial `archived` lie in its
    `archives`, which is how many there are.
    """

    slug: str
    tag: str
    created_at: datetime
    changed: int
    published: int
    source_id: str | None = None
    serial: int = 0
    archived: int = 0
    archives: int = 0


def sync_feeds(connection: Connection, slugs: Sequence[str], host: str, now: datetime) -> None:
    """Give each category its feed, and all of them together one. An id is made once and survives a change of
    `base_url`.
    """
    for slug in (*slugs, ALL):
        connection.execute(insert(feeds).values(_new(slug, host, now)).on_conflict_do_nothing())


def _new(slug: str, host: str, now: datetime) -> dict[str, object]:
    return {
        "slug": slug,
        "tag": f"tag:{host},{now.year}:feeds/{slug}",
        "created_at": now.replace(microsecond=0),
        "changed": 1,
        "published": 0,
    }


def make_feed_of_source(connection: Connection, source_id: str, host: str, now: datetime) -> str:
    """The name of a new feed for one source: its id where that may be a file's name, else what is left of it
    and a hash, so that no two share a file.
    """
    slug = OF_SOURCES + source_id
    if not _PLAIN.fullmatch(source_id):
        plain = re.sub(r"[^a-z0-9]+", "-", source_id.lower()).strip("-")[:40] or "source"
        slug = f"{OF_SOURCES}{plain}--{hashlib.sha256(source_id.encode()).hexdigest()[:12]}"
    connection.execute(insert(feeds).values(**_new(slug, host, now), source_id=source_id))
    return slug


def all_feeds(connection: Connection) -> list[FeedState]:
    """Every feed there ever was, by slug."""
    return [FeedState(**row) for row in connection.execute(select(feeds).order_by(feeds.c.slug)).mappings()]


def get_feed(connection: Connection, slug: str) -> FeedState | None:
    """One feed."""
    row = connection.execute(select(feeds).where(feeds.c.slug == slug)).mappings().first()
    return FeedState(**row) if row else None


_MARK = Prepared(feeds.update().where(among(feeds.c.slug, "slugs")).values(changed=feeds.c.changed + 1))


def mark_changed(connection: Connection, slugs: Iterable[str]) -> None:
    """Say that entries of these feeds changed."""
    _MARK.run(connection, {"slugs": sorted(set(slugs))})


def mark_all_changed(connection: Connection) -> None:
    """Say that no document may be what its entries say, as what renders them may have changed."""
    connection.execute(feeds.update().values(changed=feeds.c.changed + 1))


def mark_feeds_of(connection: Connection, rows: Sequence[int]) -> None:
    """Say that the feeds of these entries, which are about to be deleted, change; who tells a story of theirs
    may take their place.
    """
    holding = select(feed_entries.c.feed).where(feed_entries.c.entry_id.in_(rows))
    connection.execute(feeds.update().where(feeds.c.slug.in_(holding)).values(changed=feeds.c.changed + 1))
    stories = select(entries.c.story).where(entries.c.id.in_(rows))
    connection.execute(entries.update().where(entries.c.story.in_(stories)).values(listed=False))


def changed_feeds(connection: Connection) -> list[FeedState]:
    """The feeds whose document is not what their entries say."""
    query = select(feeds).where(feeds.c.changed > feeds.c.published).order_by(feeds.c.slug)
    return [FeedState(**row) for row in connection.execute(query).mappings()]


def feed_published(connection: Connection, slug: str, changed: int) -> None:
    """Say that a feed was written as it was at that count."""
    connection.execute(feeds.update().where(feeds.c.slug == slug).values(published=changed))
