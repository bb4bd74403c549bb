"""Defaults by table, name and category: what each gives, which goes first, and what counts."""

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from testbed.mini import write_inventory

from afschrift.inventory.column import Column
from afschrift.inventory.load import FILES, load, schema
from afschrift.inventory.model import SourceFile

PURPOSE = "{basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}"
SHOP = f"""
source: shop
kind: duckdb
purposes: {{sale: {PURPOSE}}}
defaults:
  references: {{customer_id: customer.customer_id}}
  columns:
    "*_at": {{origin: observed, category: user.behavior}}
    "*_on": {{origin: provided}}
  categories:
    user.contact: {{origin: provided}}
    user.contact.phone_number: {{origin: assigned}}
confirmations:
  map: {{by: Data office, on: 2026-11-02, why: Gone through with the shop., review: 2027-11-02}}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    confirmed: {{in: map, columns: [customer_id, email, phone, seen_at]}}
    columns:
      customer_id: {{origin: assigned, category: user.unique_id, title: {{nl: Nummer, en: Number}}, identifies: true}}
      email: {{category: user.contact.email}}
      phone: {{category: user.contact.phone_number, why: The shop gave it out.}}
      left_at: {{}}
      born_on: {{origin: derived, meaning: {{nl: x, en: y}}}}
  orders:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    defaults: {{origin: provided, category: user.content}}
    confirmed: [order_id, customer_id, placed_at, paid_on]
    columns:
      order_id: {{origin: assigned, category: user.unique_id}}
      paid_on: {{category: user.payment}}
"""


def source(folder: Path, *changes: tuple[str, str]) -> SourceFile:
    text = SHOP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return load(write_inventory(folder, text)).sources["shop"]


def column(folder: Path, path: str, *changes: tuple[str, str]) -> Column:
    table, _, name = path.partition(".")
    return source(folder, *changes).tables[table].columns[name]


def test_a_confirmed_column_needs_no_line_of_its_own(tmp_path: Path) -> None:
    found = column(tmp_path, "customer.seen_at")
    assert (found.origin, found.category, found.proposal) == ("observed", "user.behavior", None)
    assert found.decided is not None
    assert (found.decided.by, str(found.decided.review)) == ("Data office", "2027-11-02")
    found = column(tmp_path, "customer.left_at")  # which is not confirmed
    assert (found.origin, found.review) == (None, "needed")
    assert found.proposal is not None
    assert (found.proposal.origin, found.proposal.category) == ("observed", "user.behavior")


def test_what_a_column_says_itself_takes_no_default(tmp_path: Path) -> None:
    found = column(tmp_path, "customer.born_at", ("born_on: {", "born_at: {"))
    assert (found.origin, found.category, found.proposal) == ("derived", None, None)

    found = column(tmp_path, "orders.paid_on", ("category: user.payment", "category: null"))
    assert found.category is None


@pytest.mark.parametrize(
    ("changes", "origin", "place"),
    [
        ([("paid_on: {category", "paid_on: {origin: inferred, meaning: {nl: x, en: y}, category")], "inferred", None),
        ([], "provided", "tables.orders.defaults"),
        ([("defaults: {origin: provided, category: user.content}", "defaults: {category: user.content}"),
          ('"*_on": {origin: provided}', '"*_on": {origin: derived, meaning: {nl: x, en: y}}')],
         "derived", "defaults.columns.*_on"),
        ([("defaults: {origin: provided, category: user.content}", "defaults: {category: user.content}"),
          ('"*_on": {origin: provided}', '"*_on": {title: {nl: x, en: y}}'),
          ("user.payment", "user.contact.email")], "provided", "defaults.categories.user.contact"),
    ],
)  # fmt: skip
def test_column_goes_before_table_before_name_before_category(
    tmp_path: Path, changes: list[tuple[str, str]], origin: str, place: str | None
) -> None:
    found = column(tmp_path, "orders.paid_on", *changes)
    assert found.origin == origin
    assert found.sources.get("origin") == (tuple(place.split(".", 2)) if place else None)


def test_the_nearest_category_counts_alone(tmp_path: Path) -> None:
    columns = source(tmp_path).tables["customer"].columns
    assert (columns["phone"].origin, columns["email"].origin) == ("assigned", "provided")


def test_purposes_of_the_source_are_those_of_each_table_that_names_none(tmp_path: Path) -> None:
    above = ("defaults:\n", "defaults:\n  purposes: [sale]\n")
    none = ("    purposes: [sale]\n    confirmed:", "    confirmed:")
    own = ("    purposes: [sale]\n    defaults:", "    purposes: []\n    defaults:")
    nobodys = ("  orders:\n", "  country: {personal: false, columns: {code: {}}}\n  orders:\n")
    tables = source(tmp_path, above, none, own, nobodys).tables
    purposes = {name: table.purposes for name, table in tables.items()}
    assert purposes == {"customer": ("sale",), "country": (), "orders": ()}


