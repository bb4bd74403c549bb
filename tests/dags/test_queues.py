"""Where the tasks of a run go, by what the sources of the inventory say (`run_in`)."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv
from tests.dags.test_batch_dag import batch_dag
from tests.support.installed import CUSTOMERS, Installation, installed
from tests.support.two_sources import two_sources, write_inventory

APP = "run_in: {queue: dmz, pod_template_file: /pods/dmz.yaml}\n"
SHOP = "run_in: {queue: finance, pool: ledger}\n"
EVERYWHERE = {"assess", "classify"}

__all__ = ["two_sources"]


@pytest.fixture(scope="module")
def installation(two_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("queues")
    inventory = write_inventory(folder / "inventory")
    for source, options in (("app", APP), ("shop", SHOP)):
        file = inventory / f"{source}.yml"
        file.write_text(f"{file.read_text(encoding='utf-8').rstrip()}\n{options}", encoding="utf-8")
    settings = {
        "AFSCHRIFT_INVENTORY": str(inventory),
        "AFSCHRIFT_QUEUE": "all",
        "AFSCHRIFT_POD_TEMPLATE_FILE": "/pods/all.yaml",
    }
    with installed(two_sources, folder, settings) as made:
        yield made


def queues(airflow_env: AirflowEnv, run_id: str) -> dict[str, tuple[str, str]]:
    rows = airflow_env.rows("SELECT task_id, queue, pool FROM task_instance WHERE run_id = ?", run_id)
    return {task: (queue, pool) for task, queue, pool in rows}


def configs(run_id: str) -> dict[str, str | None]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id))
        return {ti.task_id: (ti.executor_config or {}).get("pod_template_file") for ti in found}


def add_pool(name: str) -> None:
    from airflow.models.pool import Pool

    Pool.create_or_update_pool(name, slots=2, description="", include_deferred=False)


def test_each_source_is_read_in_its_queue(airflow_env: AirflowEnv, installation: Installation) -> None:
    add_pool("ledger")
    outcome = airflow_env.run({"request": installation.submit(HEAVY.number, "portability")})

    assert outcome.state == "success"
    found = queues(airflow_env, outcome.run_id)
    assert found.pop("extract_app") == ("dmz", "default_pool")
    assert found.pop("extract_shop") == ("finance", "ledger")
    assert {queue for task, (queue, _) in found.items() if task in EVERYWHERE} == {"all"}
    assert {queue for task, (queue, _) in found.items() if task not in EVERYWHERE} == {"default"}
    pods = configs(outcome.run_id)
    assert pods.pop("extract_app") == "/pods/dmz.yaml"
    assert {task: pod for task, pod in pods.items() if pod} == dict.fromkeys(EVERYWHERE, "/pods/all.yaml")


def test_source_without_pool_uses_the_default_pool(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    add_pool("afschrift_app")

    assert airflow_env.dag().task_dict["extract_app"].pool == "default_pool"


def test_cleared_tasks_keep_queue_and_pool(airflow_env: AirflowEnv, installation: Installation) -> None:
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.session import create_session
    from sqlalchemy import select

    outcome = airflow_env.run({"request": installation.submit(CUSTOMERS[1], "portability")})
    before = queues(airflow_env, outcome.run_id)
    with create_session() as session:
        found = session.scalars(select(TaskInstance).where(TaskInstance.run_id == outcome.run_id)).all()
        clear_task_instances(list(found), session)

    assert queues(airflow_env, outcome.run_id) == before


def test_single_task_uses_the_queue_of_all_sources(
    airflow_env: AirflowEnv, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_TASKS", "one")
    outcome = airflow_env.run({"request": installation.submit(CUSTOMERS[2], "portability")})

    assert outcome.state == "success"
    found = queues(airflow_env, outcome.run_id)
    assert {task: queue for task, (queue, _) in found.items()} == {"fulfil": "all", "wipe": "default"}


def test_batch_reads_each_source_in_its_queue(airflow_env: AirflowEnv, installation: Installation) -> None:
    requests = [installation.submit(number, "portability") for number in CUSTOMERS[3:5]]

    done = batch_dag().test(run_conf={"requests": requests})

    found = queues(airflow_env, done.run_id)
    assert {found[f"extract_{source}"][0] for source in ("app", "shop")} == {"dmz", "finance"}
    assert (found["prepare"][0], found["end"][0]) == ("all", "default")


def test_plan_with_source_without_task_is_retried_with_remedy() -> None:
    from afschrift.airflow_ext.queues import following
    from afschrift.domain.errors import RetriableError

    known = dict.fromkeys(("assess", "classify", "extract_app", "extract_shop", "validate"))
    assert following(["shop"], known) == ["extract_shop"]
    with pytest.raises(RetriableError, match=r"no task for the sources late, new of.* clear `classify`"):
        following(["late", "shop", "new"], known)


def test_source_added_after_dag_was_parsed_is_read_next_time(
    airflow_env: AirflowEnv, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.airflow_ext.local import run_dag

    inventory = tmp_path / "inventory"
    shutil.copytree(os.environ["AFSCHRIFT_INVENTORY"], inventory)
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    request, before = installation.submit(CUSTOMERS[5], "portability"), airflow_env.dag()
    sqlite3.connect(tmp_path / "late.db").close()
    (inventory / "late.yml").write_text(
        f"source: late\nkind: sqlite\nzone: Europe/Amsterdam\noptions: {{path: {tmp_path / 'late.db'}}}\ntables: {{}}\n"
    )

    progress: list[str] = []
    outcome = run_dag(before, {"request": request}, progress.append)
    assert (outcome.state, outcome.failed) == ("failed", ("classify",))
    assert any("no task for the sources late" in line and "clear `classify`" in line for line in progress)
    assert installation.counted(request)["gate_bypassed"] == 0

    outcome = airflow_env.run({"request": request})
    assert (outcome.state, outcome.skipped) == ("success", ())
    assert "extract late done in" in " ".join(airflow_env.lines)
    assert installation.counted(request)["gate_bypassed"] == 0


def test_look_up_uses_the_queue_of_all_sources(installation: Installation) -> None:
    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
    from afschrift.airflow_ext.local import load_dag

    [task] = load_dag(LOOK_UP_DAG_ID).task_dict.values()
    assert task.queue == "all"


def test_dag_import_fails_without_queue_of_all_sources(
    airflow_env: AirflowEnv, installation: Installation, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.delenv("AFSCHRIFT_QUEUE")
    bag = DagBag(dag_folder=str(project_root / "dags"))

    broken = {Path(file).name: error for file, error in bag.import_errors.items()}
    assert sorted(broken) == [
        "check_canary.py",
        "check_inventory.py",
        "fulfil_batch.py",
        "fulfil_request.py",
        "look_up_identity.py",
    ]
    assert all(
        "app: dmz, shop: finance" in error and "set AFSCHRIFT_QUEUE" in error for error in broken.values()
    )


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
    installation: Installation, source: str | None, queue: str, refused: bool
) -> None:
    from uuid import uuid4

    from airflow.sdk.api.datamodels._generated import TaskInstance

    from afschrift.airflow_ext.queues import must_be_its_queue
    from afschrift.domain.errors import ConfigurationError

    same = {"task_id": "extract", "dag_id": "fulfil_request", "run_id": "r", "try_number": 1}
    ti = TaskInstance(id=uuid4(), dag_version_id=uuid4(), queue=queue, **same)
    inventory = installation.services.inventory

    if not refused:
        must_be_its_queue(ti, inventory, source)
        return
    with pytest.raises(ConfigurationError, match=f"in the queue {queue}.*give the DAG processor the same"):
        must_be_its_queue(ti, inventory, source)
