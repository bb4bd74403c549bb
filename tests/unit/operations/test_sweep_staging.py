"""Sweeps over real encrypted staging: what is destroyed, when, and what is kept."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tests.support.moves import moved
from tests.unit.operations.swept import Office

from afschrift.domain.state import State
from afschrift.operations.findings import SweepLimits
from afschrift.operations.sweep import Sweep
from afschrift.staging.staged_requests import destroy, staged_requests


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN])
def test_staging_of_a_closed_request_is_destroyed_after_an_hour(office: Office, state: State) -> None:
    request = office.open(State.ACCEPTED)
    file = office.stage(request)
    office.run(request, ends="accepted")
    moved(office.register, request, state)
    size = file.stat().st_size
    office.later(0.9)
    assert office.sweep() == []  # the run may be about to destroy it itself
    office.later(0.1)

    assert office.sweep(dry=True) == [("staged_closed", request, f"would destroy {size} encrypted bytes")]
    assert file.exists()
    assert office.sweep() == [("staged_closed", request, f"destroyed {size} encrypted bytes")]
    assert not (office.staging / request).exists()
    assert [kind for kind, _ in office.events(request)] == ["sweep_found", "staging_destroyed"]
    assert office.events(request)[1][1] == {"reason": "staged_closed"}
    assert not any(
        "bytes" in payload for _, payload in office.events(request)
    )  # a size can identify the person
    assert office.sweep() == []


def test_unreadable_staging_is_destroyed(office: Office) -> None:
    shredded = office.open()
    office.stage(shredded)
    office.register.data_keys.shred(shredded, "retention")
    unknown = "req-0000000zzzzz"
    office.stage(unknown)
    (office.staging / "not-ours").mkdir()
    (office.staging / "not-ours" / "file").touch()
    office.later(0.9)
    assert office.sweep() == []
    office.later(0.1)
    assert ("staged_shredded", shredded) in [(code, r) for code, r, _ in office.sweep()]
    office.later(70.9)
    assert "staged_unknown" not in {code for code, *_ in office.sweep()}
    office.later(0.1)
    assert ("staged_unknown", unknown) in [(code, r) for code, r, _ in office.sweep()]
    assert [p.name for p in office.staging.iterdir()] == ["not-ours"]
    assert [kind for kind, _ in office.events(unknown)] == ["sweep_found", "staging_destroyed"]
    assert office.register.trail.verify() == []


def test_staging_of_a_failed_request_is_held_after_its_last_activity(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    run = office.run(request)
    office.stage(request)
    office.later(10)
    office.register.runs.keep_alive(request, run)
    office.register.runs.end(request, run, "accepted")
    office.later(71.9)
    assert [code for code, *_ in office.sweep()] == ["run_failed"]
    office.later(0.1)
    assert [code for code, *_ in office.sweep()] == ["staged_too_long", "run_failed"]
    assert not (office.staging / request).exists()


def test_staging_is_kept_for_a_question_and_for_a_run(office: Office) -> None:
    asked, going, lost = (office.open(State.ACCEPTED) for _ in range(3))
    office.run(asked, ends="needs_person")
    office.ask(asked)
    office.run(lost)
    files = [office.stage(r) for r in (asked, going, lost)]
    office.later(200)
    office.run(going)
    office.sweep()
    office.sweep()
    assert [f.exists() for f in files] == [True, True, True]
    assert [r.outcome for r in office.register.runs.all(request_id=lost)] == ["lost"]


def test_staging_of_an_open_review_is_kept_for_two_weeks(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    office.run(request, ends="needs_person")
    office.ask(request)
    file = office.stage(request)
    office.later(14 * 24 - 0.1)
    assert office.sweep() == []
    assert file.exists()
    office.later(0.2)
    assert [code for code, *_ in office.sweep()] == ["staged_too_long"]
    assert not file.exists()


def test_a_run_that_begins_meanwhile_keeps_its_staging(office: Office) -> None:
    """Between the look and the act a person triggers the request."""
    request = office.open(State.ACCEPTED)
    file = office.stage(request)
    office.later(100)
    swept = Sweep(
        register=office.register,
        staged=partial(staged_requests, office.staging),
        destroy=partial(destroy, office.staging),
        start=office.start,
        now=office.now,
        limits=SweepLimits(),
    )
    note = office.register.oversight.record_findings

    def begins(findings: Any) -> int:
        office.run(request)
        return note(findings)

    office.register.oversight.record_findings = begins  # type: ignore[method-assign]
    actions = {s.finding.code.value: s.action for s in swept.run()}

    assert "left" in actions["staged_too_long"]
    assert file.exists()
    assert office.events(request, "staging_destroyed") == []
