"""Documents of the case file in parts, so that a large one is never whole in memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; a document that stands in `message` alone keeps its meaning."""
    op.create_table(
        "message_part",
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "number", name="pk_message_part"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_message_part_message_id"),
    )


def downgrade() -> None:
    """Drop it, and of large documents all but their first part."""
    op.drop_table("message_part")
