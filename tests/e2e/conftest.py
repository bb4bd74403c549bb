"""The demo warehouse and an installation of the product on it, for the proofs over the whole product."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from demo.build import build
from tests.e2e import hand_sql
from tests.e2e.office import Office
from tests.support.once import once

SCALE = float(os.environ.get("AFSCHRIFT_TEST_SCALE", "0.02"))
"""Size of the demo warehouse; 1.0 has 5,000 customers and 3 million rows."""


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only; `demo_warehouse` of other tests is the same folder."""
    name = "demo-warehouse" if SCALE == 0.02 else f"demo-warehouse-{SCALE}"
    return once(tmp_path_factory, name, lambda into: build(into, SCALE, say=lambda _: None))


@pytest.fixture(scope="session")
def by_hand(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with hand_sql.connect(warehouse) as con:
        yield con


@pytest.fixture(scope="session")
def office(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office.open(tmp_path_factory.mktemp("office"), warehouse)
