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


def test_a_source_is_loaded_when_it_is_opened() -> None:
    opened = """
import sys
from afschrift.sources.registry import open_source
open_source("shop", "sqlite", {"path": "x"})
print(*{name.partition(".")[0] for name in sys.modules})
"""
    assert "pyarrow" in loaded(opened)
    assert "duckdb" not in loaded(opened)
