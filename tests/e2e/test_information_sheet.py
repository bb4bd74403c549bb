"""The information sheets of the demo: recipients and retention dates are those of hand-written SQL."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import jsonschema_rs
import pytest
from tests.e2e.office import ROOT, Office
from tests.e2e.opened import Opened

from afschrift.domain.errors import NeedsPersonError

SCHEMA = ROOT / "include" / "letters" / "bundle" / "information.schema.json"

CARRIERS = """
    SELECT DISTINCT s.carrier FROM shop.shipment s
    WHERE s.carrier IS NOT NULL AND (
        s.order_id IN (SELECT order_id FROM shop.orders WHERE customer_id = $who)
        OR s.address_id IN (SELECT address_id FROM shop.address WHERE customer_id = $who))
    ORDER BY s.carrier
"""

KEPT = {
    "shop.sale": """
        SELECT CAST((max(ordered_at) AT TIME ZONE 'Europe/Amsterdam')::DATE + INTERVAL 2 YEAR AS DATE)
        FROM shop.orders WHERE customer_id = $who""",
    "shop.account": """
        SELECT CAST((last_login_at AT TIME ZONE 'Europe/Amsterdam')::DATE + INTERVAL 2 YEAR AS DATE)
        FROM shop.customer WHERE customer_id = $who""",
    "shop.scoring": """
        SELECT CAST(scored_on + INTERVAL 1 YEAR AS DATE) FROM shop.profile WHERE customer_id = $who""",
    "app.coaching": """
        SELECT CAST((max(h.measured_at) AT TIME ZONE 'Europe/Amsterdam')::DATE + INTERVAL 1 YEAR AS DATE)
        FROM app.heart_rate h JOIN shop.device d ON d.device_id = h.device_id
        WHERE d.customer_id = $who AND (d.paired_at IS NULL OR h.measured_at >= d.paired_at)
            AND (d.unpaired_at IS NULL OR h.measured_at < d.unpaired_at)""",
}

OWN_DEVICES_ONLY = """
    NOT EXISTS (SELECT 1 FROM shop.device d JOIN shop.device e
                ON d.device_id = e.device_id AND d.customer_id <> e.customer_id WHERE d.customer_id = c.customer_id)
"""


@pytest.fixture(scope="module")
def two(by_hand: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Two ordinary customers with orders, whose parcels came by different carriers."""
    found = by_hand.execute(
        f"""
        SELECT c.customer_id, list(DISTINCT s.carrier ORDER BY s.carrier) AS carriers
        FROM shop.customer c JOIN shop.orders o USING (customer_id) JOIN shop.shipment s USING (order_id)
        WHERE c.customer_id < 200000 AND s.carrier IS NOT NULL AND {OWN_DEVICES_ONLY}
        GROUP BY 1 ORDER BY len(carriers), 1
        """
    ).fetchall()
    first = found[0]
    other = next(row for row in found if set(row[1]) != set(first[1]))
    return first[0], other[0]


def sheet(office: Office, customer: int) -> dict[str, Any]:
    files = Opened(office.bundle("access", {"customer_id": str(customer)})).files
    found: dict[str, Any] = json.loads(files["data/information.json"])
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text())).validate(found)
    return found


def carriers(found: dict[str, Any]) -> set[str]:
    return {r["name"] for r in found["recipients"] if r["does"] == ["Bezorgde een pakket voor u."]}


def test_two_customers_with_different_carriers_get_different_recipients(
    two: tuple[int, int], office: Office, by_hand: duckdb.DuckDBPyConnection
) -> None:
    by_sheet = [carriers(sheet(office, customer)) for customer in two]
    by_sql = [{row[0] for row in by_hand.execute(CARRIERS, {"who": who}).fetchall()} for who in two]
    assert by_sheet == by_sql
    assert by_sheet[0] != by_sheet[1]


def test_the_dates_until_which_data_are_kept(
    two: tuple[int, int], office: Office, by_hand: duckdb.DuckDBPyConnection
) -> None:
    compared = 0
    for customer in two:
        until = {p["id"]: p["storage"].get("until") for p in sheet(office, customer)["purposes"]}
        for purpose, statement in KEPT.items():
            row = by_hand.execute(statement, {"who": customer}).fetchone()
            expected = row[0] if row else None
            if purpose in until:
                assert until[purpose] == (expected.isoformat() if isinstance(expected, date) else None), (
                    purpose
                )
                compared += expected is not None
    assert compared >= 4


def test_third_country_is_listed_first_with_its_safeguard(
    office: Office, by_hand: duckdb.DuckDBPyConnection
) -> None:
    who = by_hand.execute(
        "SELECT min(d.customer_id) FROM app.app_event a JOIN shop.device d USING (device_id) "
        f"JOIN shop.customer c USING (customer_id) WHERE d.customer_id < 200000 AND {OWN_DEVICES_ONLY}"
        "AND a.at >= d.paired_at AND d.unpaired_at IS NULL"
    ).fetchone()
    assert who
    first, *others = sheet(office, who[0])["recipients"]
    assert (first["country"], first["outsideEea"]) == ("US", True)
    assert "modelcontracten" in first["safeguard"]
    assert not any(other["outsideEea"] for other in others)


def test_vague_retention_stops_access_and_names_the_field(
    two: tuple[int, int], warehouse: Path, tmp_path: Path
) -> None:
    period = "    retention:\n      period: P1Y\n      from: page_view.at"
    office = Office.open(tmp_path, warehouse, {period: "    retention:\n      period: as long as necessary"})
    request = office.submit("access", {"customer_id": str(two[0])})
    with pytest.raises(NeedsPersonError, match=r"purposes\.shopping\.retention of source shop"):
        office.run(request)
    assert office.delivered(request) == []
    assert office.run(office.submit("portability", {"customer_id": str(two[1])})).exists()
