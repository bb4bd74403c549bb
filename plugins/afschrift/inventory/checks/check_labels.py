"""What a row is called on the person's page has to be words that an answer may show."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import Protect, ThirdParty
from afschrift.inventory.column import Column
from afschrift.inventory.table import Table


def label_faults(table: Table, where: list[str]) -> Iterator[tuple[list[str], str]]:
    """Columns of a `label` that are not there, or of which the page never shows a value as it stands."""
    if table.label and not table.personal:
        yield [*where, "label"], "rows of this table are in no answer: leave it out"
        return
    files = {name for file in table.file for name in (file.column, file.digest)}
    for name in table.label:
        column = table.columns.get(name)
        if column is None:
            yield [*where, "label"], f"the table has no column {name}"
        elif name in files:
            yield [*where, "label"], f"{name} holds a file or its digest: name a column with words"
        elif (name,) == table.key:
            yield (
                [*where, "label"],
                f"{name} is the key, which the page shows anyway: name a column with words",
            )
        elif why := _never_shown(column.proposal or column):
            yield [*where, "label"], f"{name} {why}: name another column"


def _never_shown(column: Column) -> str:
    if column.protect is Protect.SECRET:
        return "is a secret"
    if column.protect is Protect.PAYMENT or column.third_party is ThirdParty.MASK:
        return "is masked"
    return "is JSON" if column.kind == "json" else ""
