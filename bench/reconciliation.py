"""What the reconciliation of an extract costs: requests without it, with a sample, and with all rows.

    python -m bench.reconciliation [--rows 200000] [--repeat 3]

In turns, in one run: 19 awkward columns of PostgreSQL, the like of DuckDB, and the small shop of the tests,
of which every row is always hashed. Prints the least seconds of each, what it adds, and the same of
our own seconds of CPU, which a busy machine does not change. The product cannot do without it; this
file takes its place in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from testbed import mini

from afschrift.domain.extracted import Compared
from afschrift.steps import source_reading
from bench import request
from bench.measure import watch
from bench.warehouse import COLUMNS, INVENTORY, filled, write_inventory

_ROOT = Path(__file__).parents[1]
_MODES = {"none": "5", "sample": "5", "all": "100"}
_DUCKDB = """
CREATE TABLE event AS SELECT i AS event_id, 1::BIGINT AS customer_id,
  (i * 1.0000000007)::DECIMAL(38, 10) AS amount, (i % 97)::DECIMAL(18, 6) AS tiny,
  TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL '1.000007 s' AS at,
  TIMESTAMP '2024-01-01' + i * INTERVAL 1 MINUTE AS local_at, DATE '2000-01-01' + (i % 9000)::INT AS day,
  TIME '00:00' + (i % 86400) * INTERVAL 1 SECOND AS clock, (i % 5000) * INTERVAL 1 MINUTE AS lasted,
  ('00000000-0000-4000-8000-' || lpad(i::VARCHAR, 12, '0'))::UUID AS token,
  json_object('n', i, 'price', 1.10, 'of', [i % 7]) AS detail, '10.' || i % 250 || '.0.1' AS address,
  [(i % 10)::INT, (i % 11)::INT] AS numbers, ['a' || i % 13, 'b"c'] AS tags, md5(i::VARCHAR)::BLOB AS payload,
  CASE WHEN i % 10 = 0 THEN NULL ELSE 'A note, "quoted", number ' || i END AS note, i % 3 = 0 AS flag,
  i / 7.0::DOUBLE AS measure, ['calm', 'busy', 'away'][1 + i % 3] AS mood
FROM range(1, {rows} + 1) r(i)
"""


class NoComparison:
    """In the place of the comparison: nothing is compared."""

    documents: frozenset[str] = frozenset()

    def __init__(self, *_: Any) -> None:
        self.rows = 0

    def begin(self) -> None:
        """Nothing."""

    def take(self, text: pa.RecordBatch) -> None:
        """Count the rows."""
        self.rows += text.num_rows

    def require(self, again: Iterable[Any]) -> Compared:  # noqa: ARG002
        """As if it were compared, so that the later steps go on."""
        return Compared(self.rows, 0)


def one_request() -> None:
    """A request in this process: `--one MODE CUSTOMER FORMAT`."""
    if sys.argv.pop(2) == "none":
        source_reading.Comparison = NoComparison  # type: ignore[misc, assignment]
    del sys.argv[1]
    began = time.process_time()
    request.main()
    print(time.process_time() - began)


def inventories(folder: Path, rows: int, database: str) -> dict[str, dict[str, str]]:
    """Case -> what its process finds in the environment."""
    write_inventory(folder / "postgres", "wide")
    write_inventory(folder / "duckdb", "wide")
    path = folder / "events.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(_DUCKDB.format(rows=rows))
    text = INVENTORY.replace("kind: postgres\nconnection: bench", f"kind: duckdb\noptions: {{path: {path}}}")
    listing = "".join(f"      {name}: {{origin: provided}}\n" for name in COLUMNS)
    (folder / "duckdb" / "wide.yml").write_text(text + listing, encoding="utf-8")
    mini.write_inventory(folder / "shop")
    mini.write_database(folder / "shop.duckdb")
    return {
        "postgres": {"AFSCHRIFT_INVENTORY": str(folder / "postgres"), "AIRFLOW_CONN_BENCH": database},
        "duckdb": {"AFSCHRIFT_INVENTORY": str(folder / "duckdb")},
        "small shop": {
            "AFSCHRIFT_INVENTORY": str(folder / "shop"),
            "MINI_SHOP": str(folder / "shop.duckdb"),
        },
    }


def seconds(environment: dict[str, str], mode: str, customer: int) -> tuple[float, float]:
    """Of one request: of all steps, and of CPU."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        path = os.pathsep.join((str(_ROOT / "plugins"), str(_ROOT)))
        share = {"AFSCHRIFT_HASHED_PERCENT": _MODES[mode], "AFSCHRIFT_HOME": home, "PYTHONPATH": path}
        command = [sys.executable, "-m", "bench.reconciliation", "--one", mode, str(customer), "csv"]
        *_, steps, cpu = watch(command, os.environ | environment | share).output.splitlines()
        return sum(took for step, took in json.loads(steps).items() if step != "rows"), float(cpu)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--one"]:
        one_request()
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    with (
        filled((given.rows, given.rows // 10), ()) as warehouse,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        found = inventories(Path(folder), given.rows, warehouse.database.libpq)
        for case, environment in found.items():
            turns = [{mode: seconds(environment, mode, 1) for mode in _MODES} for _ in range(given.repeat)]
            for measure, name in enumerate(("seconds", "of CPU")):
                took = {mode: min(turn[mode][measure] for turn in turns) for mode in _MODES}
                more = {mode: took[mode] / took["none"] - 1 for mode in ("sample", "all")}
                print(
                    f"{case:12} {name:8} {took['none']:6.2f} without, {took['sample']:6.2f} with a sample "
                    f"({more['sample']:+.0%}), {took['all']:6.2f} with all rows ({more['all']:+.0%})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
