"""What a source hides, or does not prove, is reported in the check of the map and to the person."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed import postgres as pg
from testbed.mini import write_inventory
from testbed.running import installation, members, run, store
from tests.support import mariadb

from afschrift.datamap.check.map_check import compare
from afschrift.domain.errors import NeedsPersonError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.services import Services

SQL = Path(__file__).parents[3] / "include" / "sql"
SHOP = """
source: shop
kind: {kind}
connection: shop
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the purchase}}}}
    recipients: []
tables:
"""
TABLE = """  {name}:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [account]
    {more}
    columns:
      customer_id: {{origin: assigned}}
      name: {{origin: provided}}
      {column}
"""
BY = "{{by: Data office, on: 2026-11-02, why: It is a list of all.}}".replace("{{", "{").replace("}}", "}")


def inventory(folder: Path, name: str, more: str = "", column: str = "", kind: str = "postgres") -> Path:
    text = TABLE.format(name=name, more=more, column=column)
    return write_inventory(folder, SHOP.format(kind=kind) + text)


def answered(services: Services, right: str = "access") -> dict[str, bytes]:
    delivered = run(services, store(services, {"customer_id": "1"}, right, language="en"))
    return members(delivered)


def coverage(members: dict[str, bytes]) -> dict[str, object]:
    return json.loads(members["data/coverage.json"])


def rows(members: dict[str, bytes], table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(members[f"data/shop/{table}.csv"].decode())))


@pytest.fixture
def guarded(postgres: pg.Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[pg.Database]:
    postgres.execute(
        "CREATE TABLE customer (customer_id int, name text, pass_hash text)",
        "INSERT INTO customer VALUES (1, 'An', 'x'), (2, 'Bo', 'y')",
        "CREATE VIEW seen AS SELECT customer_id, name FROM customer",
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.call (customer_id int, name text)",
        "CREATE ROLE reader_of_tests LOGIN",
        "GRANT USAGE ON SCHEMA public TO reader_of_tests",
        "GRANT SELECT ON seen TO reader_of_tests",
        "GRANT SELECT (customer_id, name) ON customer TO reader_of_tests",
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", postgres.libpq.replace("postgres:@", "reader_of_tests:@"))
    yield postgres
    postgres.execute("DROP OWNED BY reader_of_tests", "DROP ROLE reader_of_tests")


HASH = "pass_hash: {origin: provided, protect: secret}"
SEEN = "  seen: {copy_of: customer}\n"


def test_unread_column_without_a_right_stops_nothing(guarded: pg.Database, tmp_path: Path) -> None:
    path = inventory(tmp_path / "map", "customer", column=HASH)
    (path / "shop.yml").write_text((path / "shop.yml").read_text() + SEEN)
    assert compare(load(path), SQL).differences == [
        "shop.crm.call is in a schema without USAGE for the connection: it is not read"
    ]
    members = answered(installation(tmp_path / "home", path))
    assert [row["name"] for row in rows(members, "customer")] == ["An"]
    assert coverage(members)["notSeen"] == [{"source": "shop", "tables": 1}]
    assert "there is 1 table that we were not allowed to search" in members["index.html"].decode()


def test_number_without_a_right_that_is_not_given_stops_nothing(guarded: pg.Database, tmp_path: Path) -> None:
    number = "pass_hash: {origin: assigned, category: user.contact.phone_number}"
    path = inventory(tmp_path / "map", "customer", column=number)
    (path / "shop.yml").write_text((path / "shop.yml").read_text() + SEEN)
    members = answered(installation(tmp_path / "home", path), "portability")
    assert [row["name"] for row in rows(members, "customer")] == ["An"]


def test_wanted_column_without_a_right_waits_for_a_person(guarded: pg.Database, tmp_path: Path) -> None:
    path = inventory(tmp_path / "map", "customer", column="pass_hash: {origin: provided}")
    (path / "shop.yml").write_text((path / "shop.yml").read_text() + SEEN)
    assert "shop.customer.pass_hash: no right to read it" in compare(load(path), SQL).differences
    with pytest.raises(NeedsPersonError, match=r"no right to read shop\.customer\.pass_hash") as error:
        answered(installation(tmp_path / "home", path))
    assert error.value.question == "no_right"


def test_a_table_of_a_closed_schema_waits_for_a_person(guarded: pg.Database, tmp_path: Path) -> None:
    path = inventory(tmp_path / "map", "crm.call")
    with pytest.raises(NeedsPersonError, match=r"no right to read shop\.crm\.call") as error:
        answered(installation(tmp_path / "home", path))
    assert error.value.question == "no_right"


def test_impersonal_table_without_a_right_is_not_searched(guarded: pg.Database, tmp_path: Path) -> None:
    guarded.execute(
        "DROP SCHEMA crm CASCADE",
        "CREATE TABLE job (job_id int, note text)",
        "CREATE TABLE part (part_id int, secret text, note text)",
        "INSERT INTO part VALUES (1, 'x', 'of an@example.nl')",
        "GRANT SELECT (part_id, note) ON part TO reader_of_tests",
    )
    path = inventory(tmp_path / "map", "customer", column=HASH)
    nobodys = (
        "  job: {personal: false, columns: {job_id: {}, note: {}}}\n"
        "  part: {personal: false, columns: {part_id: {}, secret: {}, note: {}}}\n"
    )
    (path / "shop.yml").write_text((path / "shop.yml").read_text() + SEEN + nobodys)
    services = installation(tmp_path / "home", path)
    request = store(services, {"customer_id": "1", "email": "bo@example.nl"})
    run(services, request)
    (read,) = [p for header, p in services.register.trail.events(request) if header.type == "extracted"]
    assert read["not_searched"] == {"job": "no_right", "part": "no_right"}


@pytest.mark.parametrize("confirmed", [False, True])
def test_view_proves_nothing_unless_confirmed(guarded: pg.Database, tmp_path: Path, confirmed: bool) -> None:
    guarded.execute("DROP SCHEMA crm CASCADE")
    path = inventory(tmp_path / "map", "seen", f"complete: {BY}" if confirmed else "")
    settled = BY.replace("{", "{settled: not_searched, ")
    customer = f"  customer: {{personal: false, columns: {{customer_id: {{mentions: {settled}}}}}}}\n"
    (path / "shop.yml").write_text((path / "shop.yml").read_text() + customer)
    finding = "shop.seen is a view, and it is not confirmed that it holds every row: set `complete`"
    assert (finding in compare(load(path), SQL).differences) is not confirmed
    members = answered(installation(tmp_path / "home", path))
    (table,) = coverage(members)["tables"]  # type: ignore[misc]
    assert table.get("notProven", []) == ([] if confirmed else ["view_not_confirmed"])
    page = members["index.html"].decode()
    assert ("has confirmed that we found all your data" in page) is not confirmed


@pytest.fixture
def versioned(mariadb_server: mariadb.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[mariadb.Database]:
    database = mariadb_server.create()
    database.execute(
        "CREATE TABLE customer (customer_id int PRIMARY KEY, name varchar(20)) WITH SYSTEM VERSIONING",
        "INSERT INTO customer VALUES (1, 'An'), (2, 'Bo')",
        "UPDATE customer SET name = 'Ans' WHERE customer_id = 1",
        "UPDATE customer SET name = 'Bob' WHERE customer_id = 2",
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.uri())
    yield database
    mariadb_server.drop(database)


@pytest.mark.parametrize(
    ("history", "names", "proven", "findings"),
    [
        ("", ["Ans"], False, 1),
        (f"history: {BY}", ["Ans"], False, 0),
        ("history: read", ["An", "Ans"], True, 0),
    ],
)
def test_former_rows_are_given_or_said_not_to_be(
    versioned: mariadb.Database, tmp_path: Path, history: str, names: list[str], proven: bool, findings: int
) -> None:
    path = inventory(tmp_path / "map", "customer", history, kind="mysql")
    found = compare(load(path), SQL).differences
    assert len(found) == findings, found
    members = answered(installation(tmp_path / "home", path))
    assert sorted(row["name"] for row in rows(members, "customer")) == names
    (table,) = coverage(members)["tables"]  # type: ignore[misc]
    assert table.get("notProven", []) == ([] if proven else ["history_not_read"])
    schema = next(
        r["schema"]
        for r in json.loads(members["data/datapackage.json"])["resources"]
        if r["path"] == "shop/customer.csv"
    )
    assert ("primaryKey" in schema) is not proven


NOTE = """
  note:
    subject: {{customer_id: customer_id}}
    key: [note_id]
    purposes: [account]
    {history}
    columns: {{note_id: {{origin: assigned}}, customer_id: {{origin: assigned}}, body: {{origin: provided{more}}}}}
