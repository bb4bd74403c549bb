"""What a request costs the register and the sources, and what the preview of a plan says of it."""

import subprocess
import sys
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
from tests.support.key_shop import KeyShop, mapped
from tests.support.moves import assess, begin, classify, close, deliver, extract, package, validate, wipe
from tests.support.nightly import nightly_after

from afschrift.domain.errors import RetriableError
from afschrift.domain.reconciliation import Estimate
from afschrift.domain.sources import Source
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.sources.duckdb.session import DuckSession
from afschrift.wiring.dry_run import preview

MOST_STATEMENTS, MOST_TRANSACTIONS = 165, 26

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


@pytest.mark.parametrize("fault", [RetriableError("It is down.", remedy="Wait."), KeyError("Plan")])
def test_the_preview_says_the_cost_of_each_table_where_the_database_does(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    on_duckdb = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))

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


HEAVY = {
    *("adbc_driver_postgresql", "duckdb", "numpy", "pandas", "phonenumbers", "polars", "psycopg", "pyarrow"),
    *("pymysql", "rfc3161_client"),
}

LOADED = """
import sys
import afschrift.wiring.build_services
from afschrift.steps.assess import assess
from afschrift.steps.close import close, wipe
from afschrift.steps.claims import check_claims
from afschrift.app.roles_file import load_roles
print(*{name.partition(".")[0] for name in sys.modules})
from afschrift.sources.registry import open_source
open_source("shop", "sqlite", {"path": "x"})
print(*{name.partition(".")[0] for name in sys.modules})
"""

PANDAS = """
import pkgutil, sys
from afschrift import steps
from afschrift.sources.registry import SOURCES
from afschrift.values.without_pandas import keep_pandas_out
for step in pkgutil.walk_packages(steps.__path__, "afschrift.steps."):
    __import__(step.name)
print("imported:", "pandas" in sys.modules)
keep_pandas_out()
for adapter in SOURCES.values():
    __import__(adapter.module)
import pyarrow as pa
pa.Table.from_pylist([{"a": "x"}])
print("used:", "pandas" in sys.modules)
import pandas
print("frame:", len(pa.table({"a": [1]}).to_pandas()), len(pandas.DataFrame({"a": [1]})))
"""


def printed(code: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_a_step_loads_nothing_for_rows_until_a_source_is_opened() -> None:
    steps, opened = (set(line.split()) for line in printed(LOADED))
    assert steps & HEAVY == set()
    assert "pyarrow" in opened
    assert "duckdb" not in opened


def test_pandas_is_loaded_by_no_step_and_no_source() -> None:
    assert printed(PANDAS) == ["imported: False", "used: False", "frame: 1 1"]


ROWS = """
SELECT i AS visit_id, CAST(i % 75000 AS INTEGER) AS customer_id, 'who.' || i % 75000 || '@example.org' AS email,
  repeat(md5(CAST(i AS VARCHAR)) || ' ', 16) AS note
FROM range(300000) AS r(i)
"""


@pytest.mark.parametrize("kind", nightly_after(1, ["duckdb", "parquet"]))
def test_little_memory_is_enough_for_a_large_table(kind: str, tmp_path: Path) -> None:
    """Its rows take some 250 MB; a condition that asked the keys row by row would hold them all."""
    made, lake = KeyShop(tmp_path, kind), tmp_path / "lake" / "visit"
    made.run(f"CREATE TABLE visit AS {ROWS}")
    if kind == "parquet":
        lake.mkdir(parents=True)
        made.run(f"COPY visit TO '{lake / 'a.parquet'}' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    keys = "subject: {customer_id: customer_id, email: {column: email, match: casefold}}"
    columns = "visit_id", "customer_id", "email: {origin: provided}", "note: {origin: provided}"
    inventory = made.write(mapped("visit", keys, *columns), ("customer_id", "email"))
    text = (inventory / "shop.yml").read_text(encoding="utf-8").replace(", threads: 1", "")
    text = text.replace("options: {", "options: {memory: 100MB, threads: 2, ")
    (inventory / "shop.yml").write_text(text, encoding="utf-8")
    services = installation(tmp_path / "home", inventory)
    request = store(
        services, {"customer_id": "7", "email": "Who.7@example.org"}, "portability", formats=["csv"]
    )
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    [table] = read_record(services.staging(request), "shop").tables
    assert table.rows == 4
