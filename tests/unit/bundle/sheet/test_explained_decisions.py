"""A decision by a computer is explained by the person's own values, or says that they are not known."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.bundle.bundle_example import INVENTORY, Example, cases, differing, seen
from tests.unit.bundle.bundle_tampering import files_of
from tests.unit.bundle.sheet.test_information_sheet import document

from afschrift.bundle.sheet.explained_decisions import EARLIER
from afschrift.domain.extracted import Seen
from afschrift.domain.plan import Later
from afschrift.domain.right import Right
from afschrift.extraction.linked_rows import decision_rows
from afschrift.inventory.model import Inventory
from afschrift.inventory.sheet_gaps import gaps_in_data

RANGES = {
    "customer.credit_score": (600, ("Betaal vooraf.", "Pay first."), ("Betaal achteraf.", "Pay later.")),
    "orders.total": (5, ("Weinig.", "Little."), ("Veel.", "Much.")),
}


def example(case: dict[str, Any]) -> Example:
    raw = deepcopy(INVENTORY.model_dump(mode="json", by_alias=True, exclude_unset=True))
    shop = raw["sources"]["shop"]
    for path, (limit, low, high) in RANGES.items():
        table, column = path.split(".")
        shop["tables"][table]["columns"][column]["ranges"] = [
            {"below": limit, "means": dict(zip(("nl", "en"), low, strict=True))},
            {"from": limit, "means": dict(zip(("nl", "en"), high, strict=True))},
        ]
    shop["tables"]["orders"]["references"] = case.get("references", {})
    words = {"outcome": "customer.credit_score", **case.get("decision", {})}
    shop["purposes"]["scoring"]["automated_decision"] |= words
    rows = case.get("rows", {}) | ({"shop.message": case["masked"]} if "masked" in case else {})
    made = Example(Right.ACCESS, case.get("language", "nl"), ("csv",), rows)
    decided = {"shop.orders": case["decided"]} if "decided" in case else {}
    made.but(inventory=Inventory.model_validate(raw), decided=decided)
    return made.planned(later=(Later(case["later"], "", "", ""),)) if "later" in case else made


@pytest.mark.parametrize("case", cases("decisions.yml"), ids=lambda case: case["case"])
def test_a_decision_by_ones_own_values(case: dict[str, Any]) -> None:
    [found] = document(example(case))["automatedDecisions"]
    assert differing(json.loads(json.dumps(found.get("own"))), case["own"]) == []


def test_the_page_and_the_sheet_say_what_came_of_it() -> None:
    made = example({"decision": {"inputs": ["customer.email"], "exception": "contract"}})
    made.contents = seen(made)
    files = files_of(made.zip())
    sheet, page = files["data/information.html"].decode(), files["index.html"].decode()
    assert "Een computer neemt 1 besluit met grote gevolgen voor u, zonder" in sheet
    assert "Kredietscore: <bdi>640</bdi>. Betaal achteraf." in sheet
    assert "artikel 22, tweede lid, onder a, van de AVG" in sheet
    assert "<li>E-mailadres: <bdi>jan@example.org</bdi></li>" in sheet
    assert "<bdi>640</bdi> <small>Betaal achteraf.</small>" in page
    assert "<code>minder dan 600</code> Betaal vooraf." in page


@pytest.mark.parametrize(
    ("values", "left"), [(("64", "640"), 0), (("640", "hoog", "NaN"), 2), (("[masked]",), 0)]
)
def test_a_score_without_meaning_is_a_gap(values: tuple[str, ...], left: int) -> None:
    made = example({}).read("customer", seen=Seen(codes={"credit_score": values}))
    found = gaps_in_data(made.contents.inventory, made.contents.plan, made.contents.extracts[0])
    places = [str(gap) for gap in found if "credit_score" in gap.where]
    assert places == ([f"tables.customer.columns.credit_score.ranges of source shop: {left} value(s) in the "
                       "data have no meaning: widen them, or use `codes`"] if left else [])  # fmt: skip


def test_the_newest_decisions_are_read_where_the_samples_are_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        {"order_id": f"B-{n}", "customer_id": "K-1001", "ordered_at": f"2026-03-01T00:{n // 60:02d}:{n % 60:02d}Z",
         "total": f"{n}.00", "status": "S"}
        for n in range(300)
    ]  # fmt: skip
    made = example(
        {"rows": {"shop.orders": many}, "decision": {"outcome": "orders.total", "at": "orders.ordered_at"}}
    )
    batch = type("Batch", (), {"to_pylist": lambda _: many})()
    monkeypatch.setattr("afschrift.extraction.linked_rows.StagedTable.batches", lambda _: iter([(1, batch)]))
    decided = decision_rows(made.contents, None)  # type: ignore[arg-type]
    assert [row["total"] for row in decided["shop.orders"]] == [f"{299 - n}.00" for n in range(EARLIER + 2)]
    made.contents = replace(made.contents, decided=decided)
    [found] = document(made)["automatedDecisions"]
    assert (found["own"]["newest"]["value"], len(found["own"]["earlier"])) == ("299.00", EARLIER)
    assert found["own"]["older"] == "Bestellingen"
