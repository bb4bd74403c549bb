"""One table of millions of narrow rows in no order, as a DuckDB file or a lake, and one person's of them by hand."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import duckdb
from testbed.mini import CONTROLLER, IDENTITY, POLICY

PERSON = "1"
_TABLE = "reading"
_INVENTORY = """
source: band
kind: {kind}
options: {options}
unlisted: ignore
zone: UTC
purposes:
  account: {{basis: A6-1-b, title: {{nl: Account, en: Account}}}}
tables:
  reading:
    subject: {{customer_id: customer_id}}
    key: [reading_id]
    purposes: [account]
    columns:
      reading_id: {{origin: provided}}
      customer_id: {{origin: provided}}
      at: {{origin: provided}}
      bpm: {{origin: provided}}
"""
_ROWS = """
SELECT (i * 7919) % {all} AS reading_id, CAST(CASE WHEN i % 11 = 0 THEN 2 ELSE 1 END AS INTEGER) AS customer_id,
  TIMESTAMP '2024-01-01 00:00:00' + i * INTERVAL 1 SECOND AS at,
  CASE WHEN i % 7 = 0 THEN NULL ELSE CAST(50 + i % 120 AS SMALLINT) END AS bpm
FROM range({all}) AS r(i)
"""
_BY_HAND = r"""
SELECT reading_id || ',' || customer_id || ',' || strftime("at", '%Y-%m-%dT%H:%M:%S') || ','
  || coalesce(CAST(bpm AS VARCHAR), '\N') || chr(13) || chr(10)
FROM (SELECT * FROM {table} WHERE customer_id = 1 ORDER BY reading_id)
"""


def fill(kind: str, rows: int, folder: Path) -> str:
    """A warehouse in which the person has so many rows, and another one a tenth; where it is, as SQL reads it."""
    made = _ROWS.format(all=rows * 11 // 10)
    if kind == "parquet":
        (folder / "lake" / _TABLE).mkdir(parents=True)
        file = folder / "lake" / _TABLE / "part.parquet"
        duckdb.sql(f"COPY ({made}) TO '{file}' (FORMAT parquet)")
        return f"read_parquet('{file}')"
    with duckdb.connect(str(folder / "band.duckdb")) as con:
        con.execute(f"CREATE TABLE {_TABLE} AS {made}")
    return _TABLE


def write_inventory(kind: str, folder: Path) -> Path:
    """The inventory of that warehouse."""
    place = f"{{root: {folder}/lake}}" if kind == "parquet" else f"{{path: {folder}/band.duckdb}}"
    (folder / "inventory").mkdir()
    for name, text in {
        "band": _INVENTORY.format(kind=kind, options=place),
        "identity": IDENTITY,
        "controller": CONTROLLER,
        "policy": POLICY,
    }.items():
        (folder / "inventory" / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder / "inventory"


def by_hand(table: str, folder: Path) -> tuple[int, str]:
    """How many rows SQL finds of the person, and the SHA-256 of their lines in the order of the key."""
    file = folder / "band.duckdb"
    taken, rows = hashlib.sha256(), 0
    with duckdb.connect(str(file), read_only=True) if file.exists() else duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = true")
        for batch in con.sql(_BY_HAND.format(table=table)).to_arrow_reader(65_536):
            rows += batch.num_rows
            taken.update("".join(batch.column(0).to_pylist()).encode())
    return rows, taken.hexdigest()


def given(bundle: Path) -> tuple[int, str]:
    """The same of the CSV file of a bundle, without its header."""
    taken, rows = hashlib.sha256(), 0
    with zipfile.ZipFile(bundle) as packed:
        [name] = [name for name in packed.namelist() if name.endswith(f"/{_TABLE}.csv")]
        with packed.open(name) as file:
            header = file.readline()
            assert header == b"reading_id,customer_id,at,bpm\r\n", header
            while some := file.read(1 << 20):
                rows += some.count(b"\n")
                taken.update(some)
    return rows, taken.hexdigest()
