"""What a question shows of what is judged, in sections that page, terminal and API render alike.

The `view` of a kind of question returns them whole. `shown_to` leaves out what an account may not see, or did
not ask to see yet. Values for them are stored encrypted with the question (`OpenQuestion.kept`). `in_words`,
`plain` and `inline` turn codes into words, in the language that is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from afschrift.domain.language import gettext, in_english

NOT_FOR_ROLE = "(shown to those who may answer)"


class Kept(StrEnum):
    """How far a line is kept from those who see the question."""

    OPEN = "open"  # counts, codes, names of the inventory: for all who see the question
    ROLE = "role"  # words and letters: for those who hold the question's role
    MASKED = "masked"  # values of the person: for them too only once they ask


@dataclass(frozen=True)
class Line:
    """A labelled value.

    Attributes:
        label: what it is.
        value: in words, with line breaks where it is a text.
        kept: from whom it is kept back.
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
    """A value with most of it masked: enough is left to distinguish values, and the length is not shown."""
    left = min(2, len(value) // 4)
    return f"{value[:left]}••••{value[len(value) - left :]}"


def shown_to(sections: Sequence[Section], *, role: bool, unmask: bool) -> tuple[Section, ...]:
    """The sections as an account may see them.

    Args:
        sections: whole.
        role: they hold the question's role.
        unmask: they asked for the values, and may.
    """
    return tuple(
        replace(section, lines=tuple(_shown(line, role=role, unmask=unmask) for line in section.lines))
        for section in sections
    )


def _shown(line: Line, *, role: bool, unmask: bool) -> Line:
    if line.kept is Kept.OPEN or (role and (unmask or line.kept is Kept.ROLE)):
        return line
    return replace(line, value="\n".join(map(masked, line.value.split("\n"))) if role else NOT_FOR_ROLE)


def in_words(code: object) -> str:
    """A code as words in the language that is served: `call_back` is `Call back`."""
    return gettext(in_english(code))


def plain(text: str, name: str) -> str:
    """A text of a question's detail: a code as words, but names of columns, tables and keys as they are."""
    is_code = text.isascii() and text.replace("_", "").isalpha() and text.islower()
    return in_words(text) if is_code and name not in _NAMES else text


def inline(value: object, name: str = "") -> str:
    """A part of a question's detail, or a field of a form, as one line of text."""
    if isinstance(value, Mapping):
        return "; ".join(f"{in_words(key)}: {inline(part, str(key))}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(inline(part, name) for part in value) or gettext("none")
    return (
        plain(value, name)
        if isinstance(value, str)
        else gettext("none")
        if value is None
        else in_words(value)
    )


_NAMES = frozenset(
    {"column", "columns", "field", "fields", "key", "keys", "source", "system", "systems", "table", "tables"}
)
"""Parts of a detail that hold names of the inventory."""
