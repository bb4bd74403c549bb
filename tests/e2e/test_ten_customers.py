"""For ten customers and all with a story: a bundle's rows are the hand-written SQL's, value for value."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo.people import CUSTOMERS, NOTHING_PORTABLE, TABLET_A, TABLET_B
from duckdb.sqltypes import DuckDBPyType
from tests.e2e import hand_sql, value_forms
from tests.e2e.conftest import SCALE
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.e2e.scope import MASKED, SECRET, token
from tests.support.nightly import nightly_after

_ORDINARY = range(100_001, 100_001 + max(20, round(5_000 * SCALE)))
TEN = random.Random(20).sample(_ORDINARY, 10)
SHARING = (TABLET_A.number, TABLET_B.number)
PERSONAS = [persona.number for persona in (*CUSTOMERS, NOTHING_PORTABLE)]

DOCUMENTS = {("app_event", "context")}
"""Text columns that hold JSON."""


@pytest.mark.parametrize("customer", nightly_after(4, [*PERSONAS, *TEN]))
def test_rows_are_those_of_the_hand_written_sql(
    customer: int, office: Office, by_hand: duckdb.DuckDBPyConnection
) -> None:
    choices = {"shared_key": "include"} if customer in SHARING else {}
    bundle = office.bundle("access", {"customer_id": str(customer)}, choices)
    found, salt = Opened(bundle), salt_of(office, bundle)
    held = {}
    for table, keys in hand_sql.KEYS.items():
        kinds = columns(by_hand, table)
        rows = warehouse_rows(by_hand, table, kinds, customer, salt)
        held[f"{hand_sql.source_of(table)}.{table}"] = len(rows)
        if not rows:
            assert table not in found.tables
            continue
        assert found.tables[table] == list(kinds)
        for name, read, of in (
            ("csv", found.csv, value_forms.of_csv),
            ("json", found.json, value_forms.of_json),
        ):
            there = [[of(row[column], kind) for column, kind in kinds.items()] for row in read(table)]
            if not keys:  # ordered by digest of the row: any order is as good
                there.sort(key=repr)
                rows.sort(key=repr)
            assert differing(there, rows, list(kinds)) == [], f"{table}.{name}"
    assert {place: entry.get("rows") for place, entry in found.coverage.items()} == held


def columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, DuckDBPyType]:
    """The columns that an access bundle has of a table, with their types."""
    kinds = {}
    for name, kind in hand_sql.columns(con, table).items():
        if (table, name) not in SECRET:
            kinds[name] = duckdb.type("VARCHAR") if (table, name) in MASKED else kind
            if (table, name) in DOCUMENTS:
                kinds[name] = duckdb.type("JSON")
    return kinds


def warehouse_rows(
    con: duckdb.DuckDBPyConnection, table: str, kinds: dict[str, DuckDBPyType], customer: int, salt: str
) -> list[list[value_forms.Form]]:
    """A person's rows by the hand-written SQL, in the order of the table's key."""
    expressions = [
        f'CASE WHEN "{name}" IS NOT NULL THEN {MASKED[table, name]} END'
        if (table, name) in MASKED
        else value_forms.selected(name, kind)
        for name, kind in kinds.items()
    ]
    order = ", ".join(f'"{key}"' for key in hand_sql.KEYS[table]) or "ALL"
    mine = f"FROM ({hand_sql.statement(table)}) WHERE person = ? ORDER BY {order}"
    rows = con.execute(f"SELECT {', '.join(expressions)} {mine}", [customer]).fetchall()
    return [
        [
            value_forms.of_warehouse(unmarked(value, salt), kind)
            for value, kind in zip(row, kinds.values(), strict=True)
        ]
        for row in rows
    ]


def salt_of(office: Office, bundle: Path) -> str:
    """The salt of a request's masks: the HMAC of fixed words under the request's own key."""
    request = bundle.name.removesuffix(".zip").removesuffix("-access")
    return office.register.data_keys.fingerprint(request, b"afschrift: salt of the masks of this request")


def unmarked(value: Any, salt: str) -> Any:
    """The token instead of a marked value."""
    marked = isinstance(value, str) and value.startswith("\1")
    return token(salt, value[1:]) if marked else value


def differing(there: list[Any], expected: list[Any], names: list[str]) -> list[str]:
    """The first differences, in words."""
    if len(there) != len(expected):
        return [f"{len(there)} rows instead of {len(expected)}"]
    return [
        f"row {number}, {name}: {mine!r:.100} instead of {theirs!r:.100}"
        for number, (row, other) in enumerate(zip(there, expected, strict=True), start=1)
        for name, mine, theirs in zip(names, row, other, strict=True)
        if mine != theirs
    ][:5]
