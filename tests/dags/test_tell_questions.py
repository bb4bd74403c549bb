"""The DAG `tell_questions` on a real Airflow: a mail to the officers, the log for the signers, each once."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.dags.test_check_deadlines import mail_at, run
from tests.support.installed import Installation
from tests.support.mail_server import Manner, serving
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]

NOTIFIERS = """
officers:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: privacy@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
  roles: [officer]
signers:
  notifier: afschrift.airflow_ext.notifiers.LogNotifier
  roles: [second_signer]
"""


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / "tell_questions.py"))
    assert bag.import_errors == {}
    for task in bag.dags["tell_questions"].task_dict.values():
        task.retries = 0
    return bag.dags["tell_questions"]


def test_each_role_is_notified_once_and_again_on_assignment(
    airflow_env: AirflowEnv, installation: Installation, dag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.law.roles import Roles
    from afschrift.questions.ask import assign
    from afschrift.register.open import open_register

    (installation.home / "notifiers.yml").write_text(NOTIFIERS)
    request = installation.submit("1001", "access")
    register = open_register()
    asked = register.questions.ask(
        request, "decision", options=["fulfil"], detail={"flags": [{"flag": "kwikstaart"}]}
    )
    with serving(Manner.LATER) as (_, address):
        mail_at(address, monkeypatch)
        assert run(dag)["notify[0]"] == "failed"  # and is notified again
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        states = run(dag)
        assert (states["notify[0]"], states["notify[1]"]) == ("success", "skipped")
        assert run(dag)["notify[0]"] == "skipped"
        register.questions.ask(
            request, "decision_signed", options=["agree", "disagree"], detail={}, role="second_signer"
        )
        logged = len(airflow_env.log)
        states = run(dag)
        assert (states["notify[0]"], states["notify[1]"]) == ("skipped", "success")
        assert "1 question open for second_signer" in airflow_env.log[logged:]
        assign(register, Roles(open_terminal=True), asked.id, "cli:vera", "cli:anna")
        assert run(dag)["notify[0]"] == "success"
    first, second = (message_from_bytes(content, policy=default) for _, _, content in server.messages)
    assert first["subject"] == "Afschrift: 1 question open for officer"
    assert asked.id in first.get_body().get_content()  # type: ignore[union-attr]
    assert "cli:vera" in second.get_body().get_content()  # type: ignore[union-attr]
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


def test_asset_event_is_emitted_once_and_starts_its_dag(
    airflow_env: AirflowEnv, installation: Installation, dag: Any, tmp_path: Path
) -> None:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.session import create_session
    from sqlalchemy import text

    (tmp_path / "downstream.py").write_text(DOWNSTREAM)
    with create_session() as session:
        session.execute(text("INSERT OR IGNORE INTO dag_bundle (name) VALUES ('dags-folder')"))
    sync_bag_to_db(DagBag(dag_folder=str(tmp_path)), "dags-folder", None)
    request = installation.submit("1001", "access")
    register = installation.services.register
    register.oversight.record_findings([(request, {"code": "run_failed", "since": "kwikstaart"})])

    states = run(dag), run(dag)

    assert [state["announce"] for state in states] == ["success", "success"]
    events = airflow_env.rows(
        "SELECT a.name, e.extra FROM asset_event e JOIN asset a ON a.id = e.asset_id ORDER BY a.name"
    )
    [(_, seq)] = [(h.type, h.seq) for h, _ in register.trail.events(request) if h.type == "sweep_found"]
    assert [(name, json.loads(extra)) for name, extra in events] == [
        ("afschrift_finding", {"event": seq, "type": "sweep_found", "request": request}),
        ("afschrift_map_changed", {"inventory": installation.services.inventory.digest}),
    ]
    due = airflow_env.rows("SELECT target_dag_id FROM asset_dag_run_queue")
    assert due == [("downstream",)]


def test_the_runbook_names_every_task(dag: Any) -> None:
    assert all(f"| {name} |" in dag.doc_md for name in dag.task_dict)
