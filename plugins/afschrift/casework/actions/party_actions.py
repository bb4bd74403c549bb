"""Actions on who asks: a mandate that was taken back, a death, and a message that counts as not received."""

from __future__ import annotations

from pydantic import Field

from afschrift.app.jurisdiction import load_controller
from afschrift.casework.actions.action import (
    ActionTable,
    Code,
    Day,
    Done,
    Parameters,
    Subject,
    Words,
    codes,
    done_with,
    is_open,
)
from afschrift.casework.identity.breach import take_back
from afschrift.casework.identity.death import RESTS_ON, lift_death
from afschrift.casework.identity.question import PROVEN
from afschrift.casework.intake.not_received import propose
from afschrift.casework.officer import Officer
from afschrift.casework.record_death import record_death
from afschrift.domain.language import gettext
from afschrift.domain.state import State, may_move
from afschrift.law.roles import Role


class MandateWithdrawal(Parameters):
    """Of a mandate that the person took back."""

    text: Words | None = Field(None, title="How the person said so")


class Death(Parameters):
    """Of a death."""

    rests_on: Code = codes(RESTS_ON, title="What that rests on")
    text: Words | None = Field(None, title="More, in your own words")


class DeathError(Parameters):
    """Of a death that was recorded in error."""

    text: Words | None = Field(None, title="How that is known")


class NotReceived(Parameters):
    """Of a message to an address that is not meant for requests."""

    published_on: Day = Field(
        title="Published on", description="Day on which the proper channel was clearly published."
    )
    text: Words = Field(title="Why the address was clearly not meant for requests")


ACTIONS = ActionTable()


@ACTIONS.row(
    "mandate-withdrawn",
    "Record that the person took the mandate back",
    "Record that the person revoked a mandate: nothing is delivered on it, and it is asked again (R15).",
    lambda at: at.mandate == PROVEN,
)
def _mandate_withdrawn(officer: Officer, request: str, given: MandateWithdrawal) -> Done:
    take_back(officer, request, given.text)
    lines = [
        gettext("Recorded: the mandate of {request} no longer holds.", request=request),
        gettext(
            "The next run asks for another one; if the person continues alone, they make another request."
        ),
        gettext(
            "What lies at a destination for the representative is removed. Where an answer left on it, see "
            "`afschrift questions --request {request}`: a possible breach.",
            request=request,
        ),
    ]
    return done_with(officer, request, lines)


@ACTIONS.row(
    "deceased",
    "Record that the person died",
    "Record that the person died: the requests of the case end, and nothing leaves any more (R17).",
    is_open,
)
def _deceased(officer: Officer, request: str, given: Death) -> Done:
    lines = record_death(officer, request, given.rests_on, given.text)
    return done_with(officer, request, lines)


@ACTIONS.row(
    "not-deceased",
    "Lift a death that was recorded in error",
    "As second signer, lift a death that was recorded in error: requests and their clock go on.",
    lambda at: at.timeline.state is State.PERSON_DECEASED,
    role=Role.SECOND_SIGNER,
)
def _not_deceased(officer: Officer, request: str, given: DeathError) -> Done:
    found = lift_death(officer, request, given.text)
    return Done(found, [f"{timeline.request}: {timeline.state}" for timeline in found])


@ACTIONS.row(
    "not-received",
    "Find that the message was not received",
    "Decide that a message to an address not meant for requests counts as not received (R03). Only "
    "before any step ran, only if a proper channel was clearly published before it came, and only once a "
    "second signer agrees. Nothing is deleted: the message remains in its case.",
    lambda at: may_move("fact_not_received", at.timeline.state, State.NOT_RECEIVED),
    of=Subject.CASE,
)
def _not_received(officer: Officer, owner: str, given: NotReceived) -> Done:
    case = officer.register.cases.get(owner)
    published = load_controller(officer.settings).channels
    asked = propose(officer, case, given.published_on, given.text, published=published)
    lines = [
        gettext(
            "It counts as not received once a second signer agrees: `afschrift answer {question}`.",
            question=asked.id,
        ),
        gettext(
            "Until then it counts as received, and its period runs (R02, R03). Nothing is deleted either way."
        ),
    ]
    return done_with(officer, asked.request, lines)