def test_a_look_up_takes_over_what_it_points_to_before_the_tables_default(tmp_path: Path) -> None:
    orders = source(tmp_path).tables["orders"]
    found = orders.columns["customer_id"]
    assert orders.references == {"customer_id": "customer.customer_id"}
    assert (found.origin, found.category) == ("assigned", "user.unique_id")
    assert found.title is not None
    assert not found.identifies  # a person says this of one column


BY_WHO = "subject: {customer_id: who}"


@pytest.mark.parametrize(
    ("place", "way"),
    [
        (f"{BY_WHO}, ways: guessed, columns: {{who: {{origin: assigned}}, place_id: {{origin: observed}}}}", "references"),
        (f"{BY_WHO}, columns: {{who: {{origin: assigned}}, place_id: {{origin: observed, review: needed}}}}", "references"),
        ("personal: false, columns: {place_id: {origin: not_personal}}", "join"),
    ],
)  # fmt: skip
def test_nothing_is_taken_over_from_a_proposal(tmp_path: Path, place: str, way: str) -> None:
    at = "    confirmed: ["
    points = f"    {way}: {{place_id: place.place_id}}\n{at}place_id, "
    tables = ("tables:\n", f"tables:\n  place: {{{place}}}\n")
    found = column(tmp_path, "orders.place_id", tables, (f"{at}order_id,", f"{points}order_id,"))
    assert (found.origin, found.category, found.proposal) == ("provided", "user.content", None)


@pytest.mark.parametrize("care", ["protect: payment", "about: third_party, third_party: mask, mask: label"])
@pytest.mark.parametrize("waits", ["guessed", "needed"])
def test_protection_is_kept_while_the_target_is_a_proposal(tmp_path: Path, waits: str, care: str) -> None:
    def card(waits: str, own: str = "") -> Column:
        table = "ways: guessed, " if waits == "guessed" else ""
        words = f"origin: provided, {care}" + (", review: needed" if waits == "needed" else "")
        tables = (
            "tables:\n",
            f"tables:\n  wallet: {{subject: {{customer_id: who}}, {table}purposes: [sale], columns: "
            f"{{who: {{origin: assigned}}, card: {{{words}}}}}}}\n",
        )
        at = (
            "    confirmed: [order_id,",
            "    references: {card: wallet.card, again: orders.card}\n    confirmed: [card, again, order_id,",
        )
        mine = ("      paid_on:", f"      card: {{{own}}}\n      paid_on:")
        orders = source(tmp_path, tables, at, mine).tables["orders"]
        if own:
            return orders.columns["card"]
        assert orders.columns["again"].awaits == orders.columns["card"].awaits
        assert orders.columns["paid_on"].review is None
        return orders.columns["card"]

    sure, found = card(""), card(waits)
    assert found.review == "needed"
    assert found.awaits == (("ways of wallet",) if waits == "guessed" else ("wallet.card",))
    assert found.proposal == sure, "what it says once that is confirmed"
    assert sure.protect == "payment" or sure.mask == "label"
    assert sure.decided is None  # the list of this table has no name
    itself = card(waits, f"origin: provided, {care}")
    assert (itself.review, itself.protect, itself.mask) == (None, sure.protect, sure.mask)


def test_columns_that_point_to_each_other_are_read_to_an_end(tmp_path: Path) -> None:
    at = (
        "    confirmed: [order_id,",
        "    references: {one: orders.two, two: orders.one}\n    confirmed: [one, two, order_id,",
    )
    assert column(tmp_path, "orders.one", at).origin == "provided"


def test_own_reason_of_a_column_joins_its_confirmation(tmp_path: Path) -> None:
    decided = column(tmp_path, "customer.phone").decided
    assert decided is not None
    assert (decided.by, decided.why) == ("Data office", "The shop gave it out.")
    in_capitals = column(tmp_path, "customer.SEEN_AT", ("phone, seen_at", "phone, SEEN_AT"))
    assert in_capitals.origin == "observed", "a pattern knows no case"


def test_the_json_schema_takes_what_the_loader_takes(tmp_path: Path) -> None:
    loaded = YAML(typ="safe").load(
        SHOP.replace("2026-11-02", '"2026-11-02"').replace("2027-11-02", '"2027-11-02"')
    )
    jsonschema.validate(loaded, schema(FILES["source"]))
    loaded["tables"]["orders"]["confirmed"] = {"by": "x", "on": "2026-11-02", "why": "y"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(loaded, schema(FILES["source"]))
