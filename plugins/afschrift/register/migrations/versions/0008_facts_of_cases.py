"""What happened to a case as a whole, such as a right that is not ours: appended, never altered."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.String(32)
_COLUMNS = (
    sa.Column("id", _ID, nullable=False),
    sa.Column("case_id", _ID, nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("about", _ID),
    sa.Column("detail", sa.JSON(), nullable=False),
)
_REFUSAL = "facts of cases are append-only"


def upgrade() -> None:
    """Add the table with what the trail tells of such facts, then its guards."""
    op.create_table(
        "case_fact",
        *_COLUMNS,
        sa.PrimaryKeyConstraint("id", name="pk_case_fact"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_fact_case_id"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_fact_case_id_number"),
    )
    _refill()
    if op.get_bind().dialect.name == "sqlite":
        taken = (  # REPLACE deletes without a trigger
            "EXISTS (SELECT 1 FROM case_fact WHERE id = NEW.id "
            "OR case_id = NEW.case_id AND number = NEW.number)"
        )
        for name, when in (
            ("case_fact_no_replace", f"INSERT ON case_fact WHEN {taken}"),
            ("case_fact_no_update", "UPDATE ON case_fact"),
            ("case_fact_no_delete", "DELETE ON case_fact"),
        ):
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
        return
    op.execute(
        "CREATE FUNCTION afschrift_case_fact_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for name, when in (
        ("case_fact_no_change", "BEFORE UPDATE OR DELETE ON case_fact FOR EACH ROW"),
        ("case_fact_no_truncate", "BEFORE TRUNCATE ON case_fact FOR EACH STATEMENT"),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION afschrift_case_fact_refuse()")


def downgrade() -> None:
    """Drop the table; the trail still tells its facts. What was set aside is closed as withdrawn."""
    op.drop_table("case_fact")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION afschrift_case_fact_refuse()")
    op.execute("UPDATE request SET state = 'withdrawn' WHERE state = 'not_received'")


def _refill() -> None:
    """Fill the table from the events, so that a way down and up again loses nothing."""
    told = sa.text(
        "SELECT event.actor, payload FROM event JOIN event_payload ON event_payload.seq = event.seq "
        "WHERE type LIKE 'case_fact!_%' ESCAPE '!' AND payload IS NOT NULL ORDER BY event.seq"
    )
    table = sa.table("case_fact", *(sa.column(column.name, column.type) for column in _COLUMNS))
    for actor, payload in op.get_bind().execute(told).all():
        fact = json.loads(payload)["fact"]
        row = {column.name: fact.get(column.name) for column in _COLUMNS}
        op.execute(table.insert().values(**{**row, "by": actor}))
    states = sa.text(
        "SELECT event.request FROM event WHERE type = 'fact_not_received' AND request IS NOT NULL"
    )
    for one in op.get_bind().scalars(states).all():
        again = sa.text("UPDATE request SET state = 'not_received' WHERE id = :id AND state = 'withdrawn'")
        op.execute(again.bindparams(id=one))
