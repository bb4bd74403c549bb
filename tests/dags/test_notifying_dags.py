"""The DAGs that notify people, on a real Airflow: of deadlines, of questions and of a map that differs."""

import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, dag_named, make_known, ran
from tests.support.installed import CUSTOMERS
from tests.support.mail_server import Manner, Server, serving
from typer.testing import CliRunner

from afschrift.app.roles_file import load_roles
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.intake.store_request import take_in
from afschrift.cli.main import app
from afschrift.datamap.check.map_findings import MapFinding, record
from afschrift.domain.errors import ConfigurationError, GateError, NeedsPersonError
from afschrift.law.roles import Roles
from afschrift.questions.ask import assign
from afschrift.register.open import open_register
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

NOTIFIERS = """
officers:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: privacy@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
  roles: [officer, keeper]
signers:
  notifier: afschrift.airflow_ext.notifiers.LogNotifier
  roles: [second_signer]
"""
NEW = "shop.login.favourite"


def mail_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = address.removeprefix("smtp://").partition(":")
    extra = {"disable_ssl": True, "disable_tls": True, "retry_limit": 1}
    connection = {"conn_type": "smtp", "host": host, "port": int(port), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


def mails(server: Server) -> list[tuple[EmailMessage, str]]:
    """Each message, and what it says."""
    found = [message_from_bytes(content, policy=default) for _, _, content in server.messages]
    return [(mail, mail.get_body().get_content()) for mail in found]


def notified(dag: Any) -> list[str]:
    """What became of both notifiers."""
    states = ran(dag)
    return [states["notify[0]"], states["notify[1]"]]


@pytest.fixture
def overdue(flow: Flow) -> str:
    """A request of June without an answer."""
    return flow.submit(HEAVY.number, "access")


def test_each_notifier_notifies_once_and_run_fails_until_explained(
    flow: Flow, overdue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = dag_named("check_deadlines")
    (flow.home / "notifiers.yml").write_text(NOTIFIERS)  # deadlines go to all
    with serving(Manner.LATER) as (_, address):
        mail_at(address, monkeypatch)
        first = ran(dag)
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        second, third = ran(dag), ran(dag)
    monkeypatch.setattr("sys.stdin", StringIO("The processor delivered late."))
    done = CliRunner().invoke(app, ["request", "acknowledge", overdue, "--text-file", "-"], input="Late.")
    fourth = ran(dag)

    assert done.exit_code == 0, done.output
    assert first == {
        "run": "failed", "look": "success", "names": "success",
        "notify[0]": "failed", "notify[1]": "success", "overdue": "failed",
    }  # fmt: skip
    assert (second["notify[0]"], second["notify[1]"]) == ("success", "skipped")
    assert [third[name] for name in ("notify[0]", "notify[1]", "overdue")] == ["skipped", "skipped", "failed"]
    assert (fourth["run"], fourth["overdue"]) == ("success", "success")
    [(mail, text)] = mails(server)
    assert server.messages[0][1] == "privacy@example.org"
    assert mail["subject"] == "Afschrift: 1 request near the last day, 1 overdue"
    assert overdue in text
    kinds = [kind.removeprefix("fact_") for kind, _ in flow.events(overdue) if kind.startswith("fact_")]
    assert kinds == ["notice_raised", "notice_told", "notice_told", "overdue_acknowledged"]


def test_notice_goes_to_the_log_without_notifiers_file(flow: Flow, overdue: str) -> None:
    from afschrift.airflow_ext.deadline_tasks import look

    asks = {"message": "Wis mijn account.", "channel": "email", "received_at": flow.services.now()}
    asks["other_rights"] = ["erasure"]
    case = take_in(flow.services, Intake.model_validate(asks), "cli:ivo").case

    assert ran(dag_named("check_deadlines"))["notify[0]"] == "success"

    assert "1 request near the last day, 1 overdue" in flow.log
    assert f"{overdue}  access, received: due 2026-07-10" in flow.log
    assert "Afschrift: 1 to be handed over." in flow.log
    assert "no officer has said why" in flow.log
    assert f"{case}: erasure (Art. 17) is to be handed over to customer service" in flow.log
    assert "Wis mijn account" not in flow.log
    logged = len(flow.log)
    record_handed_over(flow.register, load_roles(), case, "erasure", "customer service", "T-1", "cli:ivo")
    look()
    assert case not in flow.log[logged:]


def test_unusable_notifier_and_unreadable_marks_are_named(
    flow: Flow, overdue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag, file = dag_named("check_deadlines"), flow.home / "notifiers.yml"
    file.write_text("officers: {notifier: no.such.Notifier}")
    assert ran(dag)["run"] == "failed"
    assert "cannot be made" in flow.log
    monkeypatch.setenv("AFSCHRIFT_DEADLINE_MARKS", "14 soon")
    assert ran(dag)["look"] == "failed"
    assert "marks of deadlines cannot be read: soon" in flow.log


@pytest.mark.usefixtures("airflow_env")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("officers: {notifier: no.such.Notifier}", "cannot be made"),
        ("officers: {notifier: pathlib.Path}", "is none of Airflow's"),
        ("officers: {notify: x}", "notifiers.yml"),
        ("", "the file holds no mapping"),
        ("{}", "names no notifier"),
    ],
)
def test_unusable_notifier_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    from afschrift.airflow_ext.notifiers import load_notifiers, make

    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path))
    (tmp_path / "notifiers.yml").write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        [make(name, entry) for name, entry in load_notifiers().items()]


