"""Runs of the real DAG on a small warehouse: how they end, what they leave, how they go on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from testbed.running import hand_over
from tests.airflow_support import ONCE, AirflowEnv
from tests.support.installed import CUSTOMERS, Installation, installed
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]

REST = ("classify", "extract_app", "extract_shop", "validate", "package", "deliver", "close")


@dataclass
class Run:
    """A run that went through, with its installation."""

    installation: Installation
    request: str
    outcome: Any
    lines: list[str]
    log: str


@pytest.fixture(scope="module")
def fulfilled(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("fulfilled")) as installation:
        request = installation.submit(HEAVY.number, "portability")
        # Airflow names `dag_test` as who triggers a run of `dag.test`; here that account takes requests in.
        roles = "people: {robot: {accounts: ['airflow:dag_test'], roles: [intake]}}\n"
        (installation.home / "roles.yml").write_text(roles, encoding="utf-8")
        logged = len(airflow_env.log)
        outcome = airflow_env.run({"request": request, "formats": ["json"], "language": "en"})
        yield Run(installation, request, outcome, airflow_env.lines, airflow_env.log[logged:])


def test_a_request_is_fulfilled(fulfilled: Run) -> None:
    installation, request = fulfilled.installation, fulfilled.request

    assert (fulfilled.outcome.state, fulfilled.outcome.failed, fulfilled.outcome.skipped) == (
        "success",
        (),
        (),
    )
    assert installation.state(request) == "ready"
    assert [bundle.name for bundle in installation.bundles] == [f"{request}-portability.zip"]
    counts = installation.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    left = [path for path in (installation.home / "staging").rglob("*") if path.is_file()]
    assert left == []


def test_options_of_the_form_are_stored(fulfilled: Run) -> None:
    stored = fulfilled.installation.services.register.requests.get(fulfilled.request)

    assert (stored.formats, stored.language) == (("json",), "en")


def test_only_ids_and_digests_reach_airflow(airflow_env: AirflowEnv, fulfilled: Run) -> None:
    known = re.compile(r"req-[0-9a-z]{12}|[0-9a-f]{64}|[a-z_]{1,20}")
    run_id = fulfilled.outcome.run_id

    values, rendered = airflow_env.xcoms(run_id), airflow_env.rendered(run_id)

    # Of `assess`, and two of `classify`: no task asks for the others.
    assert [len(values), len(rendered)] == [3, 8]
    for text in _texts([json.loads(value) for value in values + rendered]):
        assert known.fullmatch(text), text
    # A number of rows or bytes could identify the person after the key is destroyed.
    assert not re.search(r"[:\[,] *[0-9]", " ".join(values)), values


PERSON = [HEAVY.email, HEAVY.last_name, HEAVY.pairings[0].device_id]


@pytest.mark.parametrize("value", [*PERSON, str(HEAVY.number)])
def test_personal_data_are_not_logged(fulfilled: Run, value: str) -> None:
    assert f"Run {fulfilled.outcome.run_id} ended; the request is: ready." in fulfilled.log
    assert value not in fulfilled.log


@pytest.mark.parametrize("value", PERSON)
def test_personal_data_are_not_in_airflows_database(
    airflow_env: AirflowEnv, fulfilled: Run, value: str
) -> None:
    content = b"".join(part.read_bytes() for part in airflow_env.home.glob("airflow.db*"))  # with the WAL

    assert fulfilled.request.encode() in content
    assert value.encode() not in content


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for item in value.values() for t in _texts(item)]
    if isinstance(value, list):
        return [t for item in value for t in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_each_task_prints_its_start_and_end(fulfilled: Run) -> None:
    starts = [line.removesuffix(" ...") for line in fulfilled.lines if line.endswith(" ...")]
    ends = [re.fullmatch(r"(.+) done in \d+\.\d s", line) for line in fulfilled.lines]

    chain = ["assess", "classify", "extract app", "extract shop", "validate", "package", "deliver", "close"]
    assert sorted(starts) == sorted([*chain, "wipe"])
    assert [end.group(1) for end in ends if end] == starts


def test_ready_answer_is_not_made_again(airflow_env: AirflowEnv, fulfilled: Run) -> None:
    bundles = [bundle.stat() for bundle in fulfilled.installation.bundles]

    outcome = airflow_env.run({"request": fulfilled.request})

    assert (outcome.state, outcome.failed) == ("success", ())
    assert fulfilled.installation.state(fulfilled.request) == "ready"
    assert [bundle.stat() for bundle in fulfilled.installation.bundles] == bundles
    assert any("nothing changed since" in line for line in airflow_env.lines)


def test_run_of_a_closed_request_fails(airflow_env: AirflowEnv, fulfilled: Run) -> None:
    hand_over(fulfilled.installation.services, fulfilled.request)
    before = fulfilled.installation.events(fulfilled.request)
    bundles = [bundle.stat() for bundle in fulfilled.installation.bundles]

    outcome = airflow_env.run({"request": fulfilled.request})

    assert (outcome.state, outcome.failed) == ("failed", ("assess",))
    [(kind, payload)] = fulfilled.installation.events(fulfilled.request)[len(before) :]
    assert (kind, payload["step"], payload["reason"]) == ("gate_refused", "assess", "closed")
    assert [bundle.stat() for bundle in fulfilled.installation.bundles] == bundles
    assert any("is closed" in line for line in airflow_env.lines)


def test_run_ends_without_identity_decision_and_next_goes_on(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability", authenticated=False)

    outcome = airflow_env.run({"request": request})

    assert (outcome.state, outcome.failed) == ("success", ())
    assert sorted(outcome.skipped) == sorted(("assess", *REST))
    assert installation.state(request) == "needs_person"
    assert any("No officer has confirmed who the requester is" in line for line in airflow_env.lines)
    assert installation.bundles == []

    installation.services.register.decisions.take(request, "identity", "confirmed", "officer")
    assert airflow_env.run({"request": request}).state == "success"
    assert installation.state(request) == "ready"


@pytest.mark.server
def test_run_in_own_process_prints_progress_only(
    installation: Installation,
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability", authenticated=False)
    code = f"from afschrift.airflow_ext.local import run_here; print(run_here({request!r}, {{}}, print))"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    lines = [re.sub(r"\d+\.\d s$", "N s", line) for line in done.stdout.splitlines()]
    assert lines[0].startswith("Starting Airflow in this process")
    assert lines[1] == "assess ..."
    assert lines[2].startswith("A person is needed. No officer has confirmed who the requester is.")
    assert lines[3:6] == [
        "assess stopped, a person is needed, after N s",
        "wipe ...",
        "wipe done in N s",
    ]
    assert lines[6].startswith("RunOutcome(state='success', failed=(), skipped=('assess', ")
    assert len(lines) == 7
    assert done.stderr == ""
    assert "No officer has confirmed" in (installation.home / "airflow-here" / "logs" / "run.log").read_text()


def test_unknown_request_fails_without_retry(airflow_env: AirflowEnv, installation: Installation) -> None:
    outcome = airflow_env.run({"request": "req-000000000000"})

    assert (outcome.state, outcome.failed) == ("failed", ("assess",))
    assert airflow_env.task_tries(outcome.run_id)["assess"] == ("failed", 1)
    assert any("What to do: list them with `afschrift requests`" in line for line in airflow_env.lines)


def test_unreachable_source_is_tried_three_times_then_asked_about(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    lake, away = installation.warehouse / "lake", installation.warehouse / "away"

    def unplug(line: str) -> None:
        if line.startswith("classify done"):
            lake.rename(away)

    outcome = airflow_env.run({"request": request}, unplug)

    assert (outcome.state, outcome.failed) == ("success", ())
    assert set(outcome.skipped) == {"extract_app", "validate", "package", "deliver", "close"}
    of = airflow_env.task_tries(outcome.run_id)
    assert [of["extract_app"], of["extract_shop"]] == [("skipped", 3), ("success", 1)]
    assert any("A person is needed. Source app cannot be reached" in line for line in airflow_env.lines)
    assert installation.state(request) == "needs_person"
    assert installation.bundles == []
    before = installation.counted(request)
    assert before["gate_bypassed"] == 0

    register = installation.services.register
    [question] = register.questions.all(request_id=request)
    register.questions.answer(question.id, "try_again", "officer", {"source": "app"})
    away.rename(lake)
    assert airflow_env.run({"request": request}).state == "success"

    after = installation.counted(request)
    assert after["extracted app"] == after["extracted shop"] == 1
    assert installation.state(request) == "ready"


def test_partial_response_is_followed_by_a_supplement(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    lake, away = installation.warehouse / "lake", installation.warehouse / "away"
    lake.rename(away)
    outcome = airflow_env.run({"request": request})
    assert (outcome.state, outcome.failed) == ("success", ())
    assert airflow_env.task_tries(outcome.run_id)["classify"] == ("skipped", 3)
    register = installation.services.register
    [question] = register.questions.all(request_id=request)
    assert question.options == ("try_again", "partial")
    detail = {"source": "app", "rest_by": "2099-01-01"}
    register.questions.answer(question.id, "partial", "officer", detail)

    outcome = airflow_env.run({"request": request})

    assert (outcome.state, outcome.failed, outcome.skipped) == ("success", (), ("extract_app",))
    assert [bundle.name for bundle in installation.bundles] == [f"{request}-portability-partial.zip"]
    assert installation.state(request) == "accepted"
    assert register.runs.all(request_id=request)[-1].outcome == "partly_delivered"
    assert installation.counted(request)["gate_bypassed"] == 0
    left = [path for path in (installation.home / "staging").rglob("*") if path.is_file()]
    assert left == []

    away.rename(lake)
    assert airflow_env.run({"request": request}).state == "success"
    assert [bundle.name for bundle in installation.bundles] == [
        f"{request}-portability-{part}.zip" for part in ("partial", "supplement")
    ]
    assert installation.state(request) == "ready"
    counts = installation.counted(request)
    assert (counts["extracted app"], counts["extracted shop"], counts["gate_bypassed"]) == (1, 1, 0)


def test_two_processes_do_not_run_one_request(airflow_env: AirflowEnv) -> None:
    from afschrift.airflow_ext.local import alone
    from afschrift.domain.errors import RefusedError

    request = "req-000000000000"
    code = (
        f"import os; os.environ['AIRFLOW_HOME'] = {str(airflow_env.home)!r}\n"
        "from afschrift.airflow_ext import local\n"
        "local._end_dead_runs = lambda request: None\n"
        f"with local.alone({request!r}): print('in', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    with pytest.raises(RefusedError, match="Another process runs request"), alone(request):
        pass
    other.communicate("\n")
    assert other.returncode == 0


def test_run_resumes_at_delivery_with_the_same_bundle(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    request = installation.submit(CUSTOMERS[0], "access")
    outbox = installation.home / "outbox"
    outbox.write_text("a file where the folder should be")

    outcome = airflow_env.run({"request": request})

    assert (outcome.state, outcome.failed) == ("failed", ("deliver",))
    digest, before = installation.packed(request), installation.counted(request)
    [staged] = (installation.home / "staging").rglob("bundle.zip*")
    staged.unlink()  # so that it is packed again

    outbox.unlink()
    assert airflow_env.run({"request": request}).state == "success"

    assert installation.packed(request) == digest
    after = installation.counted(request)
    assert {kind: after[kind] for kind in before} == dict(before)
    assert after["bundle_delivered"] == after["fact_answer_ready"] == 1


def test_customer_number_is_accepted_only_in_a_demo(
    airflow_env: AirflowEnv, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    conf = {"customer_number": str(HEAVY.number), "right": "portability"}

    assert airflow_env.run(conf).state == "success"
    assert len(installation.bundles) == 1

    monkeypatch.delenv("AFSCHRIFT_DEMO")
    outcome = airflow_env.run({"request": "req-000000000000"} | conf)

    assert outcome.failed == ("assess",)
    assert any("fields that fulfil_request does not have" in line for line in airflow_env.lines)
    assert str(HEAVY.number) not in airflow_env.log.rpartition("starting dagrun")[2]
