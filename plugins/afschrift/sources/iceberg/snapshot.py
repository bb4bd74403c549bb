"""A snapshot of an Iceberg table: its manifests say which files, and which deletes apply to which of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg import types as it
from pyiceberg.conversions import from_bytes
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestEntry
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.deletion_vector import deletion_vectors_from_puffin_file
from pyiceberg.table.puffin import PuffinFile
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.transforms import IdentityTransform

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.duckdb.lake_stores import LakeFile
from afschrift.sources.lakehouse.log_table import (
    FILE,
    NO_ROWS,
    NUMBER,
    EqualDeletes,
    LogField,
    LogTable,
    nested,
)

_LAST_FORMAT = 3
_TYPES: dict[type[it.IcebergType], str] = {
    it.BooleanType: "BOOLEAN",
    it.IntegerType: "INTEGER",
    it.LongType: "BIGINT",
    it.FloatType: "FLOAT",
    it.DoubleType: "DOUBLE",
    it.DateType: "DATE",
    it.TimeType: "TIME",
    it.TimestampType: "TIMESTAMP",
    it.TimestamptzType: "TIMESTAMP WITH TIME ZONE",
    it.TimestampNanoType: "TIMESTAMP_NS",
    it.TimestamptzNanoType: "TIMESTAMPTZ_NS",
    it.StringType: "VARCHAR",
    it.UUIDType: "UUID",
    it.BinaryType: "BLOB",
    it.FixedType: "BLOB",
    it.UnknownType: '"NULL"',
}
_BOUNDED = (it.IntegerType, it.LongType, it.DateType, it.StringType)
_PATH, _POSITION = "file_path", "pos"
_sql = StandardDialect()


@dataclass(frozen=True)
class _Entry:
    """A file of a manifest, with its sequence number and the partition of its own spec."""

    file: DataFile
    sequence: int
    partition: str


def version_of(snapshot: Snapshot | None, schema: int | None) -> str:
    """Name what is read: the snapshot, and the schema if that is not the snapshot's own."""
    if snapshot is None:
        return f"none/{schema}"
    own = snapshot.schema_id
    return str(snapshot.snapshot_id) + ("" if schema in (own, None) else f"/{schema}")


def _chosen(where: str, table: Table, version: str | None) -> tuple[Snapshot | None, Schema]:
    """The snapshot and the schema of a version; None: the current ones."""
    if version is None:
        return table.current_snapshot(), table.schema()
    number, _, schema = version.partition("/")
    snapshot = None if number == "none" else table.snapshot_by_id(int(number))
    chosen = int(schema) if schema else snapshot and snapshot.schema_id
    if (number != "none" and snapshot is None) or chosen not in (None, *table.schemas()):
        raise ConfigurationError(
            f"Table {where} has no snapshot {version} any more.", remedy="read its current snapshot."
        )
    return snapshot, table.schema() if chosen is None else table.schemas()[chosen]


def read_snapshot(where: str, table: Table, version: str | None = None) -> LogTable:
    """Read what a snapshot of a table holds, by default the current one.

    Raises:
        ConfigurationError: it has something that is not known here.
    """
    metadata, (snapshot, schema) = table.metadata, _chosen(where, table, version)
    if metadata.format_version > _LAST_FORMAT:
        raise _unknown(where, f"version {metadata.format_version} of the format")
    entries = list(_entries(table, snapshot)) if snapshot else []
    for entry in entries:
        _require_known(where, entry.file)
    data = [entry for entry in entries if entry.file.content == DataFileContent.DATA]
    names = _names(table)
    fields = tuple(_field(field, names) for field in schema.fields)
    files = tuple(_lake_file(entry.file, metadata.location) for entry in data)
    positions = [entry for entry in entries if entry.file.content == DataFileContent.POSITION_DELETES]
    equal = [entry for entry in entries if entry.file.content == DataFileContent.EQUALITY_DELETES]
    bounds = {
        field.name: _bounds(field, data) for field in schema.fields if isinstance(field.field_type, _BOUNDED)
    }
    sequences = {place(entry.file.file_path): entry.sequence for entry in data}
    deleted = cache(partial(_deleted, table.io, positions, sequences))
    return LogTable(
        version=version_of(snapshot, schema.schema_id),
        fields=fields,
        files=files,
        rows=tuple(entry.file.record_count for entry in data) if not equal else (),
        partitions=_identities(table, schema, data),
        stored_partitions=True,
        lows={name: low for name, (low, _) in bounds.items()},
        highs={name: high for name, (_, high) in bounds.items()},
        deleted=lambda _: deleted(),
        equal=cache(partial(_equal, where, table, schema, equal, names)) if equal else tuple,
        sequences=tuple(entry.sequence for entry in data),
        parts=tuple(entry.partition for entry in data),
        comments=_comments(table, schema),
        required=frozenset(field.name for field in schema.fields if field.required),
    )


