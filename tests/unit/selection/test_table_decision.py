"""Columns and rows of one table, where the origin goes by row or a person has answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.mini import SHOP, write_inventory

from afschrift.domain.decision import REASONS, Action, ConsentState
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.selection.statements import Scope
from afschrift.selection.table_decision import NO_ROWS, Classifier, PersonFacts, TableDecision

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


def test_rows_of_an_agent_stay_behind_in_portability(tmp_path: Path) -> None:
    decision = decide(tmp_path, "ticket_message", Right.PORTABILITY)
    assert decision.scope == Scope("author_type", ("customer",))
    assert actions(decision)["body"] is Action.INCLUDE
    assert actions(decision)["author"] is Action.INCLUDE  # no agent's name is left to hide
    assert actions(decision)["author_type"] is Action.EXCLUDE


def test_access_has_all_rows_and_masks_the_agent(tmp_path: Path) -> None:
    decision = decide(tmp_path, "ticket_message", Right.ACCESS)
    assert decision.scope is None
    assert actions(decision)["author"] is Action.MASK
    body = next(f for f in decision.fields if f.name == "body")
    assert {str(o) for o in body.origins} == {"provided", "assigned", "inferred"}
    assert body.origin is None


def test_keys_alone_are_withheld(tmp_path: Path) -> None:
    decision = decide(tmp_path, "shipment", Right.PORTABILITY)
    assert not decision.selected
    assert {f.reason for f in decision.fields} == {"only_keys", "origin_assigned"}


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


def test_an_unlisted_column_and_a_mixed_one_ask(tmp_path: Path) -> None:
    decision = decide(tmp_path, "orders", Right.ACCESS, more={"remark": TEXT})
    assert decision.asks == {"unclassified": ("shop.orders.remark",)}
    mixed = SHOP.replace("ordered_at: {origin: observed}", "ordered_at: {origin: mixed}")
    portable = decide(tmp_path, "orders", Right.PORTABILITY, shop=mixed)
    assert portable.asks == {"mixed": ("shop.orders.ordered_at",)}
    access = decide(tmp_path, "orders", Right.ACCESS, shop=mixed)
    assert not access.asks
    assert actions(access)["ordered_at"] is Action.INCLUDE


def test_answer_counts_only_for_its_column(tmp_path: Path) -> None:
    for answer in ("include", "exclude", "mask", NO_ROWS):
        person = PersonFacts(answers={"shop.orders.remark": answer, "shop.orders.ordered_at": "exclude"})
        found = actions(decide(tmp_path, "orders", Right.ACCESS, person, more={"remark": TEXT}))
        expected = Action.INCLUDE if answer == NO_ROWS else Action(answer)
        assert (found["remark"], found["ordered_at"]) == (expected, Action.INCLUDE), answer


def test_consent_of_the_person(tmp_path: Path) -> None:
    for state in ConsentState:
        person = PersonFacts(consents={"shop.coaching": state})
        asked = bool(decide(tmp_path, "beat", Right.PORTABILITY, person).asks)
        assert asked is (state is not ConsentState.GRANTED)
        assert not decide(tmp_path, "beat", Right.ACCESS, person).asks


def test_own_limits(tmp_path: Path) -> None:
    person = PersonFacts(limits={"tables": ["shop.orders"]})
    assert decide(tmp_path, "orders", Right.ACCESS, person).selected
    assert not decide(tmp_path, "line", Right.ACCESS, person).selected
    contact = PersonFacts(limits={"categories": ["user.contact"]})
    assert [f.name for f in decide(tmp_path, "customer", Right.ACCESS, contact).selected] == ["email"]


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


def test_a_row_origin_that_decides_nothing_leaves_all_rows(tmp_path: Path) -> None:
    shop = SHOP.replace(
        "author: {about: third_party, third_party: mask, when: [agent]}", "author: {origin: provided}"
    ).replace("      body: {}\n", "      body: {origin: provided}\n")
    assert decide(tmp_path, "ticket_message", Right.PORTABILITY, shop=shop).scope is None


def test_every_reason_has_words(tmp_path: Path) -> None:
    for right in Right:
        for table in ("customer", "ticket_message", "shipment", "login", "beat", "message"):
            for field in decide(tmp_path, table, right).fields:
                assert field.reason in REASONS
