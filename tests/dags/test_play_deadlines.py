"""The scenes of `python -m plays.deadlines`, on Airflow in this process and with fewer requests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from plays import by_hand, letters_and_clock, watching
from plays.installation import install
from plays.stage import Checked, Said, Stage, WrongError
from tests.airflow_support import AirflowEnv
from tests.support.mail_server import serving
from typer.testing import CliRunner

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline

SCENES = [
    letters_and_clock.suspended_and_resumed,
    letters_and_clock.extended_in_time,
    letters_and_clock.extended_too_late,
    letters_and_clock.extended_and_not_sent,
    letters_and_clock.bounced,
    watching.acknowledged,
    watching.after_days,
]


@pytest.fixture
def stage(airflow_env: AirflowEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    lines: list[str] = []
    with serving() as (office, office_at):
        for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
            monkeypatch.delenv(name)
        for name, value in install(tmp_path, office_at).items():
            monkeypatch.setenv(name, value)
        made = Stage(tmp_path / "home", command, lambda: check(airflow_env), office, office_at, lines.append)
        made.aim_mail()
        yield made
        made.aim_mail()


def command(words: tuple[str, ...], stdin: str) -> Said:
    from afschrift.cli.main import app
    from afschrift.domain.errors import AfschriftError

    done = CliRunner().invoke(app, words, input=stdin)
    if isinstance(done.exception, AfschriftError):
        return Said(1, done.stdout, f"afschrift: {done.exception}")
    return Said(done.exit_code, done.stdout, done.stderr)


def check(airflow: AirflowEnv) -> Checked:
    """`check_deadlines` run by Airflow in this process."""
    logged = len(airflow.log)
    done = check_dag().test()
    found = {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": ti
        for ti in done.get_task_instances()
    }
    spans = {name: float(ti.duration or 0) for name, ti in found.items()}
    states = {name: str(ti.state) for name, ti in found.items()}
    return Checked(str(done.state), states, spans, airflow.log[logged:])


def check_dag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    dag = DagBag(dag_folder=str(DAGS / "check_deadlines.py")).dags["check_deadlines"]
    for task in dag.task_dict.values():
        task.retries = 0
    return dag


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_scene_ends_as_it_must(stage: Stage, scene: Any) -> None:
    scene(stage)


def test_many_requests_get_the_notices_that_another_way_of_counting_gives(stage: Stage) -> None:
    watching.ten_thousand(stage, 150)


def test_what_is_not_as_it_must_be_is_named_with_its_step(stage: Stage) -> None:
    stage.begin("a scene")
    stage.tell("a step")
    with pytest.raises(WrongError, match=r"Scene 'a scene', step 'a step': not so: it is late\."):
        stage.must(False, "it is late")
    with pytest.raises(WrongError, match="`afschrift request show nothing` ended with 1"):
        stage.types("request", "show", "nothing")


def test_the_calendar_by_hand_agrees_with_the_product_for_twenty_years() -> None:
    netherlands = calendar("NL")
    for day in (date(2020, 1, 1) + timedelta(days) for days in range(20 * 365)):
        assert by_hand.last_day(day) == deadline(day, netherlands).due


def test_on_each_day_there_is_a_receipt_that_is_almost_due() -> None:
    for day in (date(2026, 1, 1) + timedelta(days) for days in range(3 * 365)):
        assert 0 < (by_hand.last_day(by_hand.almost_due(day)) - day).days <= 7
