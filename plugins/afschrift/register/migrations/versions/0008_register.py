"""The register: cases, requests, questions, decisions, letters, deliveries, steps, facts and the trail.

The first release begins here. Its revision is 0008, after those that were made before it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(32)
_CODE = sa.String(64)
_NAME = sa.String(255)
_INSTANT = sa.String(32)
_DAY = sa.String(10)
_SHA256 = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_TRAIL, _FACTS, _CASE_FACTS = (
    "the audit trail is append-only",
    "facts are append-only",
    "facts of cases are append-only",
)
_IS_ERASURE = (
    "NEW.seq = OLD.seq AND OLD.payload IS NOT NULL AND NEW.payload IS NULL AND NEW.salt IS NULL "
    "AND NEW.erased_by IS NOT NULL AND NEW.erased_at IS NOT NULL"
)
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
    """Make the tables, and the triggers that keep trail and facts append-only."""
    for make in (_cases, _texts, _questions, _work, _letters, _facts, _trail):
        make()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


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


def _where_null(name: str, table: str, columns: list[str], column: str) -> None:
    """A unique index over the rows in which a column has no value."""
    only = sa.text(f"{column} IS NULL")
    op.create_index(name, table, columns, unique=True, sqlite_where=only, postgresql_where=only)


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


def _texts() -> None:
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
        sa.Column("label", sa.LargeBinary()),
        sa.Column("media_type", _NAME),
        _primary("message"),
        _foreign("message", "case_id", "case_file.id"),
        _foreign("message", "request_id", "request.id"),
    )
    _index("message", "case_id", "request_id")
    op.create_table(
        "message_part",
        _text_id("message_id"),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        _primary("message_part", "message_id", "number"),
        _foreign("message_part", "message_id", "message.id"),
    )


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
    _where_null("uq_question_open", "question", ["request_id", "fingerprint"], "answered_at")
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
    op.create_table(
        "run",
        _text_id("request_id"),
        sa.Column("run_id", _NAME, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("seen_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.Column("outcome", _CODE),
        _primary("run", "request_id", "run_id"),
        _foreign("run", "request_id", "request.id"),
    )
    _where_null("uq_run_going", "run", ["request_id"], "ended_at")


def _letters() -> None:
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
        sa.Column("same_as", _SHA256, nullable=False),
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
        _primary("letter"),
        _foreign("letter", "request_id", "request.id"),
        _foreign("letter", "document_id", "message.id"),
        _foreign("letter", "proof_id", "message.id"),
    )
    _index("letter", "request_id")


def _facts() -> None:
    op.create_table(
        "fact",
        sa.Column("id", _ID, nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("by", _NAME, nullable=False),
        sa.Column("day", _DAY),
        sa.Column("instant", _INSTANT),
        sa.Column("about", _ID),
        sa.Column("letter", _ID),
        sa.Column("channel", _CODE),
        sa.Column("proof", _NAME),
        sa.Column("other", _ID),
        sa.Column("text", _ID),
        sa.Column("detail", sa.JSON(), nullable=False),
        _primary("fact"),
        _foreign("fact", "request_id", "request.id"),
        sa.UniqueConstraint("request_id", "number", name="uq_fact_request_id_number"),
    )
    op.create_table(
        "case_fact",
        sa.Column("id", _ID, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("by", _NAME, nullable=False),
        sa.Column("about", _ID),
        sa.Column("detail", sa.JSON(), nullable=False),
        _primary("case_fact"),
        _foreign("case_fact", "case_id", "case_file.id"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_fact_case_id_number"),
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
    op.create_table(
        "segment",
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("register", _SHA256, nullable=False),
        sa.Column("first_seq", _COUNTER, nullable=False),
        sa.Column("last_seq", _COUNTER, nullable=False),
        sa.Column("closing", _SHA256, nullable=False),
        sa.Column("count", _COUNTER, nullable=False),
        sa.Column("rule", _CODE, nullable=False),
        sa.Column("dropped_at", _INSTANT, nullable=False),
        sa.Column("previous", _SHA256, nullable=False),
        sa.Column("event_seq", _COUNTER, nullable=False),
        _primary("segment", "year"),
    )


def _exists(table: str, same: str) -> str:
    """REPLACE deletes without a DELETE trigger, so it is caught before it inserts."""
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  our own table names


def _guard_sqlite() -> None:
    seq = "seq = NEW.seq"
    fact = "id = NEW.id OR request_id = NEW.request_id AND number = NEW.number"
    case_fact = "id = NEW.id OR case_id = NEW.case_id AND number = NEW.number"
    taken = _exists("segment", "year = NEW.year")
    for name, when, refusal in (
        ("event_no_replace", f"INSERT ON event WHEN {_exists('event', seq)}", _TRAIL),
        (
            "event_payload_no_replace",
            f"INSERT ON event_payload WHEN {_exists('event_payload', seq)}",
            _TRAIL,
        ),
        ("event_no_update", "UPDATE ON event", _TRAIL),
        ("event_payload_only_erase", f"UPDATE ON event_payload WHEN NOT ({_IS_ERASURE})", _TRAIL),
        ("event_no_delete", f"DELETE ON event WHEN NOT {_IS_DROPPED}", _TRAIL),
        ("event_payload_no_delete", f"DELETE ON event_payload WHEN NOT {_IS_DROPPED}", _TRAIL),
        ("segment_only_whole_year", f"INSERT ON segment WHEN {taken} OR NOT ({_IS_WHOLE_YEAR})", _TRAIL),
        ("segment_no_update", "UPDATE ON segment", _TRAIL),
        ("segment_no_delete", "DELETE ON segment", _TRAIL),
        ("fact_no_replace", f"INSERT ON fact WHEN {_exists('fact', fact)}", _FACTS),
        ("fact_no_update", "UPDATE ON fact", _FACTS),
        ("fact_no_delete", "DELETE ON fact", _FACTS),
        ("case_fact_no_replace", f"INSERT ON case_fact WHEN {_exists('case_fact', case_fact)}", _CASE_FACTS),
        ("case_fact_no_update", "UPDATE ON case_fact", _CASE_FACTS),
        ("case_fact_no_delete", "DELETE ON case_fact", _CASE_FACTS),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def _guard_postgresql() -> None:
    for function, allowed, row, refusal in (
        ("afschrift_refuse", None, "", _TRAIL),
        ("afschrift_only_erase", _IS_ERASURE, "NEW", _TRAIL),
        ("afschrift_only_drop", _IS_DROPPED, "OLD", _TRAIL),
        ("afschrift_only_whole_year", _IS_WHOLE_YEAR, "NEW", _TRAIL),
        ("afschrift_fact_refuse", None, "", _FACTS),
        ("afschrift_case_fact_refuse", None, "", _CASE_FACTS),
    ):
        unless = f"IF {allowed} THEN RETURN {row}; END IF; " if allowed else ""
        body = f"BEGIN {unless}RAISE EXCEPTION '{refusal}'; END"
        op.execute(f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for table, name, when, function in (
        ("event", "no_update", "UPDATE", "afschrift_refuse"),
        ("event", "only_drop", "DELETE", "afschrift_only_drop"),
        ("event_payload", "only_erase", "UPDATE", "afschrift_only_erase"),
        ("event_payload", "only_drop", "DELETE", "afschrift_only_drop"),
        ("segment", "only_whole_year", "INSERT", "afschrift_only_whole_year"),
        ("segment", "no_change", "UPDATE OR DELETE", "afschrift_refuse"),
        ("fact", "no_change", "UPDATE OR DELETE", "afschrift_fact_refuse"),
        ("case_fact", "no_change", "UPDATE OR DELETE", "afschrift_case_fact_refuse"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION {function}()"
        )
    for table, function in (
        ("event", "afschrift_refuse"),
        ("event_payload", "afschrift_refuse"),
        ("segment", "afschrift_refuse"),
        ("fact", "afschrift_fact_refuse"),
        ("case_fact", "afschrift_case_fact_refuse"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {function}()"
        )
