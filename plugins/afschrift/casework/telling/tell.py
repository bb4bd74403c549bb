"""Telling the person by itself where that is sure; else a person is asked to (R37, R69)."""

from __future__ import annotations

from afschrift.casework.telling.question import OPTIONS, TELL_KIND
from afschrift.law.clock.facts import FactRow
from afschrift.law.letter import UNSETTLED
from afschrift.questions.ask import put
from afschrift.questions.kind import OpenQuestion
from afschrift.register.register import Register
from afschrift.services import Services


def tell(services: Services, request_id: str) -> str:
    """Tell the person of the answer that is ready, or ask somebody to; what came of it, in words."""
    letter = services.tell_by_mail(request_id)
    if letter is not None:
        return f"The person was told: letter {letter} went to the address that was verified."
    with services.register.one_write():
        row = ask_to_tell(services.register, request_id)
    return f"The answer of request {request_id} is ready, and nobody told the person yet (question {row})."


def ask_to_tell(register: Register, request_id: str) -> str:
    """Ask an officer to tell the person, once; the question's id, empty where nothing is to be told."""
    timeline = register.facts.timeline(request_id)
    untold = timeline.untold_answers
    if not timeline.state.to_tell or not untold:
        return ""
    return put(register, request_id, _question(untold[-1])).id


def ask_again(register: Register) -> tuple[str, ...]:
    """Ask anew where an answer is ready and no letter about it is on its way; the requests.

    So it is after a letter came back, and where a run was killed before it asked.
    """
    asked = []
    for timeline in register.facts.timelines():
        untold = timeline.untold_answers
        if not timeline.state.to_tell or not untold:
            continue
        letters = register.letters.all(request_id=timeline.request)
        if not any(one.fact == untold[-1].id and one.state in UNSETTLED for one in letters):
            ask_to_tell(register, timeline.request)
            asked.append(timeline.request)
    return tuple(asked)


def _question(ready: FactRow) -> OpenQuestion:
    detail = {"letter": ready.detail["letter"], "answer": ready.id}
    return OpenQuestion(TELL_KIND, OPTIONS, "The answer is ready, and nobody told the person.", detail)
