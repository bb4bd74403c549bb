"""Thirty-six requests, each brought to its end: `make scenario-morning`. morning.md has the table of the ends.

`AFSCHRIFT_DRAW=1 pytest tests/e2e/scenarios/test_scenario_morning.py` writes that table again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.airflow_support import AirflowEnv, api_server
from tests.e2e.scenarios.morning import ends, opened, passed, table, work

from afschrift.domain.state import State

PAGE = Path(__file__).with_name("morning.md")

pytestmark = [pytest.mark.airflow, pytest.mark.nightly, pytest.mark.timeout(600)]


def test_every_request_ends_with_a_letter_or_an_entry(airflow_env: AirflowEnv, tmp_path: Path) -> None:
    transcript: list[str] = []
    with api_server() as app, opened(tmp_path, app, transcript.append) as m:
        work(m)
        found = ends(m)
        rows = table(m)

        assert len(found) == 36
        assert not m.register.requests.all(open_only=True)
        assert passed(m) == set(State)
        letters = [by for _, _, by, _ in found if by.startswith("letter `")]
        entries = [by for _, _, by, _ in found if by.startswith("entry `")]
        assert len(letters) + len(entries) == 36
        assert {by.partition("`")[2].partition("`")[0] for by in entries} == {
            *("handed_over", "withdrawn", "merged", "not_received"),
        }
    head, _, kept = PAGE.read_text(encoding="utf-8").partition("| |")
    if os.environ.get("AFSCHRIFT_DRAW"):
        PAGE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    else:
        assert rows == f"| |{kept}".splitlines(), "draw it again, see above"
