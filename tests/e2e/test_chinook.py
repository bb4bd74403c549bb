"""Chinook, a public sample database: bundles hold what SQL written by hand finds, and no more."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.running import installation, members, run, store

from afschrift.bundle.container.verify import verify
from afschrift.register.keys.store import KeyStore
from afschrift.services import Services

RIGHTS = ("access", "portability")
# Three customers of three members of staff; the last one is known by an e-mail address alone.
CUSTOMERS = {2: {"customer_id": "2"}, 46: {"customer_id": "46"}, 49: {"email": "STANISŁAW.Wójcik@WP.PL"}}

PORTABLE = {
    "customer": """
        SELECT customer_id, first_name, last_name, company, address, city, state, country, postal_code,
               phone, fax, email
        FROM customer WHERE customer_id = ?""",
    "invoice": """
        SELECT invoice_id, customer_id, invoice_date, billing_address, billing_city, billing_state,
               billing_country, billing_postal_code, total
        FROM invoice WHERE customer_id = ? ORDER BY invoice_id""",
    "invoice_line": """
        SELECT l.invoice_line_id, l.invoice_id, l.track_id, l.unit_price, l.quantity
        FROM invoice_line l JOIN invoice i ON i.invoice_id = l.invoice_id
        WHERE i.customer_id = ? ORDER BY l.invoice_line_id""",
    "purchased_track": """
        SELECT l.invoice_line_id, t.name AS track, a.title AS album, r.name AS artist
        FROM invoice i
        JOIN invoice_line l ON l.invoice_id = i.invoice_id
        JOIN track t ON t.track_id = l.track_id
        LEFT JOIN album a ON a.album_id = t.album_id
        LEFT JOIN artist r ON r.artist_id = a.artist_id
        WHERE i.customer_id = ? ORDER BY l.invoice_line_id""",
}
EXPECTED = {
    "portability": PORTABLE,
    "access": PORTABLE
    | {
        "customer": """
        SELECT customer_id, first_name, last_name, company, address, city, state, country, postal_code,
               phone, fax, email, support_rep_id
        FROM customer WHERE customer_id = ?"""
    },
}
EMPLOYEE = """
    SELECT employee_id, last_name, first_name, title, reports_to, birth_date, hire_date, address, city,
           state, country, postal_code, phone, fax, email
    FROM employee WHERE employee_id = ?"""


@dataclass(frozen=True)
class Bundle:
    """A delivered ZIP and what is in it."""

    path: Path

    def members(self) -> dict[str, bytes]:
        return members(self.path)

    def tables(self) -> set[str]:
        names = (name.partition("data/chinook/")[2].partition(".")[0] for name in self.members())
        return set(filter(None, names))

    def csv(self, table: str) -> list[list[str]]:
        text = self.members()[f"data/chinook/{table}.csv"].decode("utf-8")
        return list(csv.reader(io.StringIO(text, newline="")))

    def json(self, table: str) -> list[dict[str, Any]]:
        return json.loads(self.members()[f"data/chinook/{table}.json"])

    def coverage(self) -> dict[str, str]:
        document = json.loads(self.members()["data/coverage.json"])
        return {table["table"]: table["status"] for table in document["tables"]}


@pytest.fixture(scope="module")
def shop(shared_data: Path, project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chinook, loaded with the command of the tour."""
    script = shared_data / "chinook" / "Chinook_PostgreSql.sql"
    if not script.exists():
        pytest.skip("no Chinook script in ../shared/data beside this clone")
    database = tmp_path_factory.mktemp("chinook") / "chinook.duckdb"
    command = [project_root / "examples/chinook/load.py", "--sql", script, "--into", database]
    subprocess.run([sys.executable, *command], check=True)
    return database


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def services(shop: Path, home: Path, project_root: Path) -> Iterator[Services]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHINOOK_DUCKDB", str(shop))
        yield installation(home, project_root / "examples/chinook/inventory")


@pytest.fixture(scope="module")
def bundles(services: Services) -> dict[tuple[int, str], Bundle]:
    return {
        (number, right): fulfil(services, keys, right)
        for number, keys in CUSTOMERS.items()
        for right in RIGHTS
    }


def fulfil(services: Services, keys: dict[str, str], right: str) -> Bundle:
    return Bundle(run(services, store(services, keys, right, language="en")))


