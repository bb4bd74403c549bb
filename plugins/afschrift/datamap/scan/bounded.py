"""Statements that read little of a table: some dozens of values a column, and what two columns share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.datamap.scan.schema import ScannedColumn, ScannedSource, ScannedTable
from afschrift.datamap.scan.ways.edges import Edge
from afschrift.datamap.scan.ways.name_parts import flat
from afschrift.domain.sources import Dialect
from afschrift.domain.value_kind import ValueKind

ROWS = 40
"""Of a table, for its samples."""
_FIRST_WILL_DO = 100
"""Times the rows that are wanted: of a smaller table the first ones are read."""
_COMPARED = 50
_LOOKED_AT = 1000
_CHARACTERS = 200
SEEN = "values are there"
"""At the end of why a guess is made that values speak for."""
_LARGE = 1_000_000
"""Rows of a table above which it is not searched for values without an index."""
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


def overlap_statement(dialect: Dialect, edge: Edge) -> str:
    """How many of some values of a column there are, and how many of them the other table has."""
    own, theirs = dialect.quote(edge.columns[0]), dialect.quote(edge.parent_columns[0])
    return (
        "SELECT count(*), coalesce(sum(CASE WHEN EXISTS (\n"  # noqa: S608 - quoted
        f"SELECT 1 FROM {dialect.relation(edge.parent)} AS p WHERE p.{theirs} = s.v) THEN 1 ELSE 0 END), 0)\n"
        f"FROM (SELECT DISTINCT f.v FROM (SELECT t.{own} AS v\nFROM {dialect.relation(edge.table)} AS t\n"
        f"LIMIT {_LOOKED_AT}) AS f WHERE f.v IS NOT NULL LIMIT {_COMPARED}) AS s"
    )


def distinct_statement(dialect: Dialect, table: str, column: str) -> str:
    """Of some rows: how many there are, how many values a column has in them."""
    return (
        f"SELECT count(*), count(DISTINCT f.v) FROM (SELECT t.{dialect.quote(column)} AS v\n"  # noqa: S608 - quoted
        f"FROM {dialect.relation(table)} AS t\nLIMIT {_LOOKED_AT}) AS f"
    )


def compared(
    reader: StatementRunner, source: ScannedSource, edges: Sequence[Edge], notes: list[str]
) -> Iterator[Edge]:
    """The guesses that values do not contradict, each with what was seen.

    Of at most 50 different values nine in ten must be in the other table.
    """
    keys = {
        (table.name, key[0]) for table in source.tables.values() for key in (table.key, *table.unique) if key
    }
    for edge in edges:
        table, parent = source.tables[edge.table], source.tables[edge.parent]
        indexed = (parent.name, edge.parent_columns[0]) in keys
        too_large = not indexed and (parent.rows or 0) > _LARGE
        if table.computed or parent.computed or too_large:
            yield replace(edge, guess=f"{edge.guess}; values were not compared")
            continue
        try:
            [(count, there)] = reader.rows(overlap_statement(reader.dialect, edge))
        except NotAnsweredError as error:
            notes.append(f"{edge.text} was not compared: {error.args[0]}")
            yield replace(edge, guess=f"{edge.guess}; values were not compared")
            continue
        if not int(count):
            yield replace(edge, guess=f"{edge.guess}; there is no value to compare")
        elif int(there) >= 0.9 * int(count):
            yield replace(edge, guess=f"{edge.guess}; {there} of {count} {SEEN}")
