"""Scenarios of `make scenario-officer` on a running Airflow: the short ones that no other test covers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.airflow_support import AirflowEnv
from tests.e2e.scenarios import decided, others
from tests.e2e.scenarios.installing import PEOPLE, demo_with_people
from tests.e2e.scenarios.with_people import ScenarioWithPeople
from tests.support.airflow_up import airflow_here
from tests.support.command_line import in_this_process
from tests.support.mail_server import serving

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="needs an Airflow that ends with its children"),
]


@pytest.fixture(scope="module")
def scenario(
    airflow_env: AirflowEnv,  # what a command of this process imports of Airflow finds its home
    demo_warehouse: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ScenarioWithPeople]:
    with (
        serving() as (office, office_at),
        demo_with_people(demo_warehouse, tmp_path_factory.mktemp("officer")) as made,
        airflow_here(PEOPLE) as airflow,
    ):
        scenario = ScenarioWithPeople(
            made.home, in_this_process, airflow.check_deadlines, office, office_at, print, airflow=airflow
        )
        scenario.aim_mail()
        yield scenario


@pytest.mark.parametrize("carry_out", [others.parent, decided.withdrawn], ids=lambda act: act.__name__)
def test_scenario_with_users_ends(
    scenario: ScenarioWithPeople, carry_out: Callable[[ScenarioWithPeople], None]
) -> None:
    carry_out(scenario)
