"""An example of `canary.yml` for the tables of a data map, which a team fills in. No source is read."""

from __future__ import annotations

from datetime import date

from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table

ROWS = 5
_EXAMPLE = """\
# A synthetic person whose rows are planted in the sources: see docs/canary.md.
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
    tables.sort(
        key=lambda named: person not in named[1].subject
    )  # those that hold the person's own key first
    rows = (f"  - table: {name}\n    row:\n{_columns(entry)}" for name, entry in tables[:ROWS])
    return _EXAMPLE.format(person=person, today=today) + "".join(rows)


def _columns(table: Table) -> str:
    ties = dict.fromkeys([link.column for link in table.subject.values()])
    origins = {name: column.origin for name, column in table.columns.items()}
    return "".join(
        f"      {name}:{f'  # {origin.value}' if origin else ''}\n"
        for name, origin in (ties | origins).items()
    )
