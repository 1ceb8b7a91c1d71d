"""What came after the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new, keeping every row."""
    _retractions()
    _websub()
    _publishing()
    _delivery()


def _retractions() -> None:
    """What tells that a source took an entry back."""
    for name in ("missing_since", "retracted_at", "tombstone_at"):
        op.add_column("entries", sa.Column(name, sa.BigInteger(), nullable=True))
    is_retracted = sa.text("retracted_at IS NOT NULL")
    op.create_index("ix_entries_retracted_at", "entries", ["retracted_at"], sqlite_where=is_retracted)


def _websub() -> None:
    """Our hub and its subscribers, what the operator's hub is told, and what hubs of sources are asked."""
    op.create_table(
        "websub_topics",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("ping_due", sa.BigInteger(), nullable=True),
        sa.Column("ping_failures", sa.Integer(), nullable=False),
        sa.Column("ping_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_websub_topics")),
    )
    is_due = sa.text("ping_due IS NOT NULL")
    op.create_index("ix_websub_topics_ping_due", "websub_topics", ["ping_due"], sqlite_where=is_due)
    op.create_table(
        "websub_requests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("subscribe", sa.Boolean(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_websub_requests")),
        sa.UniqueConstraint("callback", "path", name=op.f("uq_websub_requests_callback_path")),
    )
    op.create_index(op.f("ix_websub_requests_host"), "websub_requests", ["host"])
    op.create_index(op.f("ix_websub_requests_due_at"), "websub_requests", ["due_at"])
    op.create_table(
        "websub_subscribers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_websub_subscribers")),
        sa.UniqueConstraint("callback", "path", name=op.f("uq_websub_subscribers_callback_path")),
    )
    op.create_index(op.f("ix_websub_subscribers_path"), "websub_subscribers", ["path"])
    op.create_index(op.f("ix_websub_subscribers_host"), "websub_subscribers", ["host"])
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_websub_subscribers_due_at", "websub_subscribers", ["due_at"], sqlite_where=is_due)
    op.create_table(
        "websub_sources",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("hint_due", sa.BigInteger(), nullable=True),
        sa.Column("pushed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_websub_sources")),
    )
    op.create_index(op.f("ix_websub_sources_source_id"), "websub_sources", ["source_id"])
    op.create_index(op.f("ix_websub_sources_due_at"), "websub_sources", ["due_at"])
    is_due = sa.text("hint_due IS NOT NULL")
    op.create_index("ix_websub_sources_hint_due", "websub_sources", ["hint_due"], sqlite_where=is_due)


def _publishing() -> None:
    """What our feeds hold, entries as they were rendered, and the archives of feeds."""
    # Every entry is put on its shelves anew, so that feeds of all there was can be written.
    op.add_column("entries", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_entries_listed", "entries", ["id"], sqlite_where=sa.text("listed = 0"))
    op.create_index(op.f("ix_entries_updated_at"), "entries", ["updated_at"])
    op.add_column("feeds", sa.Column("source_id", sa.Text(), nullable=True))
    for name in ("serial", "archived", "archives"):
        op.add_column("feeds", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "feed_entries",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.Column("retracted_at", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_feed_entries_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed", "entry_id", name=op.f("pk_feed_entries")),
    )
    op.create_index(op.f("ix_feed_entries_entry_id"), "feed_entries", ["entry_id"])
    op.create_index(op.f("ix_feed_entries_feed_serial"), "feed_entries", ["feed", "serial"])
    op.create_index(op.f("ix_feed_entries_feed_sort_at"), "feed_entries", ["feed", "sort_at"])
    is_lost = sa.text("retracted_at IS NOT NULL")
    op.create_index(
        "ix_feed_entries_retracted_at", "feed_entries", ["feed", "retracted_at"], sqlite_where=is_lost
    )
    op.create_index("ix_feed_entries_shown", "feed_entries", ["feed"], sqlite_where=sa.text("shown = 1"))
    op.create_table(
        "fragments",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_with", sa.Text(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("atom", sa.LargeBinary(), nullable=False),
        sa.Column("rss", sa.LargeBinary(), nullable=False),
        sa.Column("json", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_fragments_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "content", name=op.f("pk_fragments")),
    )
    op.create_table(
        "archives",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("gzip", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archives")),
    )


def _delivery() -> None:
    """How messages look, what is done with those that were sent, and topics that take none."""
    for name, default in (("template", "''"), ("muted", "'[]'")):
        column = sa.Column(name, sa.Text(), nullable=False, server_default=sa.text(default))
        op.add_column("subscriptions", column)
    for name in ("edits", "more"):
        op.add_column(
            "deliveries", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
    for name in ("kind", "photo", "album", "composed"):
        op.add_column("deliveries", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("refusals", sa.Integer(), nullable=True))
    for name in ("edited_at", "edit_due", "probed", "aside_since"):
        op.add_column("deliveries", sa.Column(name, sa.BigInteger(), nullable=True))
    is_due = sa.text("edit_due IS NOT NULL")
    op.create_index("ix_deliveries_edit_due", "deliveries", ["chat", "edit_due"], sqlite_where=is_due)
    op.create_table(
        "topics",
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("chat", "topic", name=op.f("pk_topics")),
    )
