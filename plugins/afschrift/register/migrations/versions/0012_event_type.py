"""The last event of a type is found by an index, however long the trail is."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_event_type_seq", "event", ["type", "seq"])
