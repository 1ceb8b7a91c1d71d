"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "bots",
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bot", name=op.f("pk_bots")),
    )
    op.create_table(
        "chats",
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("chat", name=op.f("pk_chats")),
    )
    op.create_table(
        "feeds",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_feeds")),
    )
    op.create_table(
        "photos",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_photos")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("on_unknown", sa.Text(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("chat", "topic", "category", name=op.f("uq_subscriptions_chat_topic_category")),
    )
    op.create_index(op.f("ix_subscriptions_category"), "subscriptions", ["category"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bot", "hash", name=op.f("pk_uploads")),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("first_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("announce", sa.Text(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("page_due", sa.BigInteger(), nullable=True),
        sa.Column("page_failures", sa.Integer(), nullable=False),
        sa.Column("page_error", sa.Text(), nullable=True),
        sa.Column("page_validators_url", sa.Text(), nullable=True),
        sa.Column("page_etag", sa.LargeBinary(), nullable=True),
        sa.Column("page_last_modified", sa.LargeBinary(), nullable=True),
        sa.Column("page_hash", sa.Text(), nullable=True),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_entries_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("tag", name=op.f("uq_entries_tag")),
    )
    op.create_index(
        "ix_entries_page_due",
        "entries",
        ["page_due"],
        unique=False,
        sqlite_where=sa.text("page_due IS NOT NULL"),
    )
    op.create_index(op.f("ix_entries_story"), "entries", ["story"], unique=False)
    op.create_index(op.f("ix_entries_source_id_sort_at"), "entries", ["source_id", "sort_at"], unique=False)
    op.create_table(
        "source_states",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("next_poll", sa.BigInteger(), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("validators_url", sa.Text(), nullable=True),
        sa.Column("etag", sa.LargeBinary(), nullable=True),
        sa.Column("last_modified", sa.LargeBinary(), nullable=True),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("pieces", sa.Text(), nullable=True),
        sa.Column("health", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_states_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_states")),
    )
    op.create_index(op.f("ix_source_states_next_poll"), "source_states", ["next_poll"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_deliveries_entry_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("story", "chat", "topic", name=op.f("uq_deliveries_story_chat_topic")),
    )
    op.create_index(op.f("ix_deliveries_entry_id"), "deliveries", ["entry_id"], unique=False)
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_sent_at",
        "deliveries",
        ["chat", "sent_at"],
        unique=False,
        sqlite_where=sa.text("state = 'sent'"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["chat", "sort_at", "entry_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'unknown')"),
    )
    op.create_table(
        "entry_categories",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_entry_categories_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", "entry_id", name=op.f("pk_entry_categories")),
    )
    op.create_index(
        op.f("ix_entry_categories_slug_sort_at"), "entry_categories", ["slug", "sort_at"], unique=False
    )
    op.create_table(
        "entry_keys",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_entry_keys_entry_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_entry_keys")),
    )
    op.create_index(op.f("ix_entry_keys_entry_id"), "entry_keys", ["entry_id"], unique=False)
