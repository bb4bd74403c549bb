"""Thirty-six requests, each brought to its end: `make scenario-morning`, and the page that keeps its transcript.

`AFSCHRIFT_DRAW=1 pytest tests/e2e/scenarios/test_scenario_morning.py` writes docs/morning.md anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.airflow_support import AirflowEnv, api_server
from tests.e2e.scenarios.morning import ends, opened, passed, table, work
from tests.e2e.scenarios.morning_page import PAGE, page, typed

from afschrift.domain.state import State

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def test_none_is_open_at_the_end_and_each_end_has_its_letter_or_entry(
    airflow_env: AirflowEnv, tmp_path: Path
) -> None:
    transcript: list[str] = []
    with api_server() as app, opened(tmp_path, app, transcript.append) as m:
        work(m)
        found = ends(m)
        made = page(table(m), transcript)

        assert len(found) == 36
        assert not m.register.requests.all(open_only=True)
        assert passed(m) == set(State)
        letters = [by for _, _, by, _ in found if by.startswith("letter `")]
        entries = [by for _, _, by, _ in found if by.startswith("entry `")]
        assert len(letters) + len(entries) == 36
        assert {by.partition("`")[2].partition("`")[0] for by in entries} == {
            *("handed_over", "withdrawn", "merged", "not_received"),
        }
    if os.environ.get("AFSCHRIFT_DRAW"):
        PAGE.write_text(made, encoding="utf-8")
    kept = PAGE.read_text(encoding="utf-8")
    rows = [line for line in made.splitlines() if line.startswith("| ")]
    assert rows == [line for line in kept.splitlines() if line.startswith("| ")], "draw it anew, see above"
    assert typed(kept) == typed(made), "draw it anew, see above"
