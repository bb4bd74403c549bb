"""Whose question it is: put to a role, until somebody gives it to one of those who hold it.

Who is away names deputies in the roles file; they may answer what is assigned to that person.
"""

from __future__ import annotations

from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register


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
    if name is None or roles.stands_for(by, name):
        return
    raise NotAllowedError(
        f"Question {question.id} is assigned to somebody else.",
        remedy="`afschrift questions assign` gives it to you, or to all again; nothing was changed.",
    )
