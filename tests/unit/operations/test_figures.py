"""Counts of an installation: what is open, late, at work, failed and waiting, of a real register."""

from datetime import UTC, datetime, timedelta

from tests.support.installed import CUSTOMERS, Installation

from afschrift.operations.figures import FAR, figures

DUE = datetime(2026, 7, 10, 12, tzinfo=UTC)
"""The last day of a request that was received on 10 June."""


def test_an_empty_register_has_nothing_open_and_no_day_near(installation: Installation) -> None:
    now = figures()

    assert (now.open, now.late, now.running, now.failed, now.waiting) == (0, 0, 0, 0, 0)
    assert now.days_left == FAR
    assert "decision" in now.questions
    assert set(now.questions.values()) == {0}


def test_figures_count_each_request_by_its_state(installation: Installation) -> None:
    running, failed, waits, _ = (installation.submit(n, "access") for n in CUSTOMERS[:4])
    register = installation.services.register
    patience = timedelta(hours=2)
    register.runs.begin(running, f"{running}.1", patience)
    register.runs.begin(failed, f"{failed}.1", patience)
    register.runs.end(failed, f"{failed}.1", "received")
    register.questions.ask(waits, "decision", options=["fulfil"], detail={"flags": []})

    before, after = figures(now=DUE - timedelta(days=4)), figures(now=DUE + timedelta(days=3))

    assert (before.open, before.running, before.failed, before.waiting) == (4, 1, 1, 1)
    assert (before.late, before.days_left) == (0, 4)
    assert (after.late, after.days_left) == (4, -3)
    assert {kind: n for kind, n in before.questions.items() if n} == {"decision": 1}
    assert register.evidence.of_types(None, "deadlines_checked") == []  # it counts, and leaves no trace
