"""A shop and an app of three tables, for runs of DAGs in which the data do not matter.

They have the names, the kinds and the customers of the demo, whose 31 tables take most of the seconds of a run.
"""

from pathlib import Path

import duckdb
import pytest
from demo.people import HEAVY
from tests.support import maps
from tests.support.family import CONTROLLER
from tests.support.installed import CUSTOMERS

ROWS = """
CREATE TABLE device AS SELECT 'phone-' || n AS device_id, n::BIGINT AS customer_id,
  TIMESTAMPTZ '2026-01-01 00:00:00Z' AS paired_at, NULL::TIMESTAMPTZ AS unpaired_at FROM unnest(?) t(n);
"""
LOGINS = """
CREATE TABLE login AS SELECT row_number() OVER () AS login_id, customer_id, TIMESTAMPTZ '2026-02-02 10:00:00Z' AS at
FROM device;
"""
EVENTS = """
COPY (SELECT device_id, TIMESTAMPTZ '2026-02-02 10:00:00Z' AS at, 'opened' AS name FROM device) TO '{file}';
"""


def write_inventory(folder: Path) -> Path:
    sources = {name: maps.text(f"two_sources_{name}.yml") for name in ("shop", "app")}
    return maps.write(folder, controller=CONTROLLER, **sources)


@pytest.fixture(scope="session")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which each customer has a row of each table; copy it before changing it."""
    folder = tmp_path_factory.mktemp("two-sources")
    events = folder / "lake" / "app_event" / "events.parquet"
    events.parent.mkdir(parents=True)
    (folder / "demo.json").touch()  # with which `afschrift up` takes it for the demo, and builds none
    with duckdb.connect(str(folder / "shop.duckdb")) as shop:
        shop.execute(ROWS, [[HEAVY.number, *CUSTOMERS]])
        shop.execute(LOGINS + EVENTS.format(file=events))
    return folder
