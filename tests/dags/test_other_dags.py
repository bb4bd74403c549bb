"""The DAGs `checkpoint_trail`, `check_canary` and `look_up_identity` on a real Airflow."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, Flow, dag_named, flow_on, ran
from tests.support.canary_shop import MARK, CanaryShop, canary_shop

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CANARY
from afschrift.casework.identity.look_up import ask_look_up, identity_view
from afschrift.casework.officer import Officer
from afschrift.domain.event import NewEvent
from afschrift.register.open import initialise, open_register
from afschrift.register.trail.checkpoint import offered

DAG = "checkpoint_trail"


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An installation with one event, and nothing that a checkpoint does not need: no inventory."""
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "nowhere"))
    initialise(Settings.from_environment())
    register = open_register()
    register.trail.record(None, NewEvent("counted"))
    yield register


def outcome(dag: Any) -> tuple[str, str]:
    """States of the two tasks."""
    states = ran(dag)
    return states["checkpoint"], states["verify"]


def test_checkpoint_is_sent_and_only_references_reach_airflow(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dpo").mkdir()
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", (tmp_path / "dpo").as_uri())
    seq = register.trail.head()[0]
    found = {ti.task_id: ti for ti in dag.test().get_task_instances()}
    assert {str(ti.state) for ti in found.values()} == {"success"}
    handed = found["checkpoint"].xcom_pull(task_ids="checkpoint")
    assert handed == {"number": 1, "seq": seq, "places": ["dpo"]}
    assert "The witness place 'dpo' holds checkpoint 1." in airflow_env.log
    [file] = (tmp_path / "dpo").iterdir()
    [made] = [h for h, _ in register.trail.checkpoint_log() if h.type == "checkpoint_made"]
    assert made.actor == "airflow:checkpoint_trail"
    assert register.trail.verify(checkpoints=offered([file])) == []


def test_witness_that_refuses_fails_the_run_with_remedy(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_WITNESS_AWAY", (tmp_path / "needle-in-the-path").as_uri())
    assert outcome(dag) == ("failed", "failed")
    assert "Checkpoint 1 did not reach away" in airflow_env.log
    assert "mend the place; the next checkpoint brings it what it lacks." in airflow_env.log
    assert "needle-in-the-path" not in airflow_env.log


def test_row_without_event_fails_the_run_and_is_recorded(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path
) -> None:
    at = "2026-03-02T09:00:00Z"
    case = register.cases.open(b"Graag mijn gegevens.", "mail", at, at)
    assert outcome(dag) == ("skipped", "success")  # without a witness
    assert register.trail.checkpoint_log() == []
    with closing(sqlite3.connect(tmp_path / "home" / "register.db")) as connection, connection:
        connection.execute("UPDATE case_file SET made_by = 'needle-in-the-row'")
    assert outcome(dag) == ("skipped", "failed")
    words = f"case_file {case}, made_by: has another value than the trail attests (row_changed)"
    assert words in airflow_env.log
    assert "needle-in-the-row" not in airflow_env.log
    [(_, payload)] = register.evidence.of_types(None, "register_differs")
    assert payload == {"found": 1, "codes": ["row_changed"]}


PERSON = [HEAVY.email, HEAVY.last_name, str(HEAVY.number)]


@pytest.fixture
def demo(airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path: Path) -> Iterator[Flow]:
    with flow_on(airflow_env, demo_warehouse, tmp_path) as made:
        yield made


def look_up(request: str, **more: Any) -> Any:
    from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
    from afschrift.airflow_ext.local import run_dag

    return run_dag(dag_named(LOOK_UP_DAG_ID), {"request": request, **more}, lambda line: None)


def test_found_keys_reach_the_register_and_not_airflow(demo: Flow) -> None:
    keys = {"customer_id": str(HEAVY.number), "email": HEAVY.email}
    request = demo.submit(HEAVY.number, "access", authenticated=False, keys=keys)
    ask_look_up(Officer(demo.register, load_roles(), "cli:anna"), request)

    assert look_up(request).state == "success"

    shown = str(identity_view(demo.register, request, masked=False))
    assert all(value in shown for value in PERSON)
    assert "looked in 4 tables" in demo.log
    everything = demo.log + Path(demo.env.home / "airflow.db").read_bytes().decode(errors="replace")
    everything += str(demo.events(request))
    assert [value for value in PERSON if value in everything] == []
    assert demo.staged == []


@pytest.mark.parametrize(
    ("more", "reason"), [({}, "not_asked"), ({"formats": ["csv"]}, "unknown_fields_in_conf")]
)
def test_without_an_ask_nothing_is_read(flow: Flow, more: dict[str, Any], reason: str) -> None:
    request = flow.submit(HEAVY.number, "access", authenticated=False)

    outcome = look_up(request, **more)

    assert (outcome.state, outcome.failed) == ("failed", ("look_up",))
    [payload] = [p for kind, p in flow.events(request) if kind == "gate_bypassed"]
    assert payload["reason"] == reason
    assert flow.register.look_ups.found(request) is None


AT = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def canary_dag(airflow_env: AirflowEnv) -> Any:
    return dag_named("check_canary")


@pytest.fixture(scope="module")
def shop(airflow_env: AirflowEnv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("canary")) as made:
        yield made


def canary_outcome(canary_dag: Any, **given: Any) -> tuple[str, str, str]:
    """State of its run, and of its two tasks."""
    states = ran(canary_dag, **given)
    return states["run"], states["check"], states["search"]


def test_check_leaves_events_and_hands_on_counts(
    airflow_env: AirflowEnv, canary_dag: Any, shop: CanaryShop
) -> None:
    earlier = len(airflow_env.log)  # other tests of this process
    done = canary_dag.test()
    log = airflow_env.log[earlier:]
    found = {ti.task_id: ti for ti in done.get_task_instances()}
    assert {str(ti.state) for ti in found.values()} == {str(done.state)} == {"success"}
    handed = found["check"].xcom_pull(task_ids="check")
    assert handed["access"] == {"planted": 60, "found": 60, "rows": 18, "others": 0}
    assert "access: 60 of 60 planted values found" in log
    evidence = shop.services.register.evidence
    [(header, _)] = evidence.of_types(None, "canary_checked")
    assert header.actor == "airflow:check_canary"
    [(_, searched)] = evidence.of_types(None, "canary_logs_searched")
    assert searched == {"files": 0, "found": 0}, "`dag.test()` writes no log of a task"
    assert MARK not in log
    assert MARK not in str(airflow_env.xcoms() + airflow_env.rendered())
    assert re.search(r"canary #\d+ plan_frozen: ", log), "the lines of a run, and none of the trail"
    assert not re.search(r"trail #\d+ plan_frozen: ", log)


def test_canary_value_in_task_log_fails_the_run(
    airflow_env: AirflowEnv,
    canary_dag: Any,
    shop: CanaryShop,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Nothing was found missing: the run fails all the same, and says what to do."""
    from airflow.sdk.configuration import conf

    from afschrift.airflow_ext import daily_tasks

    run_id = f"manual__{AT.isoformat()}"
    folder = tmp_path / "dag_id=check_canary" / f"run_id={run_id}" / "task_id=check"
    folder.mkdir(parents=True)
    (folder / "attempt=1.log").write_text(f'{{"event": "row {MARK}003"}}\n', encoding="utf-8")
    assert conf.get("logging", "base_log_folder")
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    assert list(daily_tasks._logs(run_id)) == [folder / "attempt=1.log"]
    assert canary_outcome(canary_dag, run_after=AT, logical_date=AT) == ("failed", "success", "failed")
    assert "1 values of the canary are in a task log" in airflow_env.log
    (*_, (_, searched)) = shop.services.register.evidence.of_types(None, "canary_logs_searched")
    assert searched == {"files": 1, "found": 1}
    assert f"{MARK}003" not in airflow_env.log


def test_changed_canary_fails_the_run_and_without_one_it_is_skipped(
    airflow_env: AirflowEnv, canary_dag: Any, shop: CanaryShop
) -> None:
    path = shop.settings.inventory / CANARY
    text, evidence = path.read_text(encoding="utf-8"), shop.services.register.evidence
    path.write_text(text.replace("Data office", "Somebody"), encoding="utf-8")
    before = len(evidence.of_types(None, "canary_checked"))
    try:
        assert canary_outcome(canary_dag)[:2] == ("failed", "failed")
        assert "canary.yml changed since it was signed" in airflow_env.log
        path.unlink()
        assert canary_outcome(canary_dag)[1:] == ("skipped", "skipped")
    finally:
        path.write_text(text, encoding="utf-8")
    assert len(evidence.of_types(None, "canary_checked")) == before
