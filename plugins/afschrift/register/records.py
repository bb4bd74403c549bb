"""Decisions, questions and earlier requests as the register holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from afschrift.domain.right import Right
from afschrift.domain.state import State


@dataclass(frozen=True)
class DecisionRow:
    """A decision that a person (or an authenticated channel) took, as the register holds it.

    Attributes:
        kind: `identity`, or the kind of the question that it answers.
        choice: the code chosen.
        by: who, as Airflow or the intake channel names them.
        about: digest that was decided on, or None where nothing was bound.
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
    """A question that a run ended at.

    Attributes:
        role: who may answer it.
        detail: what it is about: tables, columns, counts; never values.
        about: digest of what is asked; the answer holds for that alone.
        form: JSON Schema of `choice` with the fields besides it; None: there are none.
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


@dataclass(frozen=True)
class Past:
    """An earlier request of the same person. Instants are RFC 3339 in UTC.

    Attributes:
        ended_at: when it was delivered, refused, withdrawn or merged; None: it is open.
        changed: names of identity keys that both gave, with other values now.
    """

    request: str
    right: Right
    state: State
    received_at: str
    ended_at: str | None
    changed: tuple[str, ...] = ()
