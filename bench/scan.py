"""Seconds of a scan of 2,000 tables with 50 columns each: `python -m bench.scan [--kind sqlite|postgres]`.

Half of the tables have foreign keys; of the others, names and values have to tell. Each has some rows.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from testbed import postgres

from afschrift.app.project import SHIPPED
from afschrift.datamap.scan.scan_source import Asked, scan_source

_SUBJECTS = "order invoice payment ticket parcel lease visit claim policy course loan meter trip review"
_PARTS = "line note event status item log batch file plan price term link tag step score change"
_COLUMNS = (
    "name title description remark created_at updated_at first_name last_name email phone street city "
    "postal_code country amount currency quantity unit_price total status type code score level priority "
    "birth_date iban vat_number ip_address user_agent latitude longitude started_at ended_at due_on paid_on "
    "reference source channel language token is_active is_deleted version position length width weight colour"
)
_TEXT = ("name", "title", "remark", "email", "city", "code")


def tables(count: int, width: int) -> Iterator[tuple[str, list[str], str | None]]:
    """Name, columns and the table that it points to; `customer` is the first."""
    chance = random.Random(7)
    subjects, parts = _SUBJECTS.split(), _PARTS.split()
    yield "customer", _some(chance, 1000)[: width - 1], None
    names = ["customer"]
    for number in range(1, count):
        name = f"{chance.choice(subjects)}_{chance.choice(parts)}_{number}"
        parent = "customer" if number % 9 == 0 else chance.choice(names[-60:])
        yield name, _some(chance, width - 2), parent
        names.append(name)


def _some(chance: random.Random, count: int) -> list[str]:
    """Names as tables have them; more than there are get a number."""
    names = _COLUMNS.split()
    numbered = [f"{name}_{number}" for number in range(2, 9) for name in names]
    return chance.sample(names, min(count, len(names))) + numbered[: max(0, count - len(names))]


def statements(count: int, width: int, rows: int) -> Iterator[str]:
    """That make and fill the tables."""
    for number, (name, columns, parent) in enumerate(tables(count, width)):
        key = f"{name}_id"
        pointer = f", {parent}_id INTEGER" if parent else ""
        if parent and number % 2:
            pointer += f" REFERENCES {parent} ({parent}_id)"
        listed = ", ".join(f"{column} {_type(column)}" for column in columns)
        yield f"CREATE TABLE {name} ({key} INTEGER PRIMARY KEY{pointer}, {listed})"
        of_row = [
            f"({row}{f', {row}' if parent else ''}, {_values(columns, row)})" for row in range(1, rows + 1)
        ]
        yield f"INSERT INTO {name} VALUES {', '.join(of_row)}"


def _type(column: str) -> str:
    return "TEXT" if column.startswith(_TEXT) else "INTEGER"


def _values(columns: list[str], row: int) -> str:
    return ", ".join(f"'value {row} of {c}'" if _type(c) == "TEXT" else str(row) for c in columns)


@contextmanager
def _source(kind: str, folder: Path, made: list[str]) -> Iterator[Asked]:
    for name in ("controller.yml", "policy.yml"):  # of a project, so that the draft is loaded too
        shutil.copy(SHIPPED / "project" / "inventory" / name, folder)
    out = folder / "draft.yml"
    if kind == "sqlite":
        path = folder / "many.db"
        with closing(sqlite3.connect(path)) as con:
            con.execute("BEGIN")
            for statement in made:
                con.execute(statement)
            con.commit()
        yield Asked(kind=kind, options={"path": str(path)}, out=out)
        return
    with postgres.running(durable=False) as server:
        database = server.create()
        for start in range(0, len(made), 500):  # a transaction keeps a lock for each of its tables
            database.execute(";\n".join(made[start : start + 500]))
        database.execute("ANALYZE")
        os.environ["AIRFLOW_CONN_MANY"] = database.libpq
        yield Asked(connection="many", out=out)


def main() -> None:
    """Measure."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kind", choices=("sqlite", "postgres"), action="append")
    asked.add_argument("--tables", type=int, default=2000)
    asked.add_argument("--columns", type=int, default=50)
    asked.add_argument("--rows", type=int, default=20)
    given = asked.parse_args()
    made = list(statements(given.tables, given.columns, given.rows))
    for kind in given.kind or ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as folder, _source(kind, Path(folder), made) as source:
            began, cpu = time.perf_counter(), time.process_time()
            scanned = scan_source(source, print)
            seconds, used = time.perf_counter() - began, time.process_time() - cpu
            size = len(scanned.text) / 1e6
            print(f"{kind}: {seconds:.1f} s ({used:.1f} s CPU here), draft of {size:.1f} MB")
            for line in (*scanned.found, *scanned.next_steps)[:12]:
                print(f"    {line[:200]}")


if __name__ == "__main__":
    main()
