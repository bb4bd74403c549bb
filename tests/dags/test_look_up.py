"""The DAG `look_up_identity` as Airflow runs it: what it leaves where, and what it does without an ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation, installed

PERSON = [HEAVY.email, HEAVY.last_name, str(HEAVY.number)]


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("look_up")) as made:
        yield made


def run(airflow_env: AirflowEnv, request: str, **more: Any) -> Any:
    from datetime import timedelta

    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
    from afschrift.airflow_ext.local import load_dag, run_dag

    dag = load_dag(LOOK_UP_DAG_ID)
    for task in dag.task_dict.values():
        task.retry_delay = timedelta(0)
    return run_dag(dag, {"request": request, **more}, lambda line: None)


def test_found_keys_reach_the_register_and_not_airflow(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.identity.look_up import ask_look_up, identity_view
    from afschrift.casework.officer import Officer

    register = installation.services.register
    keys = {"customer_id": str(HEAVY.number), "email": HEAVY.email}
    request = installation.submit(HEAVY.number, "access", authenticated=False, keys=keys)
    ask_look_up(Officer(register, load_roles(), "cli:anna"), request)
    before = len(airflow_env.log)

    assert run(airflow_env, request).state == "success"

    shown = str(identity_view(register, request, masked=False))
    assert all(value in shown for value in PERSON)
    log = airflow_env.log[before:]
    assert "looked in 4 tables" in log
    everything = log + Path(airflow_env.home / "airflow.db").read_bytes().decode(errors="replace")
    everything += str(installation.events(request))
    assert [value for value in PERSON if value in everything] == []
    left = [path for path in (installation.home / "staging").rglob("*") if path.is_file()]
    assert left == []


def test_without_an_ask_nothing_is_read(airflow_env: AirflowEnv, installation: Installation) -> None:
    request = installation.submit(HEAVY.number, "access", authenticated=False)

    outcome = run(airflow_env, request)

    assert (outcome.state, outcome.failed) == ("failed", ("look_up",))
    [payload] = [p for kind, p in installation.events(request) if kind == "gate_bypassed"]
    assert payload["reason"] == "not_asked"
    assert installation.services.register.look_ups.found(request) is None


def test_unknown_field_in_conf_fails_the_run(airflow_env: AirflowEnv, installation: Installation) -> None:
    request = installation.submit(HEAVY.number, "access", authenticated=False)
    assert run(airflow_env, request, formats=["csv"]).failed == ("look_up",)
    [payload] = [p for kind, p in installation.events(request) if kind == "gate_bypassed"]
    assert payload["reason"] == "unknown_fields_in_conf"
