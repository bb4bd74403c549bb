"""What an officer asks the sources before an identity is confirmed (docs/gates.md)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "look_up",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("served_at", sa.String(32)),
        sa.Column("ciphertext", sa.LargeBinary()),
        sa.Column("ended_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_look_up"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_look_up_request_id"),
    )
    op.create_index("ix_look_up_request_id", "look_up", ["request_id"])
    one_going = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_look_up_going",
        "look_up",
        ["request_id"],
        unique=True,
        sqlite_where=one_going,
        postgresql_where=one_going,
    )
