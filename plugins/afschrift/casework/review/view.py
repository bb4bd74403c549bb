"""What will be sent, as a reviewer is shown it. Plain values, for a terminal, a page and REST alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
class ReviewRow:
    """One row of a table's files.

    Attributes:
        number: in the files, from 1.
        name: how a line names it: `#17` or `ticket_id=12`.
        cells: column -> value form; None for NULL. In an overview long ones are cut.
    """

    number: int
    name: str
    cells: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True)
class Pointed:
    """What the finder pointed out: a place to look at, no decision.

    Attributes:
        line: that would mask it, ready to copy.
        before, text, after: the span and what stands around it; None for whoever may not see values.
    """

    line: str
    row: int
    column: str
    start: int
    end: int
    kind: str
    before: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ReviewTable:
    """One table of the plan.

    Attributes:
        name: `source.table`.
        rows: in the files; None where nothing is staged of it (any more).
        path: how it leads to the person.
        key: columns by which a line can name a row; empty: by number alone.
        first: rows; none for whoever may not see values.
        pointed: the first of what was pointed out; `pointed_counts` counts all, by kind.
    """

    name: str
    rows: int | None
    path: str
    columns: tuple[ReviewColumn, ...]
    key: tuple[str, ...] = ()
    files: int = 0
    first: tuple[ReviewRow, ...] = ()
    pointed: tuple[Pointed, ...] = ()
    pointed_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ReviewView:
    """What will be sent for a request.

    Attributes:
        bundle, plan: SHA-256 digests; `bundle` is None while nothing is packed under the plan.
        question: id of the open question `review` about this bundle; None: none is open.
        why: codes why it is asked.
        tables: those of which something leaves.
        withheld: those of which nothing does.
        searched: system that a person searched -> what came of it, and how many files.
        hidden: tables, columns and systems that a restriction keeps back of which the person may not know;
            they get what somebody gets who has nothing there (R84).
        grounds: on which a cell can be masked -> names of the fields that this takes, once a ground.
        values: whether whoever looks may see values.
    """

    request: str
    right: str
    state: str
    plan: str
    bundle: str | None
    bytes: int
    question: str | None
    why: tuple[str, ...]
    tables: tuple[ReviewTable, ...]
    withheld: tuple[ReviewTable, ...]
    searched: Mapping[str, tuple[str, int]]
    hidden: tuple[str, ...]
    grounds: Mapping[str, tuple[str, ...]]
    values: bool