def rows(shop: Path, sql: str, number: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect(str(shop), read_only=True) as con:
        found = con.execute(sql, [number])
        return [column[0] for column in found.description or []], found.fetchall()


def as_csv(value: Any) -> str:
    if value is None:
        return r"\N"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def as_json(value: Any) -> Any:
    return as_csv(value) if isinstance(value, datetime | Decimal) else value


def agree(bundle: Bundle, shop: Path, table: str, sql: str, number: int) -> None:
    columns, found = rows(shop, sql, number)
    assert found
    assert bundle.csv(table) == [columns, *([as_csv(value) for value in row] for row in found)]
    assert bundle.json(table) == [dict(zip(columns, map(as_json, row), strict=True)) for row in found]


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("number", CUSTOMERS)
def test_rows_equal_sql_written_by_hand(
    bundles: dict[tuple[int, str], Bundle], shop: Path, number: int, right: str
) -> None:
    bundle = bundles[number, right]
    assert bundle.tables() == set(EXPECTED[right])
    for table, sql in EXPECTED[right].items():
        agree(bundle, shop, table, sql, number)


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("number", CUSTOMERS)
def test_no_value_of_an_employee_is_in_a_bundle(
    bundles: dict[tuple[int, str], Bundle], shop: Path, number: int, right: str
) -> None:
    with duckdb.connect(str(shop), read_only=True) as con:
        staff = con.execute(
            "SELECT first_name, last_name, email, phone, fax, address, strftime(birth_date, '%Y-%m-%d'), "
            "strftime(hire_date, '%Y-%m-%d') FROM employee"
        ).fetchall()
    words = {value for row in staff for value in row}
    assert {"Jane", "Peacock", "jane@chinookcorp.com", "1973-08-29"} <= words
    forbidden = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words))
    assert forbidden.search("by Jane Peacock")
    for name, content in bundles[number, right].members().items():
        assert not forbidden.search(content.decode("utf-8", "replace")), name


@pytest.mark.parametrize("number", CUSTOMERS)
def test_the_number_of_the_support_employee_is_in_access_alone(
    bundles: dict[tuple[int, str], Bundle], number: int
) -> None:
    assert "support_rep_id" in bundles[number, "access"].csv("customer")[0]
    bundle = bundles[number, "portability"]
    assert not any("support_rep_id" in bundle.csv(table)[0] for table in bundle.tables())


@pytest.mark.parametrize("right", RIGHTS)
def test_coverage_lists_staff_file_as_searched_without_result(
    bundles: dict[tuple[int, str], Bundle], right: str
) -> None:
    expected = dict.fromkeys(PORTABLE, "rows") | {"employee": "nothing_given"}
    assert all(bundles[number, right].coverage() == expected for number in CUSTOMERS)


def test_every_bundle_verifies(bundles: dict[tuple[int, str], Bundle], home: Path) -> None:
    trusted = KeyStore.open(home / "keys.json").public_keys()
    for bundle in bundles.values():
        report = verify(bundle.path, trusted)
        assert (report.ok, report.trusted, report.problems) == (True, True, ())


def test_an_employee_gets_the_own_row_and_no_customer(services: Services, shop: Path) -> None:
    bundle = fulfil(services, {"employee_id": "3"}, "access")
    assert bundle.tables() == {"employee"}
    agree(bundle, shop, "employee", EMPLOYEE, 3)
    assert bundle.coverage() == dict.fromkeys(PORTABLE, "nothing_given") | {"employee": "rows"}


def test_employee_who_is_a_customer_asks_a_person(
    shop: Path, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tmp_path / "chinook.duckdb"
    shutil.copy(shop, both)
    with duckdb.connect(str(both)) as con:
        same = "(SELECT upper(email) FROM customer WHERE customer_id = 2)"
        con.execute(f"UPDATE employee SET email = {same} WHERE employee_id = 3")
    monkeypatch.setenv("CHINOOK_DUCKDB", str(both))
    services = installation(tmp_path / "home", project_root / "examples/chinook/inventory")
    bundle = fulfil(services, {"customer_id": "2"}, "access")
    document = json.loads(bundle.members()["data/coverage.json"])
    [employee] = [table for table in document["tables"] if table["table"] == "employee"]
    assert (employee["status"], employee["mentions"]) == ("withheld", [{"column": "email", "rows": 1}])
    assert "employee" not in bundle.tables()
