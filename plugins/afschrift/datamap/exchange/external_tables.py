"""Tables, keys and ways as another tool describes them, before anything of it is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class DescribedColumn:
    """A column.

    Attributes:
        category: Fides data category; None: the other tool says none.
        because: where that stands, for whoever confirms it.
        identity: identity key that the column holds.
        words: further words of a column of the inventory that stand there as they are, such as `origin`.
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


@dataclass(frozen=True)
class Description:
    """A database as another tool describes it.

    Attributes:
        left_out: what stands there and has no place here, a line each.
    """

    tables: Mapping[str, DescribedTable]
    references: tuple[Reference, ...] = ()
    left_out: tuple[str, ...] = ()
