"""A lake of Iceberg tables: those of a catalogue, or a folder a table, at their current snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from secrets import token_hex
from typing import Any

import pyarrow as pa
from pydantic import ValidationError as InvalidMetadata
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError, RESTError
from pyiceberg.io import load_file_io
from pyiceberg.table import StaticTable, Table
from sqlalchemy.exc import SQLAlchemyError

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.sources.duckdb.lake_stores import LakeStore
from afschrift.sources.iceberg.snapshot import read_snapshot, version_of
from afschrift.sources.lakehouse.log_lake import LogLake
from afschrift.sources.lakehouse.log_table import LogTable
from afschrift.sources.lakehouse.scratch_lake import Commit, scratch_folder
from afschrift.sources.lakehouse.store_options import fsspec_options, iceberg_options
from afschrift.sources.options import Opening

_HINT = "version-hint.text"
_FAILURES = (ValueError, KeyError, InvalidMetadata, FileNotFoundError, NoSuchNamespaceError, NoSuchTableError)
_NO_ANSWER = (OSError, RESTError, SQLAlchemyError)
"""Failures of the network or a server, which say nothing of a table."""


class IcebergLake(LogLake):
    """`kind: iceberg`. Options: `root`, where the files are; `catalogue` and `namespace`; `as_of`; limits.

    With `catalogue` (`sql`, `rest` or another that pyiceberg knows) the extra of the connection has its
    properties, its `name` and those of the store among them, and tables are those of the namespace. Without
    it each folder of the root is a table, and `metadata/version-hint.text` names its version.
    """

    format = "Iceberg"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, "catalogue", "namespace")
        self._kind = str(opening.options.get("catalogue") or "")
        self._namespace = str(opening.options.get("namespace") or "default")

    @cached_property
    def _properties(self) -> dict[str, str]:
        if self._kind:
            return {name: str(value) for name, value in self._extra.items()} | {"type": self._kind}
        return iceberg_options(self._root, self._extra)

    @property
    def _store_options(self) -> Mapping[str, Any]:
        return fsspec_options(self._root, self._extra) if self._kind else self._extra

    @cached_property
    def _catalogue(self) -> Catalog:
        try:
            more = {key: of for key, of in self._properties.items() if key != "name"}
            return load_catalog(self._properties.get("name", self.name), **more)
        except (*_FAILURES, *_NO_ANSWER) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> AfschriftError:
        code = type(error).__name__
        fault = f"The catalogue of source {self.name} cannot be read ({code})."
        remedy = (
            "see whether `catalogue` and `namespace` in the inventory and the connection's extra "
            "(`uri`, `name`, `warehouse`, `credential`) are those of the catalogue"
        )
        if isinstance(error, _FAILURES):
            return ConfigurationError(fault, remedy=f"{remedy}.")
        return RetriableError(fault, remedy=f"{remedy}; the step is tried again.", code=code)

    def _tables(self, folders: Sequence[str]) -> Sequence[str]:
        if not self._kind:
            return super()._tables(folders)
        try:
            return sorted(name[-1] for name in self._catalogue.list_tables(self._namespace))
        except (*_FAILURES, *_NO_ANSWER) as error:
            raise self._unreachable(error) from None

    def load(self, store: LakeStore, table: str, version: str | None = None) -> LogTable:
        """Read a snapshot of a table."""
        where = f"{self.name}.{table}"
        try:
            return read_snapshot(where, self._opened(store, table), version)
        except _FAILURES as error:
            raise ConfigurationError(
                f"The metadata of {where} cannot be read ({type(error).__name__}).",
                remedy="see whether the folder is a table of Iceberg whose `metadata` is complete, and "
                f"whether the connection may read it; without a `catalogue`, whether `metadata/{_HINT}` "
                "names its version.",
            ) from None

    def version_at(self, store: LakeStore, table: str, at: datetime) -> str | None:
        """By the table's own list of its current snapshots."""
        opened = self._opened(store, table)
        found = opened.snapshot_as_of_timestamp(int(at.timestamp() * 1000))
        return None if found is None else version_of(found, found.schema_id)

    def _opened(self, store: LakeStore, table: str) -> Table:
        if self._kind:
            try:
                return self._catalogue.load_table((*self._namespace.split("."), table))
            except (RESTError, SQLAlchemyError) as error:
                raise self._unreachable(error) from None
        place = f"{store.place(table)}/metadata"
        io = load_file_io(self._properties, place)
        with io.new_input(f"{place}/{_HINT}").open() as stream:
            version = stream.read().decode().strip()
        for name in (f"v{version}", version) if version.isdigit() else (version,):
            for ending in (".metadata.json", ".gz.metadata.json", ""):
                if (not ending or "." not in name) and io.new_input(f"{place}/{name}{ending}").exists():
                    return StaticTable.from_metadata(f"{place}/{name}{ending}", self._properties)
        raise FileNotFoundError


def _committing(root: str, extra: Mapping[str, Any]) -> Commit:
    memory = f"sqlite:///file:{token_hex(8)}?mode=memory&cache=shared&uri=true"  # one for all threads
    catalogue = SqlCatalog("scratch", uri=memory, **iceberg_options(root, extra))
    catalogue.create_namespace("scratch")

    def commit(table: str, rows: pa.Table) -> None:
        name, place = ("scratch", table), f"{root}/{table}"
        if catalogue.table_exists(name):
            catalogue.load_table(name).overwrite(rows)
        else:
            catalogue.create_table(name, rows.schema, location=place).append(rows)
        committed = catalogue.load_table(name)
        version = committed.metadata_location.rpartition("/")[2].removesuffix(".metadata.json")
        with committed.io.new_output(f"{place}/metadata/{_HINT}").create(overwrite=True) as stream:
            stream.write(version.encode())

    return commit


SCRATCH = scratch_folder(_committing)
