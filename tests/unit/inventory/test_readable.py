"""What a column lacks to be understood, and the titles that a scan drafts."""

from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.check.person_cells import readable_lines
from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.base import Text
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.inventory.readable import GivenTable, Need, Readability, ReadableShare, readable_share
from afschrift.inventory.titles import draft_table_title, draft_title, says_more

HEAD = """
source: shop
kind: sqlite
options: {path: x}
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}, retention: P2Y, recipients: [], automated_decision: false}
defaults: {purposes: [account]}
tables:
  customer:
    subject: {customer_id: id}
    key: [id]
    columns: {id: {origin: assigned}, income: {origin: provided}}
  film:
    join: {film_id: visit.film_id}
    key: [film_id]
    label: [name]
    columns: {film_id: {origin: observed}, name: {origin: observed}}
  visit:
    join: {customer_id: customer.id}
    key: [visit_id]
    columns:
      visit_id: {origin: assigned}
      customer_id: {origin: assigned}
      film_id: {origin: observed}
      device_id: {origin: observed}
      seen_on: {origin: observed}
      status: {origin: observed}
      reason_code: {origin: observed}
      reason_name: {origin: observed}
      post_code: {origin: observed, category: user.contact.address.postal_code}
      length: {origin: observed}
      answer: {origin: observed}
      base_cost: {origin: observed}
      num_seats: {origin: observed}
      active: {origin: observed}
      text_version: {origin: assigned}
      details: {origin: observed, kind: json}
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return load(write_inventory(tmp_path_factory.mktemp("map"), HEAD))


def given(table: str, short: tuple[str, ...] | None = None, **kinds: str) -> GivenTable:
    fields = [FieldPlan(name, ValueKind(kind), Action.INCLUDE, (), "") for name, kind in kinds.items()]
    return GivenTable("shop", table, fields, short)


def missing(inventory: Inventory, *tables: GivenTable) -> dict[str, set[Need]]:
    """Column -> what it lacks besides a title, which none of them has."""
    found = Readability(inventory, tables).missing(tables[0])
    return {name: {*needs} - {Need.TITLE} for name, needs in found.items()}


FILM = given("film", film_id="integer", name="text")


@pytest.mark.parametrize(
    ("tables", "column", "needs"),
    [
        ([given("visit", film_id="integer")], "film_id", {Need.NAME}),
        ([given("visit", film_id="integer"), FILM], "film_id", set()),
        ([given("visit", device_id="integer")], "device_id", {Need.NAME}),
        ([given("visit", customer_id="integer")], "customer_id", set()),
        ([given("visit", visit_id="integer")], "visit_id", set()),
        ([given("visit", answer="text")], "answer", {Need.DATE}),
        ([given("visit", answer="text", seen_on="date")], "answer", set()),
        ([given("visit", answer="text", seen_on="text")], "answer", set()),
        ([given("visit", status="text", seen_on="date")], "status", {Need.CODES}),
        ([given("visit", short=(), status="text", seen_on="date")], "status", set()),
        ([given("visit", short=("answer",), answer="text", seen_on="date")], "answer", {Need.CODES}),
        ([given("visit", reason_code="text", seen_on="date")], "reason_code", {Need.CODES}),
        ([given("visit", reason_code="text", reason_name="text", seen_on="date")], "reason_code", set()),
        ([given("visit", post_code="text", seen_on="date")], "post_code", set()),
        ([given("visit", length="decimal", seen_on="date")], "length", {Need.UNIT}),
        ([given("visit", length="decimal")], "length", {Need.UNIT, Need.DATE}),
        ([given("visit", base_cost="text", seen_on="date")], "base_cost", {Need.UNIT}),
        ([given("visit", num_seats="text", short=("num_seats",), seen_on="date")], "num_seats", set()),
        ([given("visit", active="integer", seen_on="date")], "active", {Need.CODES}),
        ([given("visit", answer="integer", seen_on="date")], "answer", {Need.UNIT}),
        ([given("visit", num_seats="integer", seen_on="date")], "num_seats", set()),
        ([given("visit", post_code="integer", seen_on="date")], "post_code", set()),
        ([given("visit", text_version="text", short=(), seen_on="date")], "text_version", {Need.CODES}),
        ([given("visit", details="json", seen_on="date")], "details", {Need.MEMBERS}),
        ([given("customer", income="decimal")], "income", {Need.UNIT}),
        ([given("film", name="text")], "name", {Need.DATE}),
        ([given("film", name="text"), given("visit", film_id="integer", seen_on="date")], "name", set()),
    ],
)
def test_what_a_column_lacks_besides_a_title(
    inventory: Inventory, tables: list[GivenTable], column: str, needs: set[Need]
) -> None:
    assert missing(inventory, *tables)[column] == needs


def test_meaning_is_enough_for_all_but_the_title(tmp_path: Path) -> None:
    text = HEAD.replace(
        "length: {origin: observed}", "length: {origin: observed, meaning: {nl: in cm, en: in cm}}"
    )
    assert missing(load(write_inventory(tmp_path, text)), given("visit", length="decimal"))["length"] == set()


def test_share_counts_cells_and_puts_the_worst_first(inventory: Inventory) -> None:
    table = given("visit", film_id="integer", answer="text", seen_on="date")
    share = readable_share(
        inventory, [table], {("shop", "visit"): {"film_id": 3, "answer": 7, "seen_on": 0}}, 2
    )
    assert (share.cells, share.percent, share.persons) == (10, 0, 2)
    assert [(column.column, column.cells) for column in share.columns] == [("answer", 7), ("film_id", 3)]


@pytest.mark.parametrize(("rows", "needs"), [(0, {Need.TITLE, Need.NAME}), (1, {Need.TITLE})])
def test_table_without_rows_names_nothing(inventory: Inventory, rows: int, needs: set[Need]) -> None:
    cells = {("shop", "visit"): {"film_id": 3}, ("shop", "film"): {"film_id": rows, "name": rows}}
    share = readable_share(inventory, [given("visit", film_id="integer"), FILM], cells)
    [column] = [column for column in share.columns if column.path == "shop.visit.film_id"]
    assert {*column.needs} == needs


def test_masked_value_needs_no_more_than_a_title(inventory: Inventory) -> None:
    field = FieldPlan("film_id", ValueKind.INTEGER, Action.MASK, (), "")
    assert missing(inventory, GivenTable("shop", "visit", [field])) == {"film_id": set()}


@pytest.mark.parametrize(
    ("name", "title", "language", "enough"),
    [
        ("DESCR", "Descr", "en", False),
        ("city", "City", "en", True),
        ("city", "City", "nl", False),
        ("city", "Woonplaats", "nl", True),
        ("ORDER_DATE", "Order date", "en", True),
        ("qty", "QTY", "en", False),
        ("qty", " ", "en", False),
        ("qty", "How many you ordered", "en", True),
        ("address2", "Address 2", "en", True),
    ],
)
def test_title_must_do_more_than_respell_the_name(name: str, title: str, language: str, enough: bool) -> None:
    assert says_more(Text({language: title}), name, language) is enough
    assert not says_more(None, name, language)


@pytest.mark.parametrize(
    ("name", "comment", "title"),
    [
        ("first_name", "", {"nl": "Voornaam", "en": "First name"}),
        ("orderDate", "", {"nl": "Datum bestelling", "en": "Order date"}),
        ("bestel_datum", "", {"nl": "Datum bestelling", "en": "Order date"}),
        ("vervaldatum", "", {"nl": "Vervaldatum", "en": "Due date"}),
        ("geboekt_op", "", {"nl": "Geboekt op", "en": "Booked on"}),
        ("NUM_SYMPTOMS", "", {"nl": "Aantal symptomen", "en": "Number of symptoms"}),
        ("bestelling_id", "", {"nl": "Bestellingsnummer", "en": "Order number"}),
        ("is_active", "", {"nl": "Actief", "en": "Active"}),
        ("media_type_id", "", {"nl": "Nummer soort bestand", "en": "Number of the kind of file"}),
        ("address2", "", {"nl": "Adres 2", "en": "Address 2"}),
        ("customerorderdate", "", {"nl": "Datum bestelling klant", "en": "Customer order date"}),
        ("aantal_kamers", "", {"nl": "Aantal kamers", "en": "Number of rooms"}),
        ("order_quantity", "", {"nl": "Aantal bestelling", "en": "Order quantity"}),
        ("gebruiker_nr", "", {"nl": "Gebruikersnummer", "en": "User number"}),
        ("creditcardid", "", {"nl": "Ons nummer voor de creditcard", "en": "Our number for the credit card"}),
        ("salesLastYear", "", {}),
        ("from_account", "", {}),
        ("has_children", "", {}),
        (":", "", {}),
        ("zxq_date", "", {}),
        ("zxq", "", {}),
        ("zxq", "The day of the visit", {}),
        ("order_date", "The day of the order.", {"nl": "Datum bestelling", "en": "The day of the order"}),
        ("order_date", "Dag van de bestelling", {"nl": "Dag van de bestelling", "en": "Order date"}),
        ("order_date", "the day " * 20, {"nl": "Datum bestelling", "en": "Order date"}),
    ],
)
def test_title_is_drafted_in_all_languages_or_in_none(name: str, comment: str, title: dict[str, str]) -> None:
    assert draft_title(name, comment, ["nl", "en"]) == title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("orders", "Bestelling"),
        ("payer_transitions", "Verzekeraars door de tijd"),
        ("huurcontracten", "Huurcontract"),
    ],
)
def test_title_of_a_table_is_drafted_of_its_singular(name: str, title: str) -> None:
    assert draft_table_title(name, "", ["nl", "en"])["nl"] == title
    assert draft_table_title("zxqs", "", ["nl", "en"]) == {}


def test_title_of_another_language_is_not_drafted() -> None:
    assert draft_title("first_name", "", ["nl", "fr"]) == {}


def test_the_share_of_nothing_is_not_said() -> None:
    nothing = ReadableShare(0, 0, ())
    assert [*readable_lines(nothing)] == ["Readable: no column is given yet, so none was judged."]
