"""The log of a run on a real Airflow: each event once, no library, no personal data; and compared with the trail."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation, installed
from tests.support.lineage import lineage_into

_LOGGER = re.compile(r" \[([a-z][\w.]*)\] (?:\w+=.* )?loc=")
_OURS = re.compile(r"trail #\d+ .* \[[0-9a-f]{12}\]")


@dataclass
class Logged:
    """A run that went through, with what Airflow wrote of it."""

    installation: Installation
    request: str
    log: str
    lineage: list[dict[str, Any]]


@pytest.fixture(scope="module")
def logged(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Logged]:
    lineage_file = tmp_path_factory.mktemp("lineage") / "events.jsonl"
    with installed(demo_warehouse, tmp_path_factory.mktemp("logged")) as installation:
        request = installation.submit(HEAVY.number, "access")
        before = len(airflow_env.log)
        with lineage_into(lineage_file):
            assert airflow_env.run({"request": request}).state == "success"
        events = [json.loads(line) for line in lineage_file.read_text("utf-8").splitlines()]
        yield Logged(installation, request, airflow_env.log[before:], events)


def lines(log: str) -> list[str]:
    return [found[0] for text in log.splitlines() if (found := _OURS.search(text))]


def test_each_event_of_the_run_has_one_line(logged: Logged) -> None:
    from afschrift.audit.sentences import line

    events = logged.installation.services.register.trail.events(logged.request)
    began = next(header.seq for header, _ in events if header.type == "run_started")
    expected = [line(header, payload) for header, payload in events if header.seq >= began]

    assert len(expected) > 15
    assert lines(logged.log) == expected


def test_each_event_of_the_run_has_its_own_sentence(logged: Logged) -> None:
    assert [text for text in lines(logged.log) if "Recorded by" in text or " - " in text] == []


def test_no_line_is_repeated_and_no_library_logs(logged: Logged) -> None:
    times_by_line = Counter(lines(logged.log))
    assert [text for text, times in times_by_line.items() if times > 1] == []

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


def test_personal_data_are_not_in_the_log(logged: Logged) -> None:
    given = " ".join(lines(logged.log))
    assert str(HEAVY.number) not in given
    assert str(logged.installation.home) not in given  # nor where a bundle lies
    register = logged.installation.services.register
    keys = [key.value for key in register.identities.of(logged.request)]
    assert not [value for value in keys if value in given]


def test_lineage_leads_from_tables_to_the_bundle(logged: Logged) -> None:
    done = [item for item in logged.lineage if item["eventType"] == "COMPLETE"]
    read = {item["name"] for event in done for item in event.get("inputs", ())}
    given = {(item["namespace"], item["name"]) for event in done for item in event.get("outputs", ())}

    extracts = [
        payload for kind, payload in logged.installation.events(logged.request) if kind == "extracted"
    ]
    sources = logged.installation.services.inventory.sources
    assert read == {
        f"source/{item['source']}/{sources[item['source']].in_source(table)}"
        for item in extracts
        for table in item["tables"]
    }
    assert given == {("afschrift", f"bundle/folder/{logged.request}")}
    everything = json.dumps(logged.lineage)
    assert str(HEAVY.number) not in everything
    assert str(logged.installation.warehouse) not in everything


def compared(logged: Logged, folder: Path, log: str) -> list[tuple[str, int]]:
    from afschrift.audit.against_logs import compare, read_logs

    folder.mkdir(exist_ok=True)
    (folder / "run.log").write_text(log, encoding="utf-8")
    found = compare(read_logs(folder), logged.installation.services.register.trail.events())
    return [(finding.code, finding.seq) for finding in found.findings]


def test_unchanged_log_agrees_with_the_trail(logged: Logged, tmp_path: Path) -> None:
    assert compared(logged, tmp_path, logged.log) == []


def seq_of(logged: Logged, type_: str) -> int:
    [text] = [text for text in lines(logged.log) if f" {type_}: " in text]
    return int(text.split()[1].removeprefix("#"))


def test_altered_invented_and_foreign_lines_are_found(logged: Logged, tmp_path: Path) -> None:
    plan, packed = seq_of(logged, "plan_frozen"), seq_of(logged, "packed")

    altered = logged.log.replace("31 tables to read", "30 tables to read")
    assert compared(logged, tmp_path, altered) == [("log_line_altered", plan)]
    other_type = logged.log.replace(f"#{packed} packed:", f"#{packed} sealed:")
    assert compared(logged, tmp_path, other_type) == [("log_line_altered", packed)]
    invented = logged.log + "trail #999 packed: Bundle 0 is packed. [0123456789ab]\n"
    assert compared(logged, tmp_path, invented) == [("log_event_unknown", 999)]
    elsewhere = re.sub(rf"(#{plan} plan_frozen: .*) \[[0-9a-f]{{12}}\]", r"\1 [0123456789ab]", logged.log)
    assert compared(logged, tmp_path, elsewhere) == [("log_event_differs", plan)]
    no_form = re.sub(rf"(#{plan} plan_frozen: .*) \[[0-9a-f]{{12}}\].*", r"\1", logged.log)
    assert compared(logged, tmp_path, no_form) == [("log_line_unreadable", plan)]


def as_json(logged: Logged, folder: Path, run: str, *, without: str = "") -> None:
    """The same lines in files as a scheduler's tasks write them: JSON, a folder each run and task."""
    from afschrift.audit.against_logs import WRITTEN_BY

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


def found(logged: Logged, folder: Path) -> list[tuple[str, int]]:
    from afschrift.audit.against_logs import compare, read_logs

    register = logged.installation.services.register
    return [(f.code, f.seq) for f in compare(read_logs(folder), register.trail.events()).findings]


def test_removed_line_is_found(logged: Logged, tmp_path: Path) -> None:
    [run] = [run.id for run in logged.installation.services.register.runs.all(request_id=logged.request)]
    as_json(logged, tmp_path / "whole", run)
    as_json(logged, tmp_path / "less", run, without="plan_frozen")

    assert found(logged, tmp_path / "whole") == []
    assert found(logged, tmp_path / "less") == [("log_lacks_event", seq_of(logged, "plan_frozen"))]


def test_task_without_log_is_not_reported(logged: Logged, tmp_path: Path) -> None:
    [run] = [run.id for run in logged.installation.services.register.runs.all(request_id=logged.request)]
    as_json(logged, tmp_path, run)
    for path in (*tmp_path.rglob("task_id=classify/*.log"), *tmp_path.rglob("task_id=extract_app/*.log")):
        path.unlink()

    assert found(logged, tmp_path) == []


def test_line_in_the_log_of_another_request_is_found(logged: Logged, tmp_path: Path) -> None:
    register = logged.installation.services.register
    other = logged.installation.submit(100_006, "portability")
    register.runs.begin(other, f"{other}.1", logged.installation.services.patience)
    [run] = [run.id for run in register.runs.all(request_id=logged.request)]
    as_json(logged, tmp_path, run)
    [path] = tmp_path.rglob("task_id=package/*.log")
    moved = tmp_path / f"run_id={other}.1/task_id=package/attempt=1.log"
    moved.parent.mkdir(parents=True)
    moved.write_text(path.read_text(encoding="utf-8").replace(run, f"{other}.1"), encoding="utf-8")
    path.unlink()

    assert {code for code, _ in found(logged, tmp_path)} == {"log_other_request"}
