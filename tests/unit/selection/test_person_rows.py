"""Which rows are the person's: every kind of way, against results worked out by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from tests.support.key_shop import AT, SQL

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.redaction import MASK
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.identifiers import own_identifiers
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

# table -> (columns that name a row, customer -> rows)
EXPECTED: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "customer": ("t.customer_id", {"1": [1], "2": [2], "3": [3], "4": [4]}),
    "beat": ("t.bpm", {"1": [60, 61], "2": [70, 80, 90], "3": [90]}),
    "orders": ("t.order_id", {"1": [10, 12], "2": [11]}),
    "line": ("t.order_id * 10 + t.line_no", {"1": [101, 102, 121], "2": [111]}),
    "line_note": ("t.note", {"1": ["gift"], "2": ["fragile"]}),
    "message": ("t.id", {"1": [1, 2, 4], "2": [1, 2, 3], "3": [3]}),
    "wishlist": ("t.list_id", {"1": [1], "2": [1, 2]}),
    "member": ("t.list_id * 10 + t.customer_id", {"1": [11, 11], "2": [12, 22]}),
    "ticket_message": ("t.id", {"1": [1, 2, 3], "2": [4, 5]}),
    "shipment": ("t.id", {"1": [1, 2, 4], "2": [3, 4]}),
    "newsletter": ("t.topic", {"1": ["x", "z"], "3": ["y"]}),
    "login": ("epoch(t.\"at\") - epoch(TIMESTAMPTZ '2024-01-01 00:00Z')", {"1": [0, 86400], "2": [172800]}),
}
CUSTOMERS = ("1", "2", "3", "4")


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    folder = tmp_path_factory.mktemp("mini")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(folder / "shop.duckdb")))
        yield load(write_inventory(folder / "inventory"))


@pytest.fixture(scope="module")
def people(mini: Inventory) -> dict[str, Any]:
    """Customer -> the keys that theirs leads to."""
    return {customer: keys_of(mini, Key("customer_id", customer)) for customer in CUSTOMERS}


def opened(mini: Inventory) -> Source:
    declared = mini.sources["shop"]
    return open_source("shop", declared.kind, declared.options)


def keys_of(mini: Inventory, *given: Key) -> Any:
    return Expansion(mini, lambda _: opened(mini), SQL, AT).run(list(given))


@contextmanager
def reading(mini: Inventory, keys: list[Key]) -> Iterator[tuple[Source, Statements]]:
    with opened(mini) as session:
        session.bind(keys, AT)
        source = mini.sources["shop"]
        yield session, Statements(SQL, source, mini.identity, session.dialect, session.catalogue())


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_rows(mini: Inventory, people: dict[str, Any], customer: str) -> None:
    found, counted = {}, {}
    with reading(mini, people[customer].keys) as (session, statements):
        for table, (what, _) in EXPECTED.items():
            count = statements.count(table)
            counted[table] = session.rows(count)[0][0]
            found[table] = sorted(row[0] for row in session.rows(count.replace("count(*)", what)))
        assert statements.finder.key_match("customer", "no_such_key") is None
    assert found == {table: rows.get(customer, []) for table, (_, rows) in EXPECTED.items()}
    assert counted == {table: len(rows) for table, rows in found.items()}


def test_a_column_that_the_map_lacks_is_masked_in_every_row(mini: Inventory, people: dict[str, Any]) -> None:
    source = mini.sources["shop"]
    table = source.tables["ticket_message"]
    fields = [FieldPlan(name, ValueKind.TEXT, Action.MASK, (), "") for name in ("author", "body")]
    with reading(mini, people["1"].keys) as (session, _):
        for left, masked in ((table.columns, [1, 2, 1]), ({"id": table.columns["id"]}, [2, 2, 1])):
            entries = {**source.tables, "ticket_message": table.model_copy(update={"columns": left})}
            lacking = source.model_copy(update={"tables": entries})
            made = Statements(SQL, lacking, mini.identity, session.dialect, session.catalogue())
            rows = session.rows(made.extract("ticket_message", fields, None))
            assert [row[:2].count(MASK) for row in rows] == masked  # a bot has no name


def test_identifiers_of_the_person_are_read_from_fields_of_a_struct_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field of a struct is a text as it is; a member of JSON is a text in quotes."""
    monkeypatch.setenv("MINI_SHOP", str(tmp_path / "shop.duckdb"))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE customer (customer_id INTEGER, own STRUCT(mail VARCHAR), more JSON)")
        more = '{"mail": "anna@example.org"}'
        connection.execute("INSERT INTO customer VALUES (1, {'mail': 'ann@example.org'}, ?)", [more])
    members = (
        f"      {name}_mail: {{origin: provided, category: user.contact.email, path: [{name}, mail]}}\n"
        for name in ("own", "more")
    )
    entry = "  customer:\n    subject: {customer_id: customer_id}\n    key: [customer_id]\n    purposes: [account]\n"
    entry += "    columns:\n      customer_id: {origin: assigned}\n      own: {origin: provided}\n"
    entry += "      more: {origin: provided}\n" + "".join(members)
    head = "source: shop\nkind: duckdb\noptions: {path: '${MINI_SHOP}', threads: 1}\nzone: UTC\npurposes:\n"
    head += "  account: {basis: A6-1-b, title: {nl: Account, en: Account}, recipients: [], automated_decision: false,\n"
    head += "    retention: {period: P1Y, trigger: {nl: na uw bezoek, en: after your visit}}}\n"
    shop = head + "tables:\n" + entry
    inventory = load(write_inventory(tmp_path / "inventory", shop))
    with reading(inventory, [Key("customer_id", "1")]) as (session, statements):
        found = own_identifiers(inventory.sources["shop"], session, statements, "customer_id")
    assert found == {"ann@example.org", "anna@example.org"}


