"""Letters to the person with what became of them; their texts stand in the case file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_NAME = sa.String(255)
_INSTANT = sa.String(32)
_DAY = sa.String(10)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "letter",
        sa.Column("id", _ID, nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("fact_id", _ID),
        sa.Column("recipient", sa.LargeBinary()),
        sa.Column("same_as", sa.String(64), nullable=False),
        sa.Column("produced_at", _INSTANT, nullable=False),
        sa.Column("produced_by", _NAME, nullable=False),
        sa.Column("claimed_at", _INSTANT),
        sa.Column("sent_on", _DAY),
        sa.Column("sent_at", _INSTANT),
        sa.Column("sent_by", _NAME),
        sa.Column("channel", _CODE),
        sa.Column("proof_id", _ID),
        sa.Column("bounced_on", _DAY),
        sa.Column("bounce", _CODE),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_letter_request_id"),
        sa.ForeignKeyConstraint(["document_id"], ["message.id"], name="fk_letter_document_id"),
        sa.ForeignKeyConstraint(["proof_id"], ["message.id"], name="fk_letter_proof_id"),
    )
    op.create_index("ix_letter_request_id", "letter", ["request_id"])


def downgrade() -> None:
    """Drop it; the trail and the case file still tell of the letters."""
    op.drop_table("letter")
