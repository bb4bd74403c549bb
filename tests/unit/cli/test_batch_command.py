"""`afschrift batch`, and what a new request does where requests are read together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.command_line import CommandResult, in_this_process
from tests.unit.cli.test_commands import REQUEST, Terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def afschrift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal(tmp_path, monkeypatch)
    terminal("key", "new")
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_TOKEN", "none")
    return terminal


def stored(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("req-")]


def test_a_new_request_waits_where_requests_are_read_together(
    afschrift: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "AFSCHRIFT_BATCH_REQUESTS is 1" in afschrift("batch", "list")
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")

    requests = stored(afschrift("submit", "-", stdin=json.dumps(REQUEST)))

    listed = afschrift("batch", "list")
    assert sorted(line[:16] for line in stored(listed)) == sorted(requests)
    assert "2 wait. The sweep starts 2, or all after 24 hours." in listed
    for line in stored(afschrift("batch", "explain")):
        assert line.endswith("no plan is frozen yet; it is assessed and classified separately first")


def test_where_airflow_is_out_of_reach_the_way_without_is_named(afschrift: Terminal) -> None:
    afschrift.submit()
    result: CommandResult = in_this_process(("batch", "start"))
    assert result.code == 1
    assert "`afschrift batch start --here` does it without" in result.errors
    assert "UnknownRequest" not in afschrift("batch", "start", "req-000000000000", code=1)
