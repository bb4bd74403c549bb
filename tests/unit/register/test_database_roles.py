"""Roles of PostgreSQL: each does its work and no more, and none changes the trail (`register/roles.sql`)."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url
from testbed import postgres as pg
from testbed.running import drive, hand_over, store
from testbed.small import write_database, write_inventory
from tests.support.command_line import in_this_process
from tests.support.moves import moved
from upath import UPath

from afschrift.app.settings import Settings
from afschrift.audit.wording import wording
from afschrift.casework.answer import answer_question
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.informing.question import ask_again
from afschrift.casework.intake.referral import to_hand_over
from afschrift.casework.notices.deadlines import reminders
from afschrift.casework.notices.report import open_check
from afschrift.casework.notices.reviews import due_reviews
from afschrift.casework.officer import Officer
from afschrift.casework.run_findings import SweepLimits
from afschrift.datamap.check.map_findings import MapFinding, map_reminder, record
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.law.clock.deadline import local_date
from afschrift.operations.figures import figures, remarks
from afschrift.operations.remove_copies import Copies
from afschrift.operations.sweep import Sweep
from afschrift.register.database.guards import OF_THE_OWNER, WRITES
from afschrift.register.database.objects import differing
from afschrift.register.database.tables import metadata
from afschrift.register.open import initialise, open_keys
from afschrift.register.register import Register
from afschrift.register.schema import VERSION_TABLE
from afschrift.services import Services
from afschrift.staging.staged_requests import destroy, staged_requests
from afschrift.steps.assess import assess
from afschrift.wiring.build_services import build

RUNS, OFFICERS, CHECKS, KEYS = (f"afschrift_{name}" for name in ("runs", "officers", "checks", "keys"))
ROLES = (RUNS, OFFICERS, CHECKS, KEYS)
OWNER = "owner"
KEPT = (("event", "type"), ("segment", "rule"))
"""Tables of which no row is ever changed, each with a column."""
LONG_AGO = datetime(2015, 3, 2, 12, tzinfo=UTC)
CONFIRMED = {"method": "call_back", "level": "substantial"}


@dataclass(frozen=True)
class Installed:
    """A register on PostgreSQL with its owner and a log-in for each role.

    Attributes:
        admin: the same database as its server's administrator.
        logins: role -> address.
    """

    settings: Settings
    admin: pg.Database
    logins: dict[str, str]
    patch: pytest.MonkeyPatch

    def as_role(self, role: str) -> Services:
        """The use cases with the database rights of a role."""
        self.patch.setenv("AFSCHRIFT_REGISTER", self.logins[role])
        return build(lambda _line: None, Settings.from_environment())

    def connected(self, role: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.logins[role].replace("postgresql+psycopg", "postgresql"))

    def sql(self, role: str, statement: str) -> None:
        """Run a statement of one's own with the rights of a role."""
        with self.connected(role) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def installed(postgres_server: pg.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder, patch = tmp_path_factory.mktemp("roles"), pytest.MonkeyPatch()
    database, secret = postgres_server.create(), secrets.token_hex(8)
    names = {role: f"{role}_{secret}" for role in (OWNER, *ROLES)}
    for login in names.values():
        database.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{secret}'")
    database.execute(f"ALTER DATABASE {make_url(database.url).database} OWNER TO {names[OWNER]}")
    logins = {
        role: make_url(database.url)
        .set(username=login, password=secret)
        .render_as_string(hide_password=False)
        for role, login in names.items()
    }
    patch.setenv("MINI_SHOP", str(write_database(folder / "shop.sqlite")))
    patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
    patch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(folder / "inventory")))
    patch.setenv("AFSCHRIFT_REGISTER", logins[OWNER])
    settings = Settings.from_environment()
    initialise(settings)
    old = Register(settings.register, open_keys(settings), lambda: LONG_AGO)
    old.trail.record(None, NewEvent("deadlines_checked"))
    made = in_this_process(("register", "roles"))
    assert made.code == 0
    for _ in range(2):  # twice is as good as once
        database.execute(made.text)
    for role in ROLES:
        database.execute(f"GRANT {role} TO {names[role]}")
    yield Installed(settings, database, logins, patch)
    patch.undo()
    postgres_server.drop(database)
    with psycopg.connect(postgres_server.admin, autocommit=True) as connection:
        for login in names.values():
            connection.execute(f"DROP ROLE {login}")  # type: ignore[arg-type]


