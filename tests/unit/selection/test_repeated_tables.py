"""A table with two entries, under another name, or whose rows are in two tables: each row leaves once."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed import postgres as pg
from testbed import small
from testbed.mini import write_inventory
from testbed.running import installation, members, run, store
from tests.support.driving import ANN, given_rows, stopped
from tests.support.key_shop import HEAD, differences, mapped
from tests.unit.selection.conftest import READER

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import progress

SCHEMA = """
CREATE TABLE campaign (campaign_id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE referral (referral_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (customer_id),
                       friend TEXT, campaign_id INTEGER REFERENCES campaign (campaign_id));
CREATE VIEW seen AS SELECT customer_id, email FROM customer;
INSERT INTO campaign VALUES (1, 'ann@example.nl');
INSERT INTO customer VALUES (1, 'ann@example.nl'), (2, 'bob@example.nl');
INSERT INTO referral VALUES (1, 2, 'ann@example.nl', 1), (2, 1, 'bob@example.nl', 1);
"""
SERVER = "connection: shop"
BY_ID = "subject: {customer_id: customer_id}"
EMAIL, MAIL = "email: {column: email, match: casefold}", "email: {origin: provided}"
FRIEND = "friend: {origin: provided, about: third_party, third_party: own_use}"
MASKED = "customer_id: {origin: third_party, about: third_party, third_party: mask}"
RECEIVED = """table: {table}
    subject: {{email: {{column: friend, match: casefold}}}}
    source: {{name: {{nl: Een vriend, en: A friend}}}}"""


def two_entries(
    folder: Path,
    *,
    more: str = "",
    table: str = "referral",
    key: str = "referral_id",
    place: str = "",
) -> Path:
    """The map of a shop with two entries of `referral`, and `mail` under another name."""
    if not place:
        file = folder / "shop.sqlite"
        place = f'options: {{path: "{file}"}}'
        if not file.exists():
            small.execute(file, SCHEMA + more)
    kind = "sqlite" if "path" in place else "postgres"
    received = RECEIVED.format(table=table)
    ids = "referral_id", "customer_id"
    text = HEAD.format(kind=kind, place=place)
    text += mapped("campaign", f"subject: {{{EMAIL}}}", "campaign_id", MAIL)
    text += mapped("customer", f"subject: {{customer_id: customer_id, {EMAIL}}}", "customer_id", MAIL)
    text += mapped("referral", BY_ID, *ids, FRIEND, "campaign_id")
    text += mapped(
        "referral_received", received, ids[0], MASKED, "friend: {origin: third_party}", "campaign_id", key=key
    )
    text += mapped("mail", f"table: seen\n    {BY_ID}", "customer_id", MAIL, key="")
    return write_inventory(folder / "map", text)


def answered(folder: Path, inventory: Path) -> Path:
    services = installation(folder / "home", inventory)
    return run(services, store(services, ANN))


def coverage(bundle: Path) -> dict[str, dict[str, Any]]:
    return {table["table"]: table for table in json.loads(members(bundle)["data/coverage.json"])["tables"]}


def test_foreign_keys_and_views_name_each_entry(tmp_path: Path) -> None:
    bundle = answered(tmp_path, two_entries(tmp_path))
    pointers = {
        resource["path"]: sorted(key["fields"][0] for key in resource["schema"].get("foreignKeys", []))
        for resource in json.loads(members(bundle)["data/datapackage.json"])["resources"]
        if resource["path"].endswith(".csv")
    }
    assert pointers["shop/referral.csv"] == ["campaign_id", "customer_id"]
    assert pointers["shop/referral_received.csv"] == ["campaign_id"], "the sender's number is masked"
    assert coverage(bundle)["mail"]["notProven"] == ["view_not_confirmed"]


VIEW = "shop.mail is a view, and it is not confirmed that it holds every row"


def test_two_entries_of_a_table_have_no_difference_of_their_own(tmp_path: Path) -> None:
    inventory = load(two_entries(tmp_path))
    assert differences(inventory) == [f"{VIEW}: set `complete`"]
    assert progress(inventory) == (14, [])
    keyed = differences(load(two_entries(tmp_path, key="campaign_id")))
    assert [line.partition(":")[0] for line in keyed] == ["shop.referral_received", VIEW]
    missing = "shop.referral_received (table invitation) is in the inventory, but not in the source"
    assert missing in differences(load(two_entries(tmp_path, table="invitation")))


def test_table_with_the_name_of_an_entry_is_checked(tmp_path: Path) -> None:
    folder = two_entries(tmp_path, more="CREATE TABLE mail (customer_id INTEGER, body TEXT);")
    unlisted = "shop.mail is in the source, but not in the inventory: every request stops there"
    assert unlisted in differences(load(folder))
    services = installation(tmp_path / "home", folder)
    error = stopped(run, services, store(services, ANN))
    assert error.question == "unlisted_tables"
    assert "does not describe these tables of shop: mail." in str(error)


def test_missing_right_is_named_once_for_each_table(guarded: pg.Database, tmp_path: Path) -> None:
    guarded.execute(
        *SCHEMA.strip().split(";\n")[:-1], f"GRANT SELECT ON campaign, customer, seen TO {READER}"
    )
    folder = two_entries(tmp_path, place=SERVER)
    found = differences(load(folder))
    assert len([line for line in found if "referral" in line and "was not checked" not in line]) == 1
    guarded.execute(f"GRANT SELECT (referral_id, customer_id, campaign_id) ON referral TO {READER}")
    closed = [line for line in differences(load(folder)) if ": no right" in line]
    assert closed == ["shop.referral.friend: no right to read it"]


NAMES = mapped("customer", BY_ID, "customer_id", "name: {origin: provided}").replace(
    "[customer_id]", "[customer_id, name]"
)
CHILD = f"  customer_2025:\n    {BY_ID}\n    columns: {{customer_id: {{origin: assigned}}}}\n"
COPY = "  kept: {copy_of: customer, title: {nl: Kopie, en: Copy}}\n"
ROWS = "(1, 'An'), (2, 'Bo')"


@pytest.fixture
def inherited(postgres: pg.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pg.Database:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", postgres.libpq)
    postgres.execute(
        "CREATE TABLE customer (customer_id int, name text)",
        "CREATE TABLE customer_2025 () INHERITS (customer)",
        f"INSERT INTO customer VALUES {ROWS}",
        "INSERT INTO customer_2025 VALUES (1, 'Ans')",
    )
    return postgres


def with_children(folder: Path, more: str = "") -> Path:
    return write_inventory(folder, HEAD.format(kind="postgres", place=SERVER) + NAMES + more)


def test_child_is_read_with_its_parent(inherited: pg.Database, tmp_path: Path) -> None:
    path = with_children(tmp_path / "map")
    assert differences(load(path)) == []
    assert sorted(row["name"] for row in given_rows(answered(tmp_path, path), "customer")) == ["An", "Ans"]


def test_a_child_in_the_map_is_a_fault(inherited: pg.Database, tmp_path: Path) -> None:
    path = with_children(tmp_path / "map", CHILD)
    part = "shop.customer_2025 is a part of customer, which holds its rows: describe"
    assert differences(load(path)) == [f"{part} customer alone"]
    with pytest.raises(ConfigurationError, match="is a part of customer, which holds its rows"):
        answered(tmp_path, path)
    # One with columns of its own is asked about.
    inherited.execute("ALTER TABLE customer_2025 ADD COLUMN nickname text")
    assert f"{part} one of the two" in differences(load(path))
    services = installation(tmp_path / "asking", with_children(tmp_path / "alone"))
    error = stopped(run, services, store(services, ANN))
    assert "does not describe these tables of shop: customer_2025" in str(error)


def copied(folder: Path, copy: str = COPY, view: str = "name, customer_id") -> Path:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER, name VARCHAR)")
        con.execute(f"INSERT INTO customer VALUES {ROWS}")
        con.execute(f"CREATE VIEW kept AS SELECT {view} FROM customer")
    place = f'options: {{path: "{folder / "shop.duckdb"}"}}'
    return write_inventory(folder / "map", HEAD.format(kind="duckdb", place=place) + NAMES + copy)


def test_a_copy_takes_one_line_and_its_rows_leave_once(tmp_path: Path) -> None:
    path = copied(tmp_path)
    assert differences(load(path)) == []
    bundle = answered(tmp_path, path)
    assert [row["name"] for row in given_rows(bundle, "customer")] == ["An"]
    assert "data/shop/kept.csv" not in members(bundle)
    statuses = {name: (table["status"], table.get("copyOf")) for name, table in coverage(bundle).items()}
    assert statuses == {"customer": ("rows", None), "kept": ("copy", "customer")}


def test_a_copy_with_a_column_of_its_own_is_none(tmp_path: Path) -> None:
    path = copied(tmp_path, view="*, 'x' AS score")
    assert differences(load(path)) == [
        "shop.kept.score is no column of customer: kept is no copy of it: every request stops there"
    ]
    services = installation(tmp_path / "home", path)
    error = stopped(run, services, store(services, ANN))
    assert "does not describe these tables of shop: kept" in str(error)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("  kept: {copy_of: absent}\n", "the source has no such table"),
        ("  kept: {copy_of: kept}\n", "it is a copy itself"),
        ("  kept: {copy_of: customer, key: [name]}\n", "leave out key"),
    ],
)
def test_what_is_wrong_with_a_copy(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(InventoryError, match=fault):
        load(copied(tmp_path, line))
