"""Every registered source: of what is hidden nothing is read, in every type, and what is read can be compared (R84)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pytest
from tests.contract.test_source_contract import AT
from tests.support.warehouses import Warehouse

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import Source
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.own_rows import without_keys
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.values.forms import text_batch

SQL = Path(__file__).parents[2] / "include" / "sql"
NUMBER = "9007199254740993"
IDENTITY = IdentityFile.model_validate({"person": "number", "keys": {"number": {"unique": "yes"}}})


def read(session: Source, kind: str, hidden: Collection[str]) -> list[dict[str, str | None]]:
    """The person's rows of the table of awkward values, reconciled with the source."""
    described = {"subject": {"number": "n"}, "key": ["n"], "columns": {}}
    file = SourceFile.model_validate({"source": "w", "kind": kind, "tables": {"awkward": described}})
    session.bind([Key("number", NUMBER)], AT)
    catalogue = session.catalogue()
    statements = Statements(SQL, file, IDENTITY, session.dialect, catalogue, hidden)
    fields = tuple(FieldPlan(n, c.kind, Action.INCLUDE, (), "") for n, c in catalogue["awkward"].items())
    part = ExtractPlan("w", "awkward", fields, statements.extract("awkward", fields, None), order=("n",))
    columns = {path.rpartition(".")[2] for path in hidden if path.count(".") == 2}
    comparison = Comparison(session, part, 100, "seed", columns)
    rows: list[dict[str, str | None]] = []
    for batch in map(without_keys, session.stream(part.statement)):
        text = text_batch(batch, fields)
        comparison.take(text)
        rows += pa.Table.from_batches([text]).to_pylist()
    comparison.require(lambda: map(without_keys, session.stream(part.statement)))
    return rows


@pytest.mark.parametrize("left", ["n", ""])
def test_no_value_of_a_hidden_column_is_read_whatever_its_type(warehouse: Warehouse, left: str) -> None:
    with warehouse.open() as session:
        columns = [name for name in session.catalogue()["awkward"] if name != left]
        [row] = read(session, warehouse.kind, [f"w.awkward.{name}" for name in columns])
    assert row == dict.fromkeys(row, None) | ({left: NUMBER} if left else {})


def test_no_row_of_a_hidden_table_is_read(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        assert len(read(session, warehouse.kind, [])) == 1
        assert read(session, warehouse.kind, ["w.awkward"]) == []
