"""Ask the questions at which a run ends, find their answers in the register, and assign questions.

A question is put to a role, until it is assigned to a person who holds it. The roles file may name deputies
of a person; they may answer what is assigned to that person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from afschrift.domain.errors import NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import AFTER_THE_END, DecisionRow, QuestionRow
from afschrift.register.register import Register

_OVERTAKEN = ("review", "tell_person")
"""Kinds of questions about a packed bundle and a ready answer, which every other question closes."""


class Answers:
    """The decisions taken so far, found by what they were about; the last one counts."""

    def __init__(self, decisions: Sequence[DecisionRow]) -> None:
        self._decisions = decisions

    def to(self, question: OpenQuestion) -> str | None:
        """The choice that was made, or None where the question is not answered yet."""
        found = [d.choice for d in self._decisions if d.kind == question.kind and d.about == question.about]
        return found[-1] if found else None

    def of_kind(self, kind: str) -> DecisionRow | None:
        """The last decision of a kind."""
        found = [d for d in self._decisions if d.kind == kind]
        return found[-1] if found else None


def ask(register: Register, request_id: str, questions: Sequence[OpenQuestion]) -> NeedsPersonError:
    """Write the questions into the register; returns the error to raise, which says what a person has to do.

    A question closes a review that is still open, because its answer leads to another plan and bundle. The
    next run must not wait for the answer to that review.
    """
    rows = [put(register, request_id, question) for question in questions]
    listing = " ".join(f"{q.words} (question {row.id})" for q, row in zip(questions, rows, strict=True))
    first = questions[0]
    return NeedsPersonError(
        listing, question=first.kind, detail=dict(first.detail), remedy=_how(first.of, rows[0])
    )


def put(
    register: Register, request_id: str, question: OpenQuestion, overtakes: Collection[str] = ()
) -> QuestionRow:
    """Write a question into the register; a question that is open already stays as it is.

    `overtakes`: kinds whose other open questions are closed, in addition to reviews.
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
        overtakes=() if question.kind in AFTER_THE_END else (*_OVERTAKEN, *overtakes),
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
    """Assign a question once; a later assignment by a person takes precedence."""
    assigned = timeline.of(FactKind.QUESTION_ASSIGNED)
    if any(fact.detail["question"] == question_id for fact in assigned):
        return []
    return [NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": question_id, "to": name})]


@contextmanager
def asking(register: Register, request_id: str, kinds: Mapping[str, QuestionKind]) -> Iterator[None]:
    """Turn an error of a source that only a person can mend into a question.

    Args:
        register: of the installation.
        request_id: the request.
        kinds: every kind there is, by name.

    Raises:
        NeedsPersonError: with the question that is in the register now.
    """
    try:
        yield
    except NeedsPersonError as error:
        kind = kinds[error.question]
        question = OpenQuestion(kind, kind.options, str(error.args[0]), error.detail)
        raise ask(register, request_id, [question]) from None


def assigned_to(timeline: Timeline, question_id: str) -> str | None:
    """Name of the person that a question is assigned to; None: all who hold its role may answer."""
    found = [f for f in timeline.of(FactKind.QUESTION_ASSIGNED) if f.detail["question"] == question_id]
    name = found[-1].detail["to"] if found else None
    return str(name) if name is not None else None


def assign(register: Register, roles: Roles, question_id: str, to: str | None, by: str) -> str | None:
    """Assign a question to a person who holds its role, or back to all of them; returns the name.

    Args:
        register: of the installation.
        roles: who may do what.
        question_id: the question.
        to: a name of the roles file, or an account; None: back to all who hold the role.
        by: account that assigns it.

    Raises:
        UnknownQuestionError: no such question.
        NotAllowedError: they decide nothing on requests; the attempt is an event `answer_refused`.
        TooLateError: it was answered.
        RefusedError: no person of that name holds the role, or four eyes are due and they decided themselves.
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
                f"No person of this name holds the role {question.role}.",
                remedy=f"name a person in {roles.location} who does; nothing was changed.",
            )
        if Role(question.role) is Role.SECOND_SIGNER:
            _need_another(register, roles, question, person.accounts)
        name = person.name
    fact = NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": question.id, "to": name})
    authority = {"role": role.value, "source": roles.person(by).source}
    register.facts.record(question.request, lambda _timeline: [fact], by, authority=authority)
    return name


def _need_another(register: Register, roles: Roles, question: QuestionRow, accounts: frozenset[str]) -> None:
    decided = [d.by for d in register.decisions.of(question.request) if d.about == question.about]
    for account in accounts:
        roles.need_another(account, decided)


def must_be_theirs(register: Register, roles: Roles, question: QuestionRow, by: str) -> None:
    """Refuse an answer unless the question is assigned to this account's person or they are a deputy.

    Raises:
        NotAllowedError: it is assigned to another person.
    """
    name = assigned_to(register.facts.timeline(question.request), question.id)
    if name is None or roles.acts_for(by, name):
        return
    raise NotAllowedError(
        f"Question {question.id} is assigned to another person.",
        remedy="`afschrift questions assign` gives it to you, or to all again; nothing was changed.",
    )
