"""Codes by which the service knows its own events, and signatures of dropped years (docs/trail.md).

Events from before get their codes after it (`register.open.bring_up`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TRAIL = "the audit trail is append-only"
_IS_ERASURE = (
    "NEW.seq = OLD.seq AND OLD.told IS NOT NULL AND NEW.told IS NULL AND NEW.owner = OLD.owner "
    "AND NEW.previous = OLD.previous AND NEW.told_code = OLD.told_code AND NEW.key_id = OLD.key_id "
    "AND NEW.code = OLD.code "
    "AND EXISTS (SELECT 1 FROM event_payload p WHERE p.seq = OLD.seq AND p.erased_by IS NOT NULL)"
)
_IS_DROPPED = "EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq)"


def upgrade() -> None:
    """Make the table and its guards."""
    op.create_table(
        "event_code",
        sa.Column("seq", _COUNTER, autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("previous", _COUNTER, nullable=False),
        sa.Column("told", sa.Text()),
        sa.Column("told_code", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event_code"),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_event_code_seq"),
    )
    op.create_index("ix_event_code_owner_seq", "event_code", ["owner", "seq"])
    # A year that was dropped before has no signature, and is a finding.
    op.add_column("segment", sa.Column("keep_years", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("segment", sa.Column("key_id", sa.String(32), nullable=False, server_default=""))
    op.add_column("segment", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    taken = "EXISTS (SELECT 1 FROM event_code WHERE seq = NEW.seq)"
    for name, when in (
        ("event_code_no_replace", f"INSERT ON event_code WHEN {taken}"),
        ("event_code_only_erase", f"UPDATE ON event_code WHEN NOT ({_IS_ERASURE})"),
        ("event_code_no_delete", f"DELETE ON event_code WHEN NOT {_IS_DROPPED}"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{_TRAIL}'); END")


def _guard_postgresql() -> None:
    body = f"BEGIN IF {_IS_ERASURE} THEN RETURN NEW; END IF; RAISE EXCEPTION '{_TRAIL}'; END"
    op.execute(
        f"CREATE FUNCTION afschrift_only_erase_rows() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
    )
    for name, when, function in (
        ("only_erase", "UPDATE", "afschrift_only_erase_rows"),
        ("only_drop", "DELETE", "afschrift_only_drop"),
    ):
        op.execute(
            f"CREATE TRIGGER event_code_{name} BEFORE {when} ON event_code FOR EACH ROW "
            f"EXECUTE FUNCTION {function}()"
        )
    op.execute(
        "CREATE TRIGGER event_code_no_truncate BEFORE TRUNCATE ON event_code FOR EACH STATEMENT "
        "EXECUTE FUNCTION afschrift_refuse()"
    )
