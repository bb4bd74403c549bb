"""Officers may write the events of a request that was assigned to a person."""

from __future__ import annotations

from alembic import op

from afschrift.register.database.guards import make_guards

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the guard on the types of events again."""
    make_guards(op.get_bind(), {"event_in_order"})
