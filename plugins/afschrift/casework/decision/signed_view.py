"""What is shown to a second signer of a decision: who decided what, in full, and the letter that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.casework.decision.answer import DecisionService
from afschrift.casework.decision.in_force import RequestDecision, request_decisions
from afschrift.casework.decision.letter import said_in
from afschrift.casework.decision.view import flag_sections
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import decided_lines
from afschrift.domain.errors import AfschriftError
from afschrift.law.grounds import FieldStorage, Outcome
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section
from afschrift.questions.words import inline, said
from afschrift.register.records import QuestionRow


def decision_signed(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The decision with each field of its form, the letter, and the flags on which it was taken."""
    taken = request_decisions(officer.register, question.request)
    decided = next((one for one in taken if one.decision.about == question.about), None)
    if decided is None:
        return (NOTHING_KEPT,)
    form = DecisionService(officer).form_of(decided)
    lines = (*decided_lines(officer, question, decided.decision), *_form(officer, decided, form))
    flags = flag_sections(officer, question.detail["flags"])
    return (Section("What was decided", lines), _letter(officer, decided, form), *flags)


def _form(officer: Officer, decided: RequestDecision, form: Mapping[str, Any]) -> Iterator[Line]:
    """The ground, then each field by its title: codes as they are, words for the role alone."""
    code = decided.decision.detail["ground"]
    ground, fields = officer.grounds.grounds.get(code), officer.grounds.fields
    yield Line("Ground", ground.title["en"] if ground else code)
    yield Line("Rules", ", ".join(ground.rules) if ground else "")
    for name, value in form.items():
        field = fields.get(name)
        apart = field is None or field.kept is FieldStorage.CASE_FILE
        text = "\n".join(map(str, value)) if apart and isinstance(value, list) else inline(value, name)
        yield Line(field.title["en"] if field else said(name), text, Kept.ROLE if apart else Kept.OPEN)
    if decided.decision.text and not any(name not in decided.decision.detail for name in form):
        yield Line("Words", "They cannot be read any more: the key of the request was destroyed.")


def _letter(officer: Officer, decided: RequestDecision, form: Mapping[str, Any]) -> Section:
    title = "The letter that would go out"
    ground = officer.grounds.grounds.get(decided.decision.detail["ground"])
    if ground is None:
        return Section(title, (Line("Letter", "Nobody can tell: the table has this ground no longer."),))
    kind = ground.letter(decided.outcome, form)
    if kind is None:
        hidden = decided.outcome is Outcome.RESTRICT
        why = "No letter: the restriction stays hidden from the person." if hidden else "No letter goes out."
        return Section(title, (Line("Letter", why),))
    elements = said_in(kind, {"ground": ground.letter_ground, **form})
    try:
        made = make(officer, decided.question.request, kind, elements, keep=False)
    except AfschriftError as error:
        return Section(title, (Line("Letter", said(kind)), Line("It cannot be made now", str(error))))
    lines = (Line("Letter", said(kind)), Line("Subject", made.text.subject, Kept.ROLE))
    return Section(title, (*lines, Line("Text", made.text.text, Kept.ROLE)))
