"""Statements that read little of a table: some dozens of values a column."""

from __future__ import annotations

from collections.abc import Sequence

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable
from afschrift.domain.name_parts import flat
from afschrift.domain.value_kind import ValueKind

ROWS = 40
"""Of a table, for its samples."""
_FIRST_WILL_DO = 100
"""Times the rows that are wanted: of a smaller table the first ones are read."""
_CHARACTERS = 200
_SECRET = (
    *("password", "passwd", "passphrase", "wachtwoord", "pwd", "secret", "token", "apikey", "privatekey"),
    *("hash", "salt", "otp", "totp", "pincode", "cvv", "cvc", "recoverycode", "credential", "session"),
)


def is_secret(column: str) -> bool:
    """Whether its name says that a column holds a secret: it is never sampled."""
    whole = flat(column)
    return any(word in whole for word in _SECRET)


def sampled(table: ScannedTable) -> tuple[ScannedColumn, ...]:
    """The columns of which samples are read: none of a view, whose rows may take a whole table to compute."""
    if table.computed or table.part_of is not None or not table.readable:
        return ()
    return tuple(
        column
        for column in table.columns
        if not column.type.closed and not is_secret(column.name) and column.type.kind is not ValueKind.BINARY
    )


def read_samples(
    reader: StatementRunner, table: ScannedTable, columns: Sequence[ScannedColumn]
) -> dict[str, list[str]]:
    """Column -> its values in some rows, cut off, by one statement.

    Of a large table rows from all over it are read, where its database draws some.
    """
    dialect = reader.dialect
    relation = dialect.relation(table.name)
    if (table.rows or 0) > _FIRST_WILL_DO * ROWS:
        sample = dialect.sampled(relation, _FIRST_WILL_DO * ROWS / (table.rows or 1))
        relation = f"(SELECT * FROM {sample})" if sample is not None else relation  # noqa: S608 - quoted
    return reader.texts(relation, {column.name: column.type for column in columns}, _CHARACTERS, ROWS)
