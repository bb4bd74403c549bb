"""What lengthens the period: questions that stop the clock (R42, R43), and two months more (R39-R41).

Pure: each function takes a timeline and returns the facts to append, or raises; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.clock import AT_ONCE, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, SuspensionGround, Timeline
from afschrift.law.clock.sending import Sending, must_be_open, must_lie_within, must_not_overlap

DOUBTS = ("unknown_sender", "other_address", "keys_disagree", "special_data", "sent_by_another")
"""Why an identity is asked for (R10); the same codes as in the identity form."""

_NO_GROUND = {
    "right": "a question which right is meant stops no clock (R05)",
    "fee": "waiting for an answer about a fee stops no clock (R51)",
    "language": "there are two grounds alone, identity and a large quantity of data (R42)",
}


def suspend(
    timeline: Timeline,
    jurisdiction: Jurisdiction,
    today: date,
    ground: str,
    *,
    doubt: str | None = None,
    overview: bool = False,
    term: date | None = None,
    letter: str | None = None,
    sending: Sending | None = None,
) -> list[NewFact]:
    """Facts of a question to the person that stops the clock from the day on which it is sent (R42).

    Args:
        timeline: of the request.
        jurisdiction: where the controller must act.
        today: local date.
        ground: one of `SuspensionGround`.
        doubt: for `identity`: one of `DOUBTS`.
        overview: for `specification`: the letter gives an overview of the processing (R25).
        term: last day for the reply, as the letter sets it; with it the suspension of a public body ends.
        letter: its id in the outbox.
        sending: if it was sent already.

    Raises:
        TooLateError: the request is closed.
        RefusedError: no such ground, nothing to doubt, another question is open, the last day or the term is
            over.
    """
    must_be_open(timeline)
    _must_be_free(timeline, ground)
    detail: dict[str, object] = {"ground": ground}
    if ground == SuspensionGround.IDENTITY:
        detail["doubt"] = _identity(timeline, doubt)
    else:
        _specification(timeline, overview)
        detail["overview"] = True
    if term is not None:
        detail["term"] = _after(sending.on if sending else today, term)
    if sending is not None:
        sending.check(timeline, today)
        must_not_overlap(timeline, sending.on)
    else:
        due = clock(timeline, jurisdiction, today).due
        if due is not None and today > due:
            raise RefusedError(
                f"The last day was {due}: a question after it suspends nothing (R42).",
                remedy="answer the request. Where the question was sent before that day, say so with "
                "--sent-on; one sent later is recorded with --sent-on too, as a breach.",
            )
    asked = NewFact(FactKind.SUSPENDED, letter=letter, detail=detail)
    return [asked] if sending is None else [asked, sending.fact()]


def resume(timeline: Timeline, today: date, day: date) -> list[NewFact]:
    """Facts that enough information came on a day, from which the clock continues (R43).

    Raises:
        TooLateError: the request is closed.
        RefusedError: nothing was asked, or the day cannot be.
    """
    must_be_open(timeline)
    asked = _waiting(timeline, today, day)
    return [NewFact(FactKind.RESUMED, day, about=asked.id)]


def insufficient(
    timeline: Timeline, today: date, day: date, *, letter: str | None = None, sending: Sending | None = None
) -> list[NewFact]:
    """Facts that a reply was insufficient; a further question must follow within a working day (R43).

    Raises:
        TooLateError: the request is closed.
        RefusedError: nothing was asked, or the day cannot be.
    """
    must_be_open(timeline)
    asked = _waiting(timeline, today, day)
    if asked.sent_on is None:
        raise RefusedError(
            "The question was not sent, so there is no reply to it (R43).",
            remedy="record its sending first: `afschrift request sent`.",
        )
    if sending is not None:
        sending.check(timeline, today)
        if sending.on < day:
            raise RefusedError(
                f"The further question was sent on {sending.on}, before the reply of {day} (R43).",
                remedy="give the day of the reply with --on, and that of the letter with --sent-on.",
            )
    fact = NewFact(
        FactKind.REPLY_INSUFFICIENT, day, about=asked.id, letter=letter, detail={"within": AT_ONCE}
    )
    return [fact] if sending is None else [fact, sending.fact()]


def _must_be_free(timeline: Timeline, ground: str) -> None:
    if ground in _NO_GROUND:
        raise RefusedError(
            f"This suspends nothing: {_NO_GROUND[ground]}.", remedy="ask, and go on meanwhile."
        )
    if ground not in [g.value for g in SuspensionGround]:
        raise RefusedError("This is no ground to suspend (R42).", remedy="choose identity or specification.")
    if timeline.waiting is not None:
        raise RefusedError(
            f"A question of {timeline.local(timeline.waiting.at)} is still open, and suspensions must not "
            "overlap (R42).",
            remedy="`afschrift request resume` ends it; one letter may ask for both.",
        )


def _after(asked: date, term: date) -> str:
    if term <= asked:
        raise RefusedError(
            f"The term of {term} is over when the question of {asked} leaves (R42).",
            remedy="give the last day for the reply, as the letter sets it, with --term.",
        )
    return str(term)


def _identity(timeline: Timeline, doubt: str | None) -> str:
    if timeline.identified_at is not None:
        raise RefusedError(
            f"The identity was confirmed on {timeline.local(timeline.identified_at)}: there is nothing to "
            "doubt, and asking again suspends nothing (R10, R42).",
            remedy="where a doubt arose since, answer the question of identity with not_confirmed first.",
        )
    if doubt not in DOUBTS:
        raise RefusedError(
            "More about the identity is asked only on a recorded, reasonable doubt (R10).",
            remedy=f"choose one of {', '.join(DOUBTS)}.",
        )
    return doubt


def _specification(timeline: Timeline, overview: bool) -> None:
    if not timeline.right.terms.specified:
        raise RefusedError(
            "To specify is asked of an access request to a large quantity of data alone (R25, R42).",
            remedy="answer the whole request.",
        )
    if not overview:
        raise RefusedError(
            "Who is asked to specify gets an overview of the processing with the question (R25).",
            remedy="put it into the letter and confirm with --overview.",
        )


def _waiting(timeline: Timeline, today: date, day: date) -> FactRow:
    asked = timeline.waiting
    if asked is None:
        raise RefusedError(
            "No question to the person is open, so the clock is not suspended (R43).",
            remedy="see `afschrift request show`.",
        )
    must_lie_within(day, timeline, today, "A reply")
    if asked.sent_on is not None and day < asked.sent_on:
        raise RefusedError(
            f"The reply of {day} came before the question of {asked.sent_on} was sent (R43).",
            remedy="give the day on which the answer arrived.",
        )
    return asked


REASONS = (
    "amount_of_data",
    "scattered_over_systems",
    "rights_of_others",
    "processors_must_answer",
    "hard_to_retrieve",
    "several_requests",
    "temporary_flood",
)
"""What makes a request complex, or many at once (R39, R40; EDPB 163-164)."""

_NO_REASON = {
    "effort": "effort is not complexity (R40)",
    "own_costs": "the cost of an organisation's own process is no reason (R40, R52)",
    "count": "the number of requests of everybody is no reason, short of a sudden flood (R40)",
    "size_of_company": "the size of an organisation is not complexity (R40)",
}


def extend(
    timeline: Timeline,
    jurisdiction: Jurisdiction,
    today: date,
    reasons: Sequence[str],
    *,
    letter: str | None = None,
    sending: Sending | None = None,
) -> list[NewFact]:
    """Facts of an extension by two months, valid if its letter is sent within the first month (R39-R41).

    A letter that was sent too late is recorded too: the extension is void, and the clock says so.

    Raises:
        TooLateError: the request is closed.
        RefusedError: no reason that the law knows, extended already, or the first month is over.
    """
    must_be_open(timeline)
    for reason in reasons:
        if reason in _NO_REASON:
            raise RefusedError(
                f"This extends nothing: {_NO_REASON[reason]}.", remedy=f"choose among {', '.join(REASONS)}."
            )
    if not reasons or set(reasons) - set(REASONS):
        raise RefusedError(
            "An extension needs one or more of the reasons that the law knows (R39, R40).",
            remedy=f"choose among {', '.join(REASONS)}.",
        )
    if timeline.of(FactKind.EXTENDED):
        raise RefusedError(
            "The request was extended already; there is one extension, of two months at most (R39).",
            remedy="where its letter is not sent yet, send it; else answer by the due date.",
        )
    if sending is not None:
        sending.check(timeline, today)
    else:
        last = clock(timeline, jurisdiction, today).notice_due
        if last is not None and today > last:
            raise RefusedError(
                f"The first month ended on {last}: an extension that is announced now is void (R41).",
                remedy="answer the request. Where a letter was sent, late or not, record it with --sent-on.",
            )
    fact = NewFact(FactKind.EXTENDED, letter=letter, detail={"reasons": sorted(set(reasons))})
    return [fact] if sending is None else [fact, sending.fact()]
