"""The oldest register that is upgraded. A new one is made from the tables, without a migration."""

from __future__ import annotations

revision = "0012"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing."""
