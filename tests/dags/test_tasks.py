"""The log of a run on a real Airflow: each event once, no library, no personal data; and compared with the trail."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, dag_named, flow_on, make_known, ran
from tests.e2e.office import inventory
from tests.support.installed import CUSTOMERS
from tests.support.two_sources import write_inventory

from afschrift.audit.against_logs import WRITTEN_BY, compare, read_logs
from afschrift.batch.fulfil_batch import batch_run
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.request import BATCHED


@contextmanager
def lineage_into(file: Path) -> Iterator[None]:
    """While open, each task of this process writes its OpenLineage events, one JSON a line."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins.listener import OpenLineageListener
    from airflow.sdk.listener import get_listener_manager

    cached = [var for var in vars(conf).values() if hasattr(var, "cache_clear")]
    listeners = get_listener_manager().pm
    with pytest.MonkeyPatch.context() as patch:
        transport = {"type": "file", "log_file_path": str(file), "append": True}
        patch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(transport))
        patch.setenv("AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD", "True")
        for function in cached:
            function.cache_clear()
        listener = OpenLineageListener()
        listeners.register(listener)
        try:
            yield
        finally:
            listeners.unregister(listener)
    for function in cached:
        function.cache_clear()


_LOGGER = re.compile(r" \[([a-z][\w.]*)\] (?:\w+=.* )?loc=")
_OURS = re.compile(r"trail #\d+ .* \[[0-9a-f]{12}\]")


@dataclass
class Logged:
    """A run that went through, with what Airflow wrote of it."""

    flow: Flow
    request: str
    log: str
    lineage: list[dict[str, Any]]

    @property
    def run(self) -> str:
        """The id of its run."""
        [run] = self.flow.register.runs.all(request_id=self.request)
        return str(run.id)

    def found(self, folder: Path) -> list[tuple[str, int]]:
        """What differs between the logs of a folder and the trail."""
        compared = compare(read_logs(folder), self.flow.register.trail.events())
        return [(finding.code, finding.seq) for finding in compared.findings]


