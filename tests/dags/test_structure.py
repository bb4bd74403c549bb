"""What Airflow reads from the DAG files."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, Flow, dag_named
from tests.support.installed import own_inventory

from afschrift.operations.findings import SweepCode

CHAIN = [
    *("assess", "classify", "extract_app", "extract_shop"),
    *("validate", "package", "deliver", "close", "wipe"),
]

HEAVY = ["pandas", "pyarrow", "duckdb", "polars", "tink", "upath", "isal", "ruamel.yaml", "alembic"]


LINE = "from afschrift.dags import *  # Airflow: the DAGs of Afschrift\n"
SCHEDULES = {
    "check_canary": "@daily",
    "check_deadlines": "@hourly",
    "check_inventory": "@daily",
    "checkpoint_trail": "@daily",
    "fulfil_batch": None,
    "fulfil_request": None,
    "look_up_identity": None,
    "sweep": "@hourly",
    "tell_questions": "*/15 * * * *",
}
TEXTS = {
    "check_canary": ("## Trigger", "## The run failed", "docs/operator/canary.md", "afschrift canary sign"),
    "checkpoint_trail": ("## Trigger", "## The run failed", "AFSCHRIFT_WITNESS_<NAME>", "docs/trail.md"),
    "fulfil_request": (
        "## Trigger",
        "skipped tasks",
        "## The run failed",
        "## Resume",
        "afschrift questions",
    ),
    "sweep": tuple(f"**{code.value}**" for code in SweepCode),
}
"""What a runbook says beside its tasks."""


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    return airflow_env.dag()


@pytest.fixture(scope="module")
def dags(airflow_env: AirflowEnv, project_root: Path) -> dict[str, Any]:
    """The DAGs of the folder."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(project_root / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_each_dag_runs_when_it_should(dags: dict[str, Any]) -> None:
    assert {name: dag.schedule for name, dag in dags.items()} == SCHEDULES
    assert {name for name, dag in dags.items() if dag.catchup} == set()
    assert all(dags[name].max_active_runs == 1 for name in ("check_canary", "checkpoint_trail"))
    assert dags["check_canary"].task_dict["search"].upstream_task_ids == {"check"}
    assert dags["checkpoint_trail"].task_dict["verify"].upstream_task_ids == {"checkpoint"}


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_runbook_names_every_task_and_what_to_do(dags: dict[str, Any], name: str) -> None:
    from afschrift.airflow_ext.retry import POLICY

    dag = dags[name]
    for task in dag.task_dict.values():
        title = "extract_SOURCE" if task.task_id.startswith("extract_") else task.task_id
        assert f"| {title} |" in dag.doc_md
        if name in TEXTS:
            assert task.doc_md, task.task_id
        if name in ("check_canary", "checkpoint_trail", "fulfil_request"):
            assert task.retry_policy is POLICY, task.task_id
    assert [text for text in TEXTS.get(name, ()) if text not in dag.doc_md] == []


@pytest.mark.airflow
@pytest.mark.usefixtures("airflow_env")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        (LINE, {*SCHEDULES}),
        ("from afschrift.dags import fulfil_request, sweep  # Airflow's DAGs\n", {"fulfil_request", "sweep"}),
        ("from afschrift.dags import *\n", set()),  # without the words that Airflow looks for
    ],
    ids=["all", "named", "ignored"],
)
def test_a_file_of_one_line_gives_the_dags_of_the_package(tmp_path: Path, line: str, found: set[str]) -> None:
    from airflow.dag_processing.dagbag import DagBag

    (tmp_path / "afschrift_dags.py").write_text(line, encoding="utf-8")
    for _ in range(2):  # an Airflow that reads the file again finds them again
        bag = DagBag(dag_folder=str(tmp_path), bundle_path=tmp_path, safe_mode=True)
        assert bag.import_errors == {}
        files = {name: dag.relative_fileloc for name, dag in bag.dags.items()}
        assert files == dict.fromkeys(found, "afschrift_dags.py")


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
    ("text", "message"),
    [
        ("source: [", "shop.yml"),
        ("source: Web shop\n", "shop.yml"),
        ("kind: duckdb\n", "shop.yml"),
        (None, "No source is described"),
    ],
)
def test_unreadable_map_is_reported_by_a_task(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, message: str
) -> None:
    from afschrift.airflow_ext.tasks import no_source
    from afschrift.domain.errors import ConfigurationError

    inventory = own_inventory(tmp_path / "own")
    if text:
        (inventory / "shop.yml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory if text else tmp_path / "none"))

    order = [task.task_id for task in dag_named("fulfil_request").topological_sort()]
    assert order == ["assess", "classify", "extract", *CHAIN[4:]]
    with pytest.raises(ConfigurationError, match=rf"{message}.* What to do: "):
        no_source()


def test_every_task_has_retries_and_a_last_line(dag: Any) -> None:
    from afschrift.airflow_ext.retry import last_line

    for task in dag.task_dict.values():
        assert task.retries == 2, task.task_id
        assert list(task.on_failure_callback) == [last_line], task.task_id


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
    ours = ("afschrift.wiring.build_services", "afschrift.steps", "afschrift.casework")
    assert [name for name in new if name in HEAVY or name.startswith(ours)] == []


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

    app = create(lambda request, token: "", lambda request, token: "")
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 10
    assert all(caller in [d.dependency for d in route.dependencies] for route in routes)
