"""Every constraint that is reported holds in the person's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from testbed.mini import write_inventory
from tests.unit.formats.random_tables import field

from afschrift.domain.plan import ExtractPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction import row_observers as observe
from afschrift.extraction.row_observers import Observer, references_that_hold
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile

FIELDS = {
    "customer": [field("customer_id", ValueKind.INTEGER), field("email", ValueKind.TEXT)],
    "orders": [field("order_id", ValueKind.INTEGER), field("customer_id", ValueKind.INTEGER)],
    "line": [
        field("order_id", ValueKind.INTEGER),
        field("line_no", ValueKind.INTEGER),
        field("sku", ValueKind.TEXT),
    ],
    "line_note": [
        field("order_id", ValueKind.INTEGER),
        field("line_no", ValueKind.INTEGER),
        field("note", ValueKind.TEXT),
    ],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    folder: Path = tmp_path_factory.mktemp("observe") / "inventory"
    return load(write_inventory(folder)).sources["shop"]


def watch(source: SourceFile, table: str, *batches: list[tuple[Any, ...]]) -> Observer:
    fields = FIELDS[table]
    observer = Observer(ExtractPlan("shop", table, tuple(fields), "SELECT 1"), source)
    types = [pa.int64() if f.kind is ValueKind.INTEGER else pa.string() for f in fields]
    for rows in batches:
        columns = [pa.array([row[i] for row in rows], type_) for i, type_ in enumerate(types)]
        observer.see(pa.RecordBatch.from_arrays(columns, names=[f.name for f in fields]))
    return observer


def test_nulls_are_counted_over_batches(source: SourceFile) -> None:
    seen = watch(source, "customer", [(1, None), (2, "a")], [(3, None)]).seen()
    assert seen.nulls == {"email": 2}


@pytest.mark.parametrize(
    ("batches", "unique"),
    [
        ([[(1, 1, "a"), (1, 2, "a"), (2, 1, "a")]], True),
        ([[(1, 1, "a"), (1, 1, "b")]], False),
        ([[(1, 1, "a")], [(1, 1, "b")]], False),
        ([[(1, 1, "a")], [], [(1, 2, "b")]], True),
        ([[], []], True),
    ],
)
def test_a_key_is_unique_where_no_two_rows_beside_each_other_have_it(
    batches: list[list[tuple[Any, ...]]], unique: bool, source: SourceFile
) -> None:
    assert watch(source, "line", *batches).seen().key_unique is unique


def test_a_reference_holds_where_every_value_is_on_the_other_side(source: SourceFile) -> None:
    observers = {
        "customer": watch(source, "customer", [(1, None)]),
        "orders": watch(source, "orders", [(10, 1), (11, 1)], [(12, None)]),
        "line": watch(source, "line", [(10, 1, "a"), (12, 1, "a")]),
        "line_note": watch(source, "line_note", [(10, 1, "x"), (10, 3, "no such line")]),
    }
    found = references_that_hold(source, observers)
    assert found["orders(customer_id)->customer(customer_id)"] is True  # a NULL points nowhere
    assert found["line(order_id)->orders(order_id)"] is True
    assert found["line_note(order_id,line_no)->line(order_id,line_no)"] is False


def test_nothing_is_said_of_too_many_values(source: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MOST_VALUES", 2)
    observers = {
        "orders": watch(source, "orders", [(10, 1), (11, 1)], [(12, 1)]),
        "line": watch(source, "line", [(10, 1, "a")]),
    }
    assert "line(order_id)->orders(order_id)" not in references_that_hold(source, observers)


def test_a_table_read_again_begins_anew(source: SourceFile) -> None:
    observer = watch(source, "line", [(1, 1, None), (1, 1, "b")])
    observer.begin()
    seen = observer.seen()
    assert (seen.nulls, seen.key_unique) == ({}, True)


def test_how_rows_were_batched_changes_nothing(source: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MOST_ROWS", 4)
    rows = [(10, 1), (10, 1), (10, 1), (11, 1), (12, 1)]
    cuts = ([rows], [rows[:1], rows[1:]], [rows[:3], rows[3:]], [[row] for row in rows])
    for cut in cuts:
        assert {d.values is None for d in watch(source, "orders", *cut).distinct.values()} == {True}
        assert {d.values is None for d in watch(source, "orders", *cut[:-1]).distinct.values()} == {False}
