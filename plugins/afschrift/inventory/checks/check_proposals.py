"""What cannot be both a proposal and confirmed."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.inventory.table import Table


def proposal_faults(table: Table, where: list[str]) -> Iterator[tuple[list[str], str]]:
    """Tables and columns that name who decided, and say that somebody still must."""
    words = "a person decided (`decided`), or one still must (`review: needed`): leave one of them out"
    if table.review == "needed" and table.decided is not None:
        yield [*where, "review"], words
    if table.ways is not None and not (table.subject or table.join):
        yield [*where, "ways"], "there is no way here that was guessed: leave it out"
    for name, column in table.columns.items():
        if column.proposal is not None and not column.awaits and column.proposal.decided is not None:
            yield [*where, "columns", name, "review"], words
