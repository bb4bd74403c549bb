"""An event is the next of the trail, and of a type that the log-in's part of the software writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from afschrift.register.database.guards import make_guards

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_GUARDS = {
    *("event_in_order", "event_payload_of_event", "event_code_of_event"),
    *("fact_no_delete", "case_fact_no_delete", "case_fact_no_update"),
}


def upgrade() -> None:
    """Make the guards, and the table of rows that were set aside, which may leave append-only tables."""
    op.create_table(
        "aside",
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("row_id", sa.String(64), nullable=False),
        sa.Column("seq", _COUNTER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_id", "seq", name="pk_aside"),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_aside_seq"),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER case_fact_no_change ON case_fact")
    make_guards(op.get_bind(), _GUARDS)
