"""Rows by the persons that they lead to, where keys change hands, are shared, or bear a better key beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from testbed.mini import SHOP, write_database, write_inventory

from afschrift.datamap.check.finding import Code, MapReport, Severity
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    return tmp_path


def checked(folder: Path, text: str = SHOP) -> MapReport:
    return check_sources(load(write_inventory(folder / "inventory", text)), ProbeLimits(seconds=30))


def test_row_leads_to_the_owner_of_the_key_at_its_time(shop: Path) -> None:
    report = checked(shop)
    counts = {table.table: (table.nobody, table.one, table.several) for table in report.reach}
    assert counts["beat"] == (0, 4, 1)  # a device that passed on counts for each in turn; `tab` is of two
    assert counts["newsletter"] == (0, 3, 0)  # customer 3 has an address that was another person's in 2022
    assert counts["login"] == (0, 3, 0)  # a customer number decides, whatever the address in the row
    assert counts["shipment"] == (0, 3, 1)  # of who ordered and of who gets it, as `shared_rows` says
    assert counts["message"] == (0, 1, 3)
    assert counts["line_note"] == (1, 2, 0)
    assert counts["wishlist"] == (0, 1, 1)
    assert not any(finding.severity is Severity.ERROR for finding in report.findings)


def test_decided_findings_are_no_warning(shop: Path) -> None:
    def several(text: str) -> list[str]:
        return [
            finding.place for finding in checked(shop, text).findings if finding.code is Code.ROWS_OF_SEVERAL
        ]

    decided = next(line for line in SHOP.splitlines(keepends=True) if "A list is of all" in line)
    assert several(SHOP.replace(decided, "")) == ["shop.wishlist"]
    assert several(SHOP) == []


def test_no_row_of_an_impersonal_look_up_is_given(shop: Path) -> None:
    columns = "      list_id: {origin: assigned}\n      title: {origin: provided}\n"
    assert SHOP.count(columns) == 1
    found = checked(shop, SHOP.replace(columns, re.sub(r"assigned|provided", "not_personal", columns)))
    assert [table.several for table in found.reach if table.table == "wishlist"] == [1], "it is counted"
    assert Code.ROWS_OF_SEVERAL not in {finding.code for finding in found.findings}


def test_a_key_of_which_another_source_knows_whose_it_is_is_counted_apart(shop: Path) -> None:
    alone = SHOP.replace(
        "      device_id: {column: device_id, valid_from: paired, valid_to: unpaired}\n", "", 1
    )
    [beat] = [table for table in checked(shop, alone).reach if table.table == "beat"]
    assert (beat.nobody, beat.one, beat.several, beat.unknown) == (0, 0, 0, 5)


def test_an_address_in_a_table_that_is_passed_over_is_found(shop: Path) -> None:
    import duckdb

    with duckdb.connect(str(shop / "shop.duckdb")) as con:
        con.execute("CREATE TABLE scratch AS SELECT 'kwikstaart@example.org' AS note, 7 AS n")
    text = SHOP.replace("kind: duckdb", "kind: duckdb\nunlisted: ignore")
    report = checked(shop, text)
    assert [finding.place for finding in report.findings if finding.code is Code.HOLDS_IDENTIFIER] == [
        "shop.scratch.note"
    ]
    assert "kwikstaart" not in repr(report)
