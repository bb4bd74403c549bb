"""Every registered source is reconciled: what is read unchanged agrees, and what is not is found."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.support.nightly import nightly_after
from tests.support.warehouses import MANY, Warehouse

from afschrift.domain.decision import Action
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.extracted import Compared
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.own_rows import without_keys
from afschrift.values.forms import text_batch


def extract(session: Source, table: str, types: dict[str, ColumnType], order: tuple[str, ...]) -> ExtractPlan:
    """What the templates make of a table of which all rows are the person's."""
    quote = session.dialect.quote
    columns = ",\n".join(
        f"  {column.expression.format(column=f't.{quote(name)}')} AS {quote(name)}"
        for name, column in types.items()
    )
    by = ", ".join(f"t.{quote(name)}" for name in order)
    statement = (
        f"SELECT\n{columns}\nFROM {session.dialect.relation(table)} AS t\nWHERE 1 = 1\nORDER BY {by}\n"
    )
    fields = tuple(
        FieldPlan(name, column.kind or ValueKind.TEXT, Action.INCLUDE, (), "")
        for name, column in types.items()
    )
    return ExtractPlan("w", table, fields, statement, order=order)


def compare(session: Source, part: ExtractPlan, percent: float = 5) -> Compared:
    comparison = Comparison(session, part, percent, "seed")
    for batch in map(without_keys, session.stream(part.statement)):
        comparison.take(text_batch(batch, part.selected))
    return comparison.require(lambda: map(without_keys, session.stream(part.statement)))


def test_every_awkward_value_is_what_the_source_says(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        types = dict(session.catalogue()["awkward"])
        found = compare(session, extract(session, "awkward", types, ("n",)))
    assert set(found.hashed) == set(types)
    assert (found.rows, found.hashed_rows, found.counted) == (1, 1, ())


class Spoiling:
    """A session whose rows are changed on the way, as a fault of a driver would change them."""

    def __init__(self, session: Source, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        self._session, self._change = session, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        yield from map(self._change, self._session.stream(statement))


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    columns = [values if other == name else batch.column(other) for other in batch.schema.names]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def plus_one(batch: pa.RecordBatch) -> pa.RecordBatch:
    owners = pc.add(batch.column("owner").cast(pa.int64()), 1).cast(batch.column("owner").type)
    return with_column(batch, "owner", owners)


def cut_short(batch: pa.RecordBatch) -> pa.RecordBatch:
    return with_column(batch, "pad", pc.utf8_slice_codeunits(batch.column("pad").cast(pa.string()), 0, 3))


def emptied(batch: pa.RecordBatch) -> pa.RecordBatch:
    texts = batch.column("pad").cast(pa.string()).to_pylist()
    return with_column(batch, "pad", pa.array([None, *texts[1:]], pa.string()))


def swapped(batch: pa.RecordBatch) -> pa.RecordBatch:
    return with_column(with_column(batch, "id", batch.column("owner")), "owner", batch.column("id"))


def elsewhere(batch: pa.RecordBatch) -> pa.RecordBatch:
    rows = [1, 0, *range(2, batch.num_rows)]
    return with_column(batch, "pad", batch.take(rows).column("pad"))


FAULTS: dict[str, tuple[Callable[[pa.RecordBatch], pa.RecordBatch], str]] = {
    "another number": (plus_one, r"w\.small .* the values of column owner differ"),
    "text cut short": (cut_short, r"w\.small .* the values of column pad differ"),
    "NULL for a value": (emptied, r"w\.small .* the number of values in column pad differs"),
    "columns swapped": (swapped, r"w\.small .* the values of columns id, owner differ"),
    "values of another row": (elsewhere, r"w\.small .* its rows differ"),
    "a row lost": (lambda b: b.slice(1), r"w\.small .* rows were written, and the source counts"),
    "a row twice": (
        lambda b: b.take([0, *range(b.num_rows)]),
        r"w\.small .* rows were written, and the source counts",
    ),
    "a row in place of another": (
        lambda b: b.take([1, *range(1, b.num_rows)]),
        r"w\.small .* the values of columns id, owner, pad differ",
    ),
}


def small(session: Source) -> ExtractPlan:
    types = dict(session.catalogue()["many"])
    part = extract(session, "many", types, ("id",))
    where = f"WHERE CAST(t.{session.dialect.quote('id')} AS DECIMAL(9)) < 1500"
    return replace(part, table="small", statement=part.statement.replace("WHERE 1 = 1", where))


def test_a_fault_between_source_and_file_is_named(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        part = small(session)
        assert compare(session, part).hashed_rows == 1500
        for change, message in FAULTS.values():
            with pytest.raises(ValidationFailedError, match=message) as error:
                compare(cast(Source, Spoiling(session, change)), part)
            assert "x1" not in str(error.value)


LATE = [("values of another row", 100), ("NULL for a value", 5), ("another number", 5), ("text cut short", 5)]


@pytest.mark.parametrize(("fault", "percent"), nightly_after(2, LATE))
def test_a_fault_late_in_a_large_table_is_found(warehouse: Warehouse, fault: str, percent: float) -> None:
    """The last rows are spoiled, after the source was asked beside the reading."""
    change, message = FAULTS[fault]
    seen = 0

    def late(batch: pa.RecordBatch) -> pa.RecordBatch:
        nonlocal seen
        before, seen = seen % MANY, seen % MANY + batch.num_rows  # they are read again to name the column
        return change(batch) if before < MANY <= seen else batch

    with warehouse.open() as session:
        part = extract(session, "many", dict(session.catalogue()["many"]), ("id",))
        with pytest.raises(ValidationFailedError, match=message.replace("small", "many")):
            compare(cast(Source, Spoiling(session, late)), part, percent)


@pytest.mark.parametrize("percent", [5.0, 100.0])
def test_a_large_table_is_sampled_unless_all_is_asked_for(warehouse: Warehouse, percent: float) -> None:
    with warehouse.open() as session:
        types = dict(session.catalogue()["many"])
        found = compare(session, extract(session, "many", types, ("id",)), percent)
    assert found.rows == MANY
    if percent == 100 or warehouse.kind == "files":  # which have no numbers to draw by
        assert (found.hashed_rows, found.sample) == (MANY, None)
    else:
        assert found.sample is not None
        assert (found.sample.column, found.sample.percent) == ("id", 5)
        assert 0.04 * MANY < found.hashed_rows < 0.06 * MANY
