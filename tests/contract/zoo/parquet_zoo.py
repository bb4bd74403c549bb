"""Every type that Arrow writes to Parquet: alone, in lists, structs and maps, and in files that grew."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from tests.contract.zoo.cages import TABLE, Row, Zoo, plain
from tests.support.warehouses import Warehouse

NANOS = 1_730_000_000_123_456_789
with localcontext() as exactly:
    exactly.prec = 80
    NINES = Decimal("9" * 76)


NOTHING = pa.null()


@dataclass(frozen=True)
class Written(Row):
    arrow: pa.DataType = NOTHING
    value: Any = None


def _row(arrow: pa.DataType, value: Any, form: str, note: str = "") -> Written:
    return Written(str(arrow), "", form, note, arrow, value)


MOMENT = "2024-10-27T03:33:20"
ROWS = (
    *(_row(make(), 127, "127") for make in (pa.int8, pa.int16, pa.int32, pa.uint8, pa.uint16, pa.uint32)),
    _row(pa.int64(), -(2**63), str(-(2**63))),
    _row(pa.uint64(), 2**64 - 1, str(2**64 - 1)),
    _row(pa.float16(), 1.5, "1.5"),
    _row(pa.float32(), 0.1, "0.1"),
    _row(pa.float64(), 1e-310, "1e-310"),
    _row(pa.decimal128(38, 10), Decimal("1234567890123456789012345678.1"), "1234567890123456789012345678.1" + "0" * 9),
    _row(pa.decimal256(76, 0), NINES, "", "more than 38 digits"),
    _row(pa.bool_(), True, "true"),
    _row(pa.string(), 'a "é', 'a "é'),
    _row(pa.large_string(), "0012", "0012"),
    _row(pa.dictionary(pa.int32(), pa.string()), "0012", "0012"),
    _row(pa.binary(), b"\0\xff", "AP8="),
    _row(pa.binary(2), b"\0\xff", "AP8="),
    _row(pa.uuid(), b"0123456789abcdef", "30313233-3435-3637-3839-616263646566"),
    _row(pa.json_(), '{"a": 1.10, "a": 2}', '{"a": 1.10, "a": 2}'),
    _row(pa.date32(), 19782, "2024-02-29"),
    _row(pa.time32("ms"), 36_000_500, "10:00:00.500000"),
    _row(pa.time64("us"), 36_000_500_000, "10:00:00.500000"),
    _row(pa.time64("ns"), 36_000_123_456_789, "10:00:00.123456789"),
    _row(pa.timestamp("ms"), NANOS // 10**6, f"{MOMENT}.123000"),
    _row(pa.timestamp("us"), NANOS // 10**3, f"{MOMENT}.123456"),
    _row(pa.timestamp("ns"), NANOS, f"{MOMENT}.123456789"),
    _row(pa.timestamp("us", "Europe/Amsterdam"), NANOS // 10**3, f"{MOMENT}.123456Z"),
    _row(pa.timestamp("ns", "UTC"), NANOS, f"{MOMENT}.123456789Z"),
    _row(pa.timestamp("ns"), NANOS, f"{MOMENT}.123456789", "96 bits"),
    _row(pa.duration("s"), 90, "PT90S"),
    _row(pa.duration("ns"), -1_500_000_000, "PT-1.5S"),
)  # fmt: skip


def _array(of: pa.DataType, *values: Any) -> pa.Array:
    if isinstance(of, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(of, pa.array(values, of.storage_type))
    return pa.array(values, of)


CELLS: dict[str, Callable[[pa.DataType, Any], pa.Array]] = {
    "value": _array,
    "list": lambda of, value: pa.ListArray.from_arrays([0, 2], _array(of, value, None)),
    "struct": lambda of, value: pa.StructArray.from_arrays([_array(of, value)], ["a"]),
    "map": lambda of, value: pa.MapArray.from_arrays([0, 1], pa.array(["k"]), _array(of, value)),
}
OLD = "old"
"""The table of timestamps of 96 bits."""


def build(folder: Path, _: Any) -> Zoo:
    """A lake; each table begins with a file that has none of the columns, and one has them turned round.

    The own texts are those of DuckDB; of what it loses, the forms.
    """
    tables = {
        f"{shape}_{number}": OLD if row.note == "96 bits" else TABLE
        for number, row in enumerate(ROWS)
        for shape in CELLS
    }
    own: dict[str, str | None] = {}
    for table in (TABLE, OLD):
        columns = {}
        for number, row in enumerate(ROWS):
            for shape, make in CELLS.items():
                if tables[f"{shape}_{number}"] == table:
                    columns[f"{shape}_{number}"] = make(row.arrow, row.value)
        _write(folder / table, columns, old=table == OLD)
        own |= _texts(folder / table / "1.parquet")
    for number, row in enumerate(ROWS):
        if row.native.startswith(("binary", "fixed_size_binary", "duration")):  # bytes stay base64
            own[f"value_{number}"] = row.form
        if row.note == "96 bits":
            own[f"value_{number}"] = row.form.replace("T", " ")
    return Zoo(
        Warehouse("parquet", {"root": str(folder)}), ROWS, {name: own[name] for name in tables}, plain, tables
    )


def _write(folder: Path, columns: dict[str, pa.Array], *, old: bool) -> None:
    folder.mkdir()
    made = pa.table({"id": pa.array([1]), **columns})
    pq.write_table(pa.table({"id": pa.array([0])}), folder / "0.parquet")
    for number, table in ((1, made), (2, made.select(made.column_names[::-1]))):
        pq.write_table(table, folder / f"{number}.parquet", use_deprecated_int96_timestamps=old)


def _texts(file: Path) -> dict[str, str | None]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        read = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{file}', int96_as = 'struct')"
        found = con.sql(read)
        return dict(zip(found.columns, found.fetchall()[0], strict=True))


def types() -> set[str]:
    integers = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    numbers = {"halffloat", "float", "double", "decimal128", "decimal256", "bool"}
    times = {"date32[day]", "time32[ms]", "time64[us]", "time64[ns]", "timestamp[us]", "timestamp[ns]"}
    return integers | numbers | times | {"string", "binary", "duration[s]"}
