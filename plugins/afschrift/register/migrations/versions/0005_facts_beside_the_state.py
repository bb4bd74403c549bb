"""Facts beside the state, which the clock reads: appended, never altered. They stand in the trail too."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_INSTANT = sa.String(32)
_COLUMNS = (
    sa.Column("id", _ID, nullable=False),
    sa.Column("request_id", _ID, nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("kind", _CODE, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("day", sa.String(10)),
    sa.Column("instant", _INSTANT),
    sa.Column("about", _ID),
    sa.Column("letter", _ID),
    sa.Column("channel", _CODE),
    sa.Column("proof", sa.String(255)),
    sa.Column("other", _ID),
    sa.Column("text", _ID),
    sa.Column("detail", sa.JSON(), nullable=False),
)

_REFUSAL = "facts are append-only"


def upgrade() -> None:
    """Add the table with what the trail tells of facts, then its guards."""
    op.create_table(
        "fact",
        *_COLUMNS,
        sa.PrimaryKeyConstraint("id", name="pk_fact"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_fact_request_id"),
        sa.UniqueConstraint("request_id", "number", name="uq_fact_request_id_number"),
    )
    _refill()
    if op.get_bind().dialect.name == "sqlite":
        taken = (  # REPLACE deletes without a trigger
            "EXISTS (SELECT 1 FROM fact WHERE id = NEW.id "
            "OR request_id = NEW.request_id AND number = NEW.number)"
        )
        for name, when in (
            ("fact_no_replace", f"INSERT ON fact WHEN {taken}"),
            ("fact_no_update", "UPDATE ON fact"),
            ("fact_no_delete", "DELETE ON fact"),
        ):
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
        return
    op.execute(
        "CREATE FUNCTION afschrift_fact_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for name, when in (
        ("fact_no_change", "BEFORE UPDATE OR DELETE ON fact FOR EACH ROW"),
        ("fact_no_truncate", "BEFORE TRUNCATE ON fact FOR EACH STATEMENT"),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION afschrift_fact_refuse()")


def downgrade() -> None:
    """Drop the table; the trail still tells its facts. A merged request is closed as withdrawn meanwhile."""
    op.drop_table("fact")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION afschrift_fact_refuse()")
    op.execute("UPDATE request SET state = 'withdrawn' WHERE state = 'merged'")


def _refill() -> None:
    """Fill the table from the events, so that a way down and up again loses nothing."""
    told = sa.text(
        "SELECT event.request, event.actor, payload FROM event "
        "JOIN event_payload ON event_payload.seq = event.seq "
        "WHERE type LIKE 'fact!_%' ESCAPE '!' AND payload IS NOT NULL ORDER BY event.seq"
    )
    table = sa.table("fact", *(sa.column(column.name, column.type) for column in _COLUMNS))
    for request, actor, payload in op.get_bind().execute(told).all():
        facts = json.loads(payload)["fact"]
        names = {column.name for column in _COLUMNS} - {"request_id", "by", "at"}
        row = {name: facts.get(name) for name in names}
        op.execute(table.insert().values(**row, request_id=request, by=actor, at=facts["at"]))
        if facts["kind"] == "merged":
            merged = sa.text("UPDATE request SET state = 'merged' WHERE id = :id AND state = 'withdrawn'")
            op.execute(merged.bindparams(id=request))
