from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from demo.build import LAKE, SHOP, build
from demo.lake import TABLES
from tests.support.demo_warehouse import SCALE, once


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Both sources in one session: the shop's tables by name, the lake's as `app.<name>`."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{folder / SHOP}' AS shop (READ_ONLY)")
    con.execute("ATTACH ':memory:' AS app")
    for table in TABLES:
        files = folder / LAKE / table / "*" / "*.parquet"
        con.execute(
            f"CREATE VIEW app.{table} AS SELECT * FROM read_parquet('{files}', hive_partitioning = true)"
        )
    con.execute("USE shop")
    return con


@pytest.fixture(scope="session")
def demo_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a file of the lake for each day, as everybody's demo has it."""
    name = "demo-warehouse-by-day"
    return once(tmp_path_factory, name, lambda into: build(into, SCALE, say=lambda _: None))


@pytest.fixture(scope="session")
def demo_rows(demo_warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = connect(demo_warehouse)
    yield con
    con.close()
