"""The tables. Times are UTC, in milliseconds since 1970; records are JSON of the nouns."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Time(TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else (value - EPOCH) // MILLISECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else EPOCH + value * MILLISECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False, default=False),
)

source_states = Table(
    "source_states",
    metadata,
    Column("source_id", Text, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("next_poll", Time),
    Column("stopped", Text),
    Column("validators_url", Text),
    Column("etag", LargeBinary),
    Column("last_modified", LargeBinary),
    Column("last_success", Time),
    Column("memory", Text, nullable=False),
    Column("pieces", Text),
    Column("health", Text),
    Index(None, "next_poll"),
)

entries = Table(
    "entries",
    metadata,
    _key(),
    Column("source_id", Text, ForeignKey("sources.id"), nullable=False),
    Column("tag", Text, nullable=False, unique=True),
    Column("story", Text, nullable=False),
    Column("first_key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("announce", Text, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("first_seen", Time, nullable=False),
    Column("sort_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("page_due", Time),
    Column("page_failures", Integer, nullable=False, default=0),
    Column("page_error", Text),
    Column("page_validators_url", Text),
    Column("page_etag", LargeBinary),
    Column("page_last_modified", LargeBinary),
    Column("page_hash", Text),
    Column("updates", Integer, nullable=False, default=0),
    Column("record", Text, nullable=False),
    Column("missing_since", Time),
    Column("retracted_at", Time),
    Column("tombstone_at", Time),
    # Whether our feeds know it as it is now. Who changes an entry says False.
    Column("listed", Boolean, nullable=False, default=False, server_default=text("0")),
    Index("ix_entries_listed", "id", sqlite_where=text("listed = 0")),
    Index(None, "source_id", "sort_at"),
    Index(None, "story"),
    Index(None, "updated_at"),
    Index("ix_entries_page_due", "page_due", sqlite_where=text("page_due IS NOT NULL")),
    Index("ix_entries_retracted_at", "retracted_at", sqlite_where=text("retracted_at IS NOT NULL")),
)

entry_keys = Table(
    "entry_keys",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # NULL: the entry was deleted here, and does not come back while the source still lists it.
    Column("entry_id", Integer, ForeignKey("entries.id", ondelete="SET NULL"), index=True),
)

entry_categories = Table(
    "entry_categories",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("entry_id", Integer, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_at", Time, nullable=False),
    Index(None, "slug", "sort_at"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("tag", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("published", Integer, nullable=False),
    Column("source_id", Text),
    # The last serial that an entry of it got, the last that lies in an archive, how many archives.
    Column("serial", Integer, nullable=False, default=0, server_default=text("0")),
    Column("archived", Integer, nullable=False, default=0, server_default=text("0")),
    Column("archives", Integer, nullable=False, default=0, server_default=text("0")),
)

# What a feed of ours holds. An entry gets a new serial when it comes in and when it changes.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("entry_id", Integer, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("serial", Integer, nullable=False),
    Column("updates", Integer, nullable=False),
    Column("sort_at", Time, nullable=False),
    Column("retracted_at", Time),
    Column("shown", Boolean, nullable=False, default=False),
    Index(None, "feed", "serial"),
    Index(None, "feed", "sort_at"),
    Index(
        "ix_feed_entries_retracted_at", "feed", "retracted_at", sqlite_where=text("retracted_at IS NOT NULL")
    ),
    Index("ix_feed_entries_shown", "feed", sqlite_where=text("shown = 1")),
)

# An entry as it stands in our documents, until it changes or what it is rendered with does.
fragments = Table(
    "fragments",
    metadata,
    Column("entry_id", Integer, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("content", Text, primary_key=True),
    Column("made_with", Text, nullable=False),
    Column("updated", Time, nullable=False),
    Column("atom", LargeBinary, nullable=False),
    Column("rss", LargeBinary, nullable=False),
    Column("json", LargeBinary, nullable=False),
)

archives = Table(
    "archives",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("gzip", LargeBinary, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("chat", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("since", Time, nullable=False),
    Column("blocked_until", Time),
)

topics = Table(  # forum topics that take no messages; without a time they are not tried again
    "topics",
    metadata,
    Column("chat", Text, primary_key=True),
    Column("topic", Integer, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Time, nullable=False),
    Column("blocked_until", Time),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _key(),
    Column("chat", Text, nullable=False),
    Column("topic", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("paused", Boolean, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("style", Text, nullable=False),
    Column("silent", Boolean, nullable=False),
    Column("language", Text),
    Column("on_unknown", Text, nullable=False),
    Column("max_age", Integer),
    Column("template", Text, nullable=False, default="", server_default=text("''")),
    # The ids of the sources that are not wanted, as JSON.
    Column("muted", Text, nullable=False, default="[]", server_default=text("'[]'")),
    # The chat as it was written where its number is another: a @name, or a group's number before it migrated.
    Column("name", Text),
    UniqueConstraint("chat", "topic", "category"),
    Index(None, "category"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _key(),
    Column("story", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("topic", Integer, nullable=False),
    Column("entry_id", Integer, ForeignKey("entries.id"), nullable=False, index=True),
    Column("subscription_id", Integer, ForeignKey("subscriptions.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("sort_at", Time, nullable=False),
    Column("due_at", Time, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Text),
    Column("claimed_at", Time),
    Column("sent_at", Time),
    Column("message_id", BigInteger),
    Column("error", Text),
    # What was sent, and with which photo, the other numbers of an album, and a hash of what it says; how
    # often and when it was edited, and when it is to be.
    Column("kind", Text),
    Column("photo", Text),
    Column("album", Text),
    Column("composed", Text),
    Column("edits", Integer, nullable=False, default=0, server_default=text("0")),
    Column("edited_at", Time),
    Column("edit_due", Time),
    # How many entries one line tells of that are not sent one by one; 0: it is an entry's own message.
    Column("more", Integer, nullable=False, default=0, server_default=text("0")),
    # The last message number that was probed for it.
    Column("probed", BigInteger),
    # How often Telegram itself failed over it, and since when it lets the others of its chat go first.
    Column("refusals", Integer),
    Column("aside_since", Time),
    UniqueConstraint("story", "chat", "topic"),
    Index(
        "ix_deliveries_waiting",
        "chat",
        "sort_at",
        "entry_id",
        sqlite_where=text("state IN ('pending', 'unknown')"),
    ),
    Index("ix_deliveries_sent_at", "chat", "sent_at", sqlite_where=text("state = 'sent'")),
    Index("ix_deliveries_sending", "state", sqlite_where=text("state = 'sending'")),
    Index("ix_deliveries_edit_due", "chat", "edit_due", sqlite_where=text("edit_due IS NOT NULL")),
)

photos = Table(
    "photos",
    metadata,
    Column("url", Text, primary_key=True),
    Column("hash", Text),
    Column("type", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("length", Integer),
    Column("fetched_at", Time, nullable=False),
    Column("error", Text),
)

uploads = Table(
    "uploads",
    metadata,
    Column("bot", Text, primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("file_id", Text, nullable=False),
)

bots = Table(
    "bots",
    metadata,
    Column("bot", Text, primary_key=True),
    Column("next_update", BigInteger, nullable=False),
)

websub_topics = Table(  # the documents that we publish, as they were last told of
    "websub_topics",
    metadata,
    Column("path", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("ping_due", Time),
    Column("ping_failures", Integer, nullable=False, default=0),
    Column("ping_error", Text),
    Index("ix_websub_topics_ping_due", "ping_due", sqlite_where=text("ping_due IS NOT NULL")),
)

websub_requests = Table(  # what our hub was asked, and has not verified yet
    "websub_requests",
    metadata,
    _key(),
    Column("callback", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("subscribe", Boolean, nullable=False),
    Column("lease_seconds", Integer, nullable=False),
    Column("secret", Text),
    Column("due_at", Time, nullable=False),
    UniqueConstraint("callback", "path"),
    Index(None, "host"),
    Index(None, "due_at"),
)

websub_subscribers = Table(  # whom our hub pushes to; `sent` is the digest of the body that was taken last
    "websub_subscribers",
    metadata,
    _key(),
    Column("callback", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("secret", Text),
    Column("lease_until", Time, nullable=False),
    Column("sent", Text),
    Column("due_at", Time),
    Column("failures", Integer, nullable=False, default=0),
    Column("failing_since", Time),
    Column("error", Text),
    UniqueConstraint("callback", "path"),
    Index(None, "path"),
    Index(None, "host"),
    Index("ix_websub_subscribers_due_at", "due_at", sqlite_where=text("due_at IS NOT NULL")),
)

websub_sources = Table(  # what we ask the hubs of sources; `asked_until`: as long a verification is awaited
    "websub_sources",
    metadata,
    Column("token", Text, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("callback", Text),
    Column("wanted", Boolean, nullable=False),
    Column("due_at", Time),
    Column("asked_until", Time),
    Column("lease_until", Time),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("hint_due", Time),
    Column("pushed_at", Time),
    Index(None, "source_id"),
    Index(None, "due_at"),
    Index("ix_websub_sources_hint_due", "hint_due", sqlite_where=text("hint_due IS NOT NULL")),
)
