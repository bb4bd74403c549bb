"""A hidden restriction leaves no gap: the answer is that of a person who has no such data (R84)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.twins import differences, given, restricted_twin, twin_without

pytestmark = pytest.mark.slow

MINE = "customer_id = 1"
TICKETS = "ticket_id IN (SELECT ticket_id FROM ticket WHERE customer_id = 1)"
CASES = {
    "tables": (
        ["shop.ticket", "shop.ticket_message"],
        [f"DELETE FROM ticket_message WHERE {TICKETS}", f"DELETE FROM ticket WHERE {MINE}"],
    ),
    "the only table of a purpose": (["shop.beat"], ["DELETE FROM beat WHERE device_id IN ('d1', 'd9')"]),
    "the table that names recipients": (
        ["shop.shipment"],
        ["DELETE FROM shipment WHERE customer_id = 1 OR order_id IN (10, 12)"],
    ),
    "a table in which others name the person": (
        ["shop.login"],
        ["DELETE FROM login WHERE customer_id = 1 OR email = 'ann@example.org'"],
    ),
    "a column": (["shop.customer.name"], ["UPDATE customer SET name = NULL WHERE customer_id = 1"]),
    "a column that dates the period": (
        ["shop.orders.ordered_at"],
        ["UPDATE orders SET ordered_at = NULL WHERE customer_id = 1"],
    ),
    "a column that names recipients": (
        ["shop.shipment.carrier"],
        ["UPDATE shipment SET carrier = NULL WHERE customer_id = 1 OR order_id IN (10, 12)"],
    ),
    "a masked column": (
        ["shop.ticket_message.author"],
        [f"UPDATE ticket_message SET author = NULL WHERE {TICKETS}"],
    ),
    "an estimate": (["shop.customer.score"], ["UPDATE customer SET score = NULL WHERE customer_id = 1"]),
    "a secret": (
        ["shop.customer.password_hash"],
        ["UPDATE customer SET password_hash = NULL WHERE customer_id = 1"],
    ),
}


MINI_ONLY = {"the only table of a purpose", "the table that names recipients", "a column that names recipients",
             "a table in which others name the person"}  # fmt: skip
"""Cases for which the small shop has no table."""

ANSWERS = [("access", "nl"), ("portability", "en")]


@pytest.mark.parametrize(
    ("case", "right", "language"),
    [(case, *ANSWERS[number % 2 if number else 1]) for number, case in enumerate(CASES)]
    + [
        ("tables", "access", "en"),
        ("a column", "access", "nl"),
        ("the only table of a purpose", "access", "nl"),
    ],
)
def test_what_is_hidden_and_what_is_not_there_look_the_same(
    case: str, right: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, sql = CASES[case]
    formats = ["csv", "json", "xml"] if language == "nl" else ["csv", "ndjson", "parquet"]
    more = {"formats": formats, "all_tables": case in MINI_ONLY}
    hidden = given(*restricted_twin(tmp_path / "one", monkeypatch, right, language, places, **more))
    other = given(*twin_without(tmp_path / "other", monkeypatch, right, language, sql, **more))
    assert differences(hidden, other) == []


def test_the_comparison_of_twins_sees_a_single_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["DELETE FROM ticket_message WHERE id = 1"]
    first = given(*twin_without(tmp_path / "one", monkeypatch, "access", "en", []))
    same = given(*twin_without(tmp_path / "same", monkeypatch, "access", "en", []))
    other = given(*twin_without(tmp_path / "other", monkeypatch, "access", "en", row))
    assert differences(first, same) == []
    found = differences(first, other)
    assert any("data/shop/ticket_message.csv" in line for line in found)
    assert any("coverage.json" in line for line in found)
