"""A case as JSON: its story, referrals, and holds, complaints and restrictions after an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from afschrift.app.jurisdiction import load_controller
from afschrift.casework.disputes import DisputeService, follow_up, review_lines
from afschrift.casework.intake.case_story import story
from afschrift.casework.intake.message import Party
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.parties import record_parties
from afschrift.casework.intake.referral import record_handed_over, to_hand_over
from afschrift.domain.errors import RefusedError
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import complaints, holds
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.body import ApiBody, Code, JsonBody, Text
from afschrift.web.caller import Caller, Known

router = APIRouter()


class HoldBody(ApiBody):
    """A hold to put; `text`: why, in words, kept encrypted."""

    ground: Code
    text: Text
    review_on: date | None = None


class ReleaseBody(ApiBody):
    """A hold to end."""

    text: Text
    hold: Code | None = None


class ComplaintBody(ApiBody):
    """A complaint or petition that came."""

    sender: Annotated[Code, Field(alias="from")]
    reference: Code
    received: date
    text: Text | None = None


class ComplaintOutcomeBody(ApiBody):
    """The outcome of a complaint or petition."""

    reference: Code
    outcome: Code
    on: date | None = None
    text: Text | None = None
    reopen: bool = False


class RestrictionReviewBody(ApiBody):
    """The outcome of a review of a restriction."""

    outcome: Code
    text: Text
    next: date | None = None


class SignatureBody(ApiBody):
    """The second signer's word on that."""

    agree: bool


class ReferralBody(ApiBody):
    """A desk took over what is not fulfilled here."""

    right: Code
    to: Code
    reference: Code


class PartiesBody(ApiBody):
    """Parties to record, kept encrypted; null takes one out, and who is not given stays."""

    person: Party | None = None
    representative: Party | None = None
    heir: Party | None = None


class NotReceivedBody(ApiBody):
    """A message counts as not received; `text`: why, in words, kept encrypted."""

    published_on: date
    text: Text


@router.get("/cases/{owner}")
def show(owner: str, by: Known) -> dict[str, Any]:
    """What happened in a case or to a request, in chronological order; no text. The look is an event."""
    by.roles.require(by.account, Act.TIMELINE)
    register = open_register()
    found = story(register, owner, register.cases.texts(owner, by.account))
    case = register.cases.get(owner)
    requests = case.requests if owner == case.id else (owner,)
    rows = [
        {"at": e.at, "by": e.by, "what": e.what, "request": e.request, "text": e.text.id if e.text else None}
        for e in found
    ]
    return {
        "case": case.id,
        "requests": _request_rows([register.facts.timeline(request_id) for request_id in requests]),
        "story": rows,
    }


@router.post("/cases/{owner}/hold")
def hold(owner: str, body: JsonBody[HoldBody], by: Known) -> list[dict[str, Any]]:
    """Stop all that destroys something of a case or request."""
    return _request_rows(_disputes(by).hold(owner, body.ground, _words(body.text), body.review_on))


@router.post("/cases/{owner}/release")
def release(owner: str, body: JsonBody[ReleaseBody], by: Known) -> list[dict[str, Any]]:
    """End a hold; with the last one, destruction may go on."""
    return _request_rows(_disputes(by).release(owner, _words(body.text), body.hold))


@router.post("/cases/{owner}/complaint")
def complaint(owner: str, body: JsonBody[ComplaintBody], by: Known) -> list[dict[str, Any]]:
    """Enter a complaint or petition, which puts a hold; documents go in with `afschrift case complaint`."""
    return _request_rows(
        _disputes(by).complain(owner, body.sender, body.reference, body.received, body.text or None)
    )


@router.post("/cases/{owner}/complaint/outcome")
def end_complaint(owner: str, body: JsonBody[ComplaintOutcomeBody], by: Known) -> list[dict[str, Any]]:
    """Enter the outcome of a complaint; its hold stays."""
    disputes = _disputes(by)
    return _request_rows(
        disputes.end_complaint(
            owner, body.reference, body.outcome, body.on, body.text or None, reopen=body.reopen
        )
    )


