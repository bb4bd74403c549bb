"""The question to inform the person: the answer is ready, and only informing them closes a request (R37).

They are informed by mail where their address is verified (R69).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.columns import question as columns
from afschrift.casework.same_message import answered_together, awaited
from afschrift.domain.state import State
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.letter import UNSETTLED, SendingChannel
from afschrift.letters.elements import SECRET_BY
from afschrift.questions.ask import put
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.register import Register
from afschrift.services import Services

INFORM, WITH = "tell_person", "with"
MAKE_LETTER, INFORMED = OPTIONS = ("make_letter", "told")

INFORM_FORM = form(
    OPTIONS,
    {
        "on": {"title": "Day on which the person was informed", "type": "string", "format": "date"},
        "channel": {"title": "How", "enum": [channel.value for channel in SendingChannel]},
        "proof": {
            "title": "Reference of the proof, without spaces",
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}$",
        },
        "available_until": {
            "title": "Last day for fetching the files",
            "type": "string",
            "format": "date",
        },
        "secret_by": {"title": "How the words come", "enum": list(SECRET_BY)},
    },
    {INFORMED: ("on", "channel", "proof")},
)


INFORM_KIND = QuestionKind(
    INFORM,
    "The answer is ready: inform the person",
    "The answer is known, and it counts from the day on which the person is informed where and how to get "
    "it, or that there is none to give (R37). They have not been informed yet.",
    {
        MAKE_LETTER: "The letter is made, and goes by e-mail where their address is sure. Of files say in "
        "words where they are; of nothing to take along, why. It counts once it is sent.",
        INFORMED: "You informed them, or handed the files over: on the day, in the way and with the proof "
        "below.",
    },
    form=INFORM_FORM,
    runs=False,
    reason=True,
    hint="make and send the letter with `afschrift letter make {request}`, or enter that you handed it over: "
    "`afschrift request handed-over {request}`.",
    note="`letter` names the letter that is due, `with` the request of the same message whose answer goes in "
    "it too. It closes without an answer when that letter is sent. It "
    "shows the answer, whom it goes to, and the letter as far as it can be made.",
)

KINDS = (INFORM_KIND,)


def inform_person(services: Services, request_id: str, *, alone: bool = False) -> str:
    """Inform the person of the answer that is ready, or ask an officer to; returns the outcome in words.

    It waits for the answer to the other right of the message, if that is near; `alone`: there is none.
    """
    other = None if alone else _other_awaited(services, request_id)
    if other is not None:
        words = f"The answer of request {request_id} is ready, and goes with that of {other}, or in two days."
        services.log(words)
        return words
    letter = services.inform_by_mail(request_id)
    if letter is not None:
        return f"The person was informed: letter {letter} went to the address that was verified."
    with services.register.write_together():
        row = ask_to_inform(services.register, request_id, alone=alone)
    return (
        f"The answer of request {request_id} is ready, and the person has not been informed yet "
        f"(question {row})."
    )


def _other_awaited(services: Services, request_id: str) -> str | None:
    timeline = services.register.facts.timeline(request_id)
    return awaited(services.register, timeline, jurisdiction_of(services.inventory.controller))


def ask_to_inform(register: Register, request_id: str, *, alone: bool = False) -> str:
    """Ask an officer to inform the person, once; the question's id, empty where no answer is ready.

    `alone`: no other request is in the case.
    """
    timeline = register.facts.timeline(request_id)
    answers = timeline.unsent_answers
    if not timeline.state.to_inform or not answers:
        return ""
    others = () if alone else answered_together(register, timeline)
    together = [other.request for other, _ in others]
    # what stopped an earlier plan is not asked any more: the map was corrected, and the answer is whole
    overtaken = [kind.name for kind in columns.KINDS] if timeline.state is State.READY else []
    return put(register, request_id, _question(answers[-1], together), overtaken).id


def ask_again(register: Register, jurisdiction: Jurisdiction | None = None) -> tuple[str, ...]:
    """Ask again where an answer is ready and no letter about it is on its way; returns the requests.

    That happens when a letter came back, when a run was killed before it asked, and when the answer waited
    long enough for the other one of its message. `jurisdiction` None: no answer waits for another.
    """
    asked = []
    for timeline in register.facts.timelines():
        answers = timeline.unsent_answers
        if not timeline.state.to_inform or not answers:
            continue
        if jurisdiction is not None and awaited(register, timeline, jurisdiction):
            continue
        others = [other.request for other, _ in answered_together(register, timeline)]
        of_case = (timeline.request, *others)
        letters = [row for request in of_case for row in register.letters.all(request_id=request)]
        open_questions = [q for other in others for q in register.questions.all(request_id=other)]
        if any(answers[-1].id in row.facts and row.state in UNSETTLED for row in letters):
            continue
        if not any(timeline.request in q.detail.get(WITH, ()) for q in open_questions):
            ask_to_inform(register, timeline.request)
            asked.append(timeline.request)
    return tuple(asked)


def _question(ready: FactRow, together: Sequence[str] = ()) -> OpenQuestion:
    detail: dict[str, Any] = {"letter": ready.detail["letter"], "answer": ready.id}
    detail |= {WITH: list(together)} if together else {}
    words = "The answer is ready, and the person has not been informed."
    return OpenQuestion(INFORM_KIND, OPTIONS, words, detail)


def answer_ready(register: Register, request_id: str, state: State, detail: Mapping[str, Any]) -> None:
    """Record that the answer is known, and move the request to the state that waits for informing the person.

    The same answer again changes nothing while the person is not informed of it.

    Args:
        register: of the installation.
        request_id: the request.
        state: one of `domain.state.END_ONCE_INFORMED`.
        detail: `letter`, the kind of letter about it, and codes that say which answer it is.
    """
    payload = {"state": state.value, **detail}

    def make(timeline: Timeline) -> list[NewFact]:
        same = [answer for answer in timeline.unsent_answers if dict(answer.detail) == payload]
        if same and timeline.state is state:
            return []
        over = [NewFact(FactKind.OVERRULED, about=answer.id) for answer in timeline.unsent_answers]
        return [*over, NewFact(FactKind.ANSWER_READY, detail=payload, to=state)]

    register.facts.record(request_id, make, "system")
