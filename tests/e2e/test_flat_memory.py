"""Memory of a request does not grow with its rows where DuckDB puts them in order: 5 million and 20 million.

`make test-flat` runs it (AFSCHRIFT_FLAT_ROWS); it takes minutes, and 3 GB of disk. 514 and 530 MB were
measured from a file on two cores.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from bench.measure import watch
from tests.support.large_table import PERSON, by_hand, fill, given, write_inventory

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
        [bundle] = (folder / "home").rglob("*.zip")
        assert given(bundle) == by_hand(table, folder)
        assert given(bundle)[0] == rows
        peaks.append(seen.peak_mb)
        with capsys.disabled():
            print(f"\n{kind}: {rows:,} rows, {seen.peak_mb:.0f} MB, {seen.seconds:.0f} s", end="")
        shutil.rmtree(folder)
    assert max(peaks) < MOST_MB
    assert peaks[-1] <= peaks[0] * 1.15
