"""Tables, keys and references as another tool describes them, before a draft is made of them."""

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
        category: Fides data category; None: the other tool has none.
        because: the place of the description, shown when it is confirmed.
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
    """A column that refers to a column of another table.

    Attributes:
        direction: `from`: rows of `table` are found by those of `parent`; `to`: rows of `parent` by those of
            `table`; None: not known.
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


def split_references(
    references: Iterable[Reference], tables: Mapping[str, DescribedTable]
) -> tuple[tuple[Reference, ...], tuple[Reference, ...]]:
    """Return the references whose columns are both described, and the others."""
    known = {f"{name}.{column}" for name, table in tables.items() for column in table.columns}
    complete, incomplete = list[Reference](), list[Reference]()
    for link in references:
        (complete if {link.start, link.end} <= known else incomplete).append(link)
    return tuple(complete), tuple(incomplete)


@dataclass(frozen=True)
class Description:
    """A database as another tool describes it.

    Attributes:
        left_out: a line for each thing that has no place in the inventory.
    """

    tables: Mapping[str, DescribedTable]
    references: tuple[Reference, ...] = ()
    left_out: tuple[str, ...] = ()


class NotImported:
    """Collects words that have no place in the inventory."""

    _SHOWN = 3

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def note(self, words: Iterable[str], place: str, before: str = "") -> None:
        """Note words of a place."""
        for word in words:
            self._places.setdefault(f"{before}{word}", []).append(place)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each word."""
        return tuple(f"`{word}` is not imported ({self._where(of)})" for word, of in self._places.items())

    def _where(self, places: list[str]) -> str:
        shown = ", ".join(places[: self._SHOWN])
        more = len(places) - self._SHOWN
        return f"{shown} and {more} more" if more > 0 else shown


IDENTITY = "identity"
"""Names the identity key that a column holds; not a word of a column in the inventory."""

_NOT_HERE = frozenset({"review", "proposed", "decided", "mentions"})
"""Words that only a person may write, in the inventory itself."""


def described_column(
    name: str, given: Mapping[str, Any], because: str, place: str, left: NotImported
) -> DescribedColumn:
    """Make a column of the words that the inventory accepts; note the others.

    Args:
        name: of the column.
        given: words of a column as in docs/datamap/inventory.md, and `identity`.
        because: the place of the description.
        place: of the column, for messages.
        left: gets what is left out.
    """
    words: dict[str, Any] = {}
    for word, value in given.items():
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
