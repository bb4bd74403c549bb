"""A message to an address that was clearly not meant for it may count as not received (R03).

Only where a proper channel was clearly published earlier, before any step ran, with a reason in words and a
second signer. Nothing is deleted: the message, its case and its requests stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from afschrift.casework import second_signature
from afschrift.casework.decision.question import request_line
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import form_sections
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import digest
from afschrift.domain.request import Request
from afschrift.domain.state import State, may_move
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.roles import AGREE, SIGNS, Act, Role
from afschrift.questions.ask import ask, put
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import Section
from afschrift.register.cases import CaseRow
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

NOT_RECEIVED = "not_received"


NOT_RECEIVED_KIND = QuestionKind(
    "not_received",
    "Second signature: not received",
    "An officer finds that a message to an address not meant for it counts as not received (R03). "
    "Do you sign that?",
    {
        "agree": "It counts as not received. Nothing is deleted.",
        "disagree": "It counts as received on the day on which it came.",
    },
    Role.SECOND_SIGNER,
    note="With `agree` the requests of the case end. It shows who found it and when, what they wrote, and "
    "these requests.",
)

KINDS = (NOT_RECEIVED_KIND,)


PROPOSED = "proposed"
UNCHANGED = "Nothing was recorded."
SIGNED = (
    "The message counts as not received (R03). Nothing was deleted. If it comes again over a published "
    "channel, that is its receipt: `afschrift submit`."
)


def propose(
    officer: Officer, case: CaseRow, published_on: date, why: str, *, published: Collection[str] = ()
) -> QuestionRow:
    """Record an officer's finding that a message did not count as received; asks the second signer.

    Args:
        officer: who finds it.
        case: of the message.
        published_on: day on which the proper channel was clearly published.
        why: in words; kept encrypted.
        published: channels that were published for requests (`controller.yml`).

    Raises:
        NotAllowedError: they lack the role.
        TooLateError: a request of it is closed, or something was done for it already.
        RefusedError: names the rule and the remedy.
    """
    register, role = officer.register, officer.roles.require(officer.by, Act.DECIDE)
    requests = [register.requests.get(request_id) for request_id in case.requests]
    _must_be_early(register, requests)
    _must_be_so(case, requests, published_on, why, published, officer.today(requests[0].zone))
    detail = {"published_on": str(published_on), "channel": case.channel}
    first = requests[0]
    number = sum(row.kind == NOT_RECEIVED for row in register.decisions.of(first.id))
    words = "A message to an address not meant for it counts as not received once a second person signs."
    payload = {**detail, "case": case.id, "requests": list(case.requests)}
    asked = OpenQuestion(
        NOT_RECEIVED_KIND,
        SIGNS,
        words,
        payload,
        bound=digest({"kind": NOT_RECEIVED, "detail": payload, "number": number}),
    )
    register.decisions.take(
        first.id,
        NOT_RECEIVED,
        PROPOSED,
        officer.by,
        about=asked.about,
        detail=detail,
        text=why,
        authority=officer.authority(role),
    )
    return put(register, first.id, asked)


def sign_not_received(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the second signer's answer; with `agree` the requests of the case end.

    Raises:
        TooLateError: something was done for the case meanwhile.
    """
    register = officer.register
    if given.choice != AGREE:
        return second_signature.sign(officer, question, given, rules=("R03",))
    _must_be_early(
        register, [register.requests.get(request_id) for request_id in question.detail["requests"]]
    )
    others = [request_id for request_id in question.detail["requests"] if request_id != question.request]
    fact = NewFact(
        FactKind.NOT_RECEIVED,
        detail={"published_on": question.detail["published_on"]},
        to=State.NOT_RECEIVED,
    )
    done = second_signature.sign(officer, question, given, rules=("R03",), facts=lambda _: [fact])
    for request_id in others:
        register.facts.record(
            request_id, lambda t: [fact] if t.state.open else [], officer.by, authority=given.authority
        )
    return replace(done, next_step=SIGNED)


def require_received(register: Register, request_id: str) -> None:
    """Return unless an officer found that the message does not count as received.

    Raises:
        NeedsPersonError: an officer did, and the second signer has not answered yet.
    """
    for request in register.requests.all(case=register.requests.get(request_id).case):
        for question in register.questions.all(request_id=request.id):
            if question.kind != NOT_RECEIVED:
                continue
            words = "Whether the message counts as received waits for a second signer (R03)."
            again = OpenQuestion(
                NOT_RECEIVED_KIND, question.options, words, dict(question.detail), bound=question.about
            )
            raise ask(register, question.request, [again])


def _must_be_early(register: Register, requests: Sequence[Request]) -> None:
    if not requests:
        raise RefusedError(
            "This case has no request of ours, so nothing of it runs (R03).",
            remedy="hand over what it asks for: `afschrift case hand-over`.",
        )
    if closed := [request for request in requests if not request.state.open]:
        raise TooLateError(
            f"Request {closed[0].id} of this case is closed ({closed[0].state}).",
            remedy=f"nothing is to be done. {UNCHANGED}",
        )
    if worked := [
        request
        for request in requests
        if not may_move("fact_not_received", request.state, State.NOT_RECEIVED)
    ]:
        raise TooLateError(
            f"Request {worked[0].id} is {worked[0].state}: a run has taken it up, so it was received (R03).",
            remedy=f"answer it. {UNCHANGED}",
        )
    statuses = register.oversight.progress([request.id for request in requests])
    ids = {request.id for request in requests}
    begun = [row for row in statuses if row.request in ids and row.step is not None]
    if begun:
        raise TooLateError(
            f"Request {begun[0].request} was begun (step {begun[0].step}): the message was received (R03).",
            remedy=f"answer it. A wrong receipt is corrected: `afschrift request correct`. {UNCHANGED}",
        )


def _must_be_so(
    case: CaseRow,
    requests: Sequence[Request],
    published_on: date,
    why: str,
    published: Collection[str],
    today: date,
) -> None:
    received = local_date(requests[0].received_at, requests[0].zone)
    if published_on > received or published_on > today:
        raise RefusedError(
            f"The proper channel was published on {published_on}, after the message arrived on {received}: "
            "it counts as received (R03).",
            remedy=f"answer it. {UNCHANGED}",
        )
    if case.channel in published:
        raise RefusedError(
            f"{case.channel} is a published channel of this organisation: the message was received (R03).",
            remedy=f"answer it. {UNCHANGED}",
        )
    if not why.strip():
        raise RefusedError(
            "It is not said why the address was clearly not meant for requests (R03).",
            remedy=f"say it in words, in a file or on standard input: --text-file. {UNCHANGED}",
        )


def not_received_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The finding with its day, channel and words, and the requests that would end."""
    requests = tuple(
        request_line(officer, request_id, "Request") for request_id in question.detail["requests"]
    )
    decided = form_sections(officer, question, NOT_RECEIVED)
    return (*decided, Section("What would end with it", requests))
