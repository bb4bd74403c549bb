"""A delivery is recorded before it is sent, with its encryption, its words and what becomes of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from afschrift.register.database.guards import make_guards

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_CODE, _INSTANT, _SHA256 = sa.String(64), sa.String(32), sa.String(64)


def upgrade() -> None:
    """Add the columns: every delivery so far arrived, and none was encrypted."""
    with op.batch_alter_table("delivery") as table:
        table.drop_constraint("uq_delivery_request_id_sha256_uri", type_="unique")
        table.alter_column("uri", existing_type=sa.Text(), nullable=True)
        table.alter_column("delivered_at", existing_type=_INSTANT, nullable=True)
        table.add_column(sa.Column("state", _CODE, nullable=False, server_default="arrived"))
        table.add_column(sa.Column("key", _SHA256))
        table.add_column(sa.Column("name", sa.Text()))
        table.add_column(sa.Column("encryption", _CODE, nullable=False, server_default="none"))
        table.add_column(sa.Column("begun_at", _INSTANT))
        table.add_column(sa.Column("arrived", sa.LargeBinary()))
        table.create_unique_constraint("uq_delivery_key", ["key"])
    op.create_index("ix_delivery_request_id", "delivery", ["request_id"])
    make_guards(op.get_bind(), {"event_in_order"})
