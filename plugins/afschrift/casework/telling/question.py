"""The question who tells the person: the answer is known, and a request ends by its telling alone (R37).

Telling is by mail where the address is sure (R69).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.letter import UNSETTLED, SendingChannel
from afschrift.letters.elements import SECRET_BY
from afschrift.questions.ask import put
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.register import Register
from afschrift.services import Services

TELL = "tell_person"
MAKE_LETTER, TOLD = OPTIONS = ("make_letter", "told")

TELL_FORM = form(
    OPTIONS,
    {
        "on": {"title": "Day on which the person was told", "type": "string", "format": "date"},
        "channel": {"title": "How", "enum": [one.value for one in SendingChannel]},
        "proof": {
            "title": "Reference of the proof, without spaces",
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}$",
        },
        "available_until": {"title": "Last day for fetching the files", "type": "string", "format": "date"},
        "secret_by": {"title": "How the pass phrase comes", "enum": list(SECRET_BY)},
    },
    {TOLD: ("on", "channel", "proof")},
)


TELL_KIND = QuestionKind(
    TELL,
    "The answer is ready: tell the person",
    "The answer is known, and it counts from the day on which the person is told where and how to get it, or "
    "that there is none to give (R37). Nobody told them yet.",
    {
        MAKE_LETTER: "The letter is made, and goes by e-mail where their address is sure. Of files say in "
        "words where they are; of nothing to take along, why. It counts once it is sent.",
        TOLD: "You told them, or handed the files over: on the day, by the way and with the proof below.",
    },
    form=TELL_FORM,
    runs=False,
    reason=True,
    hint="make and send the letter with `afschrift letter make {request}`, or enter that you handed it over: "
    "`afschrift request handed-over {request}`.",
    note="`letter` names the letter that is due. It closes without an answer when that letter is sent. It "
    "shows the answer, whom it goes to, and the letter as far as it can be made.",
)

KINDS = (TELL_KIND,)


def tell(services: Services, request_id: str) -> str:
    """Tell the person of the answer that is ready, or ask somebody to; what came of it, in words."""
    letter = services.tell_by_mail(request_id)
    if letter is not None:
        return f"The person was told: letter {letter} went to the address that was verified."
    with services.register.write_together():
        row = ask_to_tell(services.register, request_id)
    return f"The answer of request {request_id} is ready, and nobody told the person yet (question {row})."


def ask_to_tell(register: Register, request_id: str) -> str:
    """Ask an officer to tell the person, once; the question's id, empty where nothing is to be told."""
    timeline = register.facts.timeline(request_id)
    untold = timeline.unsent_answers
    if not timeline.state.to_inform or not untold:
        return ""
    return put(register, request_id, _question(untold[-1])).id


def ask_again(register: Register) -> tuple[str, ...]:
    """Ask anew where an answer is ready and no letter about it is on its way; the requests.

    So it is after a letter came back, and where a run was killed before it asked.
    """
    asked = []
    for timeline in register.facts.timelines():
        untold = timeline.unsent_answers
        if not timeline.state.to_inform or not untold:
            continue
        letters = register.letters.all(request_id=timeline.request)
        if not any(one.fact == untold[-1].id and one.state in UNSETTLED for one in letters):
            ask_to_tell(register, timeline.request)
            asked.append(timeline.request)
    return tuple(asked)


def _question(ready: FactRow) -> OpenQuestion:
    detail = {"letter": ready.detail["letter"], "answer": ready.id}
    return OpenQuestion(TELL_KIND, OPTIONS, "The answer is ready, and nobody told the person.", detail)


def answer_ready(register: Register, request_id: str, state: State, detail: Mapping[str, Any]) -> None:
    """Record that the answer is known, and move the request to the state in which the person is told.

    The same answer again changes nothing while nobody was told of it.

    Args:
        register: of the installation.
        request_id: the request.
        state: one of `domain.state.TOLD`.
        detail: `letter`, the kind that tells of it, and codes that say which answer it is.
    """
    said = {"state": state.value, **detail}

    def make(timeline: Timeline) -> list[NewFact]:
        same = [one for one in timeline.unsent_answers if dict(one.detail) == said]
        if same and timeline.state is state:
            return []
        over = [NewFact(FactKind.OVERRULED, about=one.id) for one in timeline.unsent_answers]
        return [*over, NewFact(FactKind.ANSWER_READY, detail=said, to=state)]

    register.facts.record(request_id, make, "system")
