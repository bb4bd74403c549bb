"""A person in a table of Delta Lake with many files, beside plain DuckDB over the files that hold them.

    python -m bench.lakehouse make FOLDER ROWS FILES     four lakes of the same rows; once
    python -m bench.lakehouse statement FOLDER PERSON    of a planned request
    python -m bench.lakehouse read | plain LAKE PERSON
    python -m bench.lakehouse plan FILES                 an empty table whose log names so many files
    python -m bench.lakehouse together LAKE PERSONS ALONE

Prints JSON. The lakes are `sorted` by the person and not, each also with a hundredth of the rows of each
fourth file under deletion vectors, which Sail wrote.
`bench.run --only lakehouse` runs all of them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable, Field, Schema
from deltalake.transaction import AddAction

from afschrift.domain.keys import Key
from afschrift.sources.delta.delta_lake import DeltaLake
from afschrift.sources.options import Opening

EACH = 40
_STATEMENT = "statement.sql"
_AT = "2026-01-01T00:00:00Z"
LAKES = ("sorted", "unsorted", "sorted_deleted", "unsorted_deleted")
_COLUMNS = {
    "event_id": "long",
    "customer_id": "long",
    "at": "timestamp_ntz",
    "amount": "decimal(12,2)",
    "shop": "string",
    "device": "string",
    "note": "string",
}


def make(folder: Path, rows: int, files: int) -> None:
    """Write the files once; the lakes with deletes have links to them."""
    from bench.batch import ROWS

    in_order = ROWS.replace("(CAST(i AS BIGINT) * 7919) % {customers}", f"i // {EACH}")
    with duckdb.connect() as con:
        for name, select in (("sorted", in_order), ("unsorted", ROWS)):
            actions = []
            for lake in (name, f"{name}_deleted"):
                (folder / lake / "event").mkdir(parents=True)
            for number in range(files):
                begin, end = rows * number // files, rows * (number + 1) // files
                part = f"part-{number}.parquet"
                target = folder / name / "event" / part
                written = select.format(customers=rows // EACH, range=f"range({begin}, {end}) AS r(i)")
                con.execute(f"COPY ({written}) TO '{target}' (FORMAT parquet)")
                os.link(target, folder / f"{name}_deleted" / "event" / part)
                bounds = f"SELECT min(customer_id), max(customer_id) FROM '{target}'"
                actions.append(
                    _action(part, target.stat().st_size, end - begin, *con.execute(bounds).fetchall()[0])
                )
            for lake in (name, f"{name}_deleted"):
                _commit(folder / lake / "event", actions, vectors=lake in LAKES[2:])
    from testbed.sail import spark

    with spark() as run:
        for name in LAKES[2:]:
            place = folder / name / "event"
            run(f"DELETE FROM delta.`{place}` WHERE event_id % 100 = 7 AND event_id < {rows // 4}")


def _action(path: str, size: int, rows: int, low: int, high: int) -> AddAction:
    bounds = {
        "minValues": {"customer_id": low},
        "maxValues": {"customer_id": high},
        "nullCount": {"customer_id": 0},
    }
    return AddAction(path, size, {}, 0, True, json.dumps({"numRecords": rows, **bounds}))


def _commit(table: Path, actions: list[AddAction], *, vectors: bool = False) -> None:
    schema = Schema([Field(name, native) for name, native in _COLUMNS.items()])
    set_ = {"delta.enableDeletionVectors": "true"} if vectors else {}
    made = DeltaTable.create(str(table), schema, configuration=set_)
    made.create_write_transaction(actions, "append", schema, [])


def statement(folder: Path, person: int) -> dict[str, Any]:
    """Keep the statement of a planned request, so that reading has a process of its own."""
    from afschrift.steps.extract import gated_extract
    from bench.batch import installed, planned

    with tempfile.TemporaryDirectory() as name:
        services = installed(Path(name), "delta", f"options: {{root: '{folder / 'sorted'}'}}")
        gate = gated_extract(services, planned(services, person), "shop")
    (folder / _STATEMENT).write_text(gate.plan.extracts[0].statement, encoding="utf-8")
    return {}


def read(lake: Path, person: int) -> dict[str, Any]:
    """What the step `extract` reads: `planning` is the session with its log and the choice of files."""
    text = (lake.parent / _STATEMENT).read_text(encoding="utf-8")
    began = time.perf_counter()
    with DeltaLake(Opening("shop", {"root": str(lake)})) as session:
        session.bind([Key("customer_id", str(person))], _AT)
        [reading] = session.estimate(text).readings
        chosen = time.perf_counter()
        rows = sum(batch.num_rows for batch in session.stream(text))
    ended = time.perf_counter()
    return {
        "planning": chosen - began,
        "seconds": ended - chosen,
        "rows": rows,
        "files": reading.files,
        "of": reading.of_files,
    }


def plain(lake: Path, person: int) -> dict[str, Any]:
    """The same rows by DuckDB, over the files that hold them; deleted rows are not taken out."""
    parts = sorted((lake / "event").glob("part-*.parquet"))
    if lake.name.startswith("sorted"):
        total = duckdb.execute(f"SELECT count(*) FROM '{parts[0]}'").fetchall()[0][0] * len(parts)
        parts = [lake / "event" / f"part-{(person - 1) * EACH * len(parts) // total}.parquet"]
    names = ", ".join(f"'{part}'" for part in parts)
    began = time.perf_counter()
    with duckdb.connect() as con:
        con.execute(f"SET threads = {min(4, os.cpu_count() or 1)}; SET memory_limit = '2GB'")
        select = f"SELECT * FROM read_parquet([{names}]) WHERE customer_id = {person} ORDER BY event_id"
        found = con.sql(select).to_arrow_table()
    return {"seconds": time.perf_counter() - began, "rows": found.num_rows, "files": len(parts)}


def plan_many(files: int) -> dict[str, Any]:
    """Open a table whose log names so many files, and choose those of a person; no file is there."""
    with tempfile.TemporaryDirectory() as name:
        actions = [_action(f"part-{n}.parquet", 1000, 750, n * 750, n * 750 + 749) for n in range(files)]
        (Path(name) / "event").mkdir()
        _commit(Path(name) / "event", actions)
        began = time.perf_counter()
        with DeltaLake(Opening("shop", {"root": name})) as session:
            session.bind([Key("customer_id", "5000")], _AT)
            keys = f"SELECT TRY_CAST(k.value AS BIGINT) FROM {session.dialect.keys} AS k"
            wanted: list[Any] = []
            session._show = lambda _table, _log, mask: wanted.append(mask)
            session._choose_files(f"SELECT t.note FROM event AS t WHERE t.customer_id IN ({keys})")
        return {"seconds": time.perf_counter() - began, "files": int(wanted[0].sum()), "of": files}


def together(lake: Path, persons: int, alone: int) -> dict[str, Any]:
    """Milliseconds of CPU a person, read and staged alone and together; `steps` of the whole step."""
    from afschrift.batch.fulfil_batch import extract_batch
    from afschrift.batch.source_pass import TOGETHER
    from afschrift.steps.extract import extract
    from bench.batch import Cost, installed, planned

    with tempfile.TemporaryDirectory() as name:
        services = installed(Path(name), "delta", f"options: {{root: '{lake}'}}")
        sharing = replace(services, versions={})
        requests = [planned(sharing, person) for person in range(1, alone + persons + 1)]
        single = Cost.of(lambda: [extract(services, request, "shop") for request in requests[:alone]], None)
        outcomes: dict[str, str] = {}
        all_ = Cost.of(
            lambda: outcomes.update(
                extract_batch(services, "shop", requests[alone:], "bench", lambda _: services)
            ),
            None,
        )
        assert set(outcomes.values()) == {TOGETHER}, outcomes
        return {
            "alone": single.read(alone),
            "together": all_.read(persons),
            "steps": [single.each(alone), all_.each(persons)],
        }


def main() -> None:
    """Run a part."""
    what, *given = sys.argv[1:]
    if what == "make":
        make(Path(given[0]), int(given[1]), int(given[2]))
        found: dict[str, Any] = {}
    elif what == "plan":
        found = plan_many(int(given[0]))
    elif what == "together":
        found = together(Path(given[0]), int(given[1]), int(given[2]))
    elif what == "statement":
        found = statement(Path(given[0]), int(given[1]))
    else:
        found = (read if what == "read" else plain)(Path(given[0]), int(given[1]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
