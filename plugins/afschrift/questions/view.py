"""What a question shows of what is judged, in sections that the page, the terminal and REST render alike.

A kind of question has a `view` that gives them whole; `shown_to` leaves out what somebody may not see, or did
not ask to see yet. Values for it are kept encrypted beside the question (`OpenQuestion.kept`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

NOT_FOR_ROLE = "(seen by whoever may answer)"


class Kept(StrEnum):
    """How far a line is kept from those who see the question."""

    OPEN = "open"  # counts, codes, names of the inventory: for everybody who sees the question
    ROLE = "role"  # words and letters: for those who hold the question's role
    MASKED = "masked"  # values of the person: for them too only once they ask


@dataclass(frozen=True)
class Line:
    """One thing that is shown.

    Attributes:
        label: what it is.
        value: in words, with line breaks where it is a text.
        kept: from whom.
        request: id of the request that it leads to; empty: none.
    """

    label: str
    value: str = field(repr=False)
    kept: Kept = Kept.OPEN
    request: str = ""


@dataclass(frozen=True)
class Section:
    """Lines and a table that belong together.

    Attributes:
        heads: of the table's columns.
        rows: of the table; counts, codes and names of the inventory only.
    """

    title: str
    lines: tuple[Line, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str | int, ...], ...] = ()


NOTHING_KEPT = Section(
    "Nothing more is known of it",
    (Line("Why", "The question was asked before this was kept, or the request's key was destroyed."),),
)


def masked(value: str) -> str:
    """A value of which only so much is left that two can be told apart; it tells no length."""
    left = min(2, len(value) // 4)
    return f"{value[:left]}••••{value[len(value) - left :]}"


def shown_to(sections: Sequence[Section], *, role: bool, unmask: bool) -> tuple[Section, ...]:
    """The sections as somebody may see them.

    Args:
        sections: whole.
        role: they hold the question's role.
        unmask: they asked for the values, and may.
    """
    return tuple(
        replace(one, lines=tuple(_shown(line, role=role, unmask=unmask) for line in one.lines))
        for one in sections
    )


def _shown(line: Line, *, role: bool, unmask: bool) -> Line:
    if line.kept is Kept.OPEN or (role and (unmask or line.kept is Kept.ROLE)):
        return line
    return replace(line, value="\n".join(map(masked, line.value.split("\n"))) if role else NOT_FOR_ROLE)
