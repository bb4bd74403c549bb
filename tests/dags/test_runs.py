"""Runs of the real DAG on two small sources: how they end, what they leave, how they go on."""

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
from testbed.delivered import stem
from testbed.running import hand_over
from tests.airflow_support import ONCE, AirflowEnv, Flow, flow_on
from tests.support.installed import CUSTOMERS
from tests.support.two_sources import write_inventory

REST = ("classify", "extract_app", "extract_shop", "validate", "package", "deliver", "close")
SUCCESS = ("success", (), ())


@dataclass
class Fulfilled:
    """A run that went through."""

    flow: Flow
    request: str
    outcome: Any
    lines: list[str]


def ended(outcome: Any) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return outcome.state, outcome.failed, outcome.skipped


@pytest.fixture(scope="module")
def fulfilled(
    airflow_env: AirflowEnv, two_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fulfilled]:
    folder = tmp_path_factory.mktemp("fulfilled")
    inventory = {"AFSCHRIFT_INVENTORY": str(write_inventory(folder / "inventory"))}
    with flow_on(airflow_env, two_sources, folder, inventory) as flow:
        request = flow.submit(HEAVY.number, "portability")
        # Airflow names `dag_test` as who triggers a run of `dag.test`; here that account takes requests in.
        roles = "people: {robot: {accounts: ['airflow:dag_test'], roles: [intake]}}\n"
        (flow.home / "roles.yml").write_text(roles, encoding="utf-8")
        outcome = flow.run(request, formats=["json"], language="en")
        yield Fulfilled(flow, request, outcome, airflow_env.lines)


def test_a_request_is_fulfilled(fulfilled: Fulfilled) -> None:
    flow, request = fulfilled.flow, fulfilled.request

    assert ended(fulfilled.outcome) == SUCCESS
    assert flow.state(request) == "ready"
    assert [stem(bundle) for bundle in flow.bundles] == [f"{request}-portability"]
    counts = flow.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    assert flow.staged == []
    stored = flow.register.requests.get(request)
    assert (stored.formats, stored.language) == (("json",), "en")
    assert f"Run {fulfilled.outcome.run_id} ended; the request is: ready." in flow.log


def test_each_task_prints_its_start_and_end(fulfilled: Fulfilled) -> None:
    starts = [line.removesuffix(" ...") for line in fulfilled.lines if line.endswith(" ...")]
    ends = [re.fullmatch(r"(.+) done in \d+\.\d s", line) for line in fulfilled.lines]

    chain = ["assess", "classify", "extract app", "extract shop", "validate", "package", "deliver", "close"]
    assert sorted(starts) == sorted([*chain, "wipe"])
    assert [end.group(1) for end in ends if end] == starts