def _comments(table: Table, schema: Schema) -> dict[str, str]:
    found = {
        "": table.metadata.properties.get("comment"),
        **{of.name: of.doc for of in schema.fields},
    }
    return {name: text for name, text in found.items() if text}


def _entries(table: Table, snapshot: Snapshot) -> Iterator[_Entry]:
    for manifest in snapshot.manifests(table.io):
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            yield _Entry(
                entry.data_file, _sequence(entry), f"{manifest.partition_spec_id} {entry.data_file.partition}"
            )


def _sequence(entry: ManifestEntry) -> int:
    return entry.sequence_number or 0


def _unknown(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"Table {where} has {what}, which is not known here: it would be read wrongly.",
        remedy="let its engine write the table without it (rewrite the data files), or export its rows to "
        "plain Parquet files.",
    )


def _require_known(where: str, file: DataFile) -> None:
    if file.key_metadata:
        raise _unknown(where, "encrypted files")
    if file.content not in set(DataFileContent):
        raise _unknown(where, "a delete of another kind")
    vector = file.content == DataFileContent.POSITION_DELETES and file.file_format == FileFormat.PUFFIN
    if file.file_format != FileFormat.PARQUET and not vector:
        raise _unknown(where, f"files of the format {file.file_format.value}")


def place(path: str) -> str:
    """Name of a file as DuckDB and the store have it: a path on a disk, a URL elsewhere."""
    if path.startswith("file:"):
        return "/" + path.removeprefix("file:").lstrip("/")
    return path.replace("s3a://", "s3://", 1)


def _lake_file(file: DataFile, location: str) -> LakeFile:
    name = place(file.file_path)
    return LakeFile(name, name.removeprefix(place(location)).lstrip("/"), file.file_size_in_bytes)


def _names(table: Table) -> Mapping[int, tuple[str, ...]]:
    """Field id -> its names in files without ids, if the table has a mapping of names."""
    mapping = table.name_mapping()
    found: dict[int, tuple[str, ...]] = {}
    pending = list(mapping.root) if mapping else []
    while pending:
        field = pending.pop()
        if field.field_id is not None:
            found[field.field_id] = tuple(field.names)
        pending += field.fields
    return found


def _field(field: it.NestedField, names: Mapping[int, tuple[str, ...]]) -> LogField:
    default = "NULL"
    if field.initial_default is not None and not isinstance(field.initial_default, bytes):
        default = _sql.literal(str(field.initial_default))
    made = _typed(field.name, field.field_id, field.field_type, names)
    return LogField(
        made.name,
        made.native,
        made.stored,
        made.shape,
        made.members,
        default,
        made.unknown,
        names.get(field.field_id, ()),
    )


def _typed(name: str, number: int, of: it.IcebergType, names: Mapping[int, tuple[str, ...]]) -> LogField:
    if isinstance(of, it.StructType):
        return nested(name, number, "struct", tuple(_field(field, names) for field in of.fields))
    if isinstance(of, it.ListType):
        return nested(name, number, "list", (_typed("element", of.element_id, of.element_type, names),))
    if isinstance(of, it.MapType):
        key = _typed("key", of.key_id, of.key_type, names)
        return nested(name, number, "map", (key, _typed("value", of.value_id, of.value_type, names)))
    if isinstance(of, it.DecimalType):
        return LogField(name, f"DECIMAL({of.precision},{of.scale})", number)
    return LogField(name, _TYPES.get(type(of), ""), number, unknown=str(of).upper())


def _bounds(field: it.NestedField, data: Sequence[_Entry]) -> tuple[pa.Array, pa.Array]:
    kind = field.field_type
    assert isinstance(kind, it.PrimitiveType)
    arrow = {it.StringType: pa.string(), it.DateType: pa.int32()}.get(type(kind), pa.int64())

    def of(bounds: Mapping[int, bytes] | None) -> Any:
        value = (bounds or {}).get(field.field_id)
        wide = value is not None and len(value) == 4 and isinstance(kind, it.LongType)
        return None if value is None else from_bytes(it.IntegerType() if wide else kind, value)

    low, high = (
        pa.array([of(getattr(entry.file, side)) for entry in data], arrow)
        for side in ("lower_bounds", "upper_bounds")
    )
    return (low.cast(pa.date32()), high.cast(pa.date32())) if arrow == pa.int32() else (low, high)


