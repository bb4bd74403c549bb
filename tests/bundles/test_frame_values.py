"""`frame()` of `afschrift-bundles` has every value of every format, typed as the package says."""

import base64
import io
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from bench import bundle_frames
from hypothesis import given
from tests.contract.plain_readers import exact
from tests.support.properties import fewer
from tests.unit.formats.random_tables import field, tables, text_rows, write

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift_bundles.columns import Digits, to_frame
from afschrift_bundles.tables import FORMATS, TableReader


class OneFile:
    """An archive with the parts of one table."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = {f"data/{number}": part for number, part in enumerate(parts)}

    def open(self, path: str) -> io.BytesIO:
        return io.BytesIO(self.parts[path])


def reader_of(name: str, fields: list[FieldPlan], *batches: pa.RecordBatch) -> TableReader:
    """A table that the product wrote, each batch as a part of its own."""
    described = [
        {"name": f.name, "type": f.kind.data_package_type if f.kind else "string", "afschrift:kind": f.kind}
        for f in fields
    ]
    written = [write(name, fields, batch) for batch in batches]
    resources = [
        {
            "format": name,
            "path": str(number),
            "afschrift:rows": batch.num_rows,
            "afschrift:part": {"number": number, "of": len(batches)},
            "dialect": {"delimiter": ","},
            "schema": {
                "fields": described,
                "missingValues": [part.entry.options["null"]] if name == "csv" else [],
            },
        }
        for number, (part, batch) in enumerate(zip(written, batches, strict=True))
    ]
    return TableReader(OneFile(*(part.data for part in written)), resources[::-1])  # type: ignore[arg-type]


def frame_of(reader: TableReader) -> pd.DataFrame:
    table = pa.Table.from_batches(reader.batches(), schema=reader.schema)
    return to_frame(table, reader.fields, labels=False)


def form(value: Any, kind: ValueKind | None) -> Any:
    """The value form of a typed value, or a value that is equal where forms are."""
    if value is pd.NA or value is pd.NaT:
        return None
    if kind is ValueKind.NUMBER:
        return "NaN" if math.isnan(float(value)) else float(value)
    if kind is ValueKind.JSON:
        return exact(value)
    if isinstance(value, str):
        return value
    match kind:
        case ValueKind.INTEGER:
            return str(int(value))
        case ValueKind.DECIMAL:
            return value
        case ValueKind.BOOLEAN:
            return str(bool(value)).lower()
        case ValueKind.DATE:
            return str(value.date())
        case ValueKind.BINARY:
            return base64.b64encode(value).decode()
        case _:
            return value.isoformat().replace("+00:00", "Z")


def expected(text: str | None, value: Any, kind: ValueKind | None) -> Any:
    if text is None or isinstance(value, str):
        return text if kind is not ValueKind.JSON or text is None else exact(text)
    if kind is ValueKind.NUMBER:
        return "NaN" if text == "NaN" else float(text.replace("INF", "inf"))
    if kind is ValueKind.DECIMAL:
        return type(value)(text)
    return text


def check(frame: pd.DataFrame, fields: Sequence[FieldPlan], rows: pa.RecordBatch) -> None:
    assert list(frame) == [field.name for field in fields]
    for field_, texts in zip(fields, rows.columns, strict=True):
        for value, text in zip(frame[field_.name].tolist(), texts.to_pylist(), strict=True):
            assert form(value, field_.kind) == expected(text, value, field_.kind), (field_, text, value)


@pytest.mark.parametrize("name", FORMATS)
@fewer(2)
@given(table=tables(min_rows=1))
def test_every_value_of_every_kind_is_read_back(
    name: str, table: tuple[list[FieldPlan], pa.RecordBatch]
) -> None:
    fields, rows = table
    check(frame_of(reader_of(name, fields, rows)), fields, rows)


KINDS = {
    ValueKind.INTEGER: (["1", None, "9007199254740993"], "Int64"),
    ValueKind.NUMBER: (["NaN", None, "-INF"], "double[pyarrow]"),
    ValueKind.DECIMAL: (["9" * 38, None, "-1"], "decimal128(38, 0)[pyarrow]"),
    ValueKind.BOOLEAN: (["true", None, "false"], "boolean"),
    ValueKind.DATE: (["2024-02-29", None, "0001-01-01"], "datetime64[s]"),
    ValueKind.TIME: (["10:00:00.500000", None, "10:00:00"], "time64[us][pyarrow]"),
    ValueKind.DATETIME: (["2024-01-01T10:00:00", None, "2200-12-31T23:59:59.999999"], "datetime64[us]"),
    ValueKind.INSTANT: (["2024-01-01T10:00:00.500000Z", None, "2024-01-01T10:00:00Z"], "datetime64[us, UTC]"),
    ValueKind.BINARY: (["AAH/", None, ""], "binary[pyarrow]"),
    ValueKind.TEXT: (["", None, "line\r\nline"], "string"),
}
FALLS_BACK = {
    ValueKind.INTEGER: (str(2**128 - 1), "decimal256(39, 0)[pyarrow]"),
    ValueKind.NUMBER: (None, "double[pyarrow]"),
    ValueKind.DECIMAL: ("9" * 40 + ".5", "decimal256(41, 1)[pyarrow]"),
    ValueKind.BOOLEAN: (None, "boolean"),
    ValueKind.DATE: ("infinity", "string"),
    ValueKind.TIME: ("10:00:00.123456789", "string"),
    ValueKind.DATETIME: ("2024-01-01T10:00:00.123456789", "datetime64[ns]"),
    ValueKind.INSTANT: ("0044-03-15 10:00:00+00 BC", "string"),
    ValueKind.BINARY: ("A" * 6_000_000, "binary[pyarrow]"),
    ValueKind.TEXT: ("x", "string"),
}
"""A value in the last part that the narrowest type does not hold, and the type that then holds all."""


@pytest.mark.parametrize("name", FORMATS)
def test_types_are_one_over_all_parts_and_missing_values_stay_missing(name: str) -> None:
    fields = [field("index" if kind is ValueKind.TEXT else str(kind), kind) for kind in KINDS]
    columns = [texts for texts, _ in KINDS.values()]
    rows = text_rows(fields, *zip(*columns, strict=True))
    frame = frame_of(reader_of(name, fields, rows))
    assert frame.dtypes.astype(str).tolist() == [dtype for _, dtype in KINDS.values()]
    assert frame.isna().sum().tolist() == [1] * len(fields)
    check(frame, fields, rows)
    last = text_rows(fields, tuple(text for text, _ in FALLS_BACK.values()))
    frame = frame_of(reader_of(name, fields, *[rows] * 39, last))
    assert frame.dtypes.astype(str).tolist() == [dtype for _, dtype in FALLS_BACK.values()]
    check(frame, fields, pa.Table.from_batches([*[rows] * 39, last]).combine_chunks().to_batches()[0])


@pytest.mark.nightly
def test_millions_of_rows_are_read_in_little_memory_and_as_fast_as_read_csv(tmp_path: Path) -> None:
    found = bundle_frames.compare(5_000_000, tmp_path)
    assert found["bundle"][1] <= 300
    assert found["bundle"][0] <= 1.5 * found["read_csv"][0]


def test_decimals_can_be_multiplied_and_summed() -> None:
    digits = Digits()
    prices = pa.array(["12.50", "-3.05", None, "0.1"])
    digits.count(prices)
    price = pd.Series(pd.array(prices.cast(digits.type()), dtype=pd.ArrowDtype(digits.type())))
    assert digits.type() == pa.decimal128(4, 2)
    assert (price * 2 * price).sum() == Decimal("331.1250")
