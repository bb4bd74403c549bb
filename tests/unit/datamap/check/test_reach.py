"""Rows by the persons that they lead to, where keys change hands, are shared, or bear a better key beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory

from afschrift.datamap.check.finding import Code, MapReport, Severity
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

DECIDED = next(line for line in SHOP.splitlines(keepends=True) if "A list is of all" in line)
OWNERS = "      device_id: {column: device_id, valid_from: paired, valid_to: unpaired}\n"
LIST = "      list_id: {origin: assigned}\n      title: {origin: provided}\n"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], MapReport]]:
    """Checks the shop, with a table that the map does not describe, by a map."""
    folder = tmp_path_factory.mktemp("shop")
    with duckdb.connect(str(write_database(folder / "shop.duckdb"))) as con:
        con.execute("CREATE TABLE scratch AS SELECT 'kwikstaart@example.org' AS note, 7 AS n")

    def check(text: str) -> MapReport:
        text = text.replace("kind: duckdb", "kind: duckdb\nunlisted: ignore")
        return check_sources(load(write_inventory(folder / "inventory", text)), ProbeLimits(seconds=30))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(folder / "shop.duckdb"))
        yield check


def places(report: MapReport, code: Code) -> list[str]:
    return [finding.place for finding in report.findings if finding.code is code]


def test_row_leads_to_the_owner_of_the_key_at_its_time(checked: Callable[[str], MapReport]) -> None:
    report = checked(SHOP)
    counts = {table.table: (table.nobody, table.one, table.several) for table in report.reach}
    assert counts["beat"] == (0, 4, 1)  # a device that passed on counts for each in turn; `tab` is of two
    assert counts["newsletter"] == (0, 3, 0)  # customer 3 has an address that was another person's in 2022
    assert counts["login"] == (0, 3, 0)  # a customer number decides, whatever the address in the row
    assert counts["shipment"] == (0, 3, 1)  # of who ordered and of who gets it, as `shared_rows` says
    assert counts["message"] == (0, 1, 3)
    assert counts["line_note"] == (1, 2, 0)
    assert counts["wishlist"] == (0, 1, 1)
    assert places(report, Code.ROWS_OF_SEVERAL) == [], "it is decided"
    assert places(report, Code.HOLDS_IDENTIFIER) == ["shop.scratch.note"], "though the table is passed over"
    assert "kwikstaart" not in repr(report)
    assert not any(finding.severity is Severity.ERROR for finding in report.findings)


def test_what_is_not_decided_or_not_known_here_is_counted(checked: Callable[[str], MapReport]) -> None:
    assert SHOP.count(OWNERS) == 1
    report = checked(SHOP.replace(DECIDED, "").replace(OWNERS, ""))
    assert places(report, Code.ROWS_OF_SEVERAL) == ["shop.wishlist"]
    [beat] = [table for table in report.reach if table.table == "beat"]
    assert (beat.nobody, beat.one, beat.several, beat.unknown) == (0, 0, 0, 5)


def test_no_row_of_an_impersonal_look_up_is_given(checked: Callable[[str], MapReport]) -> None:
    assert SHOP.count(LIST) == 1
    report = checked(
        SHOP.replace(LIST, re.sub(r"assigned|provided", "not_personal", LIST)).replace(DECIDED, "")
    )
    assert [table.several for table in report.reach if table.table == "wishlist"] == [1], "it is counted"
    assert places(report, Code.ROWS_OF_SEVERAL) == []
