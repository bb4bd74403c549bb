"""An access answer lacks no field of the information sheet: each one missing or boilerplate is named."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.unit.bundle.bundle_example import INVENTORY, Example

from afschrift.domain.extracted import FactValues, Seen, SourceExtract, TableExtract
from afschrift.domain.right import Right
from afschrift.inventory.model import Inventory
from afschrift.inventory.sheet_gaps import all_columns, gaps, gaps_in_data, sheet_columns

SAME = {"nl": "partners", "en": "partners"}
PLAN = Example(Right.ACCESS).plan


def with_change(change: Callable[[dict[str, Any]], None]) -> Inventory:
    raw = deepcopy(INVENTORY.model_dump(mode="json", by_alias=True, exclude_unset=True))
    change(raw)
    return Inventory.model_validate(raw)


def purpose(raw: dict[str, Any], name: str = "account") -> dict[str, Any]:
    return raw["sources"]["shop"]["purposes"][name]


def column(raw: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    return raw["sources"]["shop"]["tables"][table]["columns"][name]


CASES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "purposes.account.title.nl of source shop": lambda r: purpose(r).update(
        title={"nl": "Bedrijfsdoeleinden", "en": "Keeping your account"}
    ),
    "tables.orders.columns.total.purposes of source shop": lambda r: column(r, "orders", "total").update(
        purposes=[]
    ),
    "tables.orders.purposes of source shop": lambda r: r["sources"]["shop"]["tables"]["orders"].pop(
        "purposes"
    ),
    "purposes.account.retention of source shop": lambda r: purpose(r).pop("retention"),
    "purposes.scoring.retention of source shop": lambda r: purpose(r, "scoring").update(
        retention="as long as necessary"
    ),
    "purposes.scoring.retention.criterion.nl of source shop": lambda r: purpose(r, "scoring").update(
        retention={"criterion": {"nl": "zolang als nodig", "en": "as long as your account is open"}}
    ),
    "purposes.scoring.retention.trigger of source shop": lambda r: purpose(r, "scoring").update(
        retention={"period": "P1Y"}
    ),
    "purposes.scoring.retention.trigger.en of source shop": lambda r: purpose(r, "scoring").update(
        retention={"period": "P1Y", "trigger": {"nl": "na de berekening", "en": "statutory period"}}
    ),
    "purposes.account.recipients of source shop": lambda r: purpose(r).pop("recipients"),
    "purposes.account.recipients.0.name of source shop": lambda r: purpose(r).update(
        recipients={"name": "Partners", "country": "NL"}
    ),
    "purposes.account.recipients.0.country of source shop": lambda r: purpose(r).update(
        recipients={"name": "Pakketpost B.V."}
    ),
    "purposes.account.recipients.0.why of source shop": lambda r: purpose(r).update(
        recipients={"group": {"nl": "Lezers van uw reviews", "en": "Readers of your reviews"}}
    ),
    "purposes.account.recipients.0.group.en of source shop": lambda r: purpose(r).update(
        recipients={"group": SAME, "why": {"nl": "Wij kennen ze niet.", "en": "We do not know them."}}
    ),
    "purposes.account.transfers of source shop": lambda r: purpose(r).update(
        recipients={"name": "Ship Inc.", "country": "US"}
    ),
    "purposes.account.transfers.US.safeguard of source shop": lambda r: purpose(r).update(
        recipients={"name": "Ship Inc.", "country": "US"}, transfers=[{"country": "US"}]
    ),
    "purposes.account.transfers.US.safeguard.nl of source shop": lambda r: purpose(r).update(
        recipients={"name": "Ship Inc.", "country": "US"},
        transfers=[{"country": "US", "safeguard": {"nl": "Passende waarborgen", "en": "Standard contract"}}],
    ),
    "tables.enrichment.columns.income_class.source of source shop": lambda r: column(
        r, "enrichment", "income_class"
    ).pop("source"),
    "tables.enrichment.columns.income_class.source.name.en of source shop": lambda r: column(
        r, "enrichment", "income_class"
    ).update(source={"name": {"nl": "Databron B.V.", "en": "various"}}),
    "purposes.scoring.automated_decision of source shop": lambda r: purpose(r, "scoring").pop(
        "automated_decision"
    ),
    "purposes.scoring.automated_decision of source shop ": lambda r: purpose(r, "scoring").update(
        automated_decision=True
    ),
    "purposes.scoring.automated_decision.logic of source shop": lambda r: purpose(r, "scoring")[
        "automated_decision"
    ].pop("logic"),
    "purposes.scoring.automated_decision.significance of source shop": lambda r: purpose(r, "scoring")[
        "automated_decision"
    ].pop("significance"),
    "purposes.scoring.automated_decision.consequences.nl of source shop": lambda r: purpose(r, "scoring")[
        "automated_decision"
    ].update(consequences={"nl": "diverse", "en": "You pay first."}),
    "authority.nl in controller.yml": lambda r: r["controller"].update(
        authority={"nl": "Autoriteit Persoonsgegevens", "en": "Dutch authority, PO Box 93374, The Hague"}
    ),
}


def test_the_example_lacks_nothing() -> None:
    assert gaps(INVENTORY, sheet_columns(PLAN)) == ()


@pytest.mark.parametrize("place", CASES)
def test_a_field_that_is_missing_or_boilerplate_is_named(place: str) -> None:
    found = gaps(with_change(CASES[place]), sheet_columns(PLAN))
    assert place.strip() in {gap.path for gap in found}
    whole = with_change(CASES[place])
    assert place.strip() in {gap.path for gap in gaps(whole, all_columns(whole))}


def test_the_words_are_quoted() -> None:
    change = CASES["purposes.scoring.retention of source shop"]
    assert str(gaps(with_change(change), sheet_columns(PLAN))[0]) == (
        "purposes.scoring.retention of source shop: “as long as necessary” is no period, such as P2Y"
    )


def test_a_trigger_that_names_no_event_is_quoted_with_what_to_write() -> None:
    def change(raw: dict[str, Any]) -> None:
        evasive = {"nl": "conform beleid", "en": "until no longer needed"}
        purpose(raw, "scoring").update(retention={"period": "P1Y", "trigger": evasive})

    dutch, english = map(str, gaps(with_change(change), sheet_columns(PLAN)))
    assert dutch.startswith(
        "purposes.scoring.retention.trigger.nl of source shop: “conform beleid” names no event"
    )
    assert english == (
        "purposes.scoring.retention.trigger.en of source shop: “until no longer needed” names no event: name what "
        "the period runs from, such as “after you close your account” or “nadat u iets bestelde”"
    )


def test_no_recipients_and_no_decision_are_valid() -> None:
    def change(raw: dict[str, Any]) -> None:
        purpose(raw).update(recipients=[])
        purpose(raw, "scoring").update(automated_decision=False)

    assert gaps(with_change(change), sheet_columns(PLAN)) == ()


def test_a_purpose_that_nothing_serves_needs_nothing() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["sources"]["shop"]["purposes"]["spare"] = {"basis": "A6-1-b", "title": SAME}

    assert gaps(with_change(change), sheet_columns(PLAN)) == ()


def test_a_country_that_only_the_data_name_needs_a_safeguard() -> None:
    rows = (("Duinpost", "NL"), ("Ship Inc.", "US"), ("Unknown Ltd.", None))
    extract = SourceExtract("shop", "s", (), facts=(FactValues("purposes.account.recipients.0", rows),))
    found = gaps_in_data(INVENTORY, PLAN, extract)
    assert [gap.path for gap in found] == ["purposes.account.transfers of source shop"]


def test_a_code_of_a_computed_column_needs_a_meaning() -> None:
    def change(raw: dict[str, Any]) -> None:
        column(raw, "customer", "credit_score")["codes"] = {"640": {"nl": "hoog", "en": "high"}}

    inventory = with_change(change)
    seen = Seen(codes={"credit_score": ("640", "641")})
    extract = SourceExtract("shop", "s", (TableExtract("shop", "customer", (), seen=seen),))
    (gap,) = gaps_in_data(inventory, PLAN, extract)
    assert gap.path == "tables.customer.columns.credit_score.codes of source shop"
    assert "641" not in str(gap)
