"""Chinook, a public sample database: bundles hold what SQL written by hand finds, and no more."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.postgres import Database
from testbed.running import installation, run, store
from tests.e2e.opened import Opened
from tests.support.log_lakes import LOGGED, write_lake

from afschrift.bundle.container.verify import verify
from afschrift.register.keys.store import KeyStore
from afschrift.services import Services

RIGHTS = ("access", "portability")
# Two customers of two members of staff; the last one is known by an e-mail address alone.
CUSTOMERS = {46: {"customer_id": "46"}, 49: {"email": "STANISŁAW.Wójcik@WP.PL"}}

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
STAFF_ALONE = {"employee": "nothing_given", "employee_customer": "nothing_given"}
EMPLOYEE = """
    SELECT employee_id, last_name, first_name, title, reports_to, birth_date, hire_date, address, city,
           state, country, postal_code, phone, fax, email
    FROM employee WHERE employee_id = ?"""


@pytest.fixture(scope="module")
def shop(shared_data: Path, project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


@pytest.fixture(scope="module", params=[(c, r) for c in CUSTOMERS for r in RIGHTS], ids=str)
def bundle(request: pytest.FixtureRequest, services: Services) -> tuple[Opened, int, str]:
    customer, right = request.param
    return fulfil(services, CUSTOMERS[customer], right), customer, right


def fulfil(services: Services, keys: dict[str, str], right: str) -> Opened:
    return Opened(run(services, store(services, keys, right, language="en")))


def as_csv(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else None if value is None else str(value)


def as_json(value: Any) -> Any:
    return as_csv(value) if isinstance(value, datetime | Decimal) else value


def agree(bundle: Opened, shop: Path, table: str, sql: str, number: int) -> None:
    with duckdb.connect(str(shop), read_only=True) as con:
        found = con.execute(sql, [number])
        columns = [column[0] for column in found.description or []]
        rows = found.fetchall()
    assert rows
    assert bundle.tables[table] == columns
    for kind, of, there in (
        ("csv", as_csv, list(bundle.csv(table))),
        ("json", as_json, json.loads(bundle.files[f"data/chinook/{table}.json"])),
    ):
        assert there == [dict(zip(columns, map(of, row), strict=True)) for row in rows], (table, kind)


def statuses(bundle: Opened) -> dict[str, str]:
    return {place.partition(".")[2]: entry["status"] for place, entry in bundle.coverage.items()}


def test_rows_equal_sql_written_by_hand(bundle: tuple[Opened, int, str], shop: Path, home: Path) -> None:
    found, number, right = bundle
    assert set(found.tables) == set(EXPECTED[right])
    for table, sql in EXPECTED[right].items():
        agree(found, shop, table, sql, number)
    named = [table for table, columns in found.tables.items() if "support_rep_id" in columns]
    assert named == (["customer"] if right == "access" else [])
    assert statuses(found) == dict.fromkeys(PORTABLE, "rows") | STAFF_ALONE
    report = verify(found.path, KeyStore.open(home / "keys.json").public_keys())
    assert (report.ok, report.trusted, report.problems) == (True, True, ())


def test_no_value_of_an_employee_is_in_a_bundle(bundle: tuple[Opened, int, str], shop: Path) -> None:
    with duckdb.connect(str(shop), read_only=True) as con:
        staff = con.execute(
            "SELECT first_name, last_name, email, phone, fax, address, strftime(birth_date, '%Y-%m-%d'), "
            "strftime(hire_date, '%Y-%m-%d') FROM employee"
        ).fetchall()
    words = {value for row in staff for value in row}
    assert {"Jane", "Peacock", "jane@chinookcorp.com", "1973-08-29"} <= words
    forbidden = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words))
    assert forbidden.search("by Jane Peacock")
    for name, content in bundle[0].files.items():
        assert not forbidden.search(content.decode("utf-8", "replace")), name


def test_an_employee_gets_the_own_row_and_no_customer(services: Services, shop: Path) -> None:
    found = fulfil(services, {"employee_id": "3"}, "access")
    assert set(found.tables) == {"employee"}
    agree(found, shop, "employee", EMPLOYEE, 3)
    assert statuses(found) == dict.fromkeys(PORTABLE, "nothing_given") | {
        "employee": "rows",
        "employee_customer": "nothing_given",
    }


def test_customer_who_works_there_gets_both_rows(
    shop: Path, project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tmp_path / "chinook.duckdb"
    shutil.copy(shop, both)
    with duckdb.connect(str(both)) as con:
        same = "(SELECT upper(email) FROM customer WHERE customer_id = 2)"
        con.execute(f"UPDATE employee SET email = {same} WHERE employee_id = 3")
    monkeypatch.setenv("CHINOOK_DUCKDB", str(both))
    services = installation(tmp_path / "home", project_root / "examples/chinook/inventory")
    found = fulfil(services, {"customer_id": "2"}, "access")
    assert statuses(found) == dict.fromkeys([*PORTABLE, "employee_customer"], "rows") | {
        "employee": "nothing_given"
    }
    agree(found, both, "employee_customer", EMPLOYEE, 3)
    agree(found, both, "customer", EXPECTED["access"]["customer"], 2)


def test_lakehouses_give_the_bytes_that_postgresql_gives(
    shop: Path,
    shared_data: Path,
    project_root: Path,
    tmp_path: Path,
    new_postgres: Callable[..., Database],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = (shared_data / "chinook" / "Chinook_PostgreSql.sql").read_text(encoding="utf-8")
    shutil.copy(shop, tables := tmp_path / "tables.duckdb")
    with duckdb.connect(str(tables)) as con:
        view = con.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'purchased_track'").fetchall()
        con.execute("CREATE TABLE rows AS FROM purchased_track; DROP VIEW purchased_track")
        con.execute("ALTER TABLE rows RENAME TO purchased_track")
        for kind in LOGGED:
            write_lake(con, tmp_path / kind, kind)
    database = new_postgres()
    database.execute("CREATE TABLE" + script.partition("CREATE TABLE")[2], view[0][0])
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.libpq)
    places = {
        "postgres": "kind: postgres\nconnection: shop",
        **{kind: f"kind: {kind}\noptions: {{root: {tmp_path / kind}}}" for kind in LOGGED},
    }
    given: dict[str, dict[str, bytes]] = {}
    for kind, place in places.items():
        inventory = tmp_path / f"map-{kind}"
        shutil.copytree(project_root / "examples/chinook/inventory", inventory)
        text = (inventory / "chinook.yml").read_text(encoding="utf-8")
        before = 'kind: duckdb\noptions: {path: "${CHINOOK_DUCKDB}"}'
        assert before in text
        (inventory / "chinook.yml").write_text(text.replace(before, place), encoding="utf-8")
        found = fulfil(installation(tmp_path / f"home-{kind}", inventory), CUSTOMERS[46], "access")
        given[kind] = {
            name: content for name, content in found.files.items() if name.startswith("data/chinook/")
        }
    assert len(given["postgres"]) > len(PORTABLE)
    assert given["delta"] == given["iceberg"] == given["postgres"]