@router.post("/requests/{request_id}/restrictions/{restriction}/review")
def review(
    request_id: str,
    restriction: str,
    body: JsonBody[RestrictionReviewBody],
    by: Known,
) -> dict[str, Any]:
    """Record that a restriction was looked at again (R84)."""
    timeline, found = _disputes(by).review(
        request_id, restriction, body.outcome, _words(body.text), body.next
    )
    return {
        "request": request_id,
        "restriction": restriction,
        "next": " ".join(review_lines(timeline, found)),
    }


@router.post("/requests/{request_id}/restrictions/{restriction}/sign")
def sign_review(
    request_id: str, restriction: str, body: JsonBody[SignatureBody], by: Known
) -> dict[str, Any]:
    """The second signer's word on that."""
    timeline, found = _disputes(by).sign_review(request_id, restriction, agree=body.agree)
    return {
        "request": request_id,
        "restriction": restriction,
        "next": " ".join(review_lines(timeline, found)),
    }


@router.post("/requests/{request_id}/restrictions/{restriction}/request")
def open_follow_up(request_id: str, restriction: str, by: Known) -> dict[str, Any]:
    """Open a request that gives what a lifted restriction had kept back (R54)."""
    made = follow_up(_disputes(by), request_id, restriction)
    return {
        "request": made,
        "next": "Its identity is confirmed anew; then trigger fulfil_request with its id.",
    }


@router.post("/cases/{owner}/parties")
def parties(owner: str, body: JsonBody[PartiesBody], by: Known) -> dict[str, dict[str, str]]:
    """Record parties of a case, if any are given, and show all; the look is an event."""
    by.roles.require(by.account, Act.VALUES)
    officer = by.officer()
    if given := body.model_dump(mode="json", exclude_unset=True):
        record_parties(officer, owner, given)
    return officer.register.cases.parties(owner, by.account)


@router.get("/matters")
def pending_referrals(by: Known) -> list[dict[str, Any]]:
    """What is not handed over yet, the first due first."""
    by.roles.require(by.account, Act.SEE)
    return [
        {
            "case": pending.referral.case,
            "right": pending.referral.matter.value,
            "term": pending.referral.matter.iri,
            "desk": pending.referral.desk,
            "due": str(pending.referral.due) if pending.referral.due else None,
            "level": pending.level,
        }
        for pending in to_hand_over(open_register())
    ]


@router.post("/cases/{case}/handed-over")
def handed_over(case: str, body: JsonBody[ReferralBody], by: Known) -> dict[str, Any]:
    """Record that a desk took over a right that it fulfils."""
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
        by.officer(register),
        register.cases.get(case),
        body.published_on,
        body.text,
        published=load_controller().channels,
    )
    return {"case": register.cases.get(case).id, "signer": asked.id}


def _disputes(by: Caller) -> DisputeService:
    return DisputeService(by.officer())


def _words(text: str) -> str:
    if not text.strip():
        raise RefusedError(
            "The reason in words is missing.", remedy="put it into `text`; nothing was changed."
        )
    return text.strip()


def _request_rows(found: Sequence[Timeline]) -> list[dict[str, Any]]:
    return [
        {
            "request": timeline.request,
            "state": timeline.state.value,
            "holds": [
                {"hold": h.id, "ground": h.ground, "since": h.since, "by": h.by, "review_on": h.review_on}
                for h in holds(timeline)
            ],
            "complaints": [
                {
                    "reference": c.reference,
                    "from": c.entered.detail.get("from"),
                    "received": c.entered.day,
                    "outcome": c.ended.detail.get("outcome") if c.ended else None,
                }
                for c in complaints(timeline)
            ],
        }
        for timeline in found
    ]
