"""The scenarios of `make scenario-deadlines`, on Airflow in this process and with fewer requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.e2e.scenarios import by_hand, deadlines, notices
from tests.e2e.scenarios.installing import small_shop
from tests.e2e.scenarios.scenario import Scenario, ScenarioError
from tests.support.airflow_up import RunEnded
from tests.support.command_line import in_this_process
from tests.support.mail_server import serving
from tests.support.nightly import nightly_after

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline


@pytest.fixture
def scenario(airflow_env: AirflowEnv, tmp_path: Path) -> Iterator[Scenario]:
    with serving() as (office, office_at), small_shop(tmp_path, office_at) as home:
        made = Scenario(home, in_this_process, lambda: check(airflow_env), office, office_at, print)
        made.aim_mail()
        yield made


def check(airflow: AirflowEnv) -> RunEnded:
    """`check_deadlines` run by Airflow in this process."""
    logged = len(airflow.log)
    done = check_dag().test()
    found = {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": ti
        for ti in done.get_task_instances()
    }
    spans = {name: float(ti.duration or 0) for name, ti in found.items()}
    states = {name: str(ti.state) for name, ti in found.items()}
    return RunEnded(str(done.state), states, spans, airflow.log[logged:])


def check_dag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    dag = DagBag(dag_folder=str(DAGS / "check_deadlines.py")).dags["check_deadlines"]
    for task in dag.task_dict.values():
        task.retries = 0
    return dag


@pytest.mark.parametrize("carry_out", nightly_after(2, deadlines.ALL.values()), ids=lambda act: act.__name__)
def test_scenario_of_the_clock_ends(scenario: Scenario, carry_out: Callable[[Scenario], None]) -> None:
    carry_out(scenario)


def test_notices_of_many_requests_equal_a_count_by_hand(scenario: Scenario) -> None:
    notices.ten_thousand(scenario, 150)


def test_failed_step_is_named(scenario: Scenario) -> None:
    scenario.begin("a scenario")
    scenario.tell("a step")
    with pytest.raises(ScenarioError, match=r"Scenario 'a scenario', step 'a step': not so: it is late\."):
        scenario.must(False, "it is late")
    with pytest.raises(ScenarioError, match="`afschrift request show nothing` ended with 1"):
        scenario.types("request", "show", "nothing")


def test_the_calendar_by_hand_agrees_with_the_product_for_twenty_years() -> None:
    netherlands = calendar("NL")
    for day in (date(2020, 1, 1) + timedelta(days) for days in range(20 * 365)):
        assert by_hand.last_day(day) == deadline(day, netherlands).due


def test_on_each_day_there_is_a_receipt_that_is_almost_due() -> None:
    for day in (date(2026, 1, 1) + timedelta(days) for days in range(3 * 365)):
        assert 0 < (by_hand.last_day(by_hand.almost_due(day)) - day).days <= 7
