"""What only a program says is no consent, no fact for the information sheet, and no name of the person's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from testbed import mini
from testbed.running import installation
from tests.support import help_desk

from afschrift.domain.decision import Action, ConsentState
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.extraction.finder.people import PeopleReader
from afschrift.inventory.sheet_gaps import gaps
from afschrift.selection.statements import Statements, fact_plans
from afschrift.services import Services
from afschrift.steps.draft import read_consents

AT = "2026-01-01T00:00:00.000000Z"
ANN = [Key("customer_id", "1")]
PROPOSED = {
    "nothing": {},
    "the ways": {f"  {of}:\n": f"  {of}:\n    ways: guessed\n" for of in ("shipment", "consent", "orders")},
    "the columns": {
        f"{of}: {{origin": f"{of}: {{review: needed, origin" for of in ("carrier", "purpose", "ordered_at")
    },
}


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, str]) -> Services:
    text = mini.SHOP
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(folder / "shop.duckdb")))
    return installation(folder / "home", mini.write_inventory(folder / "inventory", text))


@pytest.mark.parametrize("case", PROPOSED)
def test_a_proposal_is_no_consent_and_no_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    services = opened(tmp_path, monkeypatch, PROPOSED[case])
    inventory, sure = services.inventory, case == "nothing"
    consents = read_consents(inventory, services.open_source, services.sql, ANN, AT)
    granted = ConsentState.GRANTED if sure else ConsentState.ABSENT
    assert consents.states == {"shop.coaching": granted}
    field = FieldPlan("name", None, Action.INCLUDE, (), "")
    part = ExtractPlan("shop", "customer", (field,), "")
    source = inventory.sources["shop"]
    with services.open_source("shop") as session:
        statements = Statements(
            services.sql, source, inventory.identity, session.dialect, session.catalogue()
        )
        planned = {plan.place for plan in fact_plans(source, [part], statements)}
    places = {"purposes.account.retention", "purposes.account.recipients.0"}
    assert planned == (places if sure else set())
    lacking = {gap.where for gap in gaps(inventory, [("shop", "customer", field)])}
    assert {f"{place}.from" for place in places} & lacking == (
        set() if sure else {f"{place}.from" for place in places}
    )


OWN = {
    "the way": {"  customer:\n": "  customer:\n    ways: guessed\n"},
    "its column": {
        "customer_id: {origin: assigned}\n      first": "customer_id: {review: needed}\n      first"
    },
    "the name": {
        "first: {origin": "first: {review: needed, origin",
        "last: {origin": "last: {review: needed, origin",
    },
}


@pytest.mark.parametrize("case", OWN)
def test_a_name_by_a_proposal_is_looked_for_and_is_not_the_persons_own(tmp_path: Path, case: str) -> None:
    people = [read_people(tmp_path / str(number), changes) for number, changes in enumerate(({}, OWN[case]))]
    assert [bool(person.own.names) for person in people] == [True, False]
    assert all(list(person.names.spans("with Carla Bakker")) for person in people)


def read_people(folder: Path, changes: Mapping[str, str]) -> Any:
    services = installation(folder / "home", help_desk.write(folder / "desk", changes))
    plan: Any = SimpleNamespace(request="req-a", received_at=AT)
    return PeopleReader(services, plan, ANN).read()
