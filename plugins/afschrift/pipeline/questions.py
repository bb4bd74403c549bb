"""Questions to a person and the answers that stand in the register, bound to what was asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.core.errors import NeedsPersonError
from afschrift.core.event import digest
from afschrift.core.ports import DecisionRow, Register

INCLUDE_OR_NOT = ("include", "exclude")


@dataclass(frozen=True)
class OpenQuestion:
    """A question a run ends at.

    Attributes:
        kind: stable code, for example `unclassified`.
        options: codes to choose from; none is a default.
        detail: tables, columns and counts; never values.
        words: one sentence for the log.
    """

    kind: str
    options: tuple[str, ...]
    words: str
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """Digest of what is asked: an answer to something else does not count."""
        return digest({"kind": self.kind, "detail": self.detail})


IDENTITY = OpenQuestion(
    "identity", ("confirmed", "not_confirmed"), "Nobody has confirmed who the requester is."
)


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
    """Write the questions into the register; the error to raise says what a person has to do."""
    rows = [
        register.ask(request_id, q.kind, options=q.options, detail=q.detail, about=q.about) for q in questions
    ]
    listing = " ".join(f"{q.words} (question {row.id})" for q, row in zip(questions, rows, strict=True))
    first: Mapping[str, Any] = questions[0].detail
    return NeedsPersonError(
        listing,
        question=questions[0].kind,
        detail=dict(first),
        way_out=f"answer with `afschrift answer {rows[0].id} --choice {'|'.join(rows[0].options)}`.",
    )
