"""The DAG `check_canary` on a real Airflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, ran
from tests.support.canary_shop import MARK, CanaryShop, canary_shop

from afschrift.canary.canary_file import CANARY

DAG = "check_canary"
AT = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(airflow_env: AirflowEnv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("canary")) as made:
        yield made


def outcome(dag: Any, **given: Any) -> tuple[str, str, str]:
    """State of its run, and of its two tasks."""
    states = ran(dag, **given)
    return states["run"], states["check"], states["search"]


def test_check_leaves_events_and_hands_on_counts(airflow_env: AirflowEnv, dag: Any, shop: CanaryShop) -> None:
    earlier = len(airflow_env.log)  # other tests of this process
    done = dag.test()
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
    assert outcome(dag, run_after=AT, logical_date=AT) == ("failed", "success", "failed")
    assert "1 values of the canary are in a task log" in airflow_env.log
    (*_, (_, searched)) = shop.services.register.evidence.of_types(None, "canary_logs_searched")
    assert searched == {"files": 1, "found": 1}
    assert f"{MARK}003" not in airflow_env.log


def test_changed_canary_fails_the_run_and_without_one_it_is_skipped(
    airflow_env: AirflowEnv, dag: Any, shop: CanaryShop
) -> None:
    path = shop.settings.inventory / CANARY
    text, evidence = path.read_text(encoding="utf-8"), shop.services.register.evidence
    path.write_text(text.replace("Data office", "Somebody"), encoding="utf-8")
    before = len(evidence.of_types(None, "canary_checked"))
    try:
        assert outcome(dag)[:2] == ("failed", "failed")
        assert "canary.yml changed since it was signed" in airflow_env.log
        path.unlink()
        assert outcome(dag)[1:] == ("skipped", "skipped")
    finally:
        path.write_text(text, encoding="utf-8")
    assert len(evidence.of_types(None, "canary_checked")) == before
