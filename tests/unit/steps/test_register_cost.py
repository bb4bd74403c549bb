"""What a request costs the register and the sources, and what the preview of a plan says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from testbed.mini import write_database, write_inventory
from testbed.running import installation, store
from tests.support.driving import ANN, assessed

from afschrift.domain.errors import RetriableError
from afschrift.domain.reconciliation import Estimate
from afschrift.domain.sources import Source
from afschrift.services import Services
from afschrift.sources.duckdb.session import DuckSession
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.preview import preview

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


def test_a_small_request_asks_the_register_little(services: Services) -> None:
    """Each step as a task of a run does it."""
    request = store(services, ANN, formats=["csv"])
    run = replace(services, run=f"{request}.1")
    costs: dict[str, Cost] = {}
    for name, step in STEPS.items():
        with counted() as costs[name]:
            step(run, request)
    by_step = {name: (cost.statements.total(), cost.transactions) for name, cost in costs.items()}
    most = sum((cost.statements for cost in costs.values()), Counter[str]()).most_common(5)
    assert sum(statements for statements, _ in by_step.values()) <= MOST_STATEMENTS, (by_step, most)
    assert sum(transactions for _, transactions in by_step.values()) <= MOST_TRANSACTIONS, by_step


def test_a_draft_opens_each_source_once(services: Services) -> None:
    """Whatever `classify` asks of it: ways between keys, consents, rows."""
    request = assessed(services)
    opened: Counter[str] = Counter()

    def watched(source: str, tag: str = "") -> Source:
        assert tag == request, "the database says whose session it is"
        opened[source] += 1
        return services.open_source(source, tag)

    classify(replace(services, open_source=watched), request)
    assert opened == {"shop": 1}


@pytest.fixture
def on_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


@pytest.mark.parametrize("fault", [RetriableError("It is down.", remedy="Wait."), KeyError("Plan")])
def test_the_preview_says_the_cost_of_each_table_where_the_database_does(
    fault: Exception, on_duckdb: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> tuple[list[str], int, str]:
        lines = list(preview(on_duckdb, store(on_duckdb, ANN), sql=False))
        costs = sum(line.startswith("  reading     ") for line in lines)
        return [line for line in lines if line.startswith("\nshop.")], costs, "\n".join(lines)

    def fails(_session: DuckSession, _statement: str) -> Estimate:
        raise fault

    before, costs, text = shown()
    assert costs == sum("row" in line for line in before) > 5
    assert "customer: reads all 4 rows (no index on customer_id or email is of use)" in text
    monkeypatch.setattr(DuckSession, "estimate", fails)
    after, costs_now, text = shown()
    assert (after, costs_now) == (before, costs)
    assert text.count("could not say what reading costs") == costs
