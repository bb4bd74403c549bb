"""What a source hides, or does not prove, is reported in the check of the map and to the person."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testbed import postgres as pg
from testbed.mini import write_inventory
from testbed.running import installation, members, run, store
from tests.support import mariadb
from tests.support.driving import ANN, given_rows, payloads, stopped
from tests.support.key_shop import AT, HEAD, SQL, differences, mapped
from tests.unit.selection.conftest import READER

from afschrift.domain.extracted import SearchLimits
from afschrift.domain.keys import Key
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.selection.identifiers import search_keys
from afschrift.selection.residual_search import ResidualSearch
from afschrift.services import Services
from afschrift.sources.registry import SOURCES, open_source

BY = "{by: Data office, on: 2026-11-02, why: It is a list of all.}"
BY_ID = "subject: {customer_id: customer_id}"
HASH = "pass_hash: {origin: provided, protect: secret}"
SEEN = "  seen: {copy_of: customer}\n"


def inventory(
    folder: Path, name: str, more: str = "", *columns: str, kind: str = "postgres", tables: str = ""
) -> Path:
    table = mapped(name, f"{BY_ID}\n    {more}", "customer_id", "name: {origin: provided}", *columns)
    return write_inventory(folder / "map", HEAD.format(kind=kind, place="connection: shop") + table + tables)


def answered(services: Services, right: str = "access", **keys: str) -> Path:
    return run(services, store(services, ANN | keys, right, language="en"))


def tables_of(bundle: Path) -> dict[str, dict[str, Any]]:
    return {table["table"]: table for table in json.loads(members(bundle)["data/coverage.json"])["tables"]}


@pytest.fixture
def closed(guarded: pg.Database) -> pg.Database:
    """Of its customers a column is closed, and a whole schema."""
    guarded.execute(
        "CREATE TABLE customer (customer_id int, name text, pass_hash text)",
        "INSERT INTO customer VALUES (1, 'An', 'x'), (2, 'Bo', 'y')",
        "CREATE VIEW seen AS SELECT customer_id, name FROM customer",
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.call (customer_id int, name text)",
        f"GRANT SELECT ON seen TO {READER}",
        f"GRANT SELECT (customer_id, name) ON customer TO {READER}",
    )
    return guarded


def test_unread_column_without_a_right_stops_nothing(closed: pg.Database, tmp_path: Path) -> None:
    path = inventory(tmp_path, "customer", "", HASH, tables=SEEN)
    crm = "shop.crm.call is in a schema without USAGE for the connection: it is not read"
    assert differences(load(path)) == [crm]
    bundle = answered(installation(tmp_path / "home", path))
    assert [row["name"] for row in given_rows(bundle, "customer")] == ["An"]
    assert json.loads(members(bundle)["data/coverage.json"])["notSeen"] == [{"source": "shop", "tables": 1}]
    words = "there is 1 table that we were not allowed to search"
    assert words in members(bundle)["index.html"].decode()


def test_number_without_a_right_that_is_not_given_stops_nothing(closed: pg.Database, tmp_path: Path) -> None:
    number = "pass_hash: {origin: assigned, category: user.contact.phone_number}"
    path = inventory(tmp_path, "customer", "", number, tables=SEEN)
    bundle = answered(installation(tmp_path / "home", path), "portability")
    assert [row["name"] for row in given_rows(bundle, "customer")] == ["An"]


@pytest.mark.parametrize(
    ("name", "columns", "place"),
    [
        ("customer", ["pass_hash: {origin: provided}"], "shop.customer.pass_hash"),
        ("crm.call", [], "shop.crm.call"),
    ],
)
def test_what_is_wanted_without_a_right_waits_for_a_person(
    closed: pg.Database, tmp_path: Path, name: str, columns: list[str], place: str
) -> None:
    path = inventory(tmp_path, name, "", *columns, tables=SEEN if columns else "")
    assert f"{place}: no right to read it" in differences(load(path)) or not columns
    services = installation(tmp_path / "home", path)
    error = stopped(run, services, store(services, ANN))
    assert error.question == "no_right"
    assert f"no right to read {place}" in str(error)


def test_impersonal_table_without_a_right_is_not_searched(closed: pg.Database, tmp_path: Path) -> None:
    closed.execute(
        "DROP SCHEMA crm CASCADE",
        "CREATE TABLE job (job_id int, note text)",
        "CREATE TABLE part (part_id int, secret text, note text)",
        "INSERT INTO part VALUES (1, 'x', 'of an@example.nl')",
        f"GRANT SELECT (part_id, note) ON part TO {READER}",
    )
    nobodys = (
        "  job: {personal: false, columns: {job_id: {}, note: {}}}\n"
        "  part: {personal: false, columns: {part_id: {}, secret: {}, note: {}}}\n"
    )
    path = inventory(tmp_path, "customer", "", HASH, tables=SEEN + nobodys)
    services = installation(tmp_path / "home", path)
    request = store(services, ANN | {"email": "bo@example.nl"})
    run(services, request)
    (read,) = payloads(services, request, "extracted")
    assert read["not_searched"] == {
        "job": "no_right",
        "part": "no_right",
        "part.secret": "no_right",
        "customer.pass_hash": "secret",
    }
    left = read["ledger"]["not_searched"]
    assert (left["no_right"], left["secret"]) == ({"part": ["secret"]}, {"customer": ["pass_hash"]})


@pytest.mark.parametrize("confirmed", [False, True])
def test_view_proves_nothing_unless_confirmed(closed: pg.Database, tmp_path: Path, confirmed: bool) -> None:
    closed.execute("DROP SCHEMA crm CASCADE")
    settled = BY.replace("{", "{settled: not_searched, ")
    customer = f"  customer: {{personal: false, columns: {{customer_id: {{mentions: {settled}}}}}}}\n"
    path = inventory(tmp_path, "seen", f"complete: {BY}" if confirmed else "", tables=customer)
    finding = "shop.seen is a view, and it is not confirmed that it holds every row: set `complete`"
    assert (finding in differences(load(path))) is not confirmed
    bundle = answered(installation(tmp_path / "home", path))
    (table,) = tables_of(bundle).values()
    assert table.get("notProven", []) == ([] if confirmed else ["view_not_confirmed"])
    page = members(bundle)["index.html"].decode()
    assert ("has confirmed that we found all your data" in page) is not confirmed


@pytest.fixture
def versioned(mariadb_server: mariadb.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[mariadb.Database]:
    database = mariadb_server.create()
    database.execute(
        "CREATE TABLE customer (customer_id int PRIMARY KEY, name varchar(20)) WITH SYSTEM VERSIONING",
        "CREATE TABLE note (note_id int PRIMARY KEY, customer_id int, body varchar(60)) WITH SYSTEM VERSIONING",
        "INSERT INTO customer VALUES (1, 'An'), (2, 'Bo')",
        "INSERT INTO note VALUES (1, 2, 'of an@example.nl'), (2, 2, 'of someone')",
        "UPDATE customer SET name = 'Ans' WHERE customer_id = 1",
        "UPDATE customer SET name = 'Bob' WHERE customer_id = 2",
        "UPDATE note SET body = 'of no one' WHERE note_id = 1",
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.uri())
    yield database
    mariadb_server.drop(database)


NOTHING = {"status": "nothing_given", "rows": 0}
MENTIONED = {"status": "withheld", "mentions": [{"column": "body", "rows": 1}]}


@pytest.mark.parametrize(
    ("history", "names", "findings", "note"),
    [
        ("", ["Ans"], 2, NOTHING),
        (f"history: {BY}", ["Ans"], 0, NOTHING),
        ("history: read", ["An", "Ans"], 0, MENTIONED),
    ],
)
def test_former_rows_are_given_and_searched_or_said_not_to_be(
    versioned: mariadb.Database,
    tmp_path: Path,
    history: str,
    names: list[str],
    findings: int,
    note: dict[str, Any],
) -> None:
    proven = history == "history: read"
    body = (
        "body: {origin: provided, mentions: "
        + BY.replace("{", "{settled: not_given, never_own: a note has its writer, ")
        + "}"
    )
    notes = mapped("note", f"{BY_ID}\n    {history}", "note_id", "customer_id", body)
    path = inventory(tmp_path, "customer", history, kind="mysql", tables=notes)
    found = differences(load(path))
    assert len(found) == findings, found
    bundle = answered(installation(tmp_path / "home", path), email="an@example.nl")
    assert sorted(row["name"] for row in given_rows(bundle, "customer")) == names
    tables = tables_of(bundle)
    for name in ("customer", "note"):
        assert tables[name].get("notProven", []) == ([] if proven else ["history_not_read"])
    assert note.items() <= tables["note"].items(), tables["note"]
    resources = json.loads(members(bundle)["data/datapackage.json"])["resources"]
    (schema,) = [entry["schema"] for entry in resources if entry["path"] == "shop/customer.csv"]
    assert ("primaryKey" in schema) is not proven


def test_former_rows_are_searched_whichever_entry_of_a_table_reads_them(
    versioned: mariadb.Database, tmp_path: Path
) -> None:
    body = "body: {origin: provided}"
    entries = (
        mapped(name, f"{BY_ID}\n    {more}", "note_id", "customer_id", body)
        for name, more in (("note", f"history: {BY}"), ("old_note", "table: note\n    history: read"))
    )
    path = inventory(tmp_path, "customer", "history: read", kind="mysql", tables="".join(entries))
    loaded = load(path)
    source = loaded.sources["shop"]
    keys = search_keys([Key("email", "an@example.nl")], (), AT, loaded)
    with open_source("shop", source.kind, source.options, connection=source.connection) as session:
        session.bind(keys, AT)
        found = {
            row.table: row for row in ResidualSearch(loaded, source, session, keys, SQL, SearchLimits()).run()
        }
    assert (found["note"].found, found["note"].reason) == ({"body": 1}, None)


@pytest.mark.parametrize(
    ("link", "fails"), [("email: name", True), ("email: {column: name, at: any}", False)]
)
def test_former_rows_of_a_key_that_passes_on_are_not_given_unasked(
    tmp_path: Path, link: str, fails: bool
) -> None:
    """The person who has an address now has no right to former rows of its previous owner."""
    path = inventory(tmp_path, "customer", "history: read", kind="mysql")
    text = (path / "shop.yml").read_text().replace("customer_id: customer_id", link)
    (path / "shop.yml").write_text(text)
    if not fails:
        assert load(path).sources
        return
    with pytest.raises(
        InventoryError, match=r"former rows may be of the person who had email before: add `at`"
    ):
        load(path)


def test_no_other_source_has_a_history_to_read(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="no former rows are read in a source of kind"):
        load(inventory(tmp_path, "customer", "history: read"), SOURCES)
