"""The name that a subscription's chat was given, where its number is another."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new, keeping every row."""
    op.add_column("subscriptions", sa.Column("name", sa.Text(), nullable=True))
