"""The DAG `fulfil_batch` on a real Airflow: it reads for several requests and starts each one's own run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY, RENAMED
from sqlalchemy import text
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation, installed

from afschrift.batch.fulfil_batch import batch_run
from afschrift.domain.request import BATCHED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("batch")) as made:
        yield made


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    return batch_dag()


def batch_dag() -> Any:
    """`fulfil_batch`, with `fulfil_request` known to Airflow as its scheduler would know it."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.session import create_session

    from afschrift.airflow_ext.environment import BATCH_DAG_ID, DAGS
    from afschrift.airflow_ext.local import load_dag

    with create_session() as session:
        session.execute(text("INSERT OR IGNORE INTO dag_bundle (name) VALUES ('dags-folder')"))
    sync_bag_to_db(DagBag(dag_folder=str(DAGS / "fulfil_request.py")), "dags-folder", None)
    found = load_dag(BATCH_DAG_ID)
    for task in found.task_dict.values():
        task.retries = 0
    return found


def test_batch_reads_for_each_request_and_starts_its_run(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    requests = [installation.submit(number, "portability") for number in (HEAVY.number, RENAMED.number)]
    waits = installation.submit(HEAVY.number, "access", authenticated=False)
    logged = len(airflow_env.log)

    done = dag.test(run_conf={"requests": [*requests, waits]})

    states = {(ti.task_id, ti.map_index): str(ti.state) for ti in done.get_task_instances()}
    tasks = [
        ("end", -1),
        ("extract_app", -1),
        ("extract_shop", -1),
        ("prepare", -1),
        ("start", 0),
        ("start", 1),
    ]
    assert sorted(states) == tasks
    assert set(states.values()) == {"success"}
    for request in requests:
        [run] = installation.services.register.runs.all(request_id=request)
        assert (run.id, run.outcome) == (batch_run(done.run_id, request), BATCHED)
        started = airflow_env.rows(
            "SELECT run_id FROM dag_run WHERE dag_id = 'fulfil_request' AND run_id LIKE ?", f"{request}.%"
        )
        assert started == [(f"{request}.1",)]
    assert installation.services.register.questions.all(request_id=waits)
    log = airflow_env.log[logged:]
    assert "requests: " in log
    for person in (HEAVY, RENAMED):
        assert person.email not in log
        assert person.last_name not in log


def test_unknown_field_in_conf_fails_the_run(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    request = installation.submit(HEAVY.number, "portability")
    logged = len(airflow_env.log)

    done = dag.test(run_conf={"requests": [request], "email": "somebody@example.org"})

    assert {ti.task_id: str(ti.state) for ti in done.get_task_instances()}["prepare"] == "failed"
    assert installation.services.register.runs.all(request_id=request) == ()
    assert "holds fields that fulfil_batch does not have" in airflow_env.log[logged:]