"""


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ("", {"status": "nothing_given", "rows": 0}),
        (f"history: {BY}", {"status": "nothing_given", "rows": 0}),
        ("history: read", {"status": "withheld", "mentions": [{"column": "body", "rows": 1}]}),
    ],
)
def test_former_rows_are_searched_where_they_are_read(
    versioned: mariadb.Database, tmp_path: Path, history: str, status: dict[str, object]
) -> None:
    versioned.execute(
        "CREATE TABLE note (note_id int PRIMARY KEY, customer_id int, body varchar(60)) WITH SYSTEM VERSIONING",
        "INSERT INTO note VALUES (1, 2, 'of an@example.nl'), (2, 2, 'of someone')",
        "UPDATE note SET body = 'of no one' WHERE note_id = 1",
    )
    path = inventory(tmp_path / "map", "customer", "history: read", kind="mysql")
    settled = ", mentions: " + BY.replace("{", "{settled: not_given, ")
    text = (path / "shop.yml").read_text() + NOTE.format(history=history, more=settled)
    (path / "shop.yml").write_text(text)
    services = installation(tmp_path / "home", path)
    keys = {"customer_id": "1", "email": "an@example.nl"}
    with zipfile.ZipFile(run(services, store(services, keys, language="en"))) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data/coverage.json"))
        tables = {table["table"]: table for table in json.loads(archive.read(name))["tables"]}
    assert status.items() <= tables["note"].items(), tables["note"]
    assert tables["note"].get("notProven", []) == ([] if history == "history: read" else ["history_not_read"])


@pytest.mark.parametrize(
    ("link", "fails"), [("email: name", True), ("email: {column: name, at: any}", False)]
)
def test_former_rows_of_a_key_that_passes_on_are_not_given_unasked(
    tmp_path: Path, link: str, fails: bool
) -> None:
    """The person who has an address now has no right to former rows of its previous owner."""
    path = inventory(tmp_path / "map", "customer", "history: read", kind="mysql")
    text = (path / "shop.yml").read_text().replace("customer_id: customer_id", link)
    (path / "shop.yml").write_text(text)
    if fails:
        with pytest.raises(
            InventoryError, match=r"former rows may be of the person who had email before: add `at`"
        ):
            load(path)
    else:
        assert load(path).sources


def test_no_other_source_has_a_history_to_read(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="former rows are read only in MariaDB"):
        load(inventory(tmp_path / "map", "customer", "history: read"))
