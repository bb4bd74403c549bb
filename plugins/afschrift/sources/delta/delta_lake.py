"""A lake of Delta tables: a folder a table, at the version that its log has when the session opens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.delta.deletion_vectors import DeletionVectors
from afschrift.sources.duckdb.lake_stores import LakeFile, LakeStore
from afschrift.sources.lakehouse.log_lake import LogLake
from afschrift.sources.lakehouse.log_table import LogField, LogTable, nested
from afschrift.sources.lakehouse.scratch_lake import Commit, scratch_folder
from afschrift.sources.lakehouse.store_options import store_options

_VECTORS = "deletionVectors"
_FEATURES = {
    _VECTORS,
    "columnMapping",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantType",
    "variantType-preview",
    "variantShredding-preview",
}
"""Features of readers that are followed here; values of `variant` are refused column by column."""

_UNKNOWN = re.compile(r"Feature '(\w+)' is not supported")
"""What deltalake says of a feature that it does not know itself."""

_MOST_VERSION = 3

_TYPES = {
    "byte": "TINYINT",
    "short": "SMALLINT",
    "integer": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "void": '"NULL"',
}
_PHYSICAL, _ID, _MODE = (
    "delta.columnMapping.physicalName",
    "delta.columnMapping.id",
    "delta.columnMapping.mode",
)


class DeltaLake(LogLake):
    """`kind: delta`. Options: `root`, as of a lake of Parquet files; `as_of`; the limits of `DuckSession`."""

    format = "Delta Lake"

    def load(self, store: LakeStore, table: str, version: str | None = None) -> LogTable:
        """Read the log of a table."""
        where, place = f"{self.name}.{table}", store.place(table)
        try:
            opened = self._opened(place, version)
            _require_known(where, opened)
            found = _table(where, place, opened)
            if _VECTORS in (opened.protocol().reader_features or ()):
                found = replace(found, deleted=DeletionVectors(where, store, table, opened.version()).rows)
            return found
        except TableNotFoundError:
            raise ConfigurationError(
                f"The folder of {where} is no table of Delta Lake: it has no log.",
                remedy="move it out of the root, or read plain Parquet files by `kind: parquet` in a "
                "folder of their own.",
            ) from None
        except (DeltaError, ValueError, FileNotFoundError) as error:  # other `OSError`s: read again
            if feature := _UNKNOWN.search(str(error)):
                raise _unknown(where, f"the feature {feature[1]}") from None
            raise ConfigurationError(
                f"The log of {where} cannot be read ({type(error).__name__}).",
                remedy="see whether the files of `_delta_log` are complete, from the last checkpoint on, and "
                "whether the connection may read them.",
            ) from None

    def _opened(self, place: str, version: str | None = None) -> DeltaTable:
        options = store_options(place, self._extra)
        return DeltaTable(place, None if version is None else int(version), storage_options=options)

    def version_at(self, store: LakeStore, table: str, at: datetime) -> str | None:
        """By the times of the commits whose files are still there."""
        before = at.timestamp() * 1000
        history = self._opened(store.place(table)).history()
        return next((str(of["version"]) for of in history if of.get("timestamp", before + 1) <= before), None)


def _require_known(where: str, opened: DeltaTable) -> None:
    protocol = opened.protocol()
    unknown = sorted(set(protocol.reader_features or ()) - _FEATURES)
    if unknown:
        raise _unknown(where, f"the feature {unknown[0]}")
    if protocol.min_reader_version > _MOST_VERSION:
        raise _unknown(where, f"version {protocol.min_reader_version} of the protocol")


def _unknown(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"Table {where} needs {what} of its readers, which is not known here: it would be read wrongly.",
        remedy="turn the feature off in the table, or export its rows to plain Parquet files.",
    )


def _table(where: str, place: str, opened: DeltaTable) -> LogTable:
    metadata, schema = opened.metadata(), json.loads(opened.schema().to_json())
    by_id = metadata.configuration.get(_MODE) == "id"
    mapped = metadata.configuration.get(_MODE, "none") != "none"
    fields = tuple(_field(of, mapped=mapped, by_id=by_id) for of in schema["fields"])
    actions = pa.table(opened.get_add_actions(flatten=True))
    files = tuple(
        LakeFile(f"{place}/{inside}", inside, size)
        for inside, size in zip(
            (_inside(where, path) for path in actions.column("path").to_pylist()),
            actions.column("size_bytes").to_pylist(),
            strict=True,
        )
    )
    columns = {name: actions.column(name).combine_chunks() for name in actions.column_names}
    physical = {
        str(of["metadata"].get(_PHYSICAL, of["name"]) if mapped else of["name"]): of
        for of in schema["fields"]
    }
    bounds = {
        of["name"]: (columns[f"min.{name}"], columns[f"max.{name}"])
        for name, of in physical.items()
        if "." not in name and f"min.{name}" in columns and f"max.{name}" in columns
    }
    numbers = columns.get("num_records")
    return LogTable(
        version=str(opened.version()),
        fields=fields,
        files=files,
        rows=tuple(numbers.to_pylist()) if numbers is not None else (),
        partitions={name: columns[f"partition.{name}"] for name in metadata.partition_columns}
        if files
        else {},
        lows={name: low for name, (low, _) in bounds.items()},
        highs={name: high for name, (_, high) in bounds.items()},
        comments=_comments(metadata.description, schema["fields"]),
        required=frozenset(of["name"] for of in schema["fields"] if not of["nullable"]),
    )


def _inside(where: str, path: str) -> str:
    inside = unquote(path)
    if "://" in path or inside.startswith("/") or ".." in inside.split("/"):
        raise ConfigurationError(
            f"The log of {where} names files outside its folder (a shallow clone).",
            remedy="make a deep clone of the table, or name the table that it was cloned from.",
        )
    return inside


def _field(of: Mapping[str, Any], *, mapped: bool, by_id: bool) -> LogField:
    known = of.get("metadata") or {}
    stored = known.get(_ID if by_id else _PHYSICAL, of["name"]) if mapped else of["name"]
    return _typed(of["name"], stored, of["type"], mapped=mapped, by_id=by_id)


def _typed(name: str, stored: str | int, of: Any, *, mapped: bool, by_id: bool) -> LogField:
    member = partial(_typed, mapped=mapped, by_id=by_id)
    if isinstance(of, str):
        native = of.upper() if of.startswith("decimal") else _TYPES.get(of, "")
        return LogField(name, native, stored, unknown=of.upper())
    if of["type"] == "struct":
        members = tuple(_field(field, mapped=mapped, by_id=by_id) for field in of["fields"])
        return nested(name, stored, "struct", members)
    if of["type"] == "array":
        return nested(name, stored, "list", (member("element", "element", of["elementType"]),))
    key, value = member("key", "key", of["keyType"]), member("value", "value", of["valueType"])
    return nested(name, stored, "map", (key, value))


def _comments(description: str | None, fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found = {of["name"]: (of.get("metadata") or {}).get("comment") for of in fields}
    return {name: str(text) for name, text in {"": description, **found}.items() if text}


def _committing(root: str, extra: Mapping[str, Any]) -> Commit:
    return lambda table, rows: write_deltalake(
        f"{root}/{table}", rows, mode="overwrite", storage_options=store_options(root, extra)
    )


SCRATCH = scratch_folder(_committing)
