"""A message to an address that was clearly not meant for it: only early, by two people, and nothing is lost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from testbed.register_reader import faults
from tests.support.deciding import ROLES, Bureau
from tests.support.family import ADULT, open_family
from tests.support.moves import moved

from afschrift.casework.answer import answer_question
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.store_request import take_in
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.questions.kind import Answered
from afschrift.steps.assess import assess

WHY = "Gestuurd aan de schoonmaakploeg; zangvogel."
MESSAGE = "Stuur mij mijn gegevens."


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_family(tmp_path, monkeypatch)


def stored(bureau: Bureau, channel: str = "cleaners", right: Any = ("access", "portability")) -> Any:
    content = {"message": MESSAGE, "channel": channel, "received_at": "2026-03-04T10:00:00+01:00"}
    content |= {"right": list(right), "keys": ADULT}
    return take_in(bureau.services, Intake.model_validate(content), "cli:ivo")


def proposed(bureau: Bureau, case: str, on: str = "2024-01-01", why: str = WHY, by: str = "cli:anna") -> Any:
    channels = bureau.services.inventory.controller.channels
    return propose(Officer(bureau.register, ROLES, by, now=utc_now()), bureau.register.cases.get(case), date.fromisoformat(on), why, published=channels)  # fmt: skip


def signed(bureau: Bureau, question: Any, choice: str = "agree", by: str = "airflow:sam") -> Answered:
    return answer_question(Officer(bureau.register, ROLES, by, settings=bureau.settings), question.id, choice)


def test_it_counts_once_a_second_person_agrees_and_nothing_is_deleted(bureau: Bureau) -> None:
    case = stored(bureau)
    question = proposed(bureau, case.case)
    assert (question.kind, question.role) == ("not_received", "second_signer")
    for request in case.requests:  # neither of them goes on meanwhile
        with pytest.raises(NeedsPersonError, match="R03"):
            assess(bureau.services, request)
    with pytest.raises(NotAllowedError, match="four eyes"):
        signed(bureau, question, by="airflow:anna")
    done = signed(bureau, question)
    assert "R03" in done.next_step
    assert "Nothing was deleted" in done.next_step
    assert {bureau.register.requests.get(request).state for request in case.requests} == {State.NOT_RECEIVED}
    assert bureau.register.cases.texts(case.case, "x")[0].text == MESSAGE.encode()
    assert [key.value for key in bureau.register.identities.of(case.requests[0])] == ["1"]
    assert "zangvogel" not in json.dumps([payload for _, payload in bureau.register.trail.events()])
    assert faults(bureau.settings.register) == []
    with pytest.raises(TooLateError):
        proposed(bureau, case.case)


def test_who_disagrees_lets_the_request_go_on(bureau: Bureau) -> None:
    case = stored(bureau)
    signed(bureau, proposed(bureau, case.case), "disagree")
    with pytest.raises(NeedsPersonError) as caught:
        assess(bureau.services, case.requests[0])
    assert caught.value.question == "identity"
    again = proposed(bureau, case.case)
    assert signed(bureau, again).decision.choice == "agree"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"on": "2026-03-05"}, RefusedError),
        ({"why": "  "}, RefusedError),
        ({"by": "cli:sam"}, NotAllowedError),
        ({"channel": "email"}, RefusedError),
    ],
)
def test_what_the_rule_does_not_allow_is_refused_and_changes_nothing(
    bureau: Bureau, change: dict[str, str], error: type[Exception]
) -> None:
    case = stored(bureau, change.pop("channel", "cleaners"))
    before = bureau.register.trail.events()
    with pytest.raises(error) as caught:
        proposed(bureau, case.case, **change)
    assert caught.value.remedy  # type: ignore[attr-defined]
    assert bureau.register.trail.events() == before


def test_after_a_step_ran_it_was_received(bureau: Bureau) -> None:
    case = stored(bureau, right=("access",))
    sure = {"method": "eid", "level": "high"}
    bureau.register.decisions.take(case.requests[0], "identity", "confirmed", "cli:anna", detail=sure)
    assess(bureau.services, case.requests[0])
    with pytest.raises(TooLateError, match="R03"):
        proposed(bureau, case.case)


def test_a_step_that_runs_between_the_two_signatures_counts(bureau: Bureau) -> None:
    case = stored(bureau, right=("access",))
    question = proposed(bureau, case.case)
    bureau.register.steps.finish(case.requests[0], "assess", "0" * 64, {})
    with pytest.raises(TooLateError, match="R03"):
        signed(bureau, question)
    assert bureau.register.questions.get(question.id).answered_at is None


def test_a_request_that_a_run_took_up_leaves_the_case_whole(bureau: Bureau) -> None:
    """A run may have died between taking it up and finishing its first step."""
    case = stored(bureau)
    question = proposed(bureau, case.case)
    moved(bureau.register, case.requests[1], State.ACKNOWLEDGED)
    with pytest.raises(TooLateError, match="taken it up"):
        signed(bureau, question)
    states = [bureau.register.requests.get(request).state for request in case.requests]
    assert states == [State.NEEDS_PERSON, State.ACKNOWLEDGED]
    assert bureau.register.questions.get(question.id).answered_at is None
