"""Columns and rows of one table, where the origin goes by row or a person has answered."""

from pathlib import Path
from typing import Any

import pytest
from testbed.mini import SHOP, write_inventory
from tests.support.data import document

from afschrift.domain.decision import REASONS, Action, ConsentState
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.selection.table_decision import Classifier, PersonFacts, TableDecision

TEXT = ColumnType("VARCHAR", ValueKind.TEXT, "{column}")


def decide(
    folder: Path,
    table: str,
    right: Right,
    person: PersonFacts | None = None,
    shop: str = SHOP,
    more: dict[str, ColumnType] | None = None,
) -> TableDecision:
    inventory = load(write_inventory(folder, shop))
    source = inventory.sources["shop"]
    columns = dict.fromkeys(source.tables[table].columns, TEXT) | (more or {})
    return Classifier(inventory, right, person or PersonFacts()).table(source, table, columns)


def actions(decision: TableDecision) -> dict[str, Action]:
    return {field.name: field.action for field in decision.fields}


@pytest.mark.parametrize(
    "case", document(__file__, "decisions.yml"), ids=lambda case: f"{case['table']} {case['right']}"
)
def test_what_is_decided_on_a_table(tmp_path: Path, case: dict[str, Any]) -> None:
    assert case.get("old", "") in SHOP
    shop = SHOP.replace(case["old"], case["new"]) if "old" in case else SHOP
    consents = {purpose: ConsentState(state) for purpose, state in case.get("consents", {}).items()}
    person = PersonFacts(answers=case.get("answers", {}), consents=consents, limits=case.get("limits", {}))
    more = dict.fromkeys(case.get("more", ()), TEXT)
    decision = decide(tmp_path, case["table"], Right(case["right"]), person, shop, more)
    found: dict[str, Any] = {
        "scope": decision.scope and [decision.scope.column, list(decision.scope.included)],
        "actions": {
            n: action.value for n, action in actions(decision).items() if n in case.get("actions", ())
        },
        "selected": sorted(field.name for field in decision.selected),
        "asks": {question: list(places) for question, places in decision.asks.items()},
        "asked": bool(decision.asks),
        "reasons": sorted({field.reason for field in decision.fields}),
        "origins": {
            f.name: sorted(map(str, f.origins)) for f in decision.fields if f.origin is None and f.origins
        },
    }
    expected = {word: value for word, value in case.items() if word in found}
    assert {word: found[word] for word in expected} == expected, case.get("why")


TIES = """
  parcel:
    subject: {customer_id: customer_id}
    key: [parcel_id]
    references: {route_id: route.route_id, helper_id: staff.staff_id, friend_id: customer.customer_id}
    purposes: [account]
    columns:
      {parcel_id: &id {origin: assigned}, customer_id: *id, route_id: *id, helper_id: *id, friend_id: *id,
       neighbour_id: &other {origin: assigned, about: third_party, third_party: own_use}, weight: {origin: observed}}
  route:
    join: {route_id: parcel.route_id}
    key: [route_id, stop]
    purposes: [account]
    columns: {route_id: *id, stop: *id, neighbour_id: *other, street: {origin: provided}}
  staff:
    personal: false
    key: [staff_id]
    names: {columns: [name]}
    columns: {staff_id: {origin: not_personal}, name: {origin: not_personal}}
"""


@pytest.mark.parametrize(
    ("table", "left"), [("parcel", {"parcel_id", "customer_id", "route_id", "weight"}),
                        ("route", {"route_id", "stop", "street"})],
)  # fmt: skip
def test_portability_keeps_join_keys_but_not_others_keys(tmp_path: Path, table: str, left: set[str]) -> None:
    shop = SHOP.replace("  sku:\n", TIES.lstrip("\n") + "  sku:\n")
    decision = decide(tmp_path, table, Right.PORTABILITY, shop=shop)
    assert {field.name for field in decision.selected} == left


def test_key_of_a_row_about_another_person_does_not_tie(tmp_path: Path) -> None:
    ties = TIES.replace("key: [route_id, stop]", "key: [route_id, neighbour_id]")
    shop = SHOP.replace("  sku:\n", ties.lstrip("\n") + "  sku:\n")
    decision = decide(tmp_path, "route", Right.PORTABILITY, shop=shop)
    assert actions(decision)["neighbour_id"] is Action.EXCLUDE


AS_TEXT = SHOP.replace("ordered_at: {origin: observed}", "ordered_at: {origin: observed, kind: text}")
GEOMETRY = ColumnType("GEOMETRY", None, "{column}")
WIDE = ColumnType("DECIMAL(76,0)", None, "{column}", remedy="write it again.")
NOT_READ = r"has the type DECIMAL\(76,0\), which cannot be read.*write it again"


@pytest.mark.parametrize(
    ("shop", "odd", "words"),
    [(SHOP, GEOMETRY, "has the type GEOMETRY"), (SHOP, WIDE, NOT_READ), (AS_TEXT, WIDE, NOT_READ)],
)
def test_a_type_that_is_not_known_stops_with_the_column_named(
    tmp_path: Path, shop: str, odd: ColumnType, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"shop\.orders\.ordered_at {words}"):
        decide(tmp_path, "orders", Right.ACCESS, shop=shop, more={"ordered_at": odd})
    assert decide(tmp_path, "orders", Right.ACCESS, shop=AS_TEXT, more={"ordered_at": GEOMETRY}).selected


def test_every_reason_has_words(tmp_path: Path) -> None:
    for right in Right:
        for table in ("customer", "ticket_message", "shipment", "login", "beat", "message"):
            for field in decide(tmp_path, table, right).fields:
                assert field.reason in REASONS
