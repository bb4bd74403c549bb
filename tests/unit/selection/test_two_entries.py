"""A table with two entries, or one under another name: what its database says of it holds for each entry."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from testbed import postgres as pg
from testbed.mini import write_inventory
from testbed.running import installation, run, store

from afschrift.datamap.check.map_check import compare
from afschrift.domain.errors import NeedsPersonError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import progress

SQL = Path(__file__).parents[3] / "include" / "sql"
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
SHOP = """
source: shop
kind: {kind}
{where}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the purchase}}}}
    recipients: []
tables:
  campaign:
    subject: {{email: {{column: email, match: casefold}}}}
    key: [campaign_id]
    purposes: [account]
    columns: {{campaign_id: {{origin: assigned}}, email: {{origin: provided}}}}
  customer:
    subject: {{customer_id: customer_id, email: {{column: email, match: casefold}}}}
    key: [customer_id]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, email: {{origin: provided}}}}
  referral:
    subject: {{customer_id: customer_id}}
    key: [referral_id]
    purposes: [account]
    columns:
      referral_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      friend: {{origin: provided, about: third_party, third_party: own_use}}
      campaign_id: {{origin: assigned}}
  referral_received:
    table: {table}
    subject: {{email: {{column: friend, match: casefold}}}}
    key: [{key}]
    purposes: [account]
    source: {{name: {{nl: Een vriend, en: A friend}}}}
    columns:
      referral_id: {{origin: assigned}}
      customer_id: {{origin: third_party, about: third_party, third_party: mask}}
      friend: {{origin: third_party}}
      campaign_id: {{origin: assigned}}
  mail:
    table: seen
    subject: {{customer_id: customer_id}}
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, email: {{origin: provided}}}}
"""


def shop(tmp_path: Path, *, more: str = "", table: str = "referral", key: str = "referral_id") -> Path:
    file = tmp_path / "shop.sqlite"
    if not file.exists():
        with closing(sqlite3.connect(file)) as con:
            con.executescript(SCHEMA + more)
    where = f'options: {{path: "{file}"}}'
    return write_inventory(tmp_path / "map", SHOP.format(kind="sqlite", where=where, table=table, key=key))


def members(tmp_path: Path, folder: Path) -> dict[str, Any]:
    services = installation(tmp_path / "home", folder)
    bundle = run(services, store(services, {"customer_id": "1"}))
    with zipfile.ZipFile(bundle) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        return {n: json.loads(archive.read(names[f"data/{n}.json"])) for n in ("datapackage", "coverage")}


def test_foreign_keys_and_views_name_each_entry(tmp_path: Path) -> None:
    found = members(tmp_path, shop(tmp_path))
    pointers = {
        resource["path"]: sorted(key["fields"][0] for key in resource["schema"].get("foreignKeys", []))
        for resource in found["datapackage"]["resources"]
        if resource["path"].endswith(".csv")
    }
    assert pointers["shop/referral.csv"] == ["campaign_id", "customer_id"]
    assert pointers["shop/referral_received.csv"] == ["campaign_id"], "the sender's number is masked"
    proof = {table["table"]: table.get("notProven") for table in found["coverage"]["tables"]}
    assert proof["mail"] == ["view_not_confirmed"]


def test_two_entries_of_a_table_have_no_difference_of_their_own(tmp_path: Path) -> None:
    inventory = load(shop(tmp_path))
    found = compare(inventory, SQL)
    assert found.differences == [
        "shop.mail is a view, and it is not confirmed that it holds every row: set `complete`"
    ]
    assert (found.classified, found.columns) == (14, 14)
    assert progress(inventory) == (14, [])


def test_repeating_key_names_its_entry(tmp_path: Path) -> None:
    keyed = compare(load(shop(tmp_path, key="campaign_id")), SQL).differences
    assert [line.partition(":")[0] for line in keyed] == [
        "shop.referral_received",
        "shop.mail is a view, and it is not confirmed that it holds every row",
    ]


def test_missing_table_is_named_as_in_the_source(tmp_path: Path) -> None:
    found = compare(load(shop(tmp_path, table="invitation")), SQL).differences
    assert "shop.referral_received (table invitation) is in the inventory, but not in the source" in found


def test_table_with_the_name_of_an_entry_is_checked(tmp_path: Path) -> None:
    folder = shop(tmp_path, more="CREATE TABLE mail (customer_id INTEGER, body TEXT);")
    assert (
        "shop.mail is in the source, but not in the inventory: every request stops there"
        in compare(load(folder), SQL).differences
    )
    with pytest.raises(NeedsPersonError, match=r"does not describe these tables of shop: mail\.") as error:
        members(tmp_path, folder)
    assert error.value.question == "unlisted_tables"


@pytest.fixture
def guarded(postgres: pg.Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[pg.Database]:
    postgres.execute(
        *SCHEMA.strip().split(";\n")[:-1],
        "INSERT INTO referral VALUES (1, 2, 'ann@example.nl', 1)",
        "CREATE ROLE reader_of_tests LOGIN",
        "GRANT SELECT ON campaign, customer, seen TO reader_of_tests",
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", postgres.libpq.replace("postgres:@", "reader_of_tests:@"))
    yield postgres
    postgres.execute("DROP OWNED BY reader_of_tests", "DROP ROLE reader_of_tests")


def test_missing_right_is_named_once_for_each_table(guarded: pg.Database, tmp_path: Path) -> None:
    text = SHOP.format(kind="postgres", where="connection: shop", table="referral", key="referral_id")
    folder = write_inventory(tmp_path / "map", text)
    closed = [line for line in compare(load(folder), SQL).differences if "referral" in line]
    assert len(closed) == 1, closed
    guarded.execute(
        "GRANT SELECT (referral_id, customer_id, campaign_id) ON referral TO reader_of_tests",
    )
    closed = [line for line in compare(load(folder), SQL).differences if "no right" in line]
    assert [line for line in closed if ": no right" in line] == ["shop.referral.friend: no right to read it"]


def test_an_entry_on_a_table_of_a_closed_schema_waits_for_a_person(
    guarded: pg.Database, tmp_path: Path
) -> None:
    guarded.execute("CREATE SCHEMA crm", "CREATE VIEW crm.seen AS SELECT * FROM customer")
    text = SHOP.format(kind="postgres", where="connection: shop", table="referral", key="referral_id")
    folder = write_inventory(tmp_path / "map", text.replace("table: seen", "table: crm.seen"))
    guarded.execute("GRANT SELECT ON referral TO reader_of_tests")
    hidden = "shop.crm.seen is in a schema without USAGE for the connection: it is not read"
    found = compare(load(folder), SQL).differences
    assert hidden in found
    assert not any("not in the source" in line for line in found), found
    with pytest.raises(NeedsPersonError, match=r"no right to read shop\.crm\.seen") as error:
        members(tmp_path, folder)
    assert error.value.question == "no_right"
