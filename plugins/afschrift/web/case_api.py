"""A case as JSON: its story, parties and referrals."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from afschrift.casework.actions.action import Done
from afschrift.casework.intake.case_story import story
from afschrift.casework.intake.referral import to_hand_over
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.caller import Known

router = APIRouter()


@router.get("/cases/{owner}")
def show(owner: str, by: Known) -> dict[str, Any]:
    """What happened in a case or to a request, in chronological order; no text. The look is an event."""
    by.roles.require(by.account, Act.TIMELINE)
    register = open_register()
    found = story(register, owner, register.cases.texts(owner, by.account))
    case = register.cases.get(owner)
    requests = case.requests if owner == case.id else (owner,)
    return {
        "case": case.id,
        **Done([register.facts.timeline(request_id) for request_id in requests]).document(),
        "story": [entry.document() for entry in found],
    }


@router.post("/cases/{owner}/parties")
def parties(owner: str, by: Known) -> dict[str, dict[str, str]]:
    """The parties of a case; the look is an event."""
    by.roles.require(by.account, Act.VALUES)
    return open_register().cases.parties(owner, by.account)


@router.get("/matters")
def pending_referrals(by: Known) -> list[dict[str, Any]]:
    """What is not handed over yet, the first due first."""
    by.roles.require(by.account, Act.SEE)
    return [pending.document() for pending in to_hand_over(open_register())]
