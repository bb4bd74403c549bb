"""`canary.yml`: a synthetic person, what of them was planted in the sources, and who decided that.

The file lies beside the data map and is no part of it: a change of it makes no plan drift. It counts once it
is signed (`canary.signed`). An example of it for the tables of a data map is filled in by a team.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from afschrift.domain.right import Right
from afschrift.inventory.base import Part
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.document import Document, Fault, InventoryError
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import CANARY
from afschrift.inventory.table import Table
from afschrift.outside.limits import read_file

PAGE = "docs/operator/canary.md"
ALL = "all"


class Pattern(Part):
    """A value that the source makes itself, such as a number of a sequence: a regular expression, whole.

    Attributes:
        matches: the expression.
    """

    matches: str


def _as_text(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, dict, Pattern)):
        raise ValueError("put values between quotes: they are texts as the bundle has them")
    return value


Value = Annotated[str | Pattern | None, BeforeValidator(_as_text)]
Kept = Literal["all"] | tuple[str, ...]


class Planted(Part):
    """One row that was planted.

    Attributes:
        table: `source.table` of the data map.
        row: column -> its value as the bundle has it (docs/datamap/formats.md), or a pattern; null: NULL.
        kept_back: right -> the columns that an answer must not give, or `all`.
    """

    table: Annotated[str, Field(pattern=r"^[^.\s]+\..+$")]
    row: Annotated[dict[str, Value], Field(min_length=1, repr=False)]
    kept_back: dict[Right, Kept] = {}

    def given(self, right: Right) -> dict[str, str | Pattern]:
        """Column -> value that an answer to a right must hold; empty: the row is kept back."""
        kept = self.kept_back.get(right, ())
        if kept == ALL:
            return {}
        return {name: value for name, value in self.row.items() if value is not None and name not in kept}

    def kept(self, right: Right) -> dict[str, str]:
        """Column -> value that an answer to a right must not hold; patterns are left out."""
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
        decided: who decided that this person is planted, when, why, and when to look again.
        planted: the rows.
    """

    keys: Annotated[dict[str, Annotated[str, BeforeValidator(_as_text)]], Field(min_length=1, repr=False)]
    decided: ClassifiedBy
    planted: Annotated[tuple[Planted, ...], Field(min_length=1)]

    @property
    def values(self) -> Iterator[str]:
        """Every value that was planted, keys among them."""
        yield from self.keys.values()
        for one in self.planted:
            yield from (value for value in one.row.values() if isinstance(value, str))


@dataclass(frozen=True)
class Canary:
    """A canary as it was read.

    Attributes:
        digest: SHA-256 of the file, which its signature is about.
    """

    file: CanaryFile
    digest: str
    folder: Path = field(repr=False)

    @cached_property
    def tables(self) -> Mapping[str, tuple[Planted, ...]]:
        """`source.table` -> the rows planted there, in the order of the file."""
        found: dict[str, tuple[Planted, ...]] = {}
        for one in self.file.planted:
            found[one.table] = (*found.get(one.table, ()), one)
        return found


def load_canary(folder: Path, keys: Collection[str]) -> Canary | None:
    """The canary of an inventory; None where it has none.

    That a table or column is not in the data map is no fault: it is what the check is there to tell.

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
            words = f"no identity key of this name is declared; there are {', '.join(sorted(keys))}"
            faults.append(document.fault(["keys", name], words))
        for number, one in enumerate(parsed.planted):
            for right, kept in one.kept_back.items():
                for name in sorted(set(() if kept == ALL else kept) - one.row.keys()):
                    where = ["planted", number, "kept_back", right.value]
                    faults.append(document.fault(where, f"the row has no column {name}"))
    if faults or parsed is None:
        raise InventoryError(faults)
    return Canary(parsed, hashlib.sha256(read).hexdigest(), folder)


ROWS = 5
_EXAMPLE = """\
# A synthetic person whose rows are planted in the sources: see docs/operator/canary.md.
# Fill in every value, plant the same rows, put this file beside the data map, then `afschrift canary sign`.
# Values are texts in quotes, as a bundle has them. One that the source makes itself is a pattern:
# {{matches: "[0-9]+"}}. Take values that are nowhere else, of eight characters or more where there is room.
# `kept_back` beside `row` names what an answer to a right must not give: columns, or `all` of the row, as in
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
    """`canary.yml` with a row of some tables of people, each column with its origin.

    Args:
        inventory: the data map.
        today: the day on which it is decided.
    """
    person = inventory.identity.person
    tables = [
        (f"{name}.{table}", entry)
        for name, source in inventory.sources.items()
        for table, entry in source.tables.items()
        if entry.personal
    ]
    tables.sort(key=lambda named: person not in named[1].subject)  # with the person's own key first
    rows = (f"  - table: {name}\n    row:\n{_columns(entry)}" for name, entry in tables[:ROWS])
    return _EXAMPLE.format(person=person, today=today) + "".join(rows)


def _columns(table: Table) -> str:
    ties = dict.fromkeys([link.column for link in table.subject.values()])
    origins = {name: column.origin for name, column in table.columns.items()}
    return "".join(
        f"      {name}:{f'  # {origin.value}' if origin else ''}\n"
        for name, origin in (ties | origins).items()
    )