@pytest.fixture(scope="module")
def logged(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("logged")
    kept = inventory(folder / "inventory", Path("${AFSCHRIFT_DEMO_DATA}"), {})
    with flow_on(airflow_env, demo_warehouse, folder, {"AFSCHRIFT_INVENTORY": str(kept)}) as flow:
        request = flow.submit(HEAVY.number, "access")
        with lineage_into(folder / "events.jsonl"):
            assert flow.run(request).state == "success"
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
        yield Logged(flow, request, flow.log, events)


def lines(log: str) -> list[str]:
    return [found[0] for text in log.splitlines() if (found := _OURS.search(text))]


def test_each_event_of_the_run_has_one_sentence(logged: Logged) -> None:
    from afschrift.audit.sentences import line

    events = logged.flow.register.trail.events(logged.request)
    began = next(header.seq for header, _ in events if header.type == "run_started")
    expected = [line(header, payload) for header, payload in events if header.seq >= began]

    assert len(expected) > 15
    assert lines(logged.log) == expected
    assert len({*expected}) == len(expected)
    assert [text for text in expected if "Recorded by" in text or " - " in text] == []


def test_no_library_logs(logged: Logged) -> None:
    loggers = set(_LOGGER.findall(logged.log))
    assert "afschrift.trail" in loggers
    others = {name for name in loggers if not name.startswith(("airflow", "afschrift", "task"))}
    # Airflow's own imports, and its lineage, which this run has switched on
    assert others <= {"py.warnings", "openlineage.client.client"}


def test_log_has_counts_rules_and_durations(logged: Logged) -> None:
    [plan] = [text for text in lines(logged.log) if " plan_frozen: " in text]
    assert re.search(r"Columns that go along: \d+: .*\d+ observed \(R18\)", plan)
    assert "Columns that are only said to exist: 1: 1 security secret (R87)." in plan
    assert re.search(r"The gate let it pass on identity \(#\d+, channel portal\)\. It took \d+\.\d s\.", plan)
    shop = next(text for text in lines(logged.log) if "Source shop was read" in text)
    assert "Without a row: referral_received." in shop
    assert "Reconciliation with the source agrees for 27 tables" in shop
    assert re.search(r"identity \(#\d+, channel portal\) and plan \(#\d+\)\. It took", shop)


def test_personal_data_are_not_in_the_log_or_airflow(airflow_env: AirflowEnv, logged: Logged) -> None:
    assert f"Run {logged.run} ended; the request is: ready." in logged.log
    keys = [key.value for key in logged.flow.register.identities.of(logged.request)]
    person = {*keys, HEAVY.email, HEAVY.last_name, HEAVY.pairings[0].device_id}
    assert str(HEAVY.number) in person
    # a bundle's place is not there either
    assert [value for value in (*person, str(logged.flow.home)) if value in logged.log] == []
    stored = b"".join(part.read_bytes() for part in airflow_env.home.glob("airflow.db*"))  # with the WAL
    assert logged.request.encode() in stored
    # a customer's number may be part of another number there
    assert [value for value in person - {str(HEAVY.number)} if value.encode() in stored] == []


def test_lineage_leads_from_tables_to_the_bundle(logged: Logged) -> None:
    done = [item for item in logged.lineage if item["eventType"] == "COMPLETE"]
    read = {item["name"] for event in done for item in event.get("inputs", ())}
    given = {(item["namespace"], item["name"]) for event in done for item in event.get("outputs", ())}

    extracts = [payload for kind, payload in logged.flow.events(logged.request) if kind == "extracted"]
    sources = logged.flow.services.inventory.sources
    assert read == {
        f"source/{item['source']}/{sources[item['source']].in_source(table)}"
        for item in extracts
        for table in item["tables"]
    }
    assert given == {("afschrift", f"bundle/folder/{logged.request}")}
    everything = json.dumps(logged.lineage)
    assert str(HEAVY.number) not in everything
    assert str(logged.flow.warehouse) not in everything


def seq_of(logged: Logged, type_: str) -> int:
    [text] = [text for text in lines(logged.log) if f" {type_}: " in text]
    return int(text.split()[1].removeprefix("#"))


def test_altered_invented_and_foreign_lines_are_found(logged: Logged, tmp_path: Path) -> None:
    plan, packed = seq_of(logged, "plan_frozen"), seq_of(logged, "packed")

    def of_log(log: str) -> list[tuple[str, int]]:
        (tmp_path / "run.log").write_text(log, encoding="utf-8")
        return logged.found(tmp_path)

    assert of_log(logged.log) == []
    altered = logged.log.replace("31 tables to read", "30 tables to read")
    assert of_log(altered) == [("log_line_altered", plan)]
    other_type = logged.log.replace(f"#{packed} packed:", f"#{packed} sealed:")
    assert of_log(other_type) == [("log_line_altered", packed)]
    invented = logged.log + "trail #999 packed: Bundle 0 is packed. [0123456789ab]\n"
    assert of_log(invented) == [("log_event_unknown", 999)]
    elsewhere = re.sub(rf"(#{plan} plan_frozen: .*) \[[0-9a-f]{{12}}\]", r"\1 [0123456789ab]", logged.log)
    assert of_log(elsewhere) == [("log_event_differs", plan)]
    no_form = re.sub(rf"(#{plan} plan_frozen: .*) \[[0-9a-f]{{12}}\].*", r"\1", logged.log)
    assert of_log(no_form) == [("log_line_unreadable", plan)]


def as_json(logged: Logged, folder: Path, run: str, *, without: str = "") -> None:
    """The same lines in files as a scheduler's tasks write them: JSON, a folder each run and task."""
    for text in lines(logged.log):
        type_ = text.split()[2].rstrip(":")
        task = WRITTEN_BY.get(type_, "close")
        if task == "extract":
            task += "_app" if "Source app" in text else "_shop"
        path = folder / f"dag_id=fulfil_request/run_id={run}/task_id={task}/attempt=1.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"level": "info", "event": text, "logger": "afschrift.trail", "run_id": run, "task_id": task}
        with path.open("a", encoding="utf-8") as stream:
            other = {"event": "::group::Pre Execute", "logger": "task"} if type_ == without else entry
            stream.write(json.dumps(other) + "\n")


def test_removed_line_is_found_and_a_task_without_log_is_not_reported(logged: Logged, tmp_path: Path) -> None:
    as_json(logged, tmp_path / "whole", logged.run)
    assert logged.found(tmp_path / "whole") == []
    for task in ("classify", "extract_app"):
        [path] = (tmp_path / "whole").rglob(f"task_id={task}/*.log")
        path.unlink()
    assert logged.found(tmp_path / "whole") == []
    as_json(logged, tmp_path / "less", logged.run, without="plan_frozen")
    assert logged.found(tmp_path / "less") == [("log_lacks_event", seq_of(logged, "plan_frozen"))]


def test_line_in_the_log_of_another_request_is_found(logged: Logged, tmp_path: Path) -> None:
    other = logged.flow.submit(100_006, "portability")
    logged.flow.register.runs.begin(other, f"{other}.1", logged.flow.services.patience)
    as_json(logged, tmp_path, logged.run)
    [path] = tmp_path.rglob("task_id=package/*.log")
    moved = tmp_path / f"run_id={other}.1/task_id=package/attempt=1.log"
    moved.parent.mkdir(parents=True)
    moved.write_text(path.read_text(encoding="utf-8").replace(logged.run, f"{other}.1"), encoding="utf-8")
    path.unlink()

    assert {code for code, _ in logged.found(tmp_path)} == {"log_other_request"}


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
    assert flow.env.task_tries(outcome.run_id)["classify"] == ("failed", 3)
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
