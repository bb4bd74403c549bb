"""The DAG `check_inventory` on a real Airflow: a new column is notified once, and no request passes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import duckdb
import pytest
from tests.airflow_support import AirflowEnv
from tests.dags.test_check_deadlines import mail_at, run
from tests.support.installed import CUSTOMERS, Installation
from tests.support.mail_server import serving
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]

NOTIFIERS = """
owners:
  notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier
  arguments:
    to: data@example.org
    from_email: afschrift@example.org
    subject: "{{ notices.subject }}"
    html_content: "{{ notices.html }}"
  roles: [keeper]
signers:
  notifier: afschrift.airflow_ext.notifiers.LogNotifier
  roles: [second_signer]
"""
OTHER = CUSTOMERS[0]
NEW = "shop.login.favourite"


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Iterator[Any]:
    """The DAG; its asset events are gone afterwards, as others count theirs."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.session import create_session
    from sqlalchemy import text

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / "check_inventory.py"))
    assert bag.import_errors == {}
    for task in bag.dags["check_inventory"].task_dict.values():
        task.retries = 0
    yield bag.dags["check_inventory"]
    with create_session() as session:
        for table in ("asset_alias_asset_event", "dagrun_asset_event", "asset_event"):
            session.execute(text(f"DELETE FROM {table}"))


def map_events(airflow_env: AirflowEnv) -> list[dict[str, str]]:
    found = airflow_env.rows(
        "SELECT e.extra FROM asset_event e JOIN asset a ON a.id = e.asset_id "
        "WHERE a.name = 'afschrift_map_changed' ORDER BY e.id"
    )
    return [json.loads(extra) for (extra,) in found]


def alter(installation: Installation, statement: str) -> None:
    with duckdb.connect(str(installation.warehouse / "shop.duckdb")) as con:
        con.execute(statement)


def test_new_column_is_notified_once_and_stops_requests(
    airflow_env: AirflowEnv,
    installation: Installation,
    dag: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from afschrift.domain.errors import GateError, NeedsPersonError
    from afschrift.steps.assess import assess
    from afschrift.steps.classify import classify
    from afschrift.steps.extract import extract

    (installation.home / "notifiers.yml").write_text(NOTIFIERS)
    planned = installation.submit(CUSTOMERS[1], "portability")
    services = installation.services
    assess(services, planned)
    classify(services, planned)
    before = len(map_events(airflow_env))
    alter(installation, "ALTER TABLE login ADD COLUMN favourite VARCHAR DEFAULT 'kwikstaart'")
    logged = len(airflow_env.log)
    with serving() as (server, address):
        mail_at(address, monkeypatch)
        states = run(dag)
        assert (states["run"], states["notify[0]"], states["notify[1]"]) == ("success", "success", "skipped")
        assert run(dag)["notify[0]"] == "skipped"
        assert len(map_events(airflow_env)) == before + 1

        with pytest.raises(GateError, match="The sources changed after the plan"):
            extract(services, planned, "shop")
        with pytest.raises(NeedsPersonError):
            classify(services, planned)
        later = installation.submit(OTHER, "portability")
        assert airflow_env.run({"request": later}).state == "success"
        for request in (planned, later):
            open_ones = services.register.questions.all(request_id=request)
            assert [question.detail for question in open_ones if question.kind == "unclassified"] == [
                {"columns": [NEW]}
            ]

        alter(installation, "ALTER TABLE login DROP COLUMN favourite")
        assert run(dag)["notify[0]"] == "success"
        assert run(dag)["notify[0]"] == "skipped"
    mails = [message_from_bytes(content, policy=default) for _, _, content in server.messages]
    assert [message["subject"].rpartition(": ")[2] for message in mails] == ["1 new", "1 mended"]
    assert all(NEW in message.get_body().get_content() for message in mails)  # type: ignore[union-attr]
    assert "kwikstaart" not in airflow_env.log[logged:]
    assert f"error: {NEW} is not in the inventory: every request stops there" in airflow_env.log[logged:]
    waiting, mended = map_events(airflow_env)[before:]
    assert waiting["inventory"] == mended["inventory"] == services.inventory.digest
    assert waiting["findings"] != mended["findings"]


def test_unreachable_source_fails_the_run_and_resolves_nothing(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    from afschrift.datamap.check.map_findings import MapFinding, record

    known = MapFinding(NEW, "column_not_described", "error")
    record(installation.services.register, [known], [], "airflow:check_inventory")
    file = installation.warehouse / "shop.duckdb"
    file.rename(file.with_suffix(".away"))
    states = run(dag)
    assert (states["check"], states["reached"], states["run"]) == ("success", "failed", "failed")
    [last] = [p for _, p in installation.services.register.evidence.of_types(None, "inventory_checked")][-1:]
    assert last["not_reached"] == ["shop"]
    assert [NEW, "column_not_described", "error"] in last["findings"]


def test_the_runbook_names_every_task(dag: Any) -> None:
    assert all(f"| {name} |" in dag.doc_md for name in dag.task_dict)
