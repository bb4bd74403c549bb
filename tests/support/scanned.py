"""For tests of the scan: a SQLite file made by statements, columns made by hand, and lists of expected proposals."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tests.support.data import lines

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.evidence import TextSample
from afschrift.datamap.scan.proposal import ColumnProposal, propose
from afschrift.datamap.scan.scan_findings import Findings, find
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable, read_source
from afschrift.datamap.scan.table_context import TableRole
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source


def made(path: Path, statements: str) -> Path:
    with closing(sqlite3.connect(path)) as con:
        con.executescript(statements)
        con.commit()
    return path


def found(
    path: Path, statements: str, persons: Sequence[tuple[str, str | None]] = (), *, values: bool = True
) -> Findings:
    """What is found in a new file of these statements."""
    made(path, statements)
    with StatementRunner(lambda: open_source("w", "sqlite", {"path": str(path)})) as reader:
        return find(reader, read_source(reader), persons, values=values)


def ways(findings: Findings) -> dict[str, list[str]]:
    """Table -> its ways, in words."""
    return {name: [way.text for way in place.ways] for name, place in findings.places.items() if place.ways}


FOLDER = Path(__file__).parents[1] / "unit" / "datamap" / "scan"


def column(name: str, kind: str = "text", comment: str = "", native: str = "") -> ScannedColumn:
    of = ColumnType(native or kind, ValueKind(kind) if kind else None, "{column}")
    return ScannedColumn(name, of, comment=comment)


def proposed(
    name: str,
    kind: str = "text",
    *values: str,
    table: str = "customer",
    role: TableRole = TableRole.PERSON,
    comment: str = "",
    others: tuple[str, ...] = (),
    native: str = "",
) -> ColumnProposal:
    """What one column of a table is taken for."""
    scanned = column(name, kind, comment, native)
    whole = ScannedTable(table, (scanned, *map(column, others)))
    return propose(whole, scanned, role, TextSample(values) if values else None)


def listed(file: str) -> Iterator[tuple[dict[str, str], ColumnProposal]]:
    """Each row of a list of columns that are known, with its proposal."""
    rows = lines(str(FOLDER / "scanned"), file)
    tables: dict[tuple[str, str], list[ScannedColumn]] = defaultdict(list)
    for row in rows:
        tables[row["sector"], row["table"]].append(column(row["column"], row["kind"], row["comment"]))
    for row in rows:
        columns = tables[row["sector"], row["table"]]
        scanned = next(c for c in columns if c.name == row["column"])
        yield row, propose(ScannedTable(row["table"], tuple(columns)), scanned, TableRole(row["role"]))


def outcomes(file: str) -> tuple[Counter[str], Counter[str], list[str]]:
    """How many origins and categories of a list are right, wrong and open, and which are wrong."""
    origins, categories, wrong = Counter[str](), Counter[str](), []
    for row, made in listed(file):
        origin = made.origin.value if made.origin else ""
        origins[_outcome(origin, {row["origin"]})] += 1
        if row["category"]:
            categories[_outcome(made.category or "", set(row["category"].split("|")))] += 1
        if origin and origin != row["origin"]:
            wrong.append(f"{row['table']}.{row['column']}: {origin}, not {row['origin'] or 'open'}")
    return origins, categories, wrong


def _outcome(got: str, wanted: set[str]) -> str:
    if not got:
        return "rightly open" if "" in wanted else "open"
    return "right" if got in wanted else "wrong"