def test_old_email_is_a_key_with_its_interval(people: dict[str, Any]) -> None:
    emails = [(k.value, k.valid_from, k.valid_to) for k in people["1"].keys if k.name == "email"]
    assert emails == [
        ("ann@example.org", "2023-01-01T00:00:00.000000Z", None),
        ("old.ann@example.org", "2020-01-01T00:00:00.000000Z", "2023-01-01T00:00:00.000000Z"),
    ]


def test_a_reissued_email_leads_to_who_has_it_now(mini: Inventory) -> None:
    identity = keys_of(mini, Key("email", "Old.Ann@Example.org"))
    assert [k.value for k in identity.keys if k.name == "customer_id"] == ["3"]
    assert identity.persons == 1

    assert keys_of(mini, Key("customer_id", "1"), Key("email", "bob@example.org")).persons == 2


def test_no_key_that_is_shared_or_changes_hands_leads_to_another_person(people: dict[str, Any]) -> None:
    numbers = {
        customer: [k.value for k in identity.keys if k.name == "customer_id"]
        for customer, identity in people.items()
    }
    assert numbers == {customer: [customer] for customer in CUSTOMERS}
    assert {identity.persons for identity in people.values()} == {1}
    device = {"device_id": 1}
    assert {customer: identity.shared for customer, identity in people.items()} == {
        "1": {}, "2": device, "3": device, "4": {},
    }  # fmt: skip


MORE = """
CREATE TABLE household (customer_id INTEGER, email VARCHAR, card VARCHAR);
CREATE TABLE bonus (card VARCHAR, points INTEGER);
CREATE TABLE reply (id INTEGER, customer_id INTEGER, answers INTEGER);
INSERT INTO household VALUES (NULL, 'bob@example.org', 'c3');
INSERT INTO bonus VALUES ('c3', 33);
CREATE TABLE mark (id INTEGER, mark INTEGER);
INSERT INTO reply VALUES (1, 1, NULL), (2, 2, 1), (1, NULL, 2);
"""
MORE_TABLES = """
  household:
    subject: {customer_id: customer_id, email: email, card: card}
    purposes: [account]
    columns: {customer_id: {origin: assigned}, email: {origin: provided}, card: {origin: assigned}}
  bonus:
    subject: {card: card}
    purposes: [account]
    columns: {card: {origin: assigned}, points: {origin: assigned}}
  reply:
    join: [{customer_id: customer.customer_id}, {answers: reply.id}]
    purposes: [account]
    columns: {id: {origin: assigned}, customer_id: {origin: assigned}, answers: {origin: assigned}}
  mark:
    join: {id: reply.id}
    purposes: [account]
    columns: {id: {origin: assigned}, mark: {origin: provided}}
"""


def test_neither_a_shared_key_nor_a_self_reference_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob's address is on the card of another person (R14), Bob answered Ann, and a row answers Bob."""
    database = write_database(tmp_path / "shop.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute(MORE)
    monkeypatch.setenv("MINI_SHOP", str(database))
    folder = write_inventory(tmp_path / "inventory", SHOP + MORE_TABLES)
    with (folder / "identity.yml").open("a") as file:
        file.write("  card: {unique: no}\n")
    shop = load(folder)
    bob = keys_of(shop, Key("customer_id", "2"))
    assert {key.name for key in bob.keys} == {"customer_id", "email", "device_id"}
    for customer, rows in {"1": [1], "2": [2]}.items():
        with reading(shop, keys_of(shop, Key("customer_id", customer)).keys) as (session, statements):
            assert session.rows(statements.count("bonus"))[0][0] == 0
            ids = session.rows(statements.count("reply").replace("count(*)", "t.id"))
            assert [row[0] for row in ids] == rows
            keys = KeyStatements(
                SQL, shop.sources["shop"], shop.identity, session.dialect, session.catalogue()
            )
            assert [session.rows(text)[0][0] for _, text in keys.crossings("mark")] == [0]


@pytest.mark.parametrize("key", ["customer_id", "email", "device_id"])
def test_hostile_keys_match_no_person(mini: Inventory, key: str) -> None:
    hostile = ["' OR 1=1 --", "1 OR 1=1", "../../etc/passwd", "\x00", "%", "1;DROP TABLE customer"]
    identity = keys_of(mini, *(Key(key, value) for value in hostile))
    assert {(k.name, k.value) for k in identity.keys} <= {(key, value) for value in hostile}
    with reading(mini, identity.keys) as (session, statements):
        counted = {table: session.rows(statements.count(table))[0][0] for table in EXPECTED}
    assert counted == dict.fromkeys(EXPECTED, 0)


def test_statement_is_the_same_for_all_and_holds_no_value(mini: Inventory) -> None:
    texts = set()
    for customer in ("1", "31337"):
        with reading(mini, [Key("customer_id", customer)]) as (_, statements):
            texts.add(statements.count("line"))
    assert len(texts) == 1
    assert "31337" not in texts.pop()
