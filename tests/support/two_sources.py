"""A shop and an app of three tables, for runs of DAGs in which the data do not matter.

They have the names, the kinds and the customers of the demo, whose 31 tables take most of the seconds of a run.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from demo.people import HEAVY
from testbed.mini import POLICY
from tests.support.family import CONTROLLER
from tests.support.installed import CUSTOMERS

DECIDED = "decided: {by: privacy officer, on: 2026-01-15, why: Seen by the shop.}"
SHOP = f"""
source: shop
kind: duckdb
options: {{path: "${{AFSCHRIFT_DEMO_DATA}}/shop.duckdb"}}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, from: login.at}}
    recipients: []
defaults: {{purposes: [account]}}
tables:
  login:
    subject: {{customer_id: customer_id}}
    key: [login_id]
    {DECIDED}
    columns:
      login_id: {{origin: assigned, category: user.unique_id}}
      customer_id: {{origin: assigned, category: user.unique_id}}
      at: {{origin: observed, category: user.account}}
  device:
    subject: {{customer_id: customer_id, device_id: {{column: device_id, valid_from: paired_at, valid_to: unpaired_at}}}}
    key: [device_id]
    {DECIDED}
    columns:
      device_id: {{origin: observed, category: user.device.device_id}}
      customer_id: {{origin: assigned, category: user.unique_id}}
      paired_at: {{origin: observed, category: user.device}}
      unpaired_at: {{origin: observed, category: user.device}}
"""
APP = f"""
source: app
kind: parquet
options: {{root: "${{AFSCHRIFT_DEMO_DATA}}/lake"}}
zone: UTC
purposes:
  app:
    basis: A6-1-b
    title: {{nl: App, en: App}}
    retention: {{period: P1Y, from: app_event.at}}
    recipients: []
defaults: {{purposes: [app]}}
tables:
  app_event:
    subject: {{device_id: {{column: device_id, at: at}}}}
    {DECIDED}
    columns:
      device_id: {{origin: observed, category: user.device.device_id}}
      at: {{origin: observed, category: user.behavior}}
      name: {{origin: observed, category: user.behavior}}
"""
IDENTITY = """
person: customer_id
keys:
  customer_id: {unique: "yes"}
  email: {unique: over_time}
  device_id: {unique: over_time}
"""
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
    """The data map of both."""
    folder.mkdir(parents=True)
    files = {"shop": SHOP, "app": APP, "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which each customer has a row of each table; copy it before changing it."""
    folder = tmp_path_factory.mktemp("two-sources")
    events = folder / "lake" / "app_event" / "events.parquet"
    events.parent.mkdir(parents=True)
    with duckdb.connect(str(folder / "shop.duckdb")) as shop:
        shop.execute(ROWS, [[HEAVY.number, *CUSTOMERS]])
        shop.execute(LOGINS + EVENTS.format(file=events))
    return folder
