"""Which rows are the person's: every kind of way, against results worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory

from afschrift.domain.keys import Key
from afschrift.inventory.load import load
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

SQL = Path(__file__).parents[3] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"

# table -> (columns that name a row, customer -> rows)
EXPECTED = {
    "customer": ("t.customer_id", {1: [1], 2: [2], 3: [3], 4: [4]}),
    "beat": ("t.bpm", {1: [60, 61], 2: [70, 80, 90], 3: [90], 4: []}),
    "orders": ("t.order_id", {1: [10, 12], 2: [11], 3: [], 4: []}),
    "line": ("t.order_id * 10 + t.line_no", {1: [101, 102, 121], 2: [111], 3: [], 4: []}),
    "line_note": ("t.note", {1: ["gift"], 2: ["fragile"], 3: [], 4: []}),
    "message": ("t.id", {1: [1, 2, 4], 2: [1, 2, 3], 3: [3], 4: []}),
    "wishlist": ("t.list_id", {1: [1], 2: [1, 2], 3: [], 4: []}),
    "member": ("t.list_id * 10 + t.customer_id", {1: [11, 11], 2: [12, 22], 3: [], 4: []}),
    "ticket_message": ("t.id", {1: [1, 2, 3], 2: [4, 5], 3: [], 4: []}),
    "shipment": ("t.id", {1: [1, 2, 4], 2: [3, 4], 3: [], 4: []}),
    "newsletter": ("t.topic", {1: ["x", "z"], 2: [], 3: ["y"], 4: []}),
    "login": (
        "epoch(t.\"at\") - epoch(TIMESTAMPTZ '2024-01-01 00:00Z')",
        {1: [0, 86400], 2: [172800], 3: [], 4: []},
    ),
}


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("mini")
    database = write_database(folder / "shop.duckdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(database))
        inventory = load(write_inventory(folder / "inventory"))
        yield inventory


def opener(inventory):
    def open_(name: str):
        declared = inventory.sources[name]
        return open_source(name, declared.kind, declared.options)

    return open_


@pytest.mark.parametrize("table", EXPECTED)
@pytest.mark.parametrize("customer", [1, 2, 3, 4])
def test_rows(mini, table: str, customer: int) -> None:
    what, by_customer = EXPECTED[table]
    given = [Key("customer_id", str(customer))]
    identity = Expansion(mini, opener(mini), SQL, AT).run(given)
    source = mini.sources["shop"]
    with opener(mini)("shop") as session:
        session.bind(identity.keys, AT)
        statements = Statements(SQL, source, mini.identity, session.dialect, session.catalogue())
        counted = session.rows(statements.count(table))[0][0]
        rows = session.rows(statements.count(table).replace("count(*)", what).replace("SELECT", "SELECT ", 1))
    assert sorted(row[0] for row in rows) == by_customer[customer]
    assert counted == len(by_customer[customer])


def keys_of(mini, *given: Key):
    return Expansion(mini, opener(mini), SQL, AT).run(list(given))


def test_old_email_is_a_key_with_its_interval(mini) -> None:
    identity = keys_of(mini, Key("customer_id", "1"))
    emails = [(k.value, k.valid_from, k.valid_to) for k in identity.keys if k.name == "email"]
    assert emails == [
        ("ann@example.org", "2023-01-01T00:00:00.000000Z", None),
        ("old.ann@example.org", "2020-01-01T00:00:00.000000Z", "2023-01-01T00:00:00.000000Z"),
    ]
    assert not identity.shared


def test_a_reissued_email_leads_to_who_has_it_now(mini) -> None:
    identity = keys_of(mini, Key("email", "Old.Ann@Example.org"))
    assert [k.value for k in identity.keys if k.name == "customer_id"] == ["3"]
    assert identity.persons == 1


def test_shared_key_is_counted(mini) -> None:
    assert keys_of(mini, Key("customer_id", "2")).shared == {"device_id": 1}
    assert keys_of(mini, Key("customer_id", "3")).shared == {"device_id": 1}
    assert keys_of(mini, Key("customer_id", "1")).shared == {}


@pytest.mark.parametrize("customer", ["1", "2", "3", "4"])
def test_no_key_that_is_shared_or_changes_hands_leads_to_another_person(mini, customer: str) -> None:
    identity = keys_of(mini, Key("customer_id", customer))
    assert [k.value for k in identity.keys if k.name == "customer_id"] == [customer]
    assert identity.persons == 1


def test_a_device_does_not_lead_to_its_other_owner(mini) -> None:
    identity = keys_of(mini, Key("customer_id", "1"))
    assert [k.value for k in identity.keys if k.name == "customer_id"] == ["1"]


def test_two_keys_of_two_persons(mini) -> None:
    assert keys_of(mini, Key("customer_id", "1"), Key("email", "bob@example.org")).persons == 2


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", "1 OR 1=1", "../../etc/passwd", "\x00", "%", "1;DROP TABLE customer"]
)
@pytest.mark.parametrize("key", ["customer_id", "email", "device_id"])
def test_hostile_keys_match_no_person(mini, key: str, value: str) -> None:
    identity = keys_of(mini, Key(key, value))
    assert {k.name for k in identity.keys} == {key}
    with opener(mini)("shop") as session:
        session.bind(identity.keys, AT)
        statements = Statements(
            SQL, mini.sources["shop"], mini.identity, session.dialect, session.catalogue()
        )
        for table in EXPECTED:
            assert session.rows(statements.count(table))[0][0] == 0


def test_statement_is_the_same_for_all_and_holds_no_value(mini) -> None:
    with opener(mini)("shop") as session:
        texts = set()
        for customer in ("1", "31337"):
            session.bind([Key("customer_id", customer)], AT)
            statements = Statements(
                SQL, mini.sources["shop"], mini.identity, session.dialect, session.catalogue()
            )
            texts.add(statements.count("line"))
        assert len(texts) == 1
        assert "31337" not in texts.pop()
