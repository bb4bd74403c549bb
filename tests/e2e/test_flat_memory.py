"""Memory of a request does not grow with its rows where DuckDB puts them in order: 5 million and 20 million.

`make test-flat` runs it (AFSCHRIFT_FLAT_ROWS); it takes minutes, and 3 GB of disk. 514 and 530 MB were
measured from a file on two cores.
"""

import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest
from bench.measure import watch
from testbed.delivered import open_delivered
from tests.support import maps

from afschrift.app.settings import Settings
from afschrift.wiring.build_services import build

PERSON = "1"
_TABLE = "reading"
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
    place = f"{{root: {folder}/lake}}" if kind == "parquet" else f"{{path: {folder}/band.duckdb}}"
    return maps.write(folder / "inventory", band=maps.text("large_table.yml", kind=kind, options=place))


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


SIZES = [int(rows) for rows in os.environ.get("AFSCHRIFT_FLAT_ROWS", "").split(",") if rows]
MOST_MB = 650
"""Of the process with its children and with DuckDB in it, whatever the number of rows."""
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not SIZES, reason="make test-flat runs it")


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_four_times_as_many_rows_take_no_more_memory(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peaks = []
    for rows in SIZES:
        folder = tmp_path / str(rows)
        folder.mkdir()
        table = fill(kind, rows, folder)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "plugins"), str(ROOT))),
            "AFSCHRIFT_HOME": str(folder / "home"),
            "AFSCHRIFT_INVENTORY": str(write_inventory(kind, folder)),
        }
        seen = watch([sys.executable, "-m", "bench.request", PERSON, "csv"], environment)
        services = build(lambda _line: None, Settings.from_environment(environment))
        bundle = open_delivered(services, services.register.requests.all()[0].id)
        assert given(bundle) == by_hand(table, folder)
        assert given(bundle)[0] == rows
        peaks.append(seen.peak_mb)
        with capsys.disabled():
            print(f"\n{kind}: {rows:,} rows, {seen.peak_mb:.0f} MB, {seen.seconds:.0f} s", end="")
        shutil.rmtree(folder)
    assert max(peaks) < MOST_MB
    assert peaks[-1] <= peaks[0] * 1.15
