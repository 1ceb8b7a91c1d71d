"""Our own feeds: their ids for life, and which of them must be written again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.store.tables import feeds


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
    """Give each category its feed. An id is made once and survives a change of `base_url`."""
    for slug in slugs:
        tag = f"tag:{host},{now.year}:feeds/{slug}"
        values = {
            "slug": slug,
            "tag": tag,
            "created_at": now.replace(microsecond=0),
            "changed": 1,
            "published": 0,
        }
        connection.execute(insert(feeds).values(values).on_conflict_do_nothing())


def all_feeds(connection: Connection) -> list[FeedState]:
    """Every feed there ever was, by slug."""
    return [FeedState(**row) for row in connection.execute(select(feeds).order_by(feeds.c.slug)).mappings()]


def mark_changed(connection: Connection, slugs: Iterable[str]) -> None:
    """Say that entries of these categories changed."""
    here = feeds.c.slug.in_(set(slugs))
    connection.execute(feeds.update().where(here).values(changed=feeds.c.changed + 1))


def changed_feeds(connection: Connection) -> list[FeedState]:
    """The feeds whose document is not what their entries say."""
    query = select(feeds).where(feeds.c.changed > feeds.c.published).order_by(feeds.c.slug)
    return [FeedState(**row) for row in connection.execute(query).mappings()]


def feed_published(connection: Connection, slug: str, changed: int) -> None:
    """Say that a feed was written as it was at that count."""
    connection.execute(feeds.update().where(feeds.c.slug == slug).values(published=changed))
