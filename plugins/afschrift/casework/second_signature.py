"""The second signature: ask another person whether a decision counts, and record the answer.

`Officer.answering` checks four eyes, as for every question to the role `second_signer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext
from afschrift.law.roles import AGREE
from afschrift.questions.ask import put
from afschrift.questions.forms import fields
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words, inline
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.register.timelines import MakeFacts


def is_due(decision: DecisionRow) -> bool:
    """Whether a decision counts only once a second person signed it."""
    return decision.detail.get("second_signer") is True


def counts(decision: DecisionRow, signed: str | None) -> bool:
    """Whether a decision is in force: it takes no second signer, or one agreed.

    Args:
        decision: that may take one.
        signed: what the second signer said last; None: nothing yet.
    """
    return not is_due(decision) or signed == AGREE


def decided_lines(officer: Officer, question: QuestionRow, decision: DecisionRow) -> tuple[Line, ...]:
    """Who decided, when and what, for the question to the second signer."""
    zone = officer.register.requests.get(question.request).zone
    name = officer.roles.person(decision.by).name
    return (
        Line("Decided", in_words(decision.choice)),
        Line("By", decision.by if name == decision.by else f"{name} ({decision.by})"),
        Line("When", on_the_wall(decision.at, zone)),
    )


def form_sections(
    officer: Officer, question: QuestionRow, kind: str, form: Mapping[str, Any] | None = None
) -> tuple[Section, ...]:
    """What a second signer of a decision sees: who decided, each field by its title, and what they wrote.

    Args:
        officer: the second signer.
        question: to them; its `about` is that of the decision.
        kind: of the decision.
        form: JSON Schema with the titles of its fields.
    """
    taken = officer.register.decisions.of(question.request)
    decision = next((d for d in reversed(taken) if d.kind == kind and d.about == question.about), None)
    if decision is None:
        return (NOTHING_KEPT,)
    return (_form_section("What was decided", officer, question, decision, form),)


def taken_before(
    officer: Officer, question: QuestionRow, kind: str, form: Mapping[str, Any] | None = None
) -> tuple[Section, ...]:
    """As `form_sections`, for each earlier decision of a kind on the request, the last one first."""
    taken = [row for row in officer.register.decisions.of(question.request) if row.kind == kind]
    return tuple(_form_section("Decided before", officer, question, row, form) for row in reversed(taken))


def _form_section(
    title: str, officer: Officer, question: QuestionRow, decision: DecisionRow, form: Mapping[str, Any] | None
) -> Section:
    titles = {name: field["title"] for name, field in fields(form).items()}
    lines = [*decided_lines(officer, question, decision)]
    for name, value in decision.detail.items():
        if name != "second_signer":
            lines.append(Line(titles.get(name) or in_words(name), inline(value, name)))
    lines.append(words_line(officer, question, decision))
    return Section(title, tuple(lines))


def words_line(officer: Officer, question: QuestionRow, decision: DecisionRow) -> Line:
    """What they wrote, for those who hold the question's role."""
    if decision.text is None:
        return Line("In words", "nothing was written")
    text = officer.register.decisions.text(question.request, decision.text)
    return Line("In words", text or gettext("gone with the key of the request"), Kept.ROLE)


def waits(register: Register, decision: DecisionRow, request_id: str, asked: OpenQuestion) -> Answered:
    """Ask a second signer about a decision, and say that it waits for them."""
    row = put(register, request_id, asked)
    words = f"It counts once a second person signs: question {row.id}, role second_signer."
    return Answered(decision, request_id, signer=row.id, next_step=words)


def sign(
    officer: Officer,
    question: QuestionRow,
    given: GivenAnswer,
    *,
    rules: Sequence[str] = (),
    facts: MakeFacts | None = None,
) -> Answered:
    """Record what a second signer says.

    Args:
        officer: the second signer.
        question: to them.
        given: `agree` or `disagree`, with a reason in words.
        rules: ids of the rules that it rests on.
        facts: what follows where they agree, in the same transaction.

    Raises:
        TooLateError: answered already, or the request is closed.
    """
    follows = facts if given.choice == AGREE else None
    return officer.record_answer(question, given, rules, follows)
