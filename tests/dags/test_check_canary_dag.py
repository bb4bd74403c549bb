"""The DAG `check_canary` on a real Airflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.canary_shop import MARK, CanaryShop, canary_shop

from afschrift.canary.canary_file import CANARY

AT = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / "check_canary.py"))
    assert bag.import_errors == {}
    return bag.dags["check_canary"]


@pytest.fixture(scope="module")
def shop(airflow_env: AirflowEnv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("canary")) as made:
        yield made


def run(dag: Any, at: datetime | None = None) -> tuple[str, str, str, Any]:
    """Runs it to its end: state of the run, of its two tasks, and what the first hands on."""
    for task in dag.task_dict.values():
        task.retries = 0
    done = dag.test(run_after=at, logical_date=at) if at else dag.test()
    found = {ti.task_id: ti for ti in done.get_task_instances()}
    handed = found["check"].xcom_pull(task_ids="check")
    return str(done.state), str(found["check"].state), str(found["search"].state), handed


def test_check_leaves_events_and_hands_on_counts(airflow_env: AirflowEnv, dag: Any, shop: CanaryShop) -> None:
    earlier = len(airflow_env.log)  # other tests of this process
    state, check, search, handed = run(dag)
    log = airflow_env.log[earlier:]
    assert (state, check, search) == ("success", "success", "success")
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
    airflow_env: AirflowEnv, dag: Any, shop: CanaryShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
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
    state, check, search, _ = run(dag, AT)
    assert (state, check, search) == ("failed", "success", "failed")
    assert "1 values of the canary are in a task log" in airflow_env.log
    (*_, (_, searched)) = shop.services.register.evidence.of_types(None, "canary_logs_searched")
    assert searched == {"files": 1, "found": 1}
    assert f"{MARK}003" not in airflow_env.log


def test_changed_canary_fails_the_run_before_reading(
    airflow_env: AirflowEnv, dag: Any, shop: CanaryShop
) -> None:
    path = shop.settings.inventory / CANARY
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Data office", "Somebody"), encoding="utf-8")
    before = len(shop.services.register.evidence.of_types(None, "canary_checked"))
    try:
        assert run(dag)[:2] == ("failed", "failed")
    finally:
        path.write_text(text, encoding="utf-8")
    assert "canary.yml changed since it was signed" in airflow_env.log
    assert len(shop.services.register.evidence.of_types(None, "canary_checked")) == before


def test_check_is_skipped_without_canary(dag: Any, shop: CanaryShop) -> None:
    path = shop.settings.inventory / CANARY
    text = path.read_text(encoding="utf-8")
    path.unlink()
    try:
        assert run(dag)[1:3] == ("skipped", "skipped")
    finally:
        path.write_text(text, encoding="utf-8")


def test_check_runs_daily_and_runbook_names_tasks(dag: Any) -> None:
    from afschrift.airflow_ext.retry import POLICY

    assert (dag.schedule, dag.catchup, dag.max_active_runs) == ("@daily", False, 1)
    assert dag.task_dict["search"].upstream_task_ids == {"check"}
    for name, task in dag.task_dict.items():
        assert task.retry_policy is POLICY
        assert task.doc_md
        assert f"| {name} |" in dag.doc_md
    for part in ("## Trigger", "## The run failed", "docs/operator/canary.md", "afschrift canary sign"):
        assert part in dag.doc_md
