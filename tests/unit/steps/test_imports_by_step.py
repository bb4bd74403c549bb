"""A step that touches no rows loads nothing that reads, writes or looks through them."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    *("adbc_driver_postgresql", "duckdb", "numpy", "pandas", "phonenumbers", "polars", "psycopg", "pyarrow"),
    *("pymysql", "rfc3161_client"),
}
STEPS = {"assess": "assess", "close": "close", "wipe": "close"}
LOADED = """
import sys
import afschrift.wiring.build_services
from afschrift.steps.{module} import {step}
from afschrift.steps.claims import check_claims
from afschrift.app.roles_file import load_roles
print(*{{name.partition(".")[0] for name in sys.modules}})
"""


def loaded(code: str) -> set[str]:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("step", STEPS)
def test_a_step_without_rows_loads_nothing_for_rows(step: str) -> None:
    assert loaded(LOADED.format(module=STEPS[step], step=step)) & HEAVY == set()


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


def test_pandas_is_loaded_by_no_step_and_no_source() -> None:
    run = subprocess.run([sys.executable, "-c", PANDAS], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["imported: False", "used: False", "frame: 1 1"]


def test_a_source_is_loaded_when_it_is_opened() -> None:
    opened = """
import sys
from afschrift.sources.registry import open_source
open_source("shop", "sqlite", {"path": "x"})
print(*{name.partition(".")[0] for name in sys.modules})
"""
    assert "pyarrow" in loaded(opened)
    assert "duckdb" not in loaded(opened)