def test_only_ids_and_digests_reach_airflow(airflow_env: AirflowEnv, fulfilled: Fulfilled) -> None:
    known = re.compile(r"req-[0-9a-z]{12}|[0-9a-f]{64}|[a-z_]{1,20}")
    run_id = fulfilled.outcome.run_id

    values, rendered = airflow_env.xcoms(run_id), airflow_env.rendered(run_id)

    # Of `assess`, and two of `classify`: no task asks for the others.
    assert [len(values), len(rendered)] == [3, 8]
    for text in _texts([json.loads(value) for value in values + rendered]):
        assert known.fullmatch(text), text
    # A number of rows or bytes could identify the person after the key is destroyed.
    assert not re.search(r"[:\[,] *[0-9]", " ".join(values)), values


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [t for item in (value.values() if isinstance(value, dict) else value) for t in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_ready_answer_is_not_made_again_and_a_closed_request_fails(fulfilled: Fulfilled) -> None:
    flow, request = fulfilled.flow, fulfilled.request
    bundles = [bundle.stat() for bundle in flow.bundles]

    assert ended(flow.run(request))[:2] == SUCCESS[:2]
    assert flow.state(request) == "ready"
    assert "nothing changed since" in flow.lines

    hand_over(flow.services, request)
    before = flow.events(request)
    assert ended(flow.run(request))[:2] == ("failed", ("assess",))
    [(kind, payload)] = flow.events(request)[len(before) :]
    assert (kind, payload["step"], payload["reason"]) == ("gate_refused", "assess", "closed")
    assert "is closed" in flow.lines
    assert [bundle.stat() for bundle in flow.bundles] == bundles


def test_run_ends_without_identity_decision_and_next_goes_on(flow: Flow) -> None:
    request = flow.submit(CUSTOMERS[0], "portability", authenticated=False)

    outcome = flow.run(request)

    assert ended(outcome)[:2] == ("success", ())
    assert sorted(outcome.skipped) == sorted(("assess", *REST))
    assert flow.state(request) == "needs_person"
    assert "No officer has confirmed who the requester is" in flow.lines
    assert flow.bundles == []

    flow.register.decisions.take(request, "identity", "confirmed", "officer")
    assert flow.run(request).state == "success"
    assert flow.state(request) == "ready"


@pytest.mark.server
@pytest.mark.nightly  # tests/e2e/test_private_home.py runs one so by day
def test_run_in_own_process_prints_progress_only(flow: Flow) -> None:
    request = flow.submit(CUSTOMERS[0], "portability", authenticated=False)
    code = f"from afschrift.airflow_ext.local import run_here; print(run_here({request!r}, {{}}, print))"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    lines = [re.sub(r"\d+\.\d s$", "N s", line) for line in done.stdout.splitlines()]
    assert lines[0].startswith("Starting Airflow in this process")
    assert lines[1] == "assess ..."
    assert lines[2].startswith("A person is needed. No officer has confirmed who the requester is.")
    stopped = "assess stopped, a person is needed, after N s"
    assert lines[3:6] == [stopped, "wipe ...", "wipe done in N s"]
    assert lines[6].startswith("RunOutcome(state='success', failed=(), skipped=('assess', ")
    assert len(lines) == 7
    assert done.stderr == ""
    assert "No officer has confirmed" in (flow.home / "airflow-here" / "logs" / "run.log").read_text()


def test_unknown_request_fails_without_retry(airflow_env: AirflowEnv, flow: Flow) -> None:
    outcome = flow.run("req-000000000000")

    assert ended(outcome)[:2] == ("failed", ("assess",))
    assert airflow_env.task_tries(outcome.run_id)["assess"] == ("failed", 1)
    assert "What to do: list them with `afschrift requests`" in flow.lines


def test_unreachable_source_is_tried_three_times_then_asked_about(
    airflow_env: AirflowEnv, flow: Flow
) -> None:
    request = flow.submit(CUSTOMERS[0], "portability")
    lake, away = flow.warehouse / "lake", flow.warehouse / "away"

    def unplug(line: str) -> None:
        if line.startswith("classify done"):
            lake.rename(away)

    outcome = flow.run(request, unplug)

    assert ended(outcome)[:2] == ("success", ())
    assert set(outcome.skipped) == {"extract_app", "validate", "package", "deliver", "close"}
    of = airflow_env.task_tries(outcome.run_id)
    assert [of["extract_app"], of["extract_shop"]] == [("skipped", 3), ("success", 1)]
    assert "A person is needed. Source app cannot be reached" in flow.lines
    assert flow.state(request) == "needs_person"
    assert flow.bundles == []
    assert flow.counted(request)["gate_bypassed"] == 0

    [question] = flow.register.questions.all(request_id=request)
    flow.register.questions.answer(question.id, "try_again", "officer", {"source": "app"})
    away.rename(lake)
    assert flow.run(request).state == "success"

    after = flow.counted(request)
    assert after["extracted app"] == after["extracted shop"] == 1
    assert flow.state(request) == "ready"


def test_partial_response_is_followed_by_a_supplement(airflow_env: AirflowEnv, flow: Flow) -> None:
    request, register = flow.submit(CUSTOMERS[0], "portability"), flow.register
    lake, away = flow.warehouse / "lake", flow.warehouse / "away"
    lake.rename(away)
    outcome = flow.run(request)
    assert ended(outcome)[:2] == ("success", ())
    assert airflow_env.task_tries(outcome.run_id)["classify"] == ("skipped", 3)
    [question] = register.questions.all(request_id=request)
    assert question.options == ("try_again", "partial")
    detail = {"source": "app", "rest_by": "2099-01-01"}
    register.questions.answer(question.id, "partial", "officer", detail)

    assert ended(flow.run(request)) == ("success", (), ("extract_app",))
    assert [stem(bundle) for bundle in flow.bundles] == [f"{request}-portability-partial"]
    assert flow.state(request) == "accepted"
    assert register.runs.all(request_id=request)[-1].outcome == "partly_delivered"
    assert flow.staged == []

    away.rename(lake)
    assert flow.run(request).state == "success"
    names = [f"{request}-portability-{part}" for part in ("partial", "supplement")]
    assert sorted(stem(bundle) for bundle in flow.bundles) == names
    assert flow.state(request) == "ready"
    counts = flow.counted(request)
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


def test_run_resumes_at_delivery_with_the_same_bundle(flow: Flow) -> None:
    request = flow.submit(CUSTOMERS[0], "access")
    outbox = flow.home / "outbox"
    outbox.write_text("a file where the folder should be")

    assert ended(flow.run(request))[:2] == ("failed", ("deliver",))

    digest, before = flow.packed(request), flow.counted(request)
    [staged] = (flow.home / "staging").rglob("bundle.zip*")
    staged.unlink()  # so that it is packed again
    outbox.unlink()
    assert flow.run(request).state == "success"

    assert flow.packed(request) == digest
    after = flow.counted(request)
    assert {kind: after[kind] for kind in before} == dict(before)
    assert after["bundle_delivered"] == after["fact_answer_ready"] == 1


def test_customer_number_is_accepted_only_in_a_demo(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    conf = {"customer_number": str(HEAVY.number), "right": "portability"}

    assert flow.env.run(conf).state == "success"
    assert len(flow.bundles) == 1

    monkeypatch.delenv("AFSCHRIFT_DEMO")

    assert flow.run("req-000000000000", **conf).failed == ("assess",)
    assert "fields that fulfil_request does not have" in flow.lines
    assert str(HEAVY.number) not in flow.log.rpartition("starting dagrun")[2]
