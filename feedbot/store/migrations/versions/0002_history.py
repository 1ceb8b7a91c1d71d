"""What came after the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new, keeping every row."""
    _retractions()


def _retractions() -> None:
    """What tells that a source took an entry back."""
    for name in ("missing_since", "retracted_at", "tombstone_at"):
        op.add_column("entries", sa.Column(name, sa.BigInteger(), nullable=True))
    is_retracted = sa.text("retracted_at IS NOT NULL")
    op.create_index("ix_entries_retracted_at", "entries", ["retracted_at"], sqlite_where=is_retracted)
