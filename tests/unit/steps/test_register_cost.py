"""What a small request costs the register: three tables, CSV, SQLite, each step as a task of a run does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sqlalchemy import event
from sqlalchemy.engine import Engine
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, store

from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.validate import validate

TABLES = ("customer", "orders", "line")
MOST_STATEMENTS, MOST_TRANSACTIONS = 150, 22

STEPS: dict[str, Callable[[Services, str], Any]] = {
    "begin": lambda services, request: begin(services, request, "tester"),
    "assess": assess,
    "classify": classify,
    "extract": lambda services, request: extract(services, request, "shop"),
    "validate": validate,
    "package": package,
    "deliver": deliver,
    "close": close,
    "wipe": wipe,
}


@dataclass
class Cost:
    """Statements by their text, and transactions."""

    statements: Counter[str] = field(default_factory=Counter)
    transactions: int = 0


@contextmanager
def counted() -> Iterator[Cost]:
    """What registers on SQLite are asked meanwhile."""
    cost = Cost()

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if connection.dialect.name != "sqlite":
            return
        if statement.startswith("BEGIN"):
            cost.transactions += 1
        else:
            cost.statements[" ".join(statement.split())[:100]] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield cost
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation over three tables of one source."""
    shop = yaml.safe_load(SHOP)
    shop["tables"] = {name: shop["tables"][name] for name in TABLES}
    shop["purposes"] = {"account": shop["purposes"]["account"] | {"recipients": []}}
    database = write_database(tmp_path / "shop.duckdb")
    with duckdb.connect(str(database)) as con:
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if name not in TABLES:
                con.execute(f"DROP TABLE {name}")
    monkeypatch.setenv("MINI_SHOP", str(database))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory", yaml.safe_dump(shop)))


def test_a_small_request_asks_the_register_little(small: Services) -> None:
    request = store(small, {"customer_id": "1"}, formats=["csv"])
    run = replace(small, run=f"{request}.1")
    costs: dict[str, Cost] = {}
    for name, step in STEPS.items():
        with counted() as costs[name]:
            step(run, request)
    by_step = {name: (cost.statements.total(), cost.transactions) for name, cost in costs.items()}
    most = sum((cost.statements for cost in costs.values()), Counter[str]()).most_common(5)
    assert sum(statements for statements, _ in by_step.values()) <= MOST_STATEMENTS, (by_step, most)
    assert sum(transactions for _, transactions in by_step.values()) <= MOST_TRANSACTIONS, by_step
