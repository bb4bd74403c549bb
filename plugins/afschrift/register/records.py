"""Rows of the register as callers get them: decisions, questions and earlier requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from afschrift.domain.right import Right
from afschrift.domain.state import State

AFTER_THE_END = ("possible_breach", "removal_due")
"""Kinds of questions that are asked and answered on a closed request too. They overtake no other question."""


@dataclass(frozen=True)
class DecisionRow:
    """A decision of a person, or of a channel that authenticated the person.

    Attributes:
        kind: `identity`, or the kind of the question that it answers.
        choice: the code chosen.
        by: account, as Airflow or the intake channel names it.
        about: digest of what was decided on; None: the decision is bound to nothing.
        detail: codes only, for example the log-in method and level.
        question: id of the question that it answers.
        text: id of its words in the case file.
    """

    kind: str
    choice: str
    by: str
    at: str
    about: str | None
    detail: dict[str, Any]
    question: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class QuestionRow:
    """A question at which a run ended.

    Attributes:
        role: that may answer it.
        detail: tables, columns and counts that it is about; never values.
        about: digest of what is asked; the answer holds for that alone.
        form: JSON Schema of `choice` and the further fields; None: there are no further fields.
    """

    id: str
    request: str
    kind: str
    role: str
    options: tuple[str, ...]
    detail: dict[str, Any]
    about: str | None
    asked_at: str
    answered_at: str | None
    form: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Any) -> QuestionRow:
        """The question of a row of the table."""
        return cls(
            id=row.id,
            request=row.request_id,
            kind=row.kind,
            role=row.role,
            options=tuple(row.options),
            detail=row.detail,
            about=row.about,
            asked_at=row.asked_at,
            answered_at=row.answered_at,
            form=row.form,
        )


@dataclass(frozen=True)
class Past:
    """An earlier request of the same person. Instants are RFC 3339 in UTC.

    Attributes:
        ended_at: when it was delivered, refused, withdrawn or merged; None: it is open.
        changed: names of identity keys that both requests gave, with different values.
    """

    request: str
    right: Right
    state: State
    received_at: str
    ended_at: str | None
    changed: tuple[str, ...] = ()
