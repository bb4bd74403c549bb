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
from tests.support.demo_warehouse import SCALE as SMALL
from tests.support.demo_warehouse import small_demo
from tests.support.once import once

SCALE = float(os.environ.get("AFSCHRIFT_TEST_SCALE", SMALL))
"""Size of the demo warehouse; 1.0 has 5,000 customers and 3 million rows."""


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only; `demo_warehouse` of other tests is the same folder."""
    if SCALE == SMALL:
        return small_demo(tmp_path_factory)
    return once(
        tmp_path_factory, f"demo-warehouse-{SCALE}", lambda into: build(into, SCALE, say=lambda _: None)
    )


@pytest.fixture(scope="session")
def by_hand(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with hand_sql.connect(warehouse) as con:
        yield con


@pytest.fixture(scope="session")
def office(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office.open(tmp_path_factory.mktemp("office"), warehouse)
