"""Which columns a chart is made of: by kind, origin, unit and category, never by name."""

from __future__ import annotations

from typing import Any

import pytest

from afschrift.domain.decision import Action
from afschrift.domain.extracted import ProfileChoice
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.extraction.profile_columns import KEPT, LEAST_KEPT, MOST_KEPT, choose, kept_bytes
from afschrift.inventory.table import Table

COLUMNS: dict[str, tuple[ValueKind, dict[str, Any]]] = {
    "seen": (ValueKind.DATE, {"origin": "observed"}),
    "born": (ValueKind.DATE, {"origin": "provided", "category": "user.demographic.date_of_birth"}),
    "counted": (ValueKind.INSTANT, {"origin": "derived"}),
    "at": (ValueKind.INSTANT, {"origin": "observed"}),
    "local": (ValueKind.DATETIME, {"origin": "observed"}),
    "beats": (
        ValueKind.INTEGER,
        {"origin": "observed", "unit": "/min", "category": "user.health_and_medical"},
    ),
    "skin": (ValueKind.NUMBER, {"origin": "observed", "unit": "Cel", "category": "user.health_and_medical"}),
    "paid": (ValueKind.DECIMAL, {"origin": "observed", "unit": "EUR"}),
    "share": (ValueKind.NUMBER, {"origin": "observed", "unit": "1"}),
    "weight": (
        ValueKind.NUMBER,
        {"origin": "observed", "unit": "g", "category": "user.behavior.purchase_history"},
    ),
    "guess": (ValueKind.NUMBER, {"origin": "inferred", "unit": "/min"}),
    "place": (ValueKind.NUMBER, {"origin": "observed", "unit": "deg", "category": "user.location.precise"}),
    "words": (ValueKind.TEXT, {"origin": "observed", "category": "user.behavior.search_history"}),
}


def chosen(*names: str, masked: tuple[str, ...] = (), **table: Any) -> ProfileChoice:
    entry = Table.model_validate({"columns": {n: COLUMNS[n][1] for n in names}, **table})
    fields = tuple(
        FieldPlan(
            name,
            COLUMNS[name][0],
            Action.MASK if name in masked else Action.INCLUDE,
            (),
            "",
            Origin(COLUMNS[name][1]["origin"]),
        )
        for name in names
    )
    return choose(entry, ExtractPlan("s", "t", fields, "SELECT"), "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("columns", "moment"),
    [
        (("seen", "counted", "at", "local"), "at"),
        (("seen", "local"), "local"),
        (("born", "seen"), "seen"),
        (("born", "words"), ""),
        (("counted",), "counted"),
    ],
)
def test_the_moment_is_the_finest_time_that_is_the_persons(columns: tuple[str, ...], moment: str) -> None:
    assert chosen(*columns).moment == moment


def test_the_rows_own_time_comes_first() -> None:
    own = {"device": {"column": "words", "at": "seen"}}
    assert chosen("at", "seen", "words", subject=own).moment == "seen"


@pytest.mark.parametrize(
    ("columns", "measure"),
    [
        (("at", "beats"), "beats"),
        (("at", "beats", "weight", "guess", "share", "place"), "beats"),
        (("at", "beats", "skin"), ""),
        (("at", "weight"), ""),
        (("at", "place"), ""),
        (("at", "guess"), ""),
        (("at", "paid"), ""),
        (("seen", "beats"), ""),
        (("beats",), ""),
    ],
)
def test_a_measure_is_the_one_observed_number_with_a_unit(columns: tuple[str, ...], measure: str) -> None:
    assert chosen(*columns).measure == measure


def test_a_masked_column_and_a_key_are_never_drawn() -> None:
    assert chosen("at", "beats", masked=("beats",)).measure == ""
    assert chosen("at", "beats", masked=("at",)) == ProfileChoice()
    assert chosen("at", "beats", key=["beats"]).measure == ""


def test_search_words_are_listed_and_times_without_zone_stay_their_own() -> None:
    assert chosen("at", "words").listed == "words"
    assert chosen("at").zone == "Europe/Amsterdam"
    assert chosen("local").zone == "UTC"


def test_many_tables_share_what_is_kept() -> None:
    assert kept_bytes(1) == MOST_KEPT
    assert kept_bytes(10) == KEPT // 10
    assert kept_bytes(1000) == LEAST_KEPT
