"""Officers may write that the register of requests was exported, and runs that a version is gone."""

from __future__ import annotations

from alembic import op

from afschrift.register.database.guards import make_guards

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the guard on the types of events again."""
    make_guards(op.get_bind(), {"event_in_order"})
