"""Looking at what a question is about: who may see what of it, and the event that they looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from afschrift.casework.answer import visible
from afschrift.casework.handlers import handlers_of
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act, Role
from afschrift.questions.view import Kept, Line, Section, shown_to
from afschrift.register.records import QuestionRow

_GONE = (
    "The data key of request {} was destroyed, and with it what this question was about. The trail says when "
    "and by which rule."
)


@dataclass(frozen=True)
class QuestionView:
    """What somebody sees of a question.

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
    return handlers_of(question.kind).view is not None


def look(officer: Officer, question_id: str, *, unmask: bool = False) -> QuestionView | None:
    """Look at what a question is about; None: its kind shows nothing beside the detail.

    The look is an event `question_viewed` with the role and how much was shown, before anything is.

    Args:
        officer: whoever looks.
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
    view = handlers_of(question.kind).view
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
    """The role in which they look."""
    if unmask:
        held = officer.answering(question)
        open_ = officer.register.requests.get(question.request).state.open
        if question.answered_at is not None or not open_:
            raise TooLateError(
                f"Question {question.id} waits for nobody any more, so its values are not shown.",
                remedy="what was decided stands in the trail: `afschrift request show REQUEST`.",
            )
        return held["role"]
    with officer.refusals(question.request, question.kind, act="look"):
        if not visible(officer.roles, officer.by, question):
            raise officer.roles.refusal([Role(question.role)])
    found = officer.roles.acting(officer.roles.person(officer.by), Role(question.role))
    return (found or officer.roles.require(officer.by, Act.OVERSEE)).value


def _not_shown(why: str) -> tuple[Section, ...]:
    return (Section("This cannot be shown now", (Line("Why", why),)),)


def _has_masked(sections: Sequence[Section]) -> bool:
    return any(line.kept is Kept.MASKED for one in sections for line in one.lines)
