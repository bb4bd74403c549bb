"""`canary.yml`: a synthetic person, their rows that were planted in the sources, and the decision to do so.

The file is next to the data map but no part of it: changing it makes no plan drift. It is valid once it is
signed (`canary.signature`). `example` makes one for the tables of a data map; a team fills it in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from afschrift.domain.right import Right
from afschrift.inventory.base import Part
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.document import Document, Fault, InventoryError
from afschrift.inventory.joins import hops, is_look_up, references_of
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import CANARY
from afschrift.inventory.table import Table
from afschrift.outside.limits import read_file

PAGE = "docs/operator/canary.md"
ALL = "all"


class Pattern(Part):
    """A value that the source generates, such as a number of a sequence.

    Attributes:
        matches: a regular expression for the whole value.
    """

    matches: str


def _as_text(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, dict, Pattern)):
        raise ValueError("put values in quotes: they are texts, as in the bundle")
    return value


Value = Annotated[str | Pattern | None, BeforeValidator(_as_text)]
Kept = Literal["all"] | tuple[str, ...]


class Planted(Part):
    """A planted row.

    Attributes:
        table: `source.table` of the data map.
        row: column -> its value as in the bundle (docs/datamap/formats.md), or a pattern; null: NULL.
        kept_back: right -> columns that an answer must not give, or `all`.
    """

    table: Annotated[str, Field(pattern=r"^[^.\s]+\..+$")]
    row: Annotated[dict[str, Value], Field(min_length=1, repr=False)]
    kept_back: dict[Right, Kept] = {}

    def given(self, right: Right) -> dict[str, str | Pattern]:
        """Return column -> value that an answer must hold; empty: the row is kept back."""
        kept = self.kept_back.get(right, ())
        if kept == ALL:
            return {}
        return {name: value for name, value in self.row.items() if value is not None and name not in kept}

    def kept(self, right: Right) -> dict[str, str]:
        """Return column -> value that an answer must not hold; without patterns."""
        kept = self.kept_back.get(right, ())
        return {
            name: value
            for name, value in self.row.items()
            if isinstance(value, str) and (kept == ALL or name in kept)
        }


class CanaryFile(Part):
    """`canary.yml`.

    Attributes:
        keys: identity key -> the synthetic person's value.
        decided: who decided to plant this person, when, why, and when to review it.
        planted: the rows.
    """

    keys: Annotated[dict[str, Annotated[str, BeforeValidator(_as_text)]], Field(min_length=1, repr=False)]
    decided: ClassifiedBy
    planted: Annotated[tuple[Planted, ...], Field(min_length=1)]

    @property
    def values(self) -> Iterator[str]:
        """Every value that was planted, keys among them."""
        yield from self.keys.values()
        for row in self.planted:
            yield from (value for value in row.row.values() if isinstance(value, str))


@dataclass(frozen=True)
class Canary:
    """A canary file that was read.

    Attributes:
        digest: SHA-256 of the file, which the signature covers.
    """

    file: CanaryFile
    digest: str
    folder: Path = field(repr=False)

    @cached_property
    def tables(self) -> Mapping[str, tuple[Planted, ...]]:
        """`source.table` -> the rows planted there, in the order of the file."""
        found: dict[str, tuple[Planted, ...]] = {}
        for row in self.file.planted:
            found[row.table] = (*found.get(row.table, ()), row)
        return found


def load_canary(folder: Path, keys: Collection[str]) -> Canary | None:
    """Load the canary of an inventory; None if it has none.

    A table or column that is not in the data map is no fault here: the check exists to find it.

    Args:
        folder: of the inventory.
        keys: the identity keys that it declares.

    Raises:
        InventoryError: lists every fault with its line; never a value.
    """
    path = folder / CANARY
    if not path.is_file():
        return None
    read = read_file(path)
    document = Document(path, PAGE, read=read)
    parsed = document.parse(CanaryFile)
    faults: list[Fault] = list(document.faults)
    if parsed is not None:
        for name in sorted(parsed.keys.keys() - set(keys)):
            message = f"no identity key of this name is declared; declared are {', '.join(sorted(keys))}"
            faults.append(document.fault(["keys", name], message))
        for number, row in enumerate(parsed.planted):
            for right, kept in row.kept_back.items():
                for name in sorted(set(() if kept == ALL else kept) - row.row.keys()):
                    where = ["planted", number, "kept_back", right.value]
                    faults.append(document.fault(where, f"the row has no column {name}"))
    if faults or parsed is None:
        raise InventoryError(faults)
    return Canary(parsed, hashlib.sha256(read).hexdigest(), folder)


ROWS = 5
_EXAMPLE = """\
# A synthetic person whose rows are planted in the sources: see docs/operator/canary.md.
# Fill in every value, plant the same rows, put this file next to the data map, then `afschrift canary sign`.
# Values are texts in quotes, as in a bundle. A value that the source generates is a pattern:
# {{matches: "[0-9]+"}}. Use values that occur nowhere else, of eight characters or more if possible.
# `kept_back`, next to `row`, names what an answer to a right must not give: columns, or `all` of the row:
# kept_back: {{access: [password_hash], portability: all}}. Add a row of each other table that matters.
keys:
  {person}:
decided:
  by:
  on: {today}
  why: To see every day that answers are whole.
planted:
"""


def example(inventory: Inventory, today: date) -> str:
    """Return a `canary.yml` to fill in, with a row of some personal tables, each column with its origin.

    Args:
        inventory: the data map.
        today: the day of the decision.
    """
    person = inventory.identity.person
    tables = [
        (f"{name}.{table}", entry)
        for name, source in inventory.sources.items()
        for table, entry in source.tables.items()
        if entry.personal
    ]
    tables.sort(key=lambda named: person not in named[1].subject)  # tables with the person's own key first
    tables = _parents_first(inventory, tables[:ROWS])
    rows = (f"  - table: {name}\n    row:\n{_columns(entry)}" for name, entry in tables)
    return _EXAMPLE.format(person=person, today=today) + "".join(rows)


def _parents_first(inventory: Inventory, tables: list[tuple[str, Table]]) -> list[tuple[str, Table]]:
    """Return tables in an order in which their rows can be planted: each after those that it points to."""
    named, before = dict(tables), TopologicalSorter[str]({name: () for name, _ in tables})
    for path in named:
        of, _, table = path.partition(".")
        source = inventory.sources[of]
        for hop in (*hops(source, table), *references_of(source, table)):
            child, parent = path, f"{of}.{hop.parent}"
            if is_look_up(source, table, hop):  # an address points to its city
                child, parent = parent, child
            if child != parent and {child, parent} <= named.keys():
                before.add(child, parent)
    with suppress(CycleError):  # tables that point to each other have no order
        return [(name, named[name]) for name in before.static_order()]
    return tables


def _columns(table: Table) -> str:
    ties = dict.fromkeys([link.column for link in table.subject.values()])
    origins = {name: column.origin for name, column in table.columns.items()}
    return "".join(
        f"      {name}:{f'  # {origin.value}' if origin else ''}\n"
        for name, origin in (ties | origins).items()
    )
