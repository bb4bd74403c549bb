"""If no row of a sample leads to a person, that is a warning: other rows may."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from testbed.mini import write_inventory

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

SHOP = """
source: shop
kind: sqlite
options: {{path: "{path}"}}
purposes:
  account: {{basis: A6-1-b, title: {{nl: Account, en: Account}}}}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}}}
  orders:
    join: {{customer_id: customer.customer_id}}
    key: [order_no]
    purposes: [account]
    columns: {{order_no: {{origin: assigned}}, customer_id: {{origin: assigned}}}}
"""
OF_NONE = {Code.JOIN_FINDS_NOTHING, Code.TABLE_NOT_REACHED}


def found(folder: Path, limits: ProbeLimits, last: int) -> dict[Code, Finding]:
    """What is said of 30 orders, the oldest without a customer; the last one of customer `last`."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "w.db")) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER PRIMARY KEY)")
        con.execute("INSERT INTO customer VALUES (1)")
        con.execute("CREATE TABLE orders (order_no INTEGER PRIMARY KEY, customer_id INTEGER)")
        con.executemany("INSERT INTO orders VALUES (?, ?)", [*((n, 99) for n in range(29)), (29, last)])
        con.commit()
    inventory = load(write_inventory(folder / "inventory", SHOP.format(path=folder / "w.db")))
    return {finding.code: finding for finding in check_sources(inventory, limits).findings}


def test_none_of_all_rows_is_an_error_and_none_of_a_part_a_warning(tmp_path: Path) -> None:
    part = ProbeLimits(exact=10, sample=8)

    assert not OF_NONE & found(tmp_path / "one", ProbeLimits(), last=1).keys()
    of_all = found(tmp_path / "none", ProbeLimits(), last=99)
    of_a_part = found(tmp_path / "part", part, last=1)

    for code in OF_NONE:
        assert (of_all[code].severity.value, of_all[code].undecided) == ("error", set())
        assert (of_a_part[code].severity.value, of_a_part[code].undecided) == ("warning", {code})
