"""Every registered source is reconciled: what is read unchanged agrees, and what is not is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pyarrow as pa
import pytest
from tests.support.nightly import nightly_after
from tests.support.warehouses import MANY, Warehouse

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.sources import Source
from afschrift.testing.source_contract import ChangedRows, compare, cut_short, plan_of, plus_one, with_column


def test_every_awkward_value_is_what_the_source_says(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        types = dict(session.catalogue()["awkward"])
        found = compare(session, plan_of(session, "awkward", types, ("n",)))
    assert set(found.hashed) == set(types)
    assert (found.rows, found.hashed_rows, found.counted) == (1, 1, ())


def emptied(batch: pa.RecordBatch) -> pa.RecordBatch:
    texts = batch.column("pad").cast(pa.string()).to_pylist()
    return with_column(batch, "pad", pa.array([None, *texts[1:]], pa.string()))


def swapped(batch: pa.RecordBatch) -> pa.RecordBatch:
    return with_column(with_column(batch, "id", batch.column("owner")), "owner", batch.column("id"))


def elsewhere(batch: pa.RecordBatch) -> pa.RecordBatch:
    rows = [1, 0, *range(2, batch.num_rows)]
    return with_column(batch, "pad", batch.take(rows).column("pad"))


most_kinds = pytest.mark.one_of_an_engine("delta", "iceberg", "sqlalchemy")
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
    part = plan_of(session, "many", types, ("id",))
    where = f"WHERE CAST(t.{session.dialect.quote('id')} AS DECIMAL(9)) < 1500"
    return replace(part, table="small", statement=part.statement.replace("WHERE 1 = 1", where))


@most_kinds
def test_a_fault_between_source_and_file_is_named(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        part = small(session)
        assert compare(session, part).hashed_rows == 1500
        for change, message in FAULTS.values():
            with pytest.raises(ValidationFailedError, match=message) as error:
                compare(cast(Source, ChangedRows(session, change)), part)
            assert "x1" not in str(error.value)


LATE = [("values of another row", 100), ("NULL for a value", 5), ("another number", 5), ("text cut short", 5)]


@most_kinds
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
        part = plan_of(session, "many", dict(session.catalogue()["many"]), ("id",))
        with pytest.raises(ValidationFailedError, match=message.replace("small", "many")):
            compare(cast(Source, ChangedRows(session, late)), part, percent)


@most_kinds
@pytest.mark.parametrize("percent", [5.0, 100.0])
def test_a_large_table_is_sampled_unless_all_is_asked_for(warehouse: Warehouse, percent: float) -> None:
    with warehouse.open() as session:
        types = dict(session.catalogue()["many"])
        found = compare(session, plan_of(session, "many", types, ("id",)), percent)
    assert found.rows == MANY
    if percent == 100 or warehouse.kind == "files":  # which have no numbers to draw by
        assert (found.hashed_rows, found.sample) == (MANY, None)
    else:
        assert found.sample is not None
        assert (found.sample.column, found.sample.percent) == ("id", 5)
        assert 0.04 * MANY < found.hashed_rows < 0.06 * MANY
