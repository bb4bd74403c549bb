"""Years of the trail can be dropped whole: a table of them, and guards that let nothing else go."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SHA256 = sa.String(64)
_COLUMNS = (
    sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
    sa.Column("register", _SHA256, nullable=False),
    sa.Column("first_seq", _COUNTER, nullable=False),
    sa.Column("last_seq", _COUNTER, nullable=False),
    sa.Column("closing", _SHA256, nullable=False),
    sa.Column("count", _COUNTER, nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("dropped_at", sa.String(32), nullable=False),
    sa.Column("previous", _SHA256, nullable=False),
    sa.Column("event_seq", _COUNTER, nullable=False),
)

_REFUSAL = "the audit trail is append-only"
_IS_DROPPED = "EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq)"
_IS_WHOLE_YEAR = (
    # Oldest first, up to the first event of a later year, which names the closing digest; and told.
    "NEW.first_seq = (SELECT min(seq) FROM event) "
    "AND (SELECT substr(at, 1, 4) FROM event WHERE seq = NEW.first_seq) = CAST(NEW.year AS text) "
    "AND NOT EXISTS (SELECT 1 FROM event WHERE seq BETWEEN NEW.first_seq AND NEW.last_seq "
    "AND substr(at, 1, 4) > CAST(NEW.year AS text)) "
    "AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.last_seq + 1 AND prev = NEW.closing "
    "AND substr(at, 1, 4) > CAST(NEW.year AS text)) "
    "AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.event_seq AND seq > NEW.last_seq "
    "AND type = 'segment_dropped')"
)


def upgrade() -> None:
    """Add the table, with what the trail tells of dropped years, and change the guards."""
    op.create_table("segment", *_COLUMNS, sa.PrimaryKeyConstraint("year", name="pk_segment"))
    _refill()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Drop the table and refuse every DELETE again; the trail still tells what was dropped."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("segment")
        for table in ("event", "event_payload"):
            op.execute(f"DROP TRIGGER {table}_no_delete")
            op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        return
    for table in ("event", "event_payload"):
        op.execute(f"DROP TRIGGER {table}_only_drop ON {table}")
    op.drop_table("segment")
    op.execute("DROP FUNCTION afschrift_only_drop")
    op.execute("DROP FUNCTION afschrift_only_whole_year")
    op.execute("DROP TRIGGER event_no_update ON event")
    op.execute(
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event FOR EACH ROW "
        "EXECUTE FUNCTION afschrift_refuse()"
    )
    op.execute(
        "CREATE TRIGGER event_payload_no_delete BEFORE DELETE ON event_payload FOR EACH ROW "
        "EXECUTE FUNCTION afschrift_refuse()"
    )


def _refill() -> None:
    """Fill the table from the events, so that a way down and up again loses nothing."""
    told = sa.text(
        "SELECT event.seq, payload FROM event JOIN event_payload ON event_payload.seq = event.seq "
        "WHERE type = 'segment_dropped' AND payload IS NOT NULL ORDER BY event.seq"
    )
    table = sa.table("segment", *(sa.column(column.name) for column in _COLUMNS))
    for seq, payload in op.get_bind().execute(told).all():
        facts = {name: value for name, value in json.loads(payload).items() if name != "format"}
        op.execute(table.insert().values(**facts, event_seq=seq))


def _guard_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for table in ("event", "event_payload"):
        op.execute(f"DROP TRIGGER {table}_no_delete")
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT {_IS_DROPPED} {refuse}"
        )
    taken = "EXISTS (SELECT 1 FROM segment WHERE year = NEW.year)"  # REPLACE deletes without a trigger
    for name, when in (
        ("segment_only_whole_year", f"INSERT ON segment WHEN {taken} OR NOT ({_IS_WHOLE_YEAR})"),
        ("segment_no_update", "UPDATE ON segment"),
        ("segment_no_delete", "DELETE ON segment"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} {refuse}")


def _guard_postgresql() -> None:
    refuse = f"RAISE EXCEPTION '{_REFUSAL}';"
    for function, allowed, row in (
        ("afschrift_only_drop", _IS_DROPPED, "OLD"),
        ("afschrift_only_whole_year", _IS_WHOLE_YEAR, "NEW"),
    ):
        op.execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {allowed} THEN RETURN {row}; END IF; {refuse} END $$"
        )
    op.execute("DROP TRIGGER event_no_change ON event")
    op.execute("DROP TRIGGER event_payload_no_delete ON event_payload")
    for name, when, function in (
        ("event_no_update", "BEFORE UPDATE ON event FOR EACH ROW", "afschrift_refuse"),
        ("event_only_drop", "BEFORE DELETE ON event FOR EACH ROW", "afschrift_only_drop"),
        ("event_payload_only_drop", "BEFORE DELETE ON event_payload FOR EACH ROW", "afschrift_only_drop"),
        ("segment_only_whole_year", "BEFORE INSERT ON segment FOR EACH ROW", "afschrift_only_whole_year"),
        ("segment_no_change", "BEFORE UPDATE OR DELETE ON segment FOR EACH ROW", "afschrift_refuse"),
        ("segment_no_truncate", "BEFORE TRUNCATE ON segment FOR EACH STATEMENT", "afschrift_refuse"),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")
