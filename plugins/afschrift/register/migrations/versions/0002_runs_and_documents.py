"""Runs of requests, so that two do not work at once; documents in the case file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_NAME = sa.String(255)
_INSTANT = sa.String(32)
_DOCUMENT = (("label", sa.LargeBinary()), ("media_type", _NAME))


def upgrade() -> None:
    """Add the table and the columns; what stands in `message` keeps its meaning."""
    op.create_table(
        "run",
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("run_id", _NAME, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("seen_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.Column("outcome", _CODE),
        sa.PrimaryKeyConstraint("request_id", "run_id", name="pk_run"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_run_request_id"),
    )
    still_going = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_run_going",
        "run",
        ["request_id"],
        unique=True,
        sqlite_where=still_going,
        postgresql_where=still_going,
    )
    for name, type_ in _DOCUMENT:
        op.add_column("message", sa.Column(name, type_))


def downgrade() -> None:
    """Drop them, and the names of documents with them."""
    for name, _ in _DOCUMENT:
        op.drop_column("message", name)
    op.drop_table("run")
