"""What will be sent, as a reviewer sees it: tables and columns with counts, for terminal and pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from afschrift.casework.columns.search_ledger import of_events
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.review.look import ReviewLook
from afschrift.casework.review.refutation import refuted_lines
from afschrift.domain.decision import REASONS
from afschrift.domain.plan import FieldPlan
from afschrift.questions.view import Section


@dataclass(frozen=True)
class ReviewColumn:
    """One column with its decision.

    Attributes:
        kind: of its values in the files; None where it does not leave.
        action: an `Action`.
        reason: code of the decision.
        words: the same in a sentence.
        masked: values that a mask of the whole column hides.
        redacted: cells and spans that a reviewer masked.
    """

    name: str
    kind: str | None
    action: str
    reason: str
    words: str
    rules: tuple[str, ...]
    masked: int = 0
    redacted: int = 0


@dataclass(frozen=True)
class ReviewTable:
    """One table of the plan.

    Attributes:
        name: `source.table`.
        rows: in the files; None where nothing is staged of it (any more).
        path: how it leads to the person.
        pointed_counts: what was pointed out, by kind.
        asked: something was asked about its columns.
        changed: its files differ from those of the bundle before.
    """

    name: str
    rows: int | None
    path: str
    columns: tuple[ReviewColumn, ...]
    files: int = 0
    pointed_counts: Mapping[str, int] = field(default_factory=dict)
    asked: bool = False
    changed: bool = False

    @property
    def places(self) -> int:
        """How many places were pointed out."""
        return sum(self.pointed_counts.values())

    @property
    def masked(self) -> int:
        """Values that masks of whole columns hide."""
        return sum(column.masked for column in self.columns)

    @property
    def redacted(self) -> int:
        """Cells and spans that a reviewer masked."""
        return sum(column.redacted for column in self.columns)

    @property
    def rank(self) -> tuple[int, ...]:
        """What differs in it, the most urgent first; without any it has nothing to judge."""
        return (self.places, self.asked, self.redacted, self.changed, self.masked)


@dataclass(frozen=True)
class ReviewView:
    """What will be sent for a request.

    Attributes:
        bundle, plan: SHA-256 digests; `bundle` is None while nothing is packed under the plan.
        question: id of the open question `review` about this bundle; None: none is open.
        why: codes why it is asked.
        refuted: a line for each way in which the answer refutes itself.
        tables: those of which something leaves.
        withheld: those of which nothing does.
        searched: system that a person searched -> the outcome, and the number of files.
        ledger: what the search beside the ways looked into; None: nothing was searched.
        hidden: tables, columns and systems that a restriction keeps back of which the person may not know;
            the person gets the answer of a person without data there (R84).
        grounds: ground on which a cell can be masked -> names of the fields that it takes.
        values: whether the officer may see values.
    """

    request: str
    right: str
    state: str
    plan: str
    bundle: str | None
    bytes: int
    question: str | None
    why: tuple[str, ...]
    refuted: tuple[str, ...]
    tables: tuple[ReviewTable, ...]
    withheld: tuple[ReviewTable, ...]
    searched: Mapping[str, tuple[str, int]]
    ledger: Section | None
    hidden: tuple[str, ...]
    grounds: Mapping[str, tuple[str, ...]]
    values: bool


def column(planned: FieldPlan, masked: int = 0, redacted: int = 0) -> ReviewColumn:
    """A column with its decision."""
    kind = planned.kind.value if planned.kind else None
    words = REASONS.get(planned.reason, planned.reason)
    return ReviewColumn(
        planned.name, kind, planned.action.value, planned.reason, words, planned.rules, masked, redacted
    )


def view_of(look: ReviewLook, tables: Iterable[ReviewTable]) -> ReviewView:
    """What will be sent, with the tables as they are staged."""
    officer, plan, asked = look.officer, look.plan, look.question
    register, request_id = officer.register, look.request
    request = register.requests.get(request_id)
    return ReviewView(
        request=request_id,
        right=request.right.value,
        state=request.state.value,
        plan=look.digest,
        bundle=look.bundle,
        bytes=look.packed["bytes"] if look.packed else 0,
        question=asked.id if asked else None,
        why=tuple(asked.detail["why"]) if asked else (),
        refuted=tuple(refuted_lines(asked.detail)) if asked else (),
        tables=tuple(tables),
        withheld=tuple(
            ReviewTable(f"{table.source}.{table.table}", None, "", tuple(map(column, table.fields)))
            for table in plan.withheld
        ),
        searched={system.source: (system.status.value, len(system.files)) for system in plan.manual},
        ledger=of_events(register.trail.events(request_id)),
        hidden=tuple(sorted(hidden_places(register, request_id))),
        grounds={ground.code: ground.fields for ground in officer.grounds.redacting(request.right)},
        values=look.values,
    )
