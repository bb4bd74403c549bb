"""Triggers that keep the trail and the facts append-only, and let a role write its own event types alone.

A new register gets all of them; a migration makes those again that changed. They hold against SQL by the
service's own accounts; against the owner of the tables the codes of the trail do (`trail.codes`). Changing a
text here changes the register's schema: it takes a migration, and `tools/register_objects.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

_TRAIL = "the audit trail is append-only"
_FACTS = "facts are append-only"
_CASE_FACTS = "facts of cases are append-only"
_IS_ERASURE = (
    "NEW.seq = OLD.seq AND OLD.payload IS NOT NULL AND NEW.payload IS NULL AND NEW.salt IS NULL "
    "AND NEW.erased_by IS NOT NULL AND NEW.erased_at IS NOT NULL"
)
_IS_ERASURE_OF_CODE = (
    "NEW.seq = OLD.seq AND OLD.told IS NOT NULL AND NEW.told IS NULL AND NEW.owner = OLD.owner "
    "AND NEW.previous = OLD.previous AND NEW.told_code = OLD.told_code AND NEW.key_id = OLD.key_id "
    "AND NEW.code = OLD.code "
    "AND EXISTS (SELECT 1 FROM event_payload p WHERE p.seq = OLD.seq AND p.erased_by IS NOT NULL)"
)
_IS_DROPPED = "EXISTS (SELECT 1 FROM segment WHERE OLD.seq BETWEEN first_seq AND last_seq)"
_IS_WHOLE_YEAR = (
    # The oldest year, up to the first event of a later year, which names the closing digest.
    "NEW.first_seq = (SELECT min(seq) FROM event) "
    "AND (SELECT substr(at, 1, 4) FROM event WHERE seq = NEW.first_seq) = CAST(NEW.year AS text) "
    "AND NOT EXISTS (SELECT 1 FROM event WHERE seq BETWEEN NEW.first_seq AND NEW.last_seq "
    "AND substr(at, 1, 4) > CAST(NEW.year AS text)) "
    "AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.last_seq + 1 AND prev = NEW.closing "
    "AND substr(at, 1, 4) > CAST(NEW.year AS text)) "
    "AND EXISTS (SELECT 1 FROM event WHERE seq = NEW.event_seq AND seq > NEW.last_seq "
    "AND type = 'segment_dropped')"
)
_STAYS = (
    *("id", "request_id", "number", "kind", "at", "by", "day", "instant", "about", "letter", "channel"),
    *("proof", "other", "text"),
)
"""Columns of a fact that keep their values once its data key is destroyed (docs/operator/keys.md)."""
_KEY_IS_GONE = "NOT EXISTS (SELECT 1 FROM data_key WHERE owner = OLD.request_id)"

_FACT_TYPES = (
    "fact_answer_ready fact_handed_over fact_letter_bounced fact_letter_sent fact_notice_raised "
    "fact_notice_told fact_overruled fact_partly_delivered fact_question_assigned fact_question_told"
)
_MORE_FACT_TYPES = (
    "fact_absorbed fact_asked_again fact_assigned fact_complained fact_complaint_ended "
    "fact_deceased fact_deceased_lifted fact_decided fact_extended fact_held fact_linked fact_merged "
    "fact_misdelivered fact_not_received fact_overdue_acknowledged fact_receipt_corrected "
    "fact_receipt_proposed "
    "fact_receipt_rejected fact_released fact_reply_insufficient fact_restriction_reviewed "
    "fact_restriction_signed fact_resumed fact_right_read fact_right_unclear fact_suspended "
    "fact_withdrawn case_fact_forwarded case_fact_handed_over case_fact_matter_recorded "
    "case_fact_matter_told"
)
_CHECKS = (
    "canary_told case_fact_matter_told clock_went_back deadlines_checked fact_notice_raised "
    "fact_notice_told fact_question_assigned fact_question_told gate_bypassed gate_refused "
    "inventory_checked inventory_told question_asked register_differs run_ended staging_destroyed "
    "sweep_found swept bundle_removed secret_destroyed delivery_fetched delivery_confirmed delivery_frozen"
)
_SHARED = (
    "answer_refused bundle_viewed case_document_read case_text_added case_viewed checkpoint_made "
    "checkpoint_not_sent checkpoint_sent clock_went_back gate_bypassed gate_refused "
    "identity_look_up_destroyed identity_read letter_bounced letter_discarded letter_not_sent "
    "letter_produced letter_released letter_sending letter_sent letter_unknown options_changed "
    "options_refused question_asked question_overtaken question_viewed register_differs request_viewed "
    "state_changed trail_exported"
)
_RUNS = (
    "accepted acknowledged age_read assessed bundle_arrived bundle_delivered bundle_sealed canary_checked "
    "canary_logs_searched delivery_begun drift_found extracted identity_looked_up nothing_held "
    "nothing_in_limits nothing_portable packed part_closed plan_frozen plan_kept run_started sealed "
    "staged_again step_finished validated version_gone"
)
_OFFICERS = (
    "acknowledged bundle_removed canary_signed case_opened decision_taken delivery_confirmed "
    "delivery_misdelivered delivery_renewed delivery_revoked delivery_taken delivery_unfrozen link_shown "
    "secret_destroyed secret_sent secret_shown destruction_proposed destruction_refused "
    "denial_policy destruction_turned_down identity_look_up_asked keys_changed map_confirmation_taken_back "
    "map_confirmed map_samples_shown request_received requests_exported"
)
_KEYS = (
    "data_key_destroyed index_key_forgotten keys_rotated payloads_erased signing_key_revoked "
    "stray_data_keys_destroyed wrapping_keys_lost wrapping_keys_retired"
)
WRITES = {
    "afschrift_runs": f"{_SHARED} {_RUNS} {_FACT_TYPES} {_CHECKS}".split(),
    "afschrift_officers": f"{_SHARED} {_OFFICERS} {_FACT_TYPES} {_MORE_FACT_TYPES}".split(),
    "afschrift_checks": _CHECKS.split(),
    "afschrift_keys": f"{_SHARED} {_KEYS}".split(),
}
"""Role of the database (`register/roles.sql`) -> types of the events that its part of the software writes."""
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
"""Types that only the owner of the tables writes, who writes all others too."""


class _Guard(NamedTuple):
    """A trigger. `then`: on SQLite the condition under which it refuses, on PostgreSQL its function."""

    table: str
    name: str
    event: str
    then: str = ""
    refusal: str = _TRAIL


def make_guards(tx: Connection, only: Collection[str] | None = None) -> None:
    """Create the triggers, or only those of these names, in place of any of the same name."""
    sqlite = tx.dialect.name == "sqlite"
    if not sqlite:
        for name, body in _functions():
            tx.execute(
                text(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            )
    for guard in _sqlite() if sqlite else _postgresql():
        name = f"{guard.table}_{guard.name}"
        if only is None or name in only:
            tx.execute(text(f"DROP TRIGGER IF EXISTS {name}" + ("" if sqlite else f" ON {guard.table}")))
            tx.execute(
                text(f"CREATE TRIGGER {name} BEFORE {guard.event} ON {guard.table} {_body(guard, sqlite)}")
            )


def _body(guard: _Guard, sqlite: bool) -> str:
    if sqlite:
        when = f"WHEN {guard.then} " if guard.then else ""
        return f"{when}BEGIN SELECT RAISE(ABORT, '{guard.refusal}'); END"
    each = "STATEMENT" if guard.event == "TRUNCATE" else "ROW"
    return f"FOR EACH {each} EXECUTE FUNCTION {guard.then}()"


def _sqlite() -> Iterator[_Guard]:
    """Triggers that refuse as PostgreSQL's types and foreign keys do too.

    An SQLite file can be opened with foreign keys switched off, and its columns take values of any type.
    """
    before = (
        "max(coalesce((SELECT max(seq) FROM event), 0), coalesce((SELECT max(last_seq) FROM segment), 0))"
    )
    texts = " OR ".join(
        f"typeof(NEW.{name}) <> 'text'" for name in ("at", "type", "actor", "payload_sha256", "prev")
    )
    request = "typeof(NEW.request) NOT IN ('text', 'null')"
    yield _Guard("event", "in_order", "INSERT", f"NEW.seq <> 1 + {before} OR {texts} OR {request}")
    yield _Guard("event", "no_update", "UPDATE")
    for table, erasure in (
        ("event", ""),
        ("event_payload", _IS_ERASURE),
        ("event_code", _IS_ERASURE_OF_CODE),
    ):
        # REPLACE deletes without a DELETE trigger, so it is refused before it inserts.
        yield _Guard(table, "no_replace", "INSERT", _exists(table, "seq = NEW.seq"))
        yield _Guard(table, "no_delete", "DELETE", f"NOT {_IS_DROPPED}")
        if erasure:
            yield _Guard(table, "of_event", "INSERT", f"NOT {_exists('event', 'seq = NEW.seq')}")
            yield _Guard(table, "only_erase", "UPDATE", f"NOT ({erasure})")
    taken = _exists("segment", "year = NEW.year")
    yield _Guard("segment", "only_whole_year", "INSERT", f"{taken} OR NOT ({_IS_WHOLE_YEAR})")
    yield _Guard("segment", "no_update", "UPDATE")
    yield _Guard("segment", "no_delete", "DELETE")
    stays = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in _STAYS)
    forgets = f"NOT ({stays} AND {_KEY_IS_GONE})"
    for table, of, refusal, of_a in (
        ("fact", "request_id", _FACTS, "facts of a request are append-only"),
        ("case_fact", "case_id", _CASE_FACTS, "facts of a case are append-only"),
    ):
        same = f"id = NEW.id OR {of} = NEW.{of} AND number = NEW.number"
        aside = _exists("aside", f"table_name = '{table}' AND row_id = CAST(OLD.id AS TEXT)")
        yield _Guard(table, "no_replace", "INSERT", _exists(table, same), refusal)
        yield _Guard(table, "no_update", "UPDATE", forgets if table == "fact" else "", refusal)
        yield _Guard(table, "no_delete", "DELETE", f"NOT {aside}", of_a)


def _exists(table: str, same: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  our own table names


def _postgresql() -> Iterator[_Guard]:
    for table, name, event, function in (
        ("event", "in_order", "INSERT", "next_event"),
        ("event", "no_update", "UPDATE", "refuse"),
        ("event", "only_drop", "DELETE", "only_drop"),
        ("event_payload", "only_erase", "UPDATE", "only_erase"),
        ("event_payload", "only_drop", "DELETE", "only_drop"),
        ("event_code", "only_erase", "UPDATE", "only_erase_rows"),
        ("event_code", "only_drop", "DELETE", "only_drop"),
        ("segment", "only_whole_year", "INSERT", "only_whole_year"),
        ("segment", "no_change", "UPDATE OR DELETE", "refuse"),
        ("fact", "only_forget", "UPDATE", "only_forget"),
        ("fact", "no_delete", "DELETE", "only_aside"),
        ("case_fact", "no_update", "UPDATE", "case_fact_refuse"),
        ("case_fact", "no_delete", "DELETE", "only_aside"),
        *((table, "no_truncate", "TRUNCATE", "refuse") for table in ("event", "event_payload", "event_code")),
        ("segment", "no_truncate", "TRUNCATE", "refuse"),
        ("fact", "no_truncate", "TRUNCATE", "fact_refuse"),
        ("case_fact", "no_truncate", "TRUNCATE", "case_fact_refuse"),
    ):
        yield _Guard(table, name, event, f"afschrift_{function}")


def _functions() -> Iterator[tuple[str, str]]:
    """Name and body of each function of PostgreSQL."""
    stays = " AND ".join(f'NEW."{column}" IS NOT DISTINCT FROM OLD."{column}"' for column in _STAYS)
    for name, allowed, row, refusal in (
        ("refuse", "", "", _TRAIL),
        ("only_erase", _IS_ERASURE, "NEW", _TRAIL),
        ("only_erase_rows", _IS_ERASURE_OF_CODE, "NEW", _TRAIL),
        ("only_drop", _IS_DROPPED, "OLD", _TRAIL),
        ("only_whole_year", _IS_WHOLE_YEAR, "NEW", _TRAIL),
        ("fact_refuse", "", "", _FACTS),
        ("only_forget", f"{stays} AND {_KEY_IS_GONE}", "NEW", _FACTS),
        ("case_fact_refuse", "", "", _CASE_FACTS),
    ):
        unless = f"IF {allowed} THEN RETURN {row}; END IF; " if allowed else ""
        yield f"afschrift_{name}", f"BEGIN {unless}RAISE EXCEPTION '{refusal}'; END"
    yield "afschrift_next_event", _next_event()
    yield "afschrift_only_aside", _ONLY_ASIDE


def _next_event() -> str:
    """Refuse an event without the next number, or of a type that the log-in's part does not write."""
    writes = " OR ".join(
        f"(r.rolname = '{role}' AND NEW.type IN ({_listed(types)}))" for role, types in WRITES.items()
    )
    mine = (
        f"SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname IN ({_listed(WRITES)}) "  # noqa: S608
        "AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')"
    )
    # Tables are named with their schema, since a log-in can set its own search path.
    return f"""
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


_ONLY_ASIDE = """
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
"""A row of facts may leave its table only where two people set it aside."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(set(names)))
