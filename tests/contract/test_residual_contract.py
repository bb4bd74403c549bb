"""Every registered source: the person, and only they, is found in a column that nothing maps to them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from testbed.mini import write_inventory
from tests.support.data import document
from tests.support.warehouses import Warehouse

from afschrift.domain.extracted import NotSearched, Passed, Searched, SearchLimits
from afschrift.domain.keys import Key
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.identifiers import search_keys
from afschrift.selection.residual_search import ResidualSearch

pytestmark = pytest.mark.one_of_an_engine
SQL = Path(__file__).parents[2] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"
OWN = (
    Key("customer_id", "46"),
    Key("email", "Jan@Example.nl"),
    Key("email", "jörg+x_y@bücher.example"),
    Key("email", "o'brien+x@example.nl"),
    Key("iban", "NL91ABNA0417164300"),
    Key("phone", "+31612345678"),
)
NOTES = document(__file__, "notes.json")
NAMED, OTHERS = NOTES["of_the_person"], NOTES["of_others"]
ROWS: list[tuple[int, int | None, str | None]] = [
    (1, 46, "jan@example.nl"),  # the person's own row
    (2, 7, None),
    *((10 + n, 7, text) for n, text in enumerate(NAMED)),
    *((50 + n, 7, text) for n, text in enumerate(OTHERS)),
]


def statements(kind: str) -> Iterator[str]:
    """Two tables: what people wrote, and letters whose writer the inventory only refers to."""
    utf8 = " DEFAULT CHARACTER SET utf8mb4" if kind == "mysql" else ""
    yield f"CREATE TABLE notes (id INTEGER, customer_id INTEGER, note VARCHAR(100)){utf8}"
    yield "CREATE TABLE letter (id INTEGER, writer INTEGER)"
    for row in ROWS:
        values = ("NULL" if cell is None else "'" + str(cell).replace("'", "''") + "'" for cell in row)
        yield f"INSERT INTO notes VALUES ({', '.join(values)})"
    yield "INSERT INTO letter VALUES (1, 46), (2, 7), (3, 46)"


def described(folder: Path, *, subject: bool = True, **note: Any) -> Inventory:
    """The map of the two tables; the writer of a letter is referred to and no way."""
    table: dict[str, Any] = {
        "personal": subject,
        "columns": {"id": {"origin": "assigned"}, "customer_id": {"origin": "assigned"}, "note": note},
    }
    if subject:
        table["subject"] = {"customer_id": "customer_id"}
    letter = {
        "personal": False,
        "references": {"writer": "notes.customer_id"},
        "columns": {"id": {}, "writer": {}},
    }
    shop = {"source": "shop", "kind": "duckdb", "tables": {"notes": table, "letter": letter}}
    return load(write_inventory(folder / "inventory", yaml.safe_dump(shop)))


def searched(
    warehouse: Warehouse, inventory: Inventory, limits: SearchLimits | None = None
) -> dict[str, Searched]:
    keys = (*OWN, *search_keys(OWN, (), AT, inventory))
    with warehouse.open() as session:
        session.bind(keys, AT)
        looking = ResidualSearch(
            inventory, inventory.sources["shop"], session, keys, SQL, limits or SearchLimits()
        )
        return {search.table: search for search in looking.run()}


def result(search: Searched) -> tuple[int, dict[str, int], NotSearched | None]:
    """Rows looked through, rows found in each column, and why not all."""
    return search.rows, search.found, search.reason


def test_only_the_person_is_found_where_no_way_leads(warehouse: Warehouse, tmp_path: Path) -> None:
    found = searched(warehouse, described(tmp_path, origin="provided"))
    assert result(found["notes"]) == (len(ROWS), {"note": len(NAMED)}, None)


def test_a_table_without_persons_is_searched_too(warehouse: Warehouse, tmp_path: Path) -> None:
    found = searched(warehouse, described(tmp_path, subject=False))
    assert found["notes"].found == {"note": len(NAMED) + 1, "customer_id": 1}


def test_a_plain_number_is_compared_only_in_columns_of_such_numbers(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    found = searched(warehouse, described(tmp_path))
    assert result(found["letter"]) == (3, {"writer": 2}, None)
    with warehouse.open() as session:
        kind = session.catalogue()["notes"]["customer_id"].kind
    passed = Passed.KEY if kind is ValueKind.TEXT else Passed.TYPE  # a number is no code of the ways
    assert found["notes"].passed == {"customer_id": passed}


def test_what_is_too_much_is_said_not_to_be_searched(warehouse: Warehouse, tmp_path: Path) -> None:
    inventory = described(tmp_path)
    found = searched(warehouse, inventory, SearchLimits(rows=len(ROWS) - 1))
    assert result(found["notes"]) == (0, {}, NotSearched.ROWS)
    assert searched(warehouse, inventory, SearchLimits(rows=len(ROWS)))["notes"].reason is None


def test_hidden_and_excepted_columns_are_not_searched(warehouse: Warehouse, tmp_path: Path) -> None:
    settled = {"settled": "not_searched", "by": "office", "on": "2026-11-27", "why": "codes"}
    note = searched(warehouse, described(tmp_path / "settled", mentions=settled))["notes"]
    assert (note.found, note.passed["note"]) == ({}, Passed.SETTLED)
    assert "note" not in note.kinds
    inventory = described(tmp_path)
    with warehouse.open() as session:
        session.bind(OWN, AT)
        looking = ResidualSearch(
            inventory, inventory.sources["shop"], session, OWN, SQL, SearchLimits(), {"shop.notes"}
        )
        assert [search.table for search in looking.run()] == ["letter"]
        [_, letter] = replace(looking, hidden={"shop.letter.writer"}).run()
        assert "writer" not in {**letter.kinds, **letter.found, **letter.passed}
