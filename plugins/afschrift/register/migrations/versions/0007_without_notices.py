"""Drop the table of notices, which nothing ever wrote: `letter` came in its place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_NAME = sa.String(255)
_INSTANT = sa.String(32)


def upgrade() -> None:
    """Drop it."""
    op.drop_table("notice")


def downgrade() -> None:
    """Make it again, empty, as the first revision did."""
    op.create_table(
        "notice",
        sa.Column("id", _ID, nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary()),
        sa.Column("due_at", _INSTANT),
        sa.Column("produced_at", _INSTANT, nullable=False),
        sa.Column("sent_at", _INSTANT),
        sa.Column("bounced_at", _INSTANT),
        sa.Column("channel", _CODE),
        sa.Column("by", _NAME),
        sa.Column("proof", _NAME),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_notice_request_id"),
    )
    op.create_index("ix_notice_request_id", "notice", ["request_id"])
