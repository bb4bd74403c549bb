"""An event is the next of the trail, and of a type that the log-in's part of the software writes.

The roles are those of `register/roles.sql`; whoever owns the tables writes every type. A release with further
types replaces the function of PostgreSQL in a migration of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TRAIL = "the audit trail is append-only"
_APPENDED = {"fact": "facts of a request are append-only", "case_fact": "facts of a case are append-only"}
_FACTS = (
    "fact_answer_ready fact_handed_over fact_letter_bounced fact_letter_sent fact_notice_raised "
    "fact_notice_told fact_overruled fact_partly_delivered fact_question_assigned fact_question_told"
)
_MORE_FACTS = (
    "fact_absorbed fact_complained fact_complaint_ended fact_decided fact_extended fact_held fact_linked "
    "fact_merged fact_not_received fact_overdue_acknowledged fact_receipt_corrected fact_receipt_proposed "
    "fact_receipt_rejected fact_released fact_reply_insufficient fact_restriction_reviewed "
    "fact_restriction_signed fact_resumed fact_right_read fact_right_unclear fact_suspended "
    "fact_withdrawn case_fact_forwarded case_fact_handed_over case_fact_matter_recorded "
    "case_fact_matter_told"
)
_CHECKS = (
    "canary_told case_fact_matter_told clock_went_back deadlines_checked fact_notice_raised "
    "fact_notice_told fact_question_assigned fact_question_told gate_bypassed gate_refused "
    "inventory_checked inventory_told question_asked register_differs run_ended staging_destroyed "
    "sweep_found swept"
)
_SHARED = (
    "answer_refused bundle_viewed case_document_read case_text_added case_viewed checkpoint_made "
    "checkpoint_not_sent checkpoint_sent clock_went_back gate_bypassed gate_refused "
    "identity_look_up_destroyed identity_read letter_bounced letter_not_sent letter_produced "
    "letter_released letter_sending letter_sent letter_unknown options_changed options_refused "
    "question_asked question_overtaken question_viewed register_differs request_viewed state_changed "
    "trail_exported"
)
_RUNS = (
    "accepted acknowledged age_read assessed bundle_arrived bundle_delivered bundle_sealed canary_checked "
    "canary_logs_searched drift_found extracted identity_looked_up nothing_held nothing_in_limits "
    "nothing_portable packed part_closed plan_frozen plan_kept run_started sealed staged_again "
    "step_finished validated"
)
_OFFICERS = (
    "acknowledged canary_signed case_opened decision_taken destruction_proposed destruction_refused "
    "destruction_turned_down identity_look_up_asked keys_changed map_confirmation_taken_back "
    "map_confirmed map_samples_shown request_received"
)
_KEYS = (
    "data_key_destroyed index_key_forgotten keys_rotated payloads_erased signing_key_revoked "
    "stray_data_keys_destroyed wrapping_keys_lost wrapping_keys_retired"
)
WRITES = {
    "afschrift_runs": f"{_SHARED} {_RUNS} {_FACTS} {_CHECKS}".split(),
    "afschrift_officers": f"{_SHARED} {_OFFICERS} {_FACTS} {_MORE_FACTS}".split(),
    "afschrift_checks": _CHECKS.split(),
    "afschrift_keys": f"{_SHARED} {_KEYS}".split(),
}
"""Role of the database -> types of the events that its part of the software writes."""
OF_THE_OWNER = frozenset(
    [
        "events_adopted",
        "register_restored",
        "restoration_signed",
        "rows_adopted",
        "rows_told_again",
        "segment_dropped",
        "set_aside",
        "set_aside_proposed",
        "set_aside_turned_down",
    ]
)


def upgrade() -> None:
    """Make the guards, and the table of rows that were set aside, which may leave append-only tables."""
    op.create_table(
        "aside",
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("row_id", sa.String(64), nullable=False),
        sa.Column("seq", _COUNTER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_id", "seq", name="pk_aside"),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_aside_seq"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    """A file is open without foreign keys, and with values of any type, to whoever opens it without us."""
    before = (
        "max(coalesce((SELECT max(seq) FROM event), 0), coalesce((SELECT max(last_seq) FROM segment), 0))"
    )
    texts = " OR ".join(
        f"typeof(NEW.{name}) <> 'text'" for name in ("at", "type", "actor", "payload_sha256", "prev")
    )
    request = "typeof(NEW.request) NOT IN ('text', 'null')"
    for name, table, unless in (
        ("in_order", "event", f"NEW.seq <> 1 + {before} OR {texts} OR {request}"),
        ("of_event", "event_payload", "NOT EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)"),
        ("of_event", "event_code", "NOT EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE INSERT ON {table} WHEN {unless} "
            f"BEGIN SELECT RAISE(ABORT, '{_TRAIL}'); END"
        )
    for table, refusal in _APPENDED.items():
        op.execute(f"DROP TRIGGER {table}_no_delete")
        is_aside = f"table_name = '{table}' AND row_id = CAST(OLD.id AS TEXT)"
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "  # noqa: S608 (names of ours)
            f"WHEN NOT EXISTS (SELECT 1 FROM aside WHERE {is_aside}) "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )


def _guard_postgresql() -> None:
    writes = " OR ".join(
        f"(r.rolname = '{role}' AND NEW.type IN ({_listed(types)}))" for role, types in WRITES.items()
    )
    mine = (
        f"SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname IN ({_listed(WRITES)}) "  # noqa: S608
        "AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')"
    )
    # The tables by their schema: a log-in chooses its own search path.
    body = f"""
DECLARE
  before bigint;
  owner oid;
BEGIN
  EXECUTE pg_catalog.format('SELECT greatest((SELECT pg_catalog.max(seq) FROM %1$I.event), '
    '(SELECT pg_catalog.max(last_seq) FROM %1$I.segment), 0)', TG_TABLE_SCHEMA) INTO before;
  IF NEW.seq <> before + 1 THEN
    RAISE EXCEPTION '{_TRAIL}';
  END IF;
  SELECT c.relowner INTO owner FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID;
  IF pg_catalog.pg_has_role(current_user, owner, 'MEMBER') OR NOT EXISTS ({mine})
      OR EXISTS ({mine} AND ({writes})) THEN
    RETURN NEW;
  END IF;
  RAISE insufficient_privilege USING MESSAGE = 'no event of this type is written by this log-in';
END"""  # noqa: S608
    op.execute(f"CREATE FUNCTION afschrift_next_event() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(
        "CREATE TRIGGER event_in_order BEFORE INSERT ON event FOR EACH ROW "
        "EXECUTE FUNCTION afschrift_next_event()"
    )
    body = """
DECLARE
  is_aside boolean;
BEGIN
  EXECUTE pg_catalog.format('SELECT EXISTS (SELECT 1 FROM %I.aside WHERE table_name = $1 AND row_id = $2)',
    TG_TABLE_SCHEMA) INTO is_aside USING TG_TABLE_NAME::text, OLD.id::text;
  IF is_aside THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
END"""
    op.execute(f"CREATE FUNCTION afschrift_only_aside() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute("DROP TRIGGER fact_no_delete ON fact")
    op.execute("DROP TRIGGER case_fact_no_change ON case_fact")
    op.execute(
        "CREATE TRIGGER case_fact_no_update BEFORE UPDATE ON case_fact FOR EACH ROW "
        "EXECUTE FUNCTION afschrift_case_fact_refuse()"
    )
    for table in _APPENDED:
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION afschrift_only_aside()"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(set(names)))
