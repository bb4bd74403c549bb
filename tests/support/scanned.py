"""A source for tests of the scan: a SQLite file made by statements, and what a scan finds in it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.scan_findings import Findings, find
from afschrift.datamap.scan.schema import read_source
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
