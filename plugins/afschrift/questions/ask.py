"""Asking: questions at which a run ends, the answers that the register has, and whose each question is.

A question is put to a role, until it is assigned to a person who holds it. Who is away names deputies in the
roles file; they may answer what is assigned to that person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from afschrift.domain.errors import NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

_OVERTAKEN = ("review", "tell_person")
"""Kinds of the questions about a packed bundle and a ready answer: whatever else is asked comes first."""


class Answers:
    """The decisions taken so far, found by what they were about; the last one counts."""

    def __init__(self, decisions: Sequence[DecisionRow]) -> None:
        self._decisions = decisions

    def to(self, question: OpenQuestion) -> str | None:
        """The choice of a person, or None where nobody answered yet."""
        found = [d.choice for d in self._decisions if d.kind == question.kind and d.about == question.about]
        return found[-1] if found else None

    def of_kind(self, kind: str) -> DecisionRow | None:
        """The last decision of a kind."""
        found = [d for d in self._decisions if d.kind == kind]
        return found[-1] if found else None


def ask(register: Register, request_id: str, questions: Sequence[OpenQuestion]) -> NeedsPersonError:
    """Write the questions into the register; the error to raise says what a person has to do.

    Whatever is asked now comes before a review that is still open, and its answer makes another plan to
    look at: that review is overtaken, so that the next run waits for nobody who answers it.
    """
    rows = [put(register, request_id, one) for one in questions]
    listing = " ".join(f"{q.words} (question {row.id})" for q, row in zip(questions, rows, strict=True))
    first = questions[0]
    return NeedsPersonError(
        listing, question=first.kind, detail=dict(first.detail), remedy=_how(first.of, rows[0])
    )


def put(
    register: Register, request_id: str, question: OpenQuestion, overtakes: Collection[str] = ()
) -> QuestionRow:
    """Write one question into the register; one that is open already stays as it is.

    `overtakes`: kinds of which the other open questions are closed, beside a review.
    """
    row = register.questions.ask(
        request_id,
        question.kind,
        options=question.options,
        detail=question.detail,
        about=question.about,
        role=question.role or question.of.role,
        form=question.form or question.of.form,
        kept=question.kept,
        overtakes=(*_OVERTAKEN, *overtakes),
        stays=not question.of.runs,
    )
    if question.person is not None:
        register.facts.record(request_id, partial(_to, row.id, question.person), "system")
    return row


def _how(kind: QuestionKind, question: QuestionRow) -> str:
    return kind.hint.format(
        id=question.id,
        request=question.request,
        options="|".join(question.options),
        source=question.detail.get("source", ""),
    )


def _to(question_id: str, name: str, timeline: Timeline) -> list[NewFact]:
    """Assign a question once; whoever assigned it to another since has the last word."""
    assigned = timeline.of(FactKind.QUESTION_ASSIGNED)
    if any(fact.detail["question"] == question_id for fact in assigned):
        return []
    return [NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": question_id, "to": name})]


@contextmanager
def asking(register: Register, request_id: str, kinds: Mapping[str, QuestionKind]) -> Iterator[None]:
    """What only a person can mend and a source met while it was read becomes a question.

    Args:
        register: of the installation.
        request_id: the request.
        kinds: every kind there is, by name.

    Raises:
        NeedsPersonError: with the question that is in the register now.
    """
    try:
        yield
    except NeedsPersonError as met:
        kind = kinds[met.question]
        question = OpenQuestion(kind, kind.options, str(met.args[0]), met.detail)
        raise ask(register, request_id, [question]) from None


def assigned_to(timeline: Timeline, question_id: str) -> str | None:
    """Name of the person that a question is for; None: for everybody with its role."""
    found = [f for f in timeline.of(FactKind.QUESTION_ASSIGNED) if f.detail["question"] == question_id]
    name = found[-1].detail["to"] if found else None
    return str(name) if name is not None else None


def assign(register: Register, roles: Roles, question_id: str, to: str | None, by: str) -> str | None:
    """Give a question to somebody who holds its role, or back to all of them; returns the name.

    Args:
        register: of the installation.
        roles: who may do what.
        question_id: the question.
        to: a name of the roles file, or an account; None: back to everybody with the role.
        by: account that assigns it.

    Raises:
        UnknownQuestionError: no such question.
        NotAllowedError: they decide nothing on requests; the attempt is an event `answer_refused`.
        TooLateError: it was answered.
        RefusedError: nobody of that name holds the role, or four eyes are due and they decided themselves.
    """
    question = register.questions.get(question_id)
    with register.trail.refusals(question.request, by, question.kind, act="assign"):
        role = roles.require(by, Act.ASSIGN)
    if question.answered_at is not None:
        raise TooLateError("The question was answered already.", remedy="nothing is left to assign.")
    name = None
    if to is not None:
        person = roles.named(to)
        if person is None or roles.acting(person, Role(question.role)) is None:
            raise RefusedError(
                f"Nobody of this name holds the role {question.role}.",
                remedy=f"name somebody of {roles.location} who does; nothing was changed.",
            )
        if Role(question.role) is Role.SECOND_SIGNER:
            _another(register, roles, question, person.accounts)
        name = person.name
    fact = NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": question.id, "to": name})
    held = {"role": role.value, "source": roles.person(by).source}
    register.facts.record(question.request, lambda _timeline: [fact], by, authority=held)
    return name


def _another(register: Register, roles: Roles, question: QuestionRow, accounts: frozenset[str]) -> None:
    decided = [d.by for d in register.decisions.of(question.request) if d.about == question.about]
    for account in accounts:
        roles.need_another(account, decided)


def must_be_theirs(register: Register, roles: Roles, question: QuestionRow, by: str) -> None:
    """Turn down an answer by somebody else than the one it is assigned to, or a deputy of theirs.

    Raises:
        NotAllowedError: it is another's.
    """
    name = assigned_to(register.facts.timeline(question.request), question.id)
    if name is None or roles.acts_for(by, name):
        return
    raise NotAllowedError(
        f"Question {question.id} is assigned to somebody else.",
        remedy="`afschrift questions assign` gives it to you, or to all again; nothing was changed.",
    )
