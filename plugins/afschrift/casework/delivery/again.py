"""Give an answer again, with the data of another day: a new run of the same request (R54)."""

from __future__ import annotations

from afschrift.casework.delivery.removing import lies_there
from afschrift.casework.informing.question import INFORM
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.state import State
from afschrift.encryption.registry import opens_by_words
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.register.deliveries import DeliveryRow

GIVEN = (State.READY, State.DELIVERED)
"""States of a request whose answer can be given again."""


def give_again(officer: Officer, request_id: str) -> Timeline:
    """Let the next run read anew and deliver again. The day of the first answer counts for the clock.

    Raises:
        NotAllowedError: they may not decide; the attempt is an event.
        TooLateError: nothing was delivered, or the request ended otherwise.
        RefusedError: what was delivered can still be opened, or the data key was destroyed.
    """
    register = officer.register
    authority = officer.deciding(request_id, "delivery_again")
    register.identities.of(request_id)  # refuses where the data key was destroyed
    last = next(reversed(register.deliveries.of(request_id)), None)
    if last is not None and openable(last):
        raise RefusedError(
            f"Delivery {last.id} lies at {last.destination}, and can be opened.",
            remedy="let the person fetch it, and read out its words again. To give the data of today, first "
            f"take it away: `afschrift delivery revoke {last.id}`.",
        )

    def make(timeline: Timeline) -> list[NewFact]:
        answers = [f for f in timeline.of(FactKind.ANSWER_READY) if f.detail.get("bundle")]
        if timeline.state not in GIVEN or not answers:
            raise TooLateError(
                f"No answer of request {request_id} was delivered: it is {timeline.state}.",
                remedy=f"`afschrift request show {request_id}` says what is due. Nothing was changed.",
            )
        again = NewFact(FactKind.ASKED_AGAIN, about=answers[-1].id, to=State.NEEDS_PERSON)
        return [*(NewFact(FactKind.OVERRULED, about=a.id) for a in timeline.unsent_answers), again]

    with register.write_together():
        timeline = register.facts.record(request_id, make, officer.by, authority=authority)
        register.questions.overtake(request_id, timeline.facts[-1].id, (INFORM,))
    return timeline


def openable(row: DeliveryRow) -> bool:
    """Whether what was delivered lies there, with its words where it takes some."""
    return lies_there(row) and (row.has_secret or not opens_by_words(row.encryption))
