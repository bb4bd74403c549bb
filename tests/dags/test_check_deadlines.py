"""The DAG `check_deadlines` on a real Airflow: a mail and a log, an overdue request, and a name to it."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation
from tests.support.mail_server import Manner, serving
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]

TASKS = {"look", "names", "notify", "overdue"}
NOTIFIERS = """
officers:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: privacy@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
trace:
  notifier: afschrift.airflow_ext.notifiers.LogNotifier
"""


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / "check_deadlines.py"))
    assert bag.import_errors == {}
    for task in bag.dags["check_deadlines"].task_dict.values():
        task.retries = 0
    return bag.dags["check_deadlines"]


@pytest.fixture
def overdue(installation: Installation) -> str:
    """A request of June without an answer."""
    return installation.submit(HEAVY.number, "access")


def run(dag: Any) -> dict[str, str]:
    """Runs it to its end; state of the run, and of each task, a mapped one by its place."""
    done = dag.test()
    tasks = {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
        for ti in done.get_task_instances()
    }
    return {"run": str(done.state), **tasks}


def mail_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = address.removeprefix("smtp://").partition(":")
    extra = {"disable_ssl": True, "disable_tls": True, "retry_limit": 1}
    connection = {"conn_type": "smtp", "host": host, "port": int(port), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


def test_each_notifier_notifies_once_and_run_fails_until_explained(
    airflow_env: AirflowEnv,
    installation: Installation,
    overdue: str,
    dag: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (installation.home / "notifiers.yml").write_text(NOTIFIERS)
    with serving(Manner.LATER) as (_, address):
        mail_at(address, monkeypatch)
        first = run(dag)
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        second = run(dag)
        third = run(dag)
    monkeypatch.setattr("sys.stdin", StringIO("The processor delivered late."))
    from typer.testing import CliRunner

    from afschrift.cli.main import app

    done = CliRunner().invoke(app, ["request", "acknowledge", overdue, "--text-file", "-"], input="Late.")
    fourth = run(dag)

    assert done.exit_code == 0, done.output
    assert first == {
        "run": "failed", "look": "success", "names": "success",
        "notify[0]": "failed", "notify[1]": "success", "overdue": "failed",
    }  # fmt: skip
    assert {name: second[name] for name in ("notify[0]", "notify[1]")} == {
        "notify[0]": "success",
        "notify[1]": "skipped",
    }
    assert {name: third[name] for name in ("notify[0]", "notify[1]", "overdue")} == {
        "notify[0]": "skipped",
        "notify[1]": "skipped",
        "overdue": "failed",
    }
    assert (fourth["run"], fourth["overdue"]) == ("success", "success")
    [(_, to, content)] = server.messages
    mail = message_from_bytes(content, policy=default)
    assert to == "privacy@example.org"
    assert mail["subject"] == "Afschrift: 1 request near the last day, 1 overdue"
    assert overdue in mail.get_body().get_content()
    kinds = [kind for kind, _ in installation.events(overdue) if kind.startswith("fact_")]
    assert kinds == [
        "fact_notice_raised",
        "fact_notice_told",
        "fact_notice_told",
        "fact_overdue_acknowledged",
    ]


def test_notice_goes_to_the_log_without_notifiers_file(
    airflow_env: AirflowEnv, installation: Installation, overdue: str, dag: Any
) -> None:
    from afschrift.casework.intake.message import Intake
    from afschrift.casework.intake.store_request import take_in

    services, logged = installation.services, len(airflow_env.log)
    asks = {"message": "Wis mijn account.", "channel": "email", "received_at": services.now()}
    take_in(services, Intake.model_validate({**asks, "other_rights": ["erasure"]}), "cli:ivo")

    states = run(dag)

    assert states["notify"] == "success" if "notify" in states else states["notify[0]"] == "success"
    log = airflow_env.log[logged:]
    assert "1 request near the last day, 1 overdue" in log
    assert f"{overdue}  access, received: due 2026-07-10" in log
    assert "Afschrift: 1 to be handed over." in log
    assert "no officer has said why" in log


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("officers: {notifier: no.such.Notifier}", "cannot be made"),
        ("officers: {notifier: pathlib.Path}", "is none of Airflow's"),
        ("officers: {notify: x}", "notifiers.yml"),
        ("", "the file holds no mapping"),
        ("{}", "names no notifier"),
    ],
)
def test_unusable_notifier_is_named(
    airflow_env: AirflowEnv, installation: Installation, overdue: str, dag: Any, file: str, words: str
) -> None:
    (installation.home / "notifiers.yml").write_text(file)
    logged = len(airflow_env.log)

    assert run(dag)["run"] == "failed"

    assert words in airflow_env.log[logged:]


def test_unreadable_marks_are_named(
    airflow_env: AirflowEnv, installation: Installation, dag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_DEADLINE_MARKS", "14 soon")
    logged = len(airflow_env.log)
    assert run(dag)["look"] == "failed"
    assert "marks of deadlines cannot be read: soon" in airflow_env.log[logged:]


def test_the_runbook_names_every_task(dag: Any) -> None:
    assert set(dag.task_dict) == TASKS
    assert all(f"| {name} |" in dag.doc_md for name in TASKS)
