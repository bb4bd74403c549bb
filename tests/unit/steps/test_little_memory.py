"""A table that DuckDB does not hold in its memory is read, and searched, for a person who has few of its rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from testbed.mini import CONTROLLER, IDENTITY, POLICY
from testbed.running import installation, store

from afschrift.extraction.staged_records import read_record
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

INVENTORY = """
source: shop
kind: {kind}
options: {{{place}, memory: 100MB, threads: 2}}
unlisted: ignore
zone: UTC
purposes:
  account: {{basis: A6-1-b, title: {{nl: Account, en: Account}}}}
tables:
  visit:
    subject: {{customer_id: customer_id, email: {{column: email, match: casefold}}}}
    key: [visit_id]
    purposes: [account]
    columns:
      visit_id: {{origin: observed}}
      customer_id: {{origin: assigned}}
      email: {{origin: provided}}
      note: {{origin: provided}}
"""
ROWS = """
SELECT i AS visit_id, CAST(i % 200000 AS INTEGER) AS customer_id, 'who.' || i % 200000 || '@example.org' AS email,
  repeat(md5(CAST(i AS VARCHAR)) || ' ', 6) AS note
FROM range(800000) AS r(i)
"""


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_little_memory_is_enough_for_a_large_table(kind: str, tmp_path: Path) -> None:
    """Its rows take some 250 MB; a condition that asked the keys row by row would hold them all."""
    if kind == "duckdb":
        place = f"path: {tmp_path / 'shop.duckdb'}"
        with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
            con.execute(f"CREATE TABLE visit AS {ROWS}")
    else:
        (tmp_path / "lake" / "visit").mkdir(parents=True)
        place = f"root: {tmp_path / 'lake'}"
        file = tmp_path / "lake" / "visit" / "a.parquet"
        duckdb.sql(f"COPY ({ROWS}) TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    (tmp_path / "inventory").mkdir()
    texts = {"identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    for name, text in {**texts, "shop": INVENTORY.format(kind=kind, place=place)}.items():
        (tmp_path / "inventory" / f"{name}.yml").write_text(text, encoding="utf-8")
    services = installation(tmp_path / "home", tmp_path / "inventory")
    request = store(
        services, {"customer_id": "7", "email": "Who.7@example.org"}, "portability", formats=["csv"]
    )
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    [table] = read_record(services.staging(request), "shop").tables
    assert table.rows == 4
