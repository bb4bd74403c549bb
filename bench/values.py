"""Seconds and memory of a scan that compares values: `python -m bench.values [--rows 30000000]`.

A DuckDB file without keys: people with a fifteenth of the rows, and tables that point to them under names
that say nothing. The scan runs in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import tempfile
import time
from pathlib import Path

import duckdb

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.scan_findings import find
from afschrift.datamap.scan.schema import read_source
from afschrift.datamap.scan.table_context import TableRole
from afschrift.sources.registry import open_source
from afschrift.values.without_pandas import keep_pandas_out


def make(path: Path, tables: int, rows: int) -> None:
    """Fill a file; half of the tables point to people by uuids."""
    people = rows // 15
    each = (rows - people) // (tables - 1)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "CREATE TABLE t0 AS SELECT md5(i::VARCHAR)::UUID AS a, "
            "'Jan' || chr((97 + i % 26)::INTEGER) AS b, "
            "'Vries' || chr((97 + i % 23)::INTEGER) AS c, 'p' || i || '@example.org' AS d, i AS e, "
            f"DATE '1950-01-01' + (i % 20000)::INTEGER AS f FROM range({people}) r(i)"
        )
        for number in range(1, tables):
            pointer = f"md5((i * 7 % {people})::VARCHAR)::UUID" if number % 2 else f"i * 7 % {people}"
            con.execute(
                f"CREATE TABLE t{number} AS SELECT i AS a, {pointer} AS b, i % 97 AS c, "
                f"'code ' || i % 50 AS d, i * 3 AS e, "
                f"TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS f, i / 3.0 AS g, 'x' || i AS h "
                f"FROM range({each}) r(i)"
            )


def _peak() -> int:
    """Megabytes that this process has held at most; `ru_maxrss` would count its parent's too."""
    return (
        int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[0]) // 1024
    )


def scan(path: str) -> None:
    """Scan, and print what it took."""
    keep_pandas_out()  # as the terminal does
    before, began = _peak(), time.perf_counter()
    options = {"path": path, "statement_timeout": "300s", "memory": "48MB"}
    with StatementRunner(lambda: open_source("values", "duckdb", options)) as reader:
        found = find(reader, read_source(reader))
    seconds = time.perf_counter() - began
    after = _peak()
    roles = [place.role for place in found.places.values()]
    cpu = time.process_time()
    print(
        f"{seconds:.0f} s ({cpu:.0f} s CPU), {after} MB at most, {before} MB before; "
        f"people: {', '.join(found.roots)}; {roles.count(TableRole.CHILD)} tables of theirs, "
        f"{len(found.open)} asked about; {len(found.notes)} notes"
    )


def main() -> None:
    """Measure."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tables", type=int, default=120)
    asked.add_argument("--rows", type=int, default=30_000_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "values.duckdb"
        make(path, given.tables, given.rows)
        process = multiprocessing.get_context("spawn").Process(target=scan, args=(str(path),))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
