"""Answer a question of any kind, and look at what it is about. Terminal, pages and HTTP all go through here.

Role, four eyes and form are checked here, the rest by the kind. The register accepts the first answer and
refuses later ones. Each look is an event that says how much was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.actions.action import perform
from afschrift.casework.answer_rows import AnswerDone, answer_row
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.errors import AfschriftError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.questions.view import Kept, Line, Section, shown_to
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register


def visible(roles: Roles, account: str, question: QuestionRow) -> bool:
    """Whether an account may see a question: it is put to their role, or they oversee all."""
    return roles.may(account, Act.OVERSEE) or roles.holds(account, Role(question.role))


def still_open(register: Register, request_id: str) -> tuple[str, ...]:
    """Ids of the open questions of a request for which its next run waits."""
    found = register.questions.all(request_id=request_id)
    return tuple(question.id for question in found if kind_named(question.kind).runs)


def goes_on(register: Register, done: Answered) -> bool:
    """Whether a run goes on after an answer, once no other question waits."""
    goes = done.signer is None and kind_named(done.decision.kind).runs
    return goes and register.requests.get(done.request).state.open


def answer_question(officer: Officer, question_id: str, choice: str, **parts: Any) -> Answered:
    """Answer a question; it is recorded with who, when, in which role and by what right.

    Args:
        officer: who answers.
        question_id: the question.
        choice: one of its options.
        parts: of a `GivenAnswer`.

    Raises:
        UnknownQuestionError: no such question.
        NotAllowedError: they lack the question's role, or four eyes are due and they decided before; the
            attempt is an event `answer_refused`.
        TooLateError: answered already, the request is closed, or what it was about has changed.
        FormError: the answer does not fit the form.
        RefusedError: a rule is against it, or the register was changed without the service; names the
            remedy. Nothing was changed.
    """
    row = answer_row(officer.register.questions.get(question_id).kind)
    done = perform(officer, row, question_id, GivenAnswer(choice, **parts))
    assert isinstance(done, AnswerDone)
    return done.answered


_GONE = (
    "The data key of request {} was destroyed, and with it what this question was about. The trail says when "
    "and by which rule."
)


@dataclass(frozen=True)
class QuestionView:
    """What an officer sees of a question.

    Attributes:
        values: `counts` (not their role), `masked` or `unmasked`.
        more: values are masked that they may ask for.
    """

    question: str
    values: str
    more: bool
    sections: tuple[Section, ...]


def has_view(question: QuestionRow) -> bool:
    """Whether a question shows more than its detail."""
    return answer_row(question.kind).view is not None


def look(officer: Officer, question_id: str, *, unmask: bool = False) -> QuestionView | None:
    """Look at what a question is about; None: its kind shows nothing but the detail.

    The look is an event `question_viewed` with the role and how much was shown, before anything is.

    Args:
        officer: who looks.
        question_id: the question.
        unmask: show the values of the person too.

    Raises:
        UnknownQuestionError: no such question.
        NotAllowedError: it is not put to a role of theirs, or they want values and may not answer it; the
            attempt is an event `answer_refused`.
        TooLateError: they want values, and the question is answered or its request closed.
    """
    register = officer.register
    question = register.questions.get(question_id)
    view = answer_row(question.kind).view
    if view is None:
        return None
    role = _role(officer, question, unmask=unmask)
    holds = officer.roles.holds(officer.by, Role(question.role))
    values = "unmasked" if unmask else "masked" if holds else "counts"
    payload = {"question": question.id, "kind": question.kind, "role": role, "values": values}
    register.trail.record(question.request, NewEvent("question_viewed", officer.by, payload))
    whole: Sequence[Section]
    try:
        if register.data_keys.has(question.request):
            whole = view(officer, question)
        else:
            whole = _not_shown(_GONE.format(question.request))
    except AfschriftError as error:  # the question can be answered though a part of it cannot be shown
        whole = _not_shown(str(error))
    except KeyError:
        whole = _not_shown("It was asked by another version of the software, in another form.")
    more = not unmask and holds and question.answered_at is None and _has_masked(whole)
    return QuestionView(question.id, values, more, shown_to(whole, role=holds, unmask=unmask))


def _role(officer: Officer, question: QuestionRow, *, unmask: bool) -> str:
    """The role in which the officer looks."""
    if unmask:
        authority = officer.answering(question)
        open_ = officer.register.requests.get(question.request).state.open
        if question.answered_at is not None or not open_:
            raise TooLateError(
                f"Question {question.id} is not open any more, so its values are not shown.",
                remedy="the trail says what was decided: `afschrift request show REQUEST`.",
            )
        return authority["role"]
    with officer.refusals(question.request, question.kind, act="look"):
        if not visible(officer.roles, officer.by, question):
            raise officer.roles.refusal([Role(question.role)])
    found = officer.roles.acting(officer.roles.person(officer.by), Role(question.role))
    return (found or officer.roles.require(officer.by, Act.OVERSEE)).value


def _not_shown(why: str) -> tuple[Section, ...]:
    return (Section("This cannot be shown now", (Line("Why", why),)),)


def _has_masked(sections: Sequence[Section]) -> bool:
    return any(line.kept is Kept.MASKED for section in sections for line in section.lines)
