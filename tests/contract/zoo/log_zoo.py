"""Every type of Delta Lake and of Iceberg that a writer in Python writes: alone, in lists, structs and maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from tests.contract.zoo.cages import TABLE, Zoo, plain
from tests.contract.zoo.parquet_zoo import CELLS, ROWS, Written
from tests.support.log_lakes import commit
from tests.support.warehouses import Warehouse

INSTANT = pa.timestamp("us", "UTC")
FORMS = {str(row.arrow): row for row in ROWS} | {
    str(INSTANT): next(row for row in ROWS if row.arrow == pa.timestamp("us", "Europe/Amsterdam"))
}
BOTH = {
    "int64": "long",
    "float": "float",
    "double": "double",
    "decimal128(38, 10)": "decimal(38,10)",
    "bool": "boolean",
    "string": "string",
    "binary": "binary",
    "date32[day]": "date",
}


@dataclass(frozen=True)
class LogZoo:
    """Arrow's name of a type -> the format's; `lacks`: types that the writer does not write."""

    kind: str
    names: dict[str, str]
    lacks: frozenset[str]

    def build(self, folder: Path, _: Any) -> Zoo:
        """A table whose second row has no values; the own texts are those of DuckDB's reader of Parquet."""
        rows = tuple(
            Written(native, "", FORMS[arrow].form, "", INSTANT if arrow == str(INSTANT) else FORMS[arrow].arrow, FORMS[arrow].value)
            for arrow, native in self.names.items()
        )  # fmt: skip
        columns = {
            f"{shape}_{number}": make(row.arrow, row.value)
            for number, row in enumerate(rows)
            for shape, make in CELLS.items()
        }
        made = pa.table({"id": pa.array([1], pa.int64()), **columns})
        nulls = pa.table({of.name: pa.nulls(1, of.type) for of in made.schema}, schema=made.schema)
        commit(self.kind, folder, TABLE, pa.concat_tables([made, nulls]))
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            texts = con.sql(
                f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{folder}/{TABLE}/**/*.parquet') WHERE id = 1"
            )
            own = dict(zip(texts.columns, texts.fetchall()[0], strict=True))
        for number, row in enumerate(rows):
            if row.native.startswith(("binary", "fixed")):  # bytes stay base64
                own[f"value_{number}"] = row.form
        return Zoo(
            Warehouse(self.kind, {"root": str(folder)}), rows, {name: own[name] for name in columns}, plain
        )

    def types(self) -> set[str]:
        """Those that our reader knows, without those that the writer does not write."""
        from afschrift.sources.delta import delta_lake
        from afschrift.sources.iceberg import snapshot

        if self.kind == "delta":
            return {*delta_lake._TYPES, "decimal"} - self.lacks
        names = {of.__name__.removesuffix("Type").lower() for of in snapshot._TYPES}
        return ({*names, "decimal", "int"} - {"integer"}) - self.lacks


DELTA = LogZoo(
    "delta",
    {
        "int8": "byte",
        "int16": "short",
        "int32": "integer",
        **BOTH,
        "timestamp[us]": "timestamp_ntz",
        str(INSTANT): "timestamp",
    },
    frozenset({"void"}),
)
ICEBERG = LogZoo(
    "iceberg",
    {
        "int32": "int",
        **BOTH,
        "fixed_size_binary[2]": "fixed(2)",
        "extension<arrow.uuid>": "uuid",
        "time64[us]": "time",
        "timestamp[us]": "timestamp",
        str(INSTANT): "timestamptz",
    },
    frozenset({"timestampnano", "timestamptznano", "unknown"}),
)
