"""A scan of a source that has a file starts from the ways that a person wrote there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from testbed.mini import write_inventory

from afschrift.datamap.review.map_files import read_files
from afschrift.datamap.scan.scan_source import Asked, scan_source
from afschrift.inventory.layers import layered
from afschrift.inventory.load import load

SHOP = """
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, placed_at TEXT);
CREATE TABLE letter (nr INTEGER, whom INTEGER, address TEXT, created_at TEXT);
CREATE TABLE page (letter INTEGER, body TEXT, created_at TEXT);
CREATE TABLE employee (employee_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, hired_at TEXT);
CREATE TABLE shift (who INTEGER, address TEXT);
CREATE TABLE stock (shelf INTEGER, city TEXT, created_at TEXT);
INSERT INTO customer VALUES (1, 'a@example.org', 'An', 'Jansen'), (2, 'b@example.org', 'Bo', 'Smit');
INSERT INTO employee VALUES (5, 'c@example.com', 'Cor', 'Bos', '2020-01-01');
INSERT INTO orders VALUES (7, 1, '2026-01-01'), (8, 2, '2026-01-02');
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as con:
        con.executescript(SHOP)
    folder = write_inventory(tmp_path / "map", "source: other\nkind: duckdb\ntables: {}\n")
    (folder / "shop.yml").unlink()
    return folder / "shop.yml"


def scan_lines(file: Path) -> str:
    options = {"path": str(file.parent.parent / "shop.db")}
    asked = Asked(kind="sqlite", options=options, name="shop", out=file)
    return "\n".join(scan_source(asked, lambda _: None).found)


def scan(file: Path) -> dict[str, Any]:
    scan_lines(file)
    found: dict[str, Any] = layered(file, read_files(file.parent)).document.data["tables"]
    return found


def origins(table: dict[str, Any]) -> dict[str, Any]:
    return {name: words.get("origin") for name, words in table["columns"].items()}


def with_ways(file: Path, *, in_braces: bool = True, **ways: dict[str, Any]) -> None:
    """A hand-written way of a table that the scan took for one of no person."""
    draft = yaml.safe_load(file.read_text())
    for table, way in ways.items():
        entry = draft["tables"][table]
        assert entry.pop("personal") is False
        del entry["review"]
        draft["tables"][table] = {**way, **entry}
    file.write_text(
        yaml.safe_dump(draft, sort_keys=False, width=4000, default_flow_style=None if in_braces else False)
    )


@pytest.mark.parametrize("in_braces", [True, False])
def test_columns_of_a_table_with_a_hand_written_way_are_proposed(file: Path, in_braces: bool) -> None:
    first = scan(file)
    assert set(origins(first["letter"]).values()) | set(origins(first["page"]).values()) == {None}
    ways = {"letter": {"subject": {"customer_id": "whom"}}, "page": {"join": {"letter": "letter.nr"}}}
    with_ways(file, in_braces=in_braces, **ways)
    before = file.read_text()
    again = scan(file)
    assert origins(again["letter"])["address"] == "provided"
    assert origins(again["page"])["created_at"] == "observed"
    for column in again["letter"]["columns"].values():
        assert column["review"] == "needed", "a proposal, and no more"
    address = again["letter"]["columns"]["address"]["proposed"]
    assert "no way leads to a person" in str(first["letter"]["columns"]["address"]["proposed"])
    assert "no way leads to a person" not in str(address), "the reason is that of the origin"
    assert origins(again["stock"]) == origins(first["stock"]), "it has no hand-written way"
    assert again["letter"]["subject"] == {"customer_id": "whom"}
    assert file.read_text() == before, "what people wrote stays"
    load(file.parent)
    files = read_files(file.parent)
    scan(file)
    assert read_files(file.parent) == files, "a third scan finds nothing new"


@pytest.mark.parametrize(
    "way", [{"join": {"letter": "stock.shelf"}}, {"subject": {"customer_id": "letter"}, "ways": "guessed"}]
)
def test_way_to_no_person_and_a_guess_propose_nothing(file: Path, way: dict[str, Any]) -> None:
    first = scan(file)
    with_ways(file, page=way)
    assert origins(scan(file)["page"]) == origins(first["page"])


def test_what_leads_to_other_people_is_about_others(file: Path) -> None:
    first = scan(file)
    assert first["employee"]["subject"] == {"employee_id": "employee_id"}
    with_ways(file, shift={"subject": {"employee_id": "who"}}, letter={"subject": {"customer_id": "whom"}})
    again = scan(file)
    assert again["shift"]["columns"]["address"]["about"] == "third_party"
    assert "about" not in again["letter"]["columns"]["address"]


def test_second_scan_counts_what_is_new_as_left_to_decide(file: Path) -> None:
    first = scan_lines(file)
    assert "No way leads to 4 tables" in first
    with closing(sqlite3.connect(file.parent.parent / "shop.db")) as con:
        con.executescript("ALTER TABLE customer ADD COLUMN music TEXT; CREATE TABLE shelf (city TEXT);")
    second = scan_lines(file)
    assert "No way leads to 1 table, and" in second
    assert "not personal: shelf." in second
    assert "New columns: 0 proposed, 2 open." in second
