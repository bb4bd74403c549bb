"""A step that touches no rows loads nothing that reads, writes or looks through them."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    *("adbc_driver_postgresql", "duckdb", "numpy", "pandas", "phonenumbers", "polars", "psycopg", "pyarrow"),
    *("pymysql", "rfc3161_client"),
}
LOADED = """
import sys
import afschrift.wiring.build_services
from afschrift.steps.assess import assess
from afschrift.steps.close import close, wipe
from afschrift.steps.claims import check_claims
from afschrift.app.roles_file import load_roles
print(*{name.partition(".")[0] for name in sys.modules})
from afschrift.sources.registry import open_source
open_source("shop", "sqlite", {"path": "x"})
print(*{name.partition(".")[0] for name in sys.modules})
"""
PANDAS = """
import pkgutil, sys
from afschrift import steps
from afschrift.sources.registry import SOURCES
from afschrift.values.without_pandas import keep_pandas_out
for step in pkgutil.walk_packages(steps.__path__, "afschrift.steps."):
    __import__(step.name)
print("imported:", "pandas" in sys.modules)
keep_pandas_out()
for adapter in SOURCES.values():
    __import__(adapter.module)
import pyarrow as pa
pa.Table.from_pylist([{"a": "x"}])
print("used:", "pandas" in sys.modules)
import pandas
print("frame:", len(pa.table({"a": [1]}).to_pandas()), len(pandas.DataFrame({"a": [1]})))
"""


def printed(code: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_a_step_loads_nothing_for_rows_until_a_source_is_opened() -> None:
    steps, opened = (set(line.split()) for line in printed(LOADED))
    assert steps & HEAVY == set()
    assert "pyarrow" in opened
    assert "duckdb" not in opened


def test_pandas_is_loaded_by_no_step_and_no_source() -> None:
    assert printed(PANDAS) == ["imported: False", "used: False", "frame: 1 1"]