def officer(services: Services, by: str = "cli:anna") -> Officer:
    from tests.support.deciding import ROLES as PEOPLE

    return Officer(services.register, PEOPLE, by)


def asked_who(installed: Installed) -> tuple[str, str]:
    """A request that waits for who asks, taken in by an officer and met by a worker; it and its question."""
    request = store(installed.as_role(OFFICERS), {"customer_id": "1"}, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(installed.as_role(RUNS), request)
    [question] = installed.as_role(RUNS).register.questions.all(request_id=request)
    return request, question.id


def test_a_request_goes_from_its_message_to_its_end(installed: Installed) -> None:
    request = store(installed.as_role(OFFICERS), {"customer_id": "1"}, "portability")
    worker = installed.as_role(RUNS)
    run = f"{request}.1"
    patience = timedelta(hours=2)
    worker.register.runs.begin(request, run, patience)
    worker.register.runs.see(request, run, patience)
    worker.register.requests.change_options(request, formats=["csv", "json"])
    bundle = drive(worker, request)
    worker.register.runs.end(request, run, "ready")
    assert bundle.exists()
    hand_over(installed.as_role(OFFICERS), request)
    assert installed.as_role(OFFICERS).register.requests.get(request).state is State.DELIVERED
    assert installed.as_role(RUNS).register.trail.verify() == []
    assert installed.as_role(RUNS).register.trail.make_checkpoint()


def test_a_question_is_answered_by_officers_and_never_by_a_worker(installed: Installed) -> None:
    request, question = asked_who(installed)
    with pytest.raises(ConfigurationError, match="42501"):
        answer_question(officer(installed.as_role(RUNS)), question, "confirmed", detail=CONFIRMED)
    by = officer(installed.as_role(OFFICERS))
    asked = by.register.look_ups.ask(request, by.by, {"role": "officer"})
    installed.as_role(RUNS).register.look_ups.serve(asked.id, request, b"[]", {})
    assert installed.as_role(OFFICERS).register.look_ups.found(request) == b"[]"
    by = officer(installed.as_role(OFFICERS))
    change_keys(by, request, {"customer_id": "2"})
    [now] = by.register.questions.all(request_id=request, open_only=True)
    answer_question(by, now.id, "confirmed", detail=CONFIRMED)
    with pytest.raises(NeedsPersonError):  # whether a key that two persons have counts: a worker asks
        drive(installed.as_role(RUNS), request)


def typed(*words: str) -> None:
    """A command that does what it was asked; 3: but for starting a run, as no Airflow is there."""
    result = in_this_process(words)
    assert result.code in (0, 3), (words, result.text, result.errors)


def test_officers_work_at_the_terminal(installed: Installed, tmp_path: Path) -> None:
    request, question = asked_who(installed)
    register = installed.as_role(OFFICERS).register
    case = register.requests.get(request).case
    today = str(local_date(datetime.now(UTC), "Europe/Amsterdam"))
    words, document = tmp_path / "why.txt", tmp_path / "letter.txt"
    words.write_text("Because the court asked.", encoding="utf-8")
    document.write_text("x" * 3_000_000, encoding="utf-8")
    why, file = ("--text-file", str(words)), (str(document), "--no-id-copy")
    typed("questions")
    typed("questions", "show", question)
    typed("request", "show", request)
    typed("requests")
    typed("case", "show", case)
    typed("case", "add", request, "--kind", "received", "--file", *file)
    typed("case", "hold", case, "--ground", "court", "--review-on", "2099-03-01", *why)
    typed("case", "list", "--held")
    of_complaint = ("--reference", "C/13/99", "--from", "authority", "--received", today)
    typed("case", "complaint", request, *of_complaint, *why)
    typed("letter", "make", request, "acknowledgement")
    [letter] = register.letters.all(request_id=request)
    typed("letter", "sent", letter.id, "--on", today, "--channel", "registered_post", "--proof", *file)
    typed("letter", "bounced", letter.id, "--on", today, "--reason", "returned_by_post")
    left = ("--sent-on", today, "--channel", "post", "--proof", "3SABC")
    typed("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender", *left)
    form = ("--set", "method=call_back", "--set", "level=substantial")
    typed("answer", question, "--choice", "confirmed", *form)
    typed("audit", "verify")
    typed("audit", "export", str(tmp_path / "trail.jsonl"))


def test_checks_sweep_and_remind_without_a_way_to_a_data_key(installed: Installed) -> None:
    request = store(installed.as_role(OFFICERS), {"customer_id": "1"}, "portability")
    worker = installed.as_role(RUNS)
    run = f"{request}.1"
    worker.register.runs.begin(request, run, timedelta(hours=2))
    drive(worker, request)  # and killed before it asked to inform the person:
    installed.sql(OWNER, f"DELETE FROM question WHERE request_id = '{request}'")
    with worker.staging(request).writer("left/behind.json") as sink:
        sink.write(b"{}")
    register = installed.as_role(CHECKS).register
    started: list[str] = []

    def start(_request: str, run_id: str) -> str:
        started.append(run_id)
        return "started"

    root = UPath(installed.settings.staging)
    later = datetime.now(UTC) + timedelta(days=32)
    hours = timedelta(hours=1)
    found = Sweep(
        register,
        partial(staged_requests, root),
        partial(destroy, root),
        start,
        later,
        SweepLimits(hours, hours, hours, review=hours),
        copies=Copies(register, worker.destination, installed.settings.days, later),
    ).run()
    codes = {d.finding.code.value: d.action for d in found if d.finding.request == request}
    assert codes["run_lost"]
    assert codes["staged_closed"].startswith("destroyed")
    assert codes["copy_remains"] == "removed from outbox"
    check = open_check("airflow:check_deadlines", now=later)
    assert request in ask_again(check.register)
    assert "tell_person" in [question.kind for question in check.register.questions.all(request_id=request)]
    assert check.raise_notices(check.open_requests(remarks())) > 0
    due_reviews(check.register, later)
    to_hand_over(check.register, later)
    for reminder in reminders(check, remarks()):
        reminder.remind("office", lambda _message: None)
    assert "fact_notice_told" in [header.type for header, _ in register.trail.events()]
    with pytest.raises(ConfigurationError, match="42501"):
        register.identities.of(request)
    with pytest.raises(InsufficientPrivilege):
        installed.sql(CHECKS, "SELECT wrapped FROM data_key")


@pytest.mark.parametrize("role", [RUNS, CHECKS])
def test_programs_run_with_the_rights_of_their_role(installed: Installed, role: str) -> None:
    register = installed.as_role(role).register
    installed.as_role(CHECKS).register.trail.record(None, NewEvent("register_differs"))

    found = register.oversight.happened(0, LONG_AGO, ("register_differs",))
    assert {header.type for header, _ in found} == {"register_differs"}
    installed.as_role(role)
    assert figures().open >= 0
    record(register, [MapFinding("shop.x", "table_not_described", "error")], [], "airflow:check_inventory")
    reminder = map_reminder(register, "airflow:check_inventory")
    assert reminder.remind(f"office of {role}", lambda _message: None) == 1


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_whether_the_schema_is_as_made(installed: Installed, role: str) -> None:
    guard = "ALTER TABLE event {} TRIGGER event_no_update"
    with installed.as_role(role).register.store.database.read() as tx:
        assert differing(tx) == []
    installed.sql(OWNER, guard.format("DISABLE"))
    with installed.as_role(role).register.store.database.read() as tx:
        assert differing(tx) == ["event_no_update"]
    installed.sql(OWNER, guard.format("ENABLE"))


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_the_trail(installed: Installed, role: str) -> None:
    replaced = "FUNCTION afschrift_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    statements = [f"CREATE OR REPLACE {replaced}", "SET session_replication_role = replica"]
    statements += ["DELETE FROM event_payload", "TRUNCATE event_payload", "DELETE FROM event_code"]
    statements += ["UPDATE event_code SET code = 'x'", "TRUNCATE event_code", "DELETE FROM fact"]
    statements += ["UPDATE case_fact SET kind = 'x'", "CREATE TABLE mine (x int)"]
    for table, column in KEPT:
        statements += [f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"]
        statements += [f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"DROP TABLE {table}"]
        statements += [f"DROP TRIGGER {table}_no_truncate ON {table}"]
        statements += [f"CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION afschrift_refuse()"]
    with installed.connected(role) as connection:
        for statement in statements:
            with pytest.raises(InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_only_the_role_of_keys_erases_and_only_the_owner_drops_a_year(installed: Installed) -> None:
    request = store(installed.as_role(OFFICERS), {"customer_id": "1"})
    moved(installed.as_role(OFFICERS).register, request, State.WITHDRAWN)
    for role in (RUNS, OFFICERS, CHECKS):
        register = installed.as_role(role).register
        with pytest.raises(ConfigurationError, match="42501"):
            register.data_keys.shred(request, "retention_identity")
    keys = installed.as_role(KEYS).register
    keys.keys.rotate_wrapping()
    assert keys.keys.retire_keks()
    assert keys.data_keys.shred(request, "retention_identity")
    with pytest.raises(InsufficientPrivilege):
        installed.sql(KEYS, "UPDATE event_payload SET seq = -seq")
    for role in ROLES:
        with pytest.raises(ConfigurationError, match="42501"):
            installed.as_role(role).register.trail.drop_year(LONG_AGO.year, "retention_trail")
    owner = installed.as_role(OWNER).register
    assert owner.trail.drop_year(LONG_AGO.year, "retention_trail").count == 1
    assert owner.trail.verify() == []


def test_rights_of_each_role_on_every_table(installed: Installed, project_root: Path) -> None:
    """A table that a later migration makes fails here until `register/roles.sql` says whose it is."""
    text = (project_root / "plugins" / "afschrift" / "register" / "roles.sql").read_text(encoding="utf-8")
    granted = {
        word.strip(",")
        for line in text.splitlines()
        if not line.startswith("--")
        for word in line.split(" -- ")[0].replace(";", " ").split()
    }
    assert {*metadata.tables, VERSION_TABLE} - granted == set()
    page = (project_root / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")
    assert [role for role in ROLES if f"- `{role}`, " not in page] == []
    unread = (
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE "
        "a.attrelid = c.oid AND a.attnum > 0 AND has_column_privilege('afschrift_runs', c.oid, a.attnum, 'SELECT'))"
    )
    with psycopg.connect(installed.admin.libpq) as connection:
        assert connection.execute(unread).fetchall() == []


def _insert(kind: str) -> str:
    return (
        "INSERT INTO event SELECT seq + 1, at, NULL, '" + kind + "', 'cli:anna', prev, prev FROM event "
        "ORDER BY seq DESC LIMIT 1"
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_role_inserts_only_its_event_types(installed: Installed, role: str) -> None:
    types = wording("en").types
    assert set().union(*WRITES.values()) | OF_THE_OWNER == types
    mine = {kind for of in (role, OFFICERS if role == KEYS else role) for kind in WRITES[of]}
    with installed.connected(role) as connection:
        for kind in sorted(types):
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(_insert(kind))  # type: ignore[arg-type]
                written = True
            except InsufficientPrivilege:
                written = False
            assert written is (kind in mine), kind


@pytest.mark.parametrize("role", ROLES)
def test_no_role_leaves_a_number_out(installed: Installed, role: str) -> None:
    gate = _insert("gate_bypassed" if role != KEYS else "answer_refused")
    for seq in ("seq + 2", "9223372036854775807", "-1"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            installed.sql(role, gate.replace("seq + 1", seq))
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):  # beside a table of its own
        installed.sql(
            role,
            "CREATE TEMP TABLE event AS SELECT 40 AS seq; " + gate.replace("INTO event", "INTO public.event")
            .replace("FROM event", "FROM public.event").replace("seq + 1", "41"),
        )  # fmt: skip
