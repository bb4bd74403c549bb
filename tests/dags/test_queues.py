"""Where the tasks of a run go, by what the sources of the inventory say (`run_in`); runs of `fulfil_batch`."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, dag_named, flow_on, make_known, ran
from tests.support.installed import CUSTOMERS
from tests.support.two_sources import write_inventory

from afschrift.batch.fulfil_batch import batch_run
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.request import BATCHED

APP = "run_in: {queue: dmz, pod_template_file: /pods/dmz.yaml}\n"
SHOP = "run_in: {queue: finance, pool: ledger}\n"
EVERYWHERE = {"assess", "classify"}


@pytest.fixture(scope="module")
def flow(
    airflow_env: AirflowEnv, two_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flow]:
    folder = tmp_path_factory.mktemp("queues")
    inventory = write_inventory(folder / "inventory")
    for source, options in (("app", APP), ("shop", SHOP)):
        file = inventory / f"{source}.yml"
        file.write_text(f"{file.read_text(encoding='utf-8').rstrip()}\n{options}", encoding="utf-8")
    places = {"AFSCHRIFT_QUEUE": "all", "AFSCHRIFT_POD_TEMPLATE_FILE": "/pods/all.yaml"}
    variables = {"AFSCHRIFT_INVENTORY": str(inventory), **places}
    with flow_on(airflow_env, two_sources, folder, variables) as made:
        yield made


def queues(flow: Flow, run_id: str) -> dict[str, tuple[str, str]]:
    rows = flow.env.rows("SELECT task_id, queue, pool FROM task_instance WHERE run_id = ?", run_id)
    return {task: (queue, pool) for task, queue, pool in rows}


def add_pool(name: str) -> None:
    from airflow.models.pool import Pool

    Pool.create_or_update_pool(name, slots=2, description="", include_deferred=False)


def test_each_source_is_read_in_its_queue_also_when_cleared(flow: Flow) -> None:
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.session import create_session
    from sqlalchemy import select

    add_pool("ledger")
    outcome = flow.run(flow.submit(HEAVY.number, "portability"))

    assert outcome.state == "success"
    before = queues(flow, outcome.run_id)
    found = dict(before)
    assert found.pop("extract_app") == ("dmz", "default_pool")
    assert found.pop("extract_shop") == ("finance", "ledger")
    assert {queue for task, (queue, _) in found.items() if task in EVERYWHERE} == {"all"}
    assert {queue for task, (queue, _) in found.items() if task not in EVERYWHERE} == {"default"}
    with create_session() as session:
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == outcome.run_id)).all()
        pods = {ti.task_id: (ti.executor_config or {}).get("pod_template_file") for ti in tasks}
        clear_task_instances(list(tasks), session)
    assert pods.pop("extract_app") == "/pods/dmz.yaml"
    assert {task: pod for task, pod in pods.items() if pod} == dict.fromkeys(EVERYWHERE, "/pods/all.yaml")
    assert queues(flow, outcome.run_id) == before


def test_tasks_that_open_all_sources_use_the_queue_of_all(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID

    add_pool("afschrift_app")
    assert flow.env.dag().task_dict["extract_app"].pool == "default_pool"  # the source names none
    [look_up] = dag_named(LOOK_UP_DAG_ID).task_dict.values()
    assert look_up.queue == "all"
    monkeypatch.setenv("AFSCHRIFT_TASKS", "one")
    alone = {name: task.queue for name, task in flow.env.dag().task_dict.items()}
    assert alone == {"fulfil": "all", "wipe": "default"}


def test_batch_reads_for_each_request_and_starts_its_run(flow: Flow) -> None:
    make_known("fulfil_request")
    requests = [flow.submit(number, "portability") for number in CUSTOMERS[3:5]]
    waits = flow.submit(CUSTOMERS[5], "access", authenticated=False)
    logged = len(flow.log)

    dag = dag_named("fulfil_batch")
    done = dag.test(run_conf={"requests": [*requests, waits]})

    states = {(ti.task_id, ti.map_index): str(ti.state) for ti in done.get_task_instances()}
    once = [(name, -1) for name in ("end", "extract_app", "extract_shop", "prepare")]
    assert sorted(states) == [*once, ("start", 0), ("start", 1)]
    assert set(states.values()) == {"success"}
    for request in requests:
        [run] = flow.register.runs.all(request_id=request)
        assert (run.id, run.outcome) == (batch_run(done.run_id, request), BATCHED)
        started = "SELECT run_id FROM dag_run WHERE dag_id = 'fulfil_request' AND run_id LIKE ?"
        assert flow.env.rows(started, f"{request}.%") == [(f"{request}.1",)]
    assert flow.register.questions.all(request_id=waits)
    log = flow.log[logged:]
    assert "requests: " in log
    assert [number for number in CUSTOMERS[3:6] if str(number) in log] == []
    found = queues(flow, done.run_id)
    assert {found[f"extract_{source}"][0] for source in ("app", "shop")} == {"dmz", "finance"}
    assert (found["prepare"][0], found["end"][0]) == ("all", "default")

    request = flow.submit(CUSTOMERS[6], "portability")
    assert ran(dag, run_conf={"requests": [request], "email": "a@example.org"})["prepare"] == "failed"
    assert flow.register.runs.all(request_id=request) == ()
    assert "holds fields that fulfil_batch does not have" in flow.log[logged:]


def test_plan_with_source_without_task_is_retried_with_remedy() -> None:
    from afschrift.airflow_ext.queues import following

    known = dict.fromkeys(("assess", "classify", "extract_app", "extract_shop", "validate"))
    assert following(["shop"], known) == ["extract_shop"]
    with pytest.raises(RetriableError, match=r"no task for the sources late, new of.* clear `classify`"):
        following(["late", "shop", "new"], known)


def test_source_added_after_dag_was_parsed_is_read_next_time(
    flow: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.airflow_ext.local import run_dag

    inventory = shutil.copytree(os.environ["AFSCHRIFT_INVENTORY"], tmp_path / "inventory")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    request, before = flow.submit(CUSTOMERS[7], "portability"), flow.env.dag()
    sqlite3.connect(tmp_path / "late.db").close()
    late = f"source: late\nkind: sqlite\nzone: Europe/Amsterdam\noptions: {{path: {tmp_path / 'late.db'}}}\n"
    (inventory / "late.yml").write_text(f"{late}tables: {{}}\n")

    progress: list[str] = []
    outcome = run_dag(before, {"request": request}, progress.append)
    assert (outcome.state, outcome.failed) == ("failed", ("classify",))
    assert any("no task for the sources late" in line and "clear `classify`" in line for line in progress)
    assert flow.counted(request)["gate_bypassed"] == 0

    outcome = flow.run(request)
    assert (outcome.state, outcome.skipped) == ("success", ())
    assert "extract late done in" in flow.lines
    assert flow.counted(request)["gate_bypassed"] == 0


def test_dag_import_fails_without_queue_of_all_sources(
    flow: Flow, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.delenv("AFSCHRIFT_QUEUE")
    bag = DagBag(dag_folder=str(project_root / "dags"))

    broken = {Path(file).stem: error for file, error in bag.import_errors.items()}
    of_sources = {"check_canary", "check_inventory", "fulfil_batch", "fulfil_request", "look_up_identity"}
    assert broken.keys() == of_sources
    for error in broken.values():
        assert "app: dmz, shop: finance" in error and "set AFSCHRIFT_QUEUE" in error


@pytest.mark.parametrize(
    ("source", "queue", "refused"),
    [
        ("shop", "finance", False),
        ("shop", "default", True),
        ("app", "finance", True),
        (None, "all", False),
        (None, "default", True),
        ("paper", "default", False),
        ("paper", "finance", True),  # it was another source's when the task was made
    ],
)
def test_task_in_the_wrong_queue_is_refused(
    flow: Flow, source: str | None, queue: str, refused: bool
) -> None:
    from uuid import uuid4

    from airflow.sdk.api.datamodels._generated import TaskInstance

    from afschrift.airflow_ext.queues import must_be_its_queue

    same = {"task_id": "extract", "dag_id": "fulfil_request", "run_id": "r", "try_number": 1}
    ti = TaskInstance(id=uuid4(), dag_version_id=uuid4(), queue=queue, **same)
    inventory = flow.services.inventory

    if not refused:
        must_be_its_queue(ti, inventory, source)
        return
    with pytest.raises(ConfigurationError, match=f"in the queue {queue}.*give the DAG processor the same"):
        must_be_its_queue(ti, inventory, source)
