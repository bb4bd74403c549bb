"""Checks may write the events of what a portal says, and officers those of its link."""

from __future__ import annotations

from alembic import op

from afschrift.register.database.guards import make_guards

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the guard on the types of events again."""
    make_guards(op.get_bind(), {"event_in_order"})
