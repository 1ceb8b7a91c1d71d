"""What came after the first release."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new, keeping every row."""
