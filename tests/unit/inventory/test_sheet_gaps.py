"""An access answer lacks no field of the information sheet: each one missing or boilerplate is named."""

from copy import deepcopy
from typing import Any

import pytest
from tests.support.data import document
from tests.unit.bundle.bundle_example import INVENTORY, Example

from afschrift.domain.extracted import FactValues, Seen, SourceExtract, TableExtract
from afschrift.domain.right import Right
from afschrift.inventory.model import Inventory
from afschrift.inventory.sheet_gaps import Gap, all_columns, gaps, gaps_in_data, sheet_columns

PLAN = Example(Right.ACCESS).plan
CASES: list[tuple[str, dict[str, Any]]] = document(__file__, "sheet_gaps.yml")


def changed(changes: dict[str, Any]) -> Inventory:
    """The example with words of its source `shop`, or of the controller, set or taken out."""
    raw = deepcopy(INVENTORY.model_dump(mode="json", by_alias=True, exclude_unset=True))
    for path, value in changes.items():
        *steps, last = path.split("/")
        node = raw if steps[0] == "controller" else raw["sources"]["shop"]
        for step in steps:
            node = node[step]
        node[last] = value
        if value is None:
            del node[last]
    return Inventory.model_validate(raw)


def found(changes: dict[str, Any]) -> tuple[Gap, ...]:
    return gaps(changed(changes), sheet_columns(PLAN))


@pytest.mark.parametrize(("place", "changes"), CASES, ids=[place for place, _ in CASES])
def test_a_field_that_is_missing_or_boilerplate_is_named(place: str, changes: dict[str, Any]) -> None:
    named = f"{place} in controller.yml" if "controller/authority" in changes else f"{place} of source shop"
    assert named in {gap.path for gap in found(changes)}
    whole = changed(changes)
    assert named in {gap.path for gap in gaps(whole, all_columns(whole))}


def test_the_words_are_quoted_with_what_to_write() -> None:
    retention = "purposes/scoring/retention"
    path = "purposes.scoring.retention"
    assert str(found({retention: "as long as necessary"})[0]) == (
        f"{path} of source shop: “as long as necessary” is no period, such as P2Y"
    )
    evasive = {"nl": "conform beleid", "en": "until no longer needed"}
    dutch, english = map(str, found({retention: {"period": "P1Y", "trigger": evasive}}))
    assert dutch.startswith(f"{path}.trigger.nl of source shop: “conform beleid” names no event")
    assert english == (
        f"{path}.trigger.en of source shop: “until no longer needed” names no event: name what "
        "the period runs from, such as “after you close your account” or “nadat u iets bestelde”"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"purposes/account/recipients": [], "purposes/scoring/automated_decision": False},
        {"purposes/spare": {"basis": "A6-1-b", "title": {"nl": "partners", "en": "partners"}}},
    ],
    ids=["the example", "no recipients and no decision", "a purpose that nothing serves"],
)
def test_nothing_is_lacking(changes: dict[str, Any]) -> None:
    assert found(changes) == ()


def test_what_only_the_data_name_needs_words_too() -> None:
    rows = (("Duinpost", "NL"), ("Ship Inc.", "US"), ("Unknown Ltd.", None))
    extract = SourceExtract("shop", "s", (), facts=(FactValues("purposes.account.recipients.0", rows),))
    paths = [gap.path for gap in gaps_in_data(INVENTORY, PLAN, extract)]
    assert paths == ["purposes.account.transfers of source shop"]

    meanings = {"640": {"nl": "hoog", "en": "high"}}
    inventory = changed({"tables/customer/columns/credit_score/codes": meanings})
    seen = Seen(codes={"credit_score": ("640", "641")})
    extract = SourceExtract("shop", "s", (TableExtract("shop", "customer", (), seen=seen),))
    (gap,) = gaps_in_data(inventory, PLAN, extract)
    assert gap.path == "tables.customer.columns.credit_score.codes of source shop"
    assert "641" not in str(gap)
