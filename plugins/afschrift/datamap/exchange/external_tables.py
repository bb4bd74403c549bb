"""Tables, keys and ways as another tool describes them, before anything of it is proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from afschrift.inventory.base import fides_categories
from afschrift.inventory.column import Column


@dataclass(frozen=True)
class DescribedColumn:
    """A column.

    Attributes:
        category: Fides data category; None: the other tool says none.
        because: where that is said, shown when it is confirmed.
        identity: identity key that the column holds.
        words: further words of a column of the inventory, such as `origin`.
    """

    name: str
    category: str | None = None
    because: str = ""
    identity: str | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DescribedTable:
    """A table; `key` are the columns of its primary key, in order."""

    name: str
    columns: Mapping[str, DescribedColumn]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """A column that holds what a column of another table identifies its rows by.

    Attributes:
        direction: `from`: rows of `table` are found by those of `parent`; `to`: rows of `parent` by those of
            `table`; None: the other tool says neither.
    """

    table: str
    column: str
    parent: str
    parent_column: str
    direction: Literal["from", "to"] | None = None

    @property
    def start(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"

    @property
    def end(self) -> str:
        """`parent.parent_column`."""
        return f"{self.parent}.{self.parent_column}"


def sorted_out(
    references: Iterable[Reference], tables: Mapping[str, DescribedTable]
) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """The references of which both columns are described, and the others."""
    known = {f"{name}.{column}" for name, table in tables.items() for column in table.columns}
    there, gone = list[Reference](), list[Reference]()
    for link in references:
        (there if {link.start, link.end} <= known else gone).append(link)
    return tuple(there), tuple(gone)


@dataclass(frozen=True)
class Description:
    """A database as another tool describes it.

    Attributes:
        left_out: what has no place in the inventory, a line each.
    """

    tables: Mapping[str, DescribedTable]
    references: tuple[Reference, ...] = ()
    left_out: tuple[str, ...] = ()


class NotImported:
    """Words that have no place here."""

    _SHOWN = 3

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def note(self, words: Iterable[str], place: str, before: str = "") -> None:
        """Remember words of a place."""
        for word in words:
            self._places.setdefault(f"{before}{word}", []).append(place)

    def lines(self) -> tuple[str, ...]:
        """A line a word."""
        return tuple(f"`{word}` is not imported ({self._where(of)})" for word, of in self._places.items())

    def _where(self, places: list[str]) -> str:
        shown = ", ".join(places[: self._SHOWN])
        more = len(places) - self._SHOWN
        return f"{shown} and {more} more" if more > 0 else shown


IDENTITY = "identity"
"""Names the identity key that a column holds; not a word of a column in the inventory."""

_NOT_HERE = frozenset({"review", "proposed", "decided", "mentions"})
"""Words by which a person confirms, in the inventory itself."""


def described_column(
    name: str, said: Mapping[str, Any], because: str, place: str, left: NotImported
) -> DescribedColumn:
    """A column with those words that the inventory knows, with values that it takes; the others are noted.

    Args:
        name: of the column.
        said: words as docs/datamap/inventory.md has them for a column, and `identity`.
        because: where they are said.
        place: of the column, for messages.
        left: gets what is left out.
    """
    words: dict[str, Any] = {}
    for word, value in said.items():
        known = word in Column.model_fields and word not in _NOT_HERE and _fits(word, value)
        if known or (word == IDENTITY and isinstance(value, str)):
            words[word] = value
        else:
            left.note([word], place)
    return DescribedColumn(name, words.pop("category", None), because, words.pop(IDENTITY, None), words)


def _fits(word: str, value: Any) -> bool:
    try:
        Column.model_validate({word: value})
    except ValidationError:
        return False
    return word != "category" or value in fides_categories()
