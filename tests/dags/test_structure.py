"""What Airflow reads: the DAG files, their trigger form, and one plugin, by entry point or from its folder.

From a plugins folder it executes one file, not the package (plugins/.airflowignore), and loads it only once.
"""

import ast
import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, Flow, dag_named
from tests.support.installed import own_inventory
from tests.support.nightly import nightly_after

from afschrift.casework.run_findings import SweepCode

pytestmark = pytest.mark.usefixtures("airflow_env")

CHAIN = [
    *("assess", "classify", "extract_app", "extract_shop"),
    *("validate", "package", "deliver", "close", "wipe"),
]

HEAVY = ["pandas", "pyarrow", "duckdb", "polars", "tink", "upath", "isal", "ruamel.yaml", "alembic"]


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
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from afschrift.dags import *  # Airflow: the DAGs of Afschrift\n", {*SCHEDULES}),
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


def test_dag_files_import_quickly(project_root: Path) -> None:
    command = [sys.executable, "-c", PROBE, str(project_root / "dags")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    new = found["modules"]

    assert found["seconds"] < 1
    assert "afschrift.airflow_ext.tasks" in new
    ours = ("afschrift.wiring.build_services", "afschrift.steps", "afschrift.casework")
    assert [name for name in new if name in HEAVY or name.startswith(ours)] == []


def test_other_processes_do_not_import_the_pages(tmp_path: Path) -> None:
    probe = (
        "import sys; from airflow import plugins_manager as m; plugins, errors = m._get_plugins();"
        "assert [p.name for p in plugins if p.name == 'afschrift'] and not errors;"
        "heavy = ('afschrift.web', 'afschrift.wiring', 'afschrift.steps', 'afschrift.casework', 'pyarrow', 'polars');"
        "print(sorted(n for n in sys.modules if n.startswith(heavy)))"
    )
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_route_depends_on_the_caller() -> None:
    from fastapi.routing import APIRoute

    from afschrift.web.app import create
    from afschrift.web.caller import caller

    app = create(lambda request, token: "", lambda request, token: "")
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 10
    assert all(caller in [d.dependency for d in route.dependencies] for route in routes)


REQUEST = "req-7k3m9x2p4v0q"


def fill(demo: bool = False, **values: Any) -> dict[str, Any]:
    """Fill the form in as a trigger does; what the run would get."""
    from airflow.sdk.definitions.param import ParamsDict

    from afschrift.airflow_ext.params import form

    params = ParamsDict(copy.deepcopy(form(demo)))
    params.update(values)
    return params.validate()


def test_an_id_with_or_without_options_is_taken() -> None:
    given = {"request": REQUEST, "formats": ["json"], "language": "en", "destination": "portal_2"}
    assert fill(**given) == given
    assert fill(request=REQUEST) == dict.fromkeys(given) | {"request": REQUEST}


@pytest.mark.parametrize(
    "values",
    [
        {},
        *({"request": wrong} for wrong in ("", None, 7, "req-7k3m9x2p4v0", REQUEST + "q", REQUEST.upper())),
        *({"request": wrong} for wrong in ("../" + REQUEST, REQUEST + "\n", "req-' OR 1=1 -")),
        *({"request": wrong} for wrong in ("case-7k3m9x2p4v0q", f"{REQUEST} {REQUEST}")),
        *({"request": REQUEST, "formats": wrong} for wrong in (["pdf"], ["csv", "csv"], [], "csv")),
        {"request": REQUEST, "language": "fr"},
        *({"request": REQUEST, "destination": wrong} for wrong in ("../elsewhere", "s3://another/bucket")),
        *({"demo": True, "customer_number": wrong} for wrong in ("", "x", "1;2", "' OR 1=1 --", "-1")),
        *({"demo": True, "customer_number": wrong} for wrong in (900001, "1\n2", "1234567890123")),
    ],
    ids=repr,
)
def test_malformed_values_are_refused(values: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill(**values)


def test_a_customer_number_is_asked_for_only_in_a_demo() -> None:
    from afschrift.airflow_ext.params import demo_mode, form

    assert "customer_number" not in form(demo=False)
    assert {"customer_number", "right"} < form(demo=True).keys()
    demos = [demo_mode(env) for env in ({}, {"AFSCHRIFT_DEMO": "0"}, {"AFSCHRIFT_DEMO": "1"})]
    assert demos == [False, False, True]
    assert fill(demo=True, request=REQUEST)["customer_number"] is None
    assert fill(demo=True, customer_number="900001", right="access")["request"] is None


def test_form_offers_choices_of_the_software(flow: Flow) -> None:
    from afschrift.airflow_ext.params import form

    services, fields = flow.services, form(demo=False)

    assert fields["formats"].schema["items"]["enum"] == list(services.formats)
    assert fields["language"].schema["enum"] == [None, *services.inventory.controller.languages]
    assert fields["language"].schema["values_display"]["nl"] == "Nederlands"


def test_unknown_fields_are_refused_without_naming_them() -> None:
    from afschrift.airflow_ext.params import refuse_unknown
    from afschrift.domain.errors import RefusedError

    refuse_unknown({"request": REQUEST}, {"request": REQUEST, "formats": None})
    refuse_unknown(None, {"request": REQUEST})
    with pytest.raises(RefusedError) as raised:
        refuse_unknown({"request": REQUEST, "canary.person": 1}, {"request": REQUEST})
    assert "canary" not in str(raised.value)


# The scheduler, the API server and the DAG processor use the first, tasks the second.
MANAGERS = ["airflow.plugins_manager", "airflow.sdk.plugins_manager"]


# A file run by the plugin manager becomes a top-level module named by its stem;
# one that was imported as part of the package has a dot in its name or is the package itself.
PLUGINS_PROBE = """
import importlib, json, os, pathlib, sys
folder = pathlib.Path(os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])
manager = importlib.import_module(sys.argv[1])
plugins, errors = manager._get_plugins()
executed = [
    str(pathlib.Path(module.__file__).relative_to(folder))
    for name, module in sorted(sys.modules.items())
    if "." not in name
    and getattr(module, "__file__", None)
    and not hasattr(module, "__path__")
    and pathlib.Path(module.__file__).is_relative_to(folder)
]
ours = [str(plugin.source).split(":")[0] for plugin in plugins if plugin.name == "afschrift"]
print(json.dumps({"executed": executed, "plugins": ours, "errors": errors}))
"""


def without_us(into: Path) -> Path:
    """All that is installed here but the package itself, for a Python that looks nowhere else."""
    into.mkdir()
    for path in Path(pytest.__file__).parents[1].iterdir():
        if "afschrift" not in path.name:
            (into / path.name).symlink_to(path)
    return into


def load(manager: str, folder: Path, home: Path, site: Path | None = None) -> dict[str, object]:
    """What a fresh process of Airflow makes of a plugins folder."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    command = [sys.executable, *(["-S"] if site else []), "-c", PLUGINS_PROBE, manager]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.airflow
@pytest.mark.parametrize("manager", nightly_after(1, MANAGERS))
def test_one_file_is_executed(manager: str, project_root: Path, tmp_path: Path) -> None:
    found = load(manager, project_root / "plugins", tmp_path, without_us(tmp_path / "site"))

    plugins = ["$PLUGINS_FOLDER/afschrift_plugin.py"]
    assert found == {"executed": ["afschrift_plugin.py"], "plugins": plugins, "errors": {}}


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("manager", "folder"),
    nightly_after(1, [(manager, name) for name in ("plugins", "none") for manager in MANAGERS]),
)
def test_folder_adds_no_second_plugin_to_the_package(
    manager: str, folder: str, project_root: Path, tmp_path: Path
) -> None:
    found = load(manager, project_root / folder, tmp_path)

    assert (found["plugins"], found["errors"]) == (["afschrift==0.1.0"], {})


@pytest.mark.airflow
@pytest.mark.nightly
def test_package_is_executed_without_the_ignore_file(project_root: Path, tmp_path: Path) -> None:
    """What the others prevent."""
    folder, ignored = tmp_path / "plugins", shutil.ignore_patterns(".airflowignore", "__pycache__")
    shutil.copytree(project_root / "plugins", folder, ignore=ignored)

    executed = load(MANAGERS[0], folder, tmp_path)["executed"]

    assert isinstance(executed, list)
    assert len([path for path in executed if str(path).startswith("afschrift/")]) > 100
