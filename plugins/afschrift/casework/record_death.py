"""Record a death without being asked: the question is put and answered in one act, on every open request."""

from __future__ import annotations

from afschrift.casework.answer import answer_question
from afschrift.casework.identity.death import DECEASED, DECEASED_KIND, OPTIONS, death_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import TooLateError
from afschrift.questions.ask import put
from afschrift.questions.forms import check


def record_death(officer: Officer, request_id: str, rests_on: str, text: str | None = None) -> list[str]:
    """Record that the person died, on each open request of the case; returns what is left to do.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they are no officer.
        TooLateError: each is closed.
        FormError: it is not said what it rests on.
    """
    register = officer.register
    officer.deciding(request_id, DECEASED_KIND.name)
    case = register.requests.get(request_id).case
    found = [request.id for request in register.requests.all(case=case) if request.state.open]
    if not found:
        raise TooLateError(
            f"Request {request_id} is closed, so nothing of it leaves any more.",
            remedy="take away what lies at a destination (`afschrift delivery list`); no letter goes again.",
        )
    check(DECEASED_KIND.form, OPTIONS, DECEASED, {"rests_on": rests_on})
    questions = [put(register, each, death_question(each)).id for each in found]
    detail = {"rests_on": rests_on}
    return [answer_question(officer, q, DECEASED, detail=detail, text=text).next_step for q in questions]
