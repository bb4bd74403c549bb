"""The log of a run on a real Airflow: each event once, no library, no personal data; and compared with the trail."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, flow_on
from tests.support.lineage import lineage_into

from afschrift.audit.against_logs import WRITTEN_BY, compare, read_logs

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
    with flow_on(airflow_env, demo_warehouse, folder) as flow:
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
    assert re.search(r"Columns that go along: \d+: \d+ observed \(R18\)", plan)
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
