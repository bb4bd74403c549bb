"""A lake with a file that is not read: the check names it, requests stop, and go on when the map says so."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from testbed.running import installation, members, run, store
from tests.support import maps

from afschrift.datamap.check.finding import Code, Finding, Severity
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.domain.errors import UnreadFilesError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.sources.registry import SOURCES

IGNORE = "    ignore: {files: [%s], by: Data office, on: 2026-11-29, why: A job writes there first.}"


def write(path: Path, *visits: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"visit_id": list(visits), "customer_id": [7] * len(visits)}), path)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    root = tmp_path / "lake"
    for number, name in enumerate(("1.parquet", "C.PARQUET", "b.parq", "part-00001", "part-[!x].parquet")):
        write(root / f"visit/day=2024-01-0{number + 1}" / name, number)
    (root / "visit/_SUCCESS").touch()
    return root


def inventory(lake: Path, more: str = "", kind: str = "parquet") -> Path:
    shop = maps.text("visits.yml", kind=kind, root=lake, more=more)
    return maps.write(lake.parent / "inventory", shop=shop)


def read(folder: Path) -> list[int]:
    """Visits in the bundle of customer 7."""
    services = installation(folder.parent / f"home-{len(list(folder.parent.iterdir()))}", folder)
    request = store(services, {"customer_id": "7"}, "portability", formats=["csv"])
    text = members(run(services, request))["data/shop/visit.csv"].decode()
    return sorted(int(row["visit_id"]) for row in csv.DictReader(io.StringIO(text, newline="")))


def errors(folder: Path) -> list[Finding]:
    return [found for found in check_sources(load(folder)).findings if found.severity is Severity.ERROR]


def test_all_files_of_a_folder_are_read_and_reconciled(lake: Path) -> None:
    folder = inventory(lake)
    report = check_sources(load(folder))
    assert [found for found in report.findings if found.severity is not Severity.NOTE] == []
    assert [(reach.table, reach.rows) for reach in report.reach] == [("visit", 5)]
    assert read(folder) == [0, 1, 2, 3, 4]


def test_unread_files_stop_requests_until_mapped(lake: Path) -> None:
    write(lake / "visit/_temporary/0/part-00002", 5)
    folder = inventory(lake)
    [found] = errors(folder)
    assert (found.code, found.place) == (Code.FILES_NOT_READ, "shop.visit")
    assert "_temporary/0/part-00002 (hidden)" in found.sentence
    with pytest.raises(UnreadFilesError, match="_temporary/0/part-00002"):
        read(folder)
    decided = inventory(lake, IGNORE % "_temporary/**")
    assert "shop.visit: 1 file not read, by `ignore`" in check_sources(load(decided)).notes
    assert errors(decided) == []
    assert read(decided) == [0, 1, 2, 3, 4]


BESIDE = {
    "personal: false": "  orders.parquet: {personal: false}\n  notes: {personal: false}",
    "unlisted: ignore": "unlisted: ignore",
}


@pytest.mark.parametrize("line", BESIDE)
def test_unlisted_files_of_a_lake_stop_requests_until_mapped(lake: Path, line: str) -> None:
    write(lake / "orders.parquet", 1)
    (lake / "notes").mkdir()
    (lake / "notes/of.txt").write_text("Some words about customers.")
    folder = inventory(lake)
    assert [(found.code, found.table) for found in errors(folder)] == [
        (Code.TABLE_NOT_DESCRIBED, "notes"),
        (Code.TABLE_NOT_DESCRIBED, "orders.parquet"),
    ]
    with pytest.raises(UnreadFilesError):
        read(folder)
    decided = inventory(lake, BESIDE[line])
    assert errors(decided) == []
    assert read(decided) == [0, 1, 2, 3, 4]


def test_patterns_of_all_entries_of_a_table_count(lake: Path) -> None:
    write(lake / "visit/_temporary/0/part-00002", 5)
    (lake / "visit/notes.txt").write_text("Some words.")
    as_guest = "  guest:\n    table: visit\n    personal: false\n"
    loaded = load(inventory(lake, IGNORE % "_temporary/**" + "\n" + as_guest + IGNORE % '"*.txt"'))
    assert loaded.sources["shop"].ignored_files == {"visit": ("_temporary/**", "*.txt")}


def test_a_scan_sees_the_same_files(lake: Path, tmp_path: Path) -> None:
    write(lake / "visit/_temporary/0/part-00002", 5)
    asked = Asked(
        kind="parquet", options={"root": str(lake)}, name="shop", out=tmp_path / "draft.yml", dry_run=True
    )
    assert any("_temporary/0/part-00002 (hidden)" in line for line in scan_source(asked, print).found)
    inventory(lake, IGNORE % "_temporary/**").joinpath("shop.yml").rename(tmp_path / "draft.yml")
    assert "visit_id" in scan_source(asked, print).text


@pytest.mark.parametrize(
    ("kind", "pattern", "message"),
    [
        ("duckdb", "x", "has no files to ignore"),
        ("parquet", "/x", "no path below"),
        ("parquet", "../x", "no path below"),
        ("parquet", "x**/y", "is not alone between"),
        ("parquet", "", "ignore"),
    ],
)
def test_what_cannot_be_ignored_is_a_fault(lake: Path, kind: str, pattern: str, message: str) -> None:
    with pytest.raises(InventoryError, match=message):
        load(inventory(lake, IGNORE % f'"{pattern}"', kind), SOURCES)
