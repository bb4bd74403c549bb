"""The demo warehouse and an installation of the product on it, for the proofs over the whole product."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.e2e import hand_sql
from tests.e2e.office import Office


@pytest.fixture(scope="session")
def by_hand(demo_warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with hand_sql.connect(demo_warehouse) as con:
        yield con


@pytest.fixture(scope="session")
def office(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office.open(tmp_path_factory.mktemp("office"), demo_warehouse)
