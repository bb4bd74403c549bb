"""The DAG `look_up_identity` as Airflow runs it: what it leaves where, and what it does without an ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, dag_named, flow_on

PERSON = [HEAVY.email, HEAVY.last_name, str(HEAVY.number)]


@pytest.fixture(scope="module")
def flow(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flow]:
    with flow_on(airflow_env, demo_warehouse, tmp_path_factory.mktemp("look_up")) as made:
        yield made


def look_up(request: str, **more: Any) -> Any:
    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
    from afschrift.airflow_ext.local import run_dag

    return run_dag(dag_named(LOOK_UP_DAG_ID), {"request": request, **more}, lambda line: None)


def test_found_keys_reach_the_register_and_not_airflow(flow: Flow) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.identity.look_up import ask_look_up, identity_view
    from afschrift.casework.officer import Officer

    keys = {"customer_id": str(HEAVY.number), "email": HEAVY.email}
    request = flow.submit(HEAVY.number, "access", authenticated=False, keys=keys)
    ask_look_up(Officer(flow.register, load_roles(), "cli:anna"), request)

    assert look_up(request).state == "success"

    shown = str(identity_view(flow.register, request, masked=False))
    assert all(value in shown for value in PERSON)
    assert "looked in 4 tables" in flow.log
    everything = flow.log + Path(flow.env.home / "airflow.db").read_bytes().decode(errors="replace")
    everything += str(flow.events(request))
    assert [value for value in PERSON if value in everything] == []
    assert flow.staged == []


@pytest.mark.parametrize(
    ("more", "reason"), [({}, "not_asked"), ({"formats": ["csv"]}, "unknown_fields_in_conf")]
)
def test_without_an_ask_nothing_is_read(flow: Flow, more: dict[str, Any], reason: str) -> None:
    request = flow.submit(HEAVY.number, "access", authenticated=False)

    outcome = look_up(request, **more)

    assert (outcome.state, outcome.failed) == ("failed", ("look_up",))
    [payload] = [p for kind, p in flow.events(request) if kind == "gate_bypassed"]
    assert payload["reason"] == reason
    assert flow.register.look_ups.found(request) is None