def _identities(table: Table, schema: Schema, data: Sequence[_Entry]) -> dict[str, pa.Array]:
    """Column -> value of each file by an identity partition, which the file itself may lack."""
    specs, top = table.specs(), {field.field_id: field for field in schema.fields}
    found: dict[int, list[Any]] = {}
    for at, entry in enumerate(data):
        for position, part in enumerate(specs[entry.file.spec_id].fields):
            if isinstance(part.transform, IdentityTransform) and part.source_id in top:
                values = found.setdefault(part.source_id, [None] * len(data))
                values[at] = entry.file.partition[position]
    return {top[number].name: _partition(top[number].field_type, values) for number, values in found.items()}


def _partition(of: it.IcebergType, values: list[Any]) -> pa.Array:
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    arrow = schema_to_pyarrow(of)
    if isinstance(of, it.UUIDType):
        return pa.array([value and str(value) for value in values], pa.string())
    known = (it.DateType, it.TimestampType, it.TimestamptzType, it.TimeType)
    stored = pa.int32() if isinstance(of, it.DateType) else pa.int64()
    return pa.array(values, stored).cast(arrow) if isinstance(of, known) else pa.array(values, arrow)


def _read(io: FileIO, file: DataFile, columns: Sequence[str] | None = None) -> pa.Table:
    with io.new_input(file.file_path).open() as stream:
        return pq.ParquetFile(pa.PythonFile(stream)).read(columns)


def _deleted(io: FileIO, deletes: Sequence[_Entry], sequences: Mapping[str, int]) -> pa.Table:
    """Places of the rows that position deletes and deletion vectors cover."""
    found = [NO_ROWS]
    for entry in {entry.file.file_path: entry for entry in deletes}.values():  # one entry for each vector
        for path, numbers in _positions(io, entry.file):
            if sequences.get(place(path), entry.sequence + 1) <= entry.sequence:
                names = pa.array([place(path)] * len(numbers), pa.string())
                found.append(pa.table({FILE: names, NUMBER: numbers.cast(pa.int64())}))
    rows = pa.concat_tables(found)
    return rows.group_by([FILE, NUMBER]).aggregate([]) if len(found) > 2 else rows


def _positions(io: FileIO, file: DataFile) -> Iterator[tuple[str, pa.ChunkedArray]]:
    if file.file_format == FileFormat.PUFFIN:
        with io.new_input(file.file_path).open() as stream:
            content = stream.read()
        for vector in deletion_vectors_from_puffin_file(PuffinFile(content)):
            yield vector.referenced_data_file, vector.to_vector()
        return
    rows = _read(io, file, [_PATH, _POSITION])
    for path in pc.unique(rows.column(_PATH)).to_pylist():
        yield path, rows.filter(pc.equal(rows.column(_PATH), path)).column(_POSITION)


def _equal(
    where: str, table: Table, schema: Schema, deletes: Sequence[_Entry], names: Any
) -> tuple[EqualDeletes, ...]:
    """Rows of equality deletes, by the columns that they compare."""
    every = {field.field_id: field for old in table.metadata.schemas for field in old.fields}
    every |= {field.field_id: field for field in schema.fields}
    found: dict[tuple[int, ...], list[pa.Table]] = {}
    for entry in deletes:
        ids = tuple(sorted(entry.file.equality_ids or ()))
        if not ids or not set(ids) <= every.keys():
            raise _unknown(where, "an equality delete by a column within another")
        rows = _read(table.io, entry.file)
        columns = {str(at): _column(where, rows, number) for at, number in enumerate(ids)}
        whole = not table.specs()[entry.file.spec_id].fields
        size = rows.num_rows
        columns["sequence"] = pa.array([entry.sequence] * size, pa.int64())
        columns["part"] = pa.array([None if whole else entry.partition] * size, pa.string())
        found.setdefault(ids, []).append(pa.table(columns))
    return tuple(
        EqualDeletes(
            tuple(_field(every[number], names) for number in ids),
            pa.concat_tables(tables, promote_options="permissive"),
        )
        for ids, tables in found.items()
    )


def _column(where: str, rows: pa.Table, number: int) -> pa.ChunkedArray:
    for field in rows.schema:
        if (field.metadata or {}).get(b"PARQUET:field_id") == str(number).encode():
            return rows.column(field.name)
    raise _unknown(where, "an equality delete whose file lacks a column that it compares")