def test_each_role_is_notified_once_and_again_on_assignment(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = dag_named("tell_questions")
    (flow.home / "notifiers.yml").write_text(NOTIFIERS)
    request, register = flow.submit("1001", "access"), open_register()
    flags = {"flags": [{"flag": "kwikstaart"}]}
    asked = register.questions.ask(request, "decision", options=["fulfil"], detail=flags)
    with serving(Manner.LATER) as (_, address):
        mail_at(address, monkeypatch)
        assert notified(dag)[0] == "failed"  # and is notified again
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        assert notified(dag) == ["success", "skipped"]
        assert notified(dag)[0] == "skipped"
        signs = {"options": ["agree", "disagree"], "detail": {}, "role": "second_signer"}
        register.questions.ask(request, "decision_signed", **signs)
        logged = len(flow.log)
        assert notified(dag) == ["skipped", "success"]
        assert "1 question open for second_signer" in flow.log[logged:]
        assign(register, Roles(open_terminal=True), asked.id, "cli:vera", "cli:anna")
        assert notified(dag)[0] == "success"
    (mail, first), (_, second) = mails(server)
    assert mail["subject"] == "Afschrift: 1 question open for officer"
    assert (asked.id in first, "cli:vera" in second) == (True, True)
    assert b"kwikstaart" not in b"".join(content for _, _, content in server.messages)


DOWNSTREAM = """
from airflow.sdk import dag, task
from afschrift.airflow_ext.outside.assets import FINDING

@dag(schedule=[FINDING])
def downstream():
    @task
    def look(triggering_asset_events=None): ...
    look()

downstream()
"""


def asset_events(env: AirflowEnv) -> list[tuple[str, Any]]:
    """Names of assets and what their events say."""
    rows = env.rows(
        "SELECT a.name, e.extra FROM asset_event e JOIN asset a ON a.id = e.asset_id ORDER BY e.id"
    )
    return [(name, json.loads(extra)) for name, extra in rows]


@pytest.fixture
def no_asset_events(airflow_env: AirflowEnv) -> None:
    from airflow.utils.session import create_session
    from sqlalchemy import text

    with create_session() as session:
        for table in ("asset_alias_asset_event", "dagrun_asset_event", "asset_event"):
            session.execute(text(f"DELETE FROM {table}"))


@pytest.mark.usefixtures("no_asset_events")
def test_asset_event_is_emitted_once_and_starts_its_dag(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "downstream.py").write_text(DOWNSTREAM)
    make_known(str(tmp_path / "downstream.py"))
    request, register = flow.submit("1001", "access"), flow.register
    register.oversight.record_findings([(request, {"code": "run_failed", "since": "kwikstaart"})])
    dag = dag_named("tell_questions")

    assert [ran(dag)["announce"], ran(dag)["announce"]] == ["success", "success"]

    [seq] = [header.seq for header, _ in register.trail.events(request) if header.type == "sweep_found"]
    assert sorted(asset_events(flow.env)) == [
        ("afschrift_finding", {"event": seq, "type": "sweep_found", "request": request}),
        ("afschrift_map_changed", {"inventory": flow.services.inventory.digest}),
    ]
    assert flow.env.rows("SELECT target_dag_id FROM asset_dag_run_queue") == [("downstream",)]


def alter(flow: Flow, change: str) -> None:
    with duckdb.connect(str(flow.warehouse / "shop.duckdb")) as con:
        con.execute(f"ALTER TABLE login {change}")


@pytest.mark.usefixtures("no_asset_events")
def test_new_column_is_notified_once_and_stops_requests(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    dag, services = dag_named("check_inventory"), flow.services
    (flow.home / "notifiers.yml").write_text(NOTIFIERS)
    planned = flow.submit(CUSTOMERS[1], "portability")
    assess(services, planned)
    classify(services, planned)
    alter(flow, "ADD COLUMN favourite VARCHAR DEFAULT 'kwikstaart'")
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        states = ran(dag)
        assert (states["run"], states["notify[0]"], states["notify[1]"]) == ("success", "success", "skipped")
        assert notified(dag)[0] == "skipped"
        assert len(asset_events(flow.env)) == 1

        with pytest.raises(GateError, match="The sources changed after the plan"):
            extract(services, planned, "shop")
        with pytest.raises(NeedsPersonError):
            classify(services, planned)
        later = flow.submit(CUSTOMERS[0], "portability")
        assert flow.run(later).state == "success"
        for request in (planned, later):
            asked = services.register.questions.all(request_id=request)
            unclassified = [question.detail for question in asked if question.kind == "unclassified"]
            assert unclassified == [{"columns": [NEW]}]

        alter(flow, "DROP COLUMN favourite")
        assert [notified(dag)[0], notified(dag)[0]] == ["success", "skipped"]
    sent = mails(server)
    assert [mail["subject"].rpartition(": ")[2] for mail, _ in sent] == ["1 new", "1 mended"]
    assert all(NEW in text for _, text in sent)
    assert "kwikstaart" not in flow.log
    assert f"error: {NEW} is not in the inventory: every request stops there" in flow.log
    (name, waiting), (same_name, mended) = asset_events(flow.env)
    assert name == same_name == "afschrift_map_changed"
    assert waiting["inventory"] == mended["inventory"] == services.inventory.digest
    assert waiting["findings"] != mended["findings"]


def test_unreachable_source_fails_the_run_and_resolves_nothing(flow: Flow) -> None:
    known = MapFinding(NEW, "column_not_described", "error")
    record(flow.register, [known], [], "airflow:check_inventory")
    file = flow.warehouse / "shop.duckdb"
    file.rename(file.with_suffix(".away"))
    states = ran(dag_named("check_inventory"))
    assert (states["check"], states["reached"], states["run"]) == ("success", "failed", "failed")
    *_, (_, last) = flow.register.evidence.of_types(None, "inventory_checked")
    assert last["not_reached"] == ["shop"]
    assert [NEW, "column_not_described", "error"] in last["findings"]
