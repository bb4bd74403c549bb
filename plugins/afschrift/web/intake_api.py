"""What a message holds beside its requests, as JSON: handing over, an unclear right, the end of a mandate."""

from __future__ import annotations

import logging
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afschrift.app.jurisdiction import load_controller
from afschrift.casework.identity.answer import take_back
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.read_right import Reading, read_right
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.notices.referrals import to_hand_over
from afschrift.casework.officer import Officer
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.answers import LONGEST_TEXT
from afschrift.web.body import JsonBody
from afschrift.web.caller import Known
from afschrift.wiring.build_services import build

router = APIRouter()
log = logging.getLogger("afschrift.web")
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, repr=False)]
Code = Annotated[str, Field(max_length=100)]


class _IntakeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReferralBody(_IntakeBody):
    """A desk took over what is not fulfilled here."""

    right: Code
    to: Code
    reference: Code


class NotReceivedBody(_IntakeBody):
    """A message counts as not received; `text`: why, in words, kept encrypted."""

    published_on: date
    text: Text


class ReadingBody(_IntakeBody):
    """Which right a message means; `text`: the person's own words, kept encrypted."""

    right: Reading
    text: Text


class WithdrawalBody(_IntakeBody):
    """The person took a mandate back; `text`: how it was told, kept encrypted."""

    text: Text | None = None


FIELDS = frozenset(
    name
    for body in (ReferralBody, NotReceivedBody, ReadingBody, WithdrawalBody)
    for name in body.model_fields
)


@router.get("/matters")
def pending_referrals(by: Known) -> list[dict[str, Any]]:
    """What nobody handed over yet, what is due first at the beginning."""
    by.roles.require(by.account, Act.SEE)
    return [
        {
            "case": one.referral.case,
            "right": one.referral.matter.value,
            "term": one.referral.matter.iri,
            "desk": one.referral.desk,
            "due": str(one.referral.due) if one.referral.due else None,
            "level": one.level,
        }
        for one in to_hand_over(open_register())
    ]


@router.post("/cases/{case}/handed-over")
def handed_over(case: str, body: JsonBody[ReferralBody], by: Known) -> dict[str, Any]:
    """Record that a desk took over a right that is not ours."""
    register = open_register()
    done = record_handed_over(
        register, by.roles, register.cases.get(case).id, body.right, body.to, body.reference, by.account
    )
    return {"case": done.case, "right": done.matter.value, "to": body.to, "reference": body.reference}


@router.post("/cases/{case}/not-received")
def not_received(case: str, body: JsonBody[NotReceivedBody], by: Known) -> dict[str, Any]:
    """Find that a message to an address not meant for it counts as not received; a second signer agrees."""
    register = open_register()
    asked = propose(
        Officer(register, by.roles, by.account),
        register.cases.get(case),
        body.published_on,
        body.text,
        published=load_controller().channels,
    )
    return {"case": register.cases.get(case).id, "signer": asked.id}


@router.post("/requests/{request}/reading")
def reading(request: str, body: JsonBody[ReadingBody], by: Known) -> dict[str, Any]:
    """Record which right a message means that did not say so."""
    services = build(lambda line: log.info("%s", line))
    done = read_right(services, by.roles, request, body.right, body.text, by.account)
    return {"request": request, "right": done.timeline.right.value, "beside": done.other}


@router.post("/requests/{request}/mandate-withdrawn")
def mandate_withdrawn(request: str, body: JsonBody[WithdrawalBody], by: Known) -> dict[str, Any]:
    """Record that the person took a mandate back: nothing is delivered on it any more."""
    taken = take_back(Officer(open_register(), by.roles, by.account), request, body.text)
    return {"request": request, "choice": taken.choice, "at": taken.at}
