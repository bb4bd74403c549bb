"""What Airflow reads from the DAG file."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation, own_inventory

CHAIN = [
    "assess",
    "classify",
    "extract_app",
    "extract_shop",
    "validate",
    "package",
    "deliver",
    "close",
    "wipe",
]

HEAVY = ["pandas", "pyarrow", "duckdb", "polars", "tink", "upath", "isal", "ruamel.yaml", "alembic"]


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    return airflow_env.dag()


def test_the_folder_imports_without_errors(airflow_env: AirflowEnv, project_root: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(project_root / "dags"))

    assert bag.import_errors == {}
    assert set(bag.dags) == {file.stem for file in (project_root / "dags").glob("[!_]*.py")}


def test_tasks_form_the_chain(dag: Any) -> None:
    order = [task.task_id for task in dag.topological_sort()]

    assert order == CHAIN
    before = [{"assess"}, {"classify"}, {"classify"}, {"classify", "extract_app", "extract_shop"}]
    before += [{name} for name in CHAIN[4:-1]]
    assert [dag.task_dict[name].upstream_task_ids for name in CHAIN[1:]] == before


def test_only_the_teardown_runs_after_a_failure(dag: Any) -> None:
    rules = {name: task.trigger_rule.value for name, task in dag.task_dict.items()}

    assert rules.pop("wipe") == "all_done_setup_success"
    assert rules.pop("validate") == "none_failed_min_one_success"  # a source that is not needed is skipped
    assert set(rules.values()) == {"all_success"}
    assert [name for name, task in dag.task_dict.items() if task.is_teardown] == ["wipe"]
    assert not dag.task_dict["wipe"].on_failure_fail_dagrun


def test_each_source_has_a_task_of_its_name(dag: Any) -> None:
    for source in ("app", "shop"):
        task = dag.task_dict[f"extract_{source}"]
        assert not task.is_mapped
        assert task.op_kwargs["source"] == source


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("shop.yml", "source: [", "shop.yml"),
        ("shop.yml", "source: Web shop\n", "shop.yml"),
        ("shop.yml", "kind: duckdb\n", "shop.yml"),
        (None, None, "No source is described"),
    ],
)
def test_unreadable_map_is_reported_by_a_task(
    airflow_env: AirflowEnv,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    file: str | None,
    text: str | None,
    message: str,
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS
    from afschrift.airflow_ext.tasks import no_source
    from afschrift.domain.errors import ConfigurationError

    inventory = own_inventory(tmp_path / "inventory")
    if file and text:
        (inventory / file).write_text(text, encoding="utf-8")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory if file else tmp_path / "none"))

    bag = DagBag(dag_folder=str(DAGS))

    assert bag.import_errors == {}
    order = [task.task_id for task in bag.dags["fulfil_request"].topological_sort()]
    assert order == ["assess", "classify", "extract", *CHAIN[4:]]
    with pytest.raises(ConfigurationError, match=rf"{message}.* What to do: "):
        no_source()


def test_every_task_has_retries_callback_and_documentation(dag: Any) -> None:
    from afschrift.airflow_ext.retry import POLICY, last_line

    for task in dag.task_dict.values():
        assert task.retries == 2, task.task_id
        assert task.retry_policy is POLICY, task.task_id
        assert list(task.on_failure_callback) == [last_line], task.task_id
        assert task.doc_md, task.task_id


def test_it_starts_only_when_triggered(dag: Any) -> None:
    assert dag.schedule is None
    assert dag.catchup is False


def test_the_runbook_names_every_task_and_what_to_do(dag: Any) -> None:
    for name in CHAIN:
        assert f"| {'extract_SOURCE' if name.startswith('extract_') else name} |" in dag.doc_md
    for part in ("## Trigger", "skipped tasks", "## The run failed", "## Resume", "afschrift questions"):
        assert part in dag.doc_md


def test_dag_file_holds_only_the_dag(project_root: Path) -> None:
    tree = ast.parse((project_root / "dags" / "fulfil_request.py").read_text(encoding="utf-8"))
    kinds = {type(node).__name__ for node in tree.body}

    assert kinds == {"Expr", "ImportFrom", "FunctionDef", "Assign"}


PROBE = """
import json, sys, time
import airflow.sdk, airflow.dag_processing.dagbag
before, began = set(sys.modules), time.process_time()
airflow.dag_processing.dagbag.DagBag(dag_folder=sys.argv[1])
print(json.dumps({"seconds": time.process_time() - began, "modules": sorted(set(sys.modules) - before)}))
"""


def test_dag_files_import_quickly(airflow_env: AirflowEnv, project_root: Path) -> None:
    command = [sys.executable, "-c", PROBE, str(project_root / "dags")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    new = found["modules"]

    assert found["seconds"] < 1
    assert "afschrift.airflow_ext.tasks" in new
    assert [name for name in new if name in HEAVY] == []
    assert [
        name
        for name in new
        if name.startswith(("afschrift.wiring.build_services", "afschrift.steps", "afschrift.casework"))
    ] == []


def test_other_processes_do_not_import_the_pages(airflow_env: AirflowEnv, tmp_path: Path) -> None:
    probe = (
        "import sys; from airflow import plugins_manager as m; plugins, errors = m._get_plugins();"
        "assert [p.name for p in plugins if p.name == 'afschrift'] and not errors;"
        "heavy = ('afschrift.web', 'afschrift.wiring', 'afschrift.steps', 'afschrift.casework', 'pyarrow', 'polars');"
        "print(sorted(n for n in sys.modules if n.startswith(heavy)))"
    )
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_route_depends_on_the_caller(airflow_env: AirflowEnv) -> None:
    from fastapi.routing import APIRoute

    from afschrift.web.app import create
    from afschrift.web.caller import caller

    routes = [
        route
        for route in create(lambda request, token: "", lambda request, token: "").routes
        if isinstance(route, APIRoute)
    ]
    assert len(routes) > 10
    assert all(caller in [d.dependency for d in route.dependencies] for route in routes)
