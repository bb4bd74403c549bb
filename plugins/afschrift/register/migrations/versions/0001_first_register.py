"""The first register: cases, requests, questions, decisions, notices, deliveries, steps and the trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_NAME = sa.String(255)
_INSTANT = sa.String(32)
_SHA256 = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_TABLES = (
    "event_payload",
    "event",
    "plan",
    "step",
    "delivery",
    "notice",
    "decision",
    "question",
    "message",
    "request_identity",
    "data_key",
    "request",
    "case_file",
)


def upgrade() -> None:
    """Make the tables and the triggers that keep the trail append-only."""
    _cases()
    _questions()
    _work()
    _trail()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Drop everything; triggers go with their tables."""
    for table in _TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION afschrift_refuse(), afschrift_only_erase()")


def _text_id(name: str = "id") -> sa.Column[Any]:
    return sa.Column(name, _ID, nullable=False)


def _counter(name: str = "id", *, auto: bool = True) -> sa.Column[Any]:
    return sa.Column(name, _COUNTER, autoincrement=auto, nullable=False)


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=f"pk_{table}")


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _cases() -> None:
    op.create_table(
        "case_file",
        _text_id(),
        sa.Column("channel", _CODE, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("arrived_at", _INSTANT, nullable=False),
        sa.Column("made_by", _CODE, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary("case_file"),
    )
    op.create_table(
        "request",
        _text_id(),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("right", _CODE, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("zone", _CODE, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("formats", sa.JSON(), nullable=False),
        sa.Column("destination", _CODE, nullable=False),
        sa.Column("limits", sa.LargeBinary()),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        _primary("request"),
        _foreign("request", "case_id", "case_file.id"),
    )
    _index("request", "case_id", "received_at", "state")
    op.create_table(
        "data_key",
        _text_id("owner"),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", _ID, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary("data_key", "owner"),
    )
    _index("data_key", "kek_id")
    op.create_table(
        "request_identity",
        _counter(),
        _text_id("request_id"),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("blind_index", _SHA256, nullable=False),
        sa.Column("key_id", _ID, nullable=False),
        sa.Column("verified_by", _NAME),
        _primary("request_identity"),
        _foreign("request_identity", "request_id", "request.id"),
    )
    _index("request_identity", "request_id", "blind_index")
    op.create_table(
        "message",
        _text_id(),
        _text_id("case_id"),
        sa.Column("request_id", _ID),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("hmac", _SHA256, nullable=False),
        sa.Column("by", _NAME, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary("message"),
        _foreign("message", "case_id", "case_file.id"),
        _foreign("message", "request_id", "request.id"),
    )
    _index("message", "case_id", "request_id")


def _questions() -> None:
    op.create_table(
        "question",
        _text_id(),
        _text_id("request_id"),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("role", _CODE, nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("form", sa.JSON()),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("about", _SHA256),
        sa.Column("fingerprint", _SHA256, nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("answered_at", _INSTANT),
        _primary("question"),
        _foreign("question", "request_id", "request.id"),
    )
    _index("question", "request_id")
    still_open = sa.text("answered_at IS NULL")
    op.create_index(
        "uq_question_open",
        "question",
        ["request_id", "fingerprint"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "decision",
        _counter(),
        _text_id("request_id"),
        sa.Column("question_id", _ID),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("choice", _CODE, nullable=False),
        sa.Column("by", _NAME, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("about", _SHA256),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("message_id", _ID),
        _primary("decision"),
        _foreign("decision", "request_id", "request.id"),
        _foreign("decision", "question_id", "question.id"),
        _foreign("decision", "message_id", "message.id"),
        sa.UniqueConstraint("question_id", name="uq_decision_question_id"),
    )
    _index("decision", "request_id")


def _work() -> None:
    op.create_table(
        "notice",
        _text_id(),
        _text_id("request_id"),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("sha256", _SHA256, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary()),
        sa.Column("due_at", _INSTANT),
        sa.Column("produced_at", _INSTANT, nullable=False),
        sa.Column("sent_at", _INSTANT),
        sa.Column("bounced_at", _INSTANT),
        sa.Column("channel", _CODE),
        sa.Column("by", _NAME),
        sa.Column("proof", _NAME),
        sa.Column("detail", sa.JSON(), nullable=False),
        _primary("notice"),
        _foreign("notice", "request_id", "request.id"),
    )
    _index("notice", "request_id")
    op.create_table(
        "delivery",
        _text_id(),
        _text_id("request_id"),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("destination", _CODE, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", _SHA256, nullable=False),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("delivered_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT),
        sa.Column("confirmed_at", _INSTANT),
        sa.Column("destroyed_at", _INSTANT),
        sa.Column("detail", sa.JSON(), nullable=False),
        _primary("delivery"),
        _foreign("delivery", "request_id", "request.id"),
        sa.UniqueConstraint("request_id", "sha256", "uri", name="uq_delivery_request_id_sha256_uri"),
    )
    op.create_table(
        "step",
        _counter(),
        _text_id("request_id"),
        sa.Column("name", _CODE, nullable=False),
        sa.Column("part", _NAME, nullable=False),
        sa.Column("inputs", _SHA256, nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=False),
        _primary("step"),
        _foreign("step", "request_id", "request.id"),
        sa.UniqueConstraint(
            "request_id", "name", "part", "inputs", name="uq_step_request_id_name_part_inputs"
        ),
    )
    op.create_table(
        "plan",
        _text_id("request_id"),
        sa.Column("digest", _SHA256, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary("plan", "request_id", "digest"),
        _foreign("plan", "request_id", "request.id"),
    )


def _trail() -> None:
    op.create_table(
        "event",
        _counter("seq", auto=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("request", _ID),
        sa.Column("type", _CODE, nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("payload_sha256", _SHA256, nullable=False),
        sa.Column("prev", _SHA256, nullable=False),
        _primary("event", "seq"),
    )
    _index("event", "request")
    op.create_table(
        "event_payload",
        _counter("seq", auto=False),
        sa.Column("payload", sa.Text()),
        sa.Column("salt", sa.String(64)),
        sa.Column("erased_by", _CODE),
        sa.Column("erased_at", _INSTANT),
        _primary("event_payload", "seq"),
        _foreign("event_payload", "seq", "event.seq"),
    )


_REFUSAL = "the audit trail is append-only"
_IS_ERASURE = (
    "NEW.seq = OLD.seq AND OLD.payload IS NOT NULL AND NEW.payload IS NULL AND NEW.salt IS NULL "
    "AND NEW.erased_by IS NOT NULL AND NEW.erased_at IS NOT NULL"
)


def _exists(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq)"  # noqa: S608  our own table names


def _guard_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for name, when in (
        # REPLACE deletes without a DELETE trigger; it is caught before it inserts.
        ("event_no_replace", f"INSERT ON event WHEN {_exists('event')}"),
        ("event_payload_no_replace", f"INSERT ON event_payload WHEN {_exists('event_payload')}"),
        ("event_no_update", "UPDATE ON event"),
        ("event_no_delete", "DELETE ON event"),
        ("event_payload_no_delete", "DELETE ON event_payload"),
        ("event_payload_only_erase", f"UPDATE ON event_payload WHEN NOT ({_IS_ERASURE})"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} {refuse}")


def _guard_postgresql() -> None:
    refuse = f"RAISE EXCEPTION '{_REFUSAL}';"
    op.execute(
        f"CREATE FUNCTION afschrift_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$"
    )
    op.execute(
        "CREATE FUNCTION afschrift_only_erase() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {_IS_ERASURE} THEN RETURN NEW; END IF; {refuse} END $$"
    )
    for name, when, function in (
        ("event_no_change", "BEFORE UPDATE OR DELETE ON event FOR EACH ROW", "afschrift_refuse"),
        ("event_no_truncate", "BEFORE TRUNCATE ON event FOR EACH STATEMENT", "afschrift_refuse"),
        ("event_payload_no_delete", "BEFORE DELETE ON event_payload FOR EACH ROW", "afschrift_refuse"),
        (
            "event_payload_no_truncate",
            "BEFORE TRUNCATE ON event_payload FOR EACH STATEMENT",
            "afschrift_refuse",
        ),
        ("event_payload_only_erase", "BEFORE UPDATE ON event_payload FOR EACH ROW", "afschrift_only_erase"),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")
