"""A lake of Parquet files: one folder a table, Hive partitions below it, read by DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import duckdb

from afschrift.app.extras import require_for
from afschrift.app.object_stores import of_place
from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    NeedsPersonError,
    RetriableError,
    SourceDownError,
)
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.sources.catalogue import by_alias
from afschrift.sources.duckdb.catalogue import lake_estimate, lake_rows
from afschrift.sources.duckdb.lake_files import PARQUET_FILES, beside_folders, refuse_root, table_files
from afschrift.sources.duckdb.lake_reconciliation import PLACED, LakeReconciliation, with_places
from afschrift.sources.duckdb.lake_stores import LakeFile, LakeStore, lake_store
from afschrift.sources.duckdb.lake_table import lost_type, unite_files
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.options import Opening, expand, required
from afschrift.sources.table_errors import Unreadable, relation_of, unquoted

_MIXED = "Hive partition mismatch"
"""Part of DuckDB's message if some files are in folders of partitions that others are not in."""


class ParquetLake(DuckSession):
    """`kind: parquet`. Options: `root`, a folder with one folder a table; the limits of `DuckSession`.

    The root may be any URL that fsspec knows (`s3://bucket/lake`); the extra of a connection, if the
    inventory names one, holds fsspec's options for it.

    The files are listed once when the session opens, and every statement reads that list: files that are
    added later belong to the next snapshot. Files of a lake are replaced, never changed; a file that was
    replaced while a statement read it fails the step. A table whose files cannot be read, or are not one
    table (see `lake_files` and `lake_table`), stops only the requests that read it.
    """

    files = PARQUET_FILES

    def __init__(self, opening: Opening, *options: str) -> None:
        super().__init__(opening, "root", *options)
        self._root = expand(self.name, required(self.name, opening.options, "root"))
        self._store: LakeStore | None = None
        self._unread: dict[str, AfschriftError] = {}
        self._lost: dict[str, dict[str, str]] = {}
        self._files: dict[str, tuple[LakeFile, ...]] = {}
        self._ignored: dict[str, int] = {}
        self._placed: set[str] = set()

    @property
    def _extra(self) -> Mapping[str, Any]:
        """The extra of the connection, if the source names one."""
        return self._opening.address().extra if self._opening.connection else {}

    @property
    def _store_options(self) -> Mapping[str, Any]:
        """Options of fsspec for the store."""
        return self._extra

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open an in-memory database with a view for each table over the files that exist now.

        Raises:
            RetriableError: the root does not exist.
            ConfigurationError: the root itself is a table of Delta Lake, Iceberg, Hudi or Hive.
        """
        con = duckdb.connect(":memory:")
        try:
            require_for(self._root, f"Source {self.name}")
            self._store = lake_store(self._root, self._store_options, con)
            folders, files = self._store.top()
            self._refuse_root(self._store, folders)
        except ConfigurationError:
            con.close()
            raise
        except Exception as error:
            con.close()
            if not (of_place(error) or isinstance(error, (ImportError, ValueError))):
                raise
            if isinstance(error, NotADirectoryError):
                raise ConfigurationError(
                    f"Source {self.name} cannot be opened: its `root` is a file.",
                    remedy="write the folder that holds the tables in the inventory.",
                ) from None
            raise RetriableError(
                f"Source {self.name} cannot be opened: its root folder does not exist.",
                remedy="see whether the lake is mounted and `root` in the inventory is right; of a store, "
                f"whether its fsspec package is installed and the connection fits ({type(error).__name__}).",
                code=type(error).__name__,
            ) from None
        for file in files:
            if unread := self._beside(file):
                self._unread[file.inside] = unread
        for table in self._tables(folders):
            self._view(con, self._store, table)
        return con

    def _refuse_root(self, store: LakeStore, folders: Sequence[str]) -> None:
        refuse_root(self.name, store, folders)

    def _beside(self, file: LakeFile) -> AfschriftError | None:
        """The error for a file next to the folders of tables; None if it is passed over."""
        return beside_folders(self.name, file)

    def _tables(self, folders: Sequence[str]) -> Sequence[str]:
        """The names of tables."""
        return folders

    def _listed(self, store: LakeStore, table: str) -> Sequence[LakeFile]:
        """The files of a table that exist now."""
        return store.below(table)

    def _unite(
        self, con: duckdb.DuckDBPyConnection, table: str, files: Sequence[LakeFile]
    ) -> duckdb.DuckDBPyRelation:
        """All rows of a table."""
        relation, self._lost[table] = unite_files(con, f"{self.name}.{table}", files)
        return relation

    def _view(self, con: duckdb.DuckDBPyConnection, store: LakeStore, table: str) -> None:
        where = f"{self.name}.{table}"
        try:
            self._lay(con, store, table)
        except ConfigurationError as error:
            self._unread[table] = error
        except PermissionError:
            self._unread[table] = NeedsPersonError(
                f"The account that runs the software has no right to read {where}.",
                question="no_right",
                detail={"table": where},
                remedy="let it read the folder and its files, or set `personal: false` if the table "
                "holds no personal data.",
            )
        except Exception as error:
            if not (isinstance(error, duckdb.Error) or of_place(error)):
                raise
            if _MIXED in str(error):
                self._unread[table] = ConfigurationError(
                    f"The files of {where} are in folders of different partitions.",
                    remedy="keep those of one kind of folders (`day=.../`) in the table, and the others as a "
                    "table in a folder of their own, or name them under `ignore` of the table in the "
                    "inventory.",
                )
                return
            failure = RetriableError(
                f"Table {where} cannot be read ({type(error).__name__}).",
                remedy=f"see whether its {self.files.name} files are complete; the step is tried again.",
                code=type(error).__name__,
            )
            self._unread[table] = SourceDownError(self.name, failure)

    def _lay(self, con: duckdb.DuckDBPyConnection, store: LakeStore, table: str) -> None:
        """Make a table's view."""
        listed, skipped = self._listed(store, table), self._opening.ignored.get(table, ())
        found = table_files(self.name, table, store, listed, skipped, self.files)
        if found.ignored:
            self._ignored[table] = found.ignored
        if found.read:
            self._unite(con, table, found.read).create_view(table)
            self._files[table] = found.read

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches; after the last one, raise if a file was replaced meanwhile."""
        yield from super().stream(statement)
        for table in dict.fromkeys(by_alias(statement).values()):
            self._require_unchanged(table.removeprefix(PLACED))

    def _require_unchanged(self, table: str) -> None:
        """Raise if a file is no longer the one that was listed."""
        if table not in self._files or self._store is None:
            return
        try:
            now = {file.name: file.version for file in self._listed(self._store, table)}
        except Exception as error:
            if not of_place(error):
                raise
            now = {}
        if any(now.get(file.name) != file.version for file in self._files[table]):
            raise RetriableError(
                f"A file of {self.name}.{table} was replaced or removed while it was read. Nothing of it is "
                "delivered.",
                remedy="the step is tried again on the files that exist then; if this happens often, let no "
                "job write while requests run.",
                code="files_changed",
            )

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN and the sizes of the files."""
        sizes = {table: [file.size for file in files] for table, files in self._files.items()}
        return lake_estimate(partial(self.rows, reads=statement), statement, sizes)

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with a second reading of the files; DuckDB says which of their rows are the person's."""
        relation = relation_of(extract.statement)
        described = self.rows(f"DESCRIBE {relation}", reads=extract.statement)
        natives = {name: native for name, native, *_ in described}
        table = unquoted(relation)
        files = {file.name: file for file in self._files[table]}
        store = self._store
        assert store is not None
        placed = self.dialect.quote(f"{PLACED}{table}")
        with self._our_errors(extract.statement):
            self._place_rows(table, extract.statement)
        before = f"\nFROM {relation} AS t\n"
        return self._reconciliation_of(table)(
            self.rows,
            self.stream,
            self.dialect,
            replace(extract, statement=extract.statement.replace(before, f"\nFROM {placed} AS t\n", 1)),
            natives,
            lambda name: store.open(files[name]),
            f"{self.name}.{table}",
            placed,
            {name: self.place_of(natives, table, part) for name, part in extract.parts.items()},
        )

    def _place_rows(self, table: str, statement: str) -> None:  # noqa: ARG002
        """See that a view has each row's file."""
        self._view_places(table)
        self._placed.add(table)

    def _reconciliation_of(self, table: str) -> Callable[..., LakeReconciliation]:  # noqa: ARG002
        """What reads the files of a table a second time."""
        return LakeReconciliation

    def _view_places(self, table: str) -> None:
        """Make a view with each row's file."""
        files = [file.name for file in self._files[table]]
        with_places(self.connection, files).create_view(f"{PLACED}{table}")

    def _view_again(self) -> None:
        """Make the views with each row's file again."""
        for table in self._placed:
            self._view_places(table)

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables: one for each folder."""
        unread = {table: Unreadable(error) for table, error in self._unread.items()}
        found = {table: dict(columns) for table, columns in super().catalogue().items()}
        for table, lost in self._lost.items():
            found[table] |= {column: lost_type(native) for column, native in lost.items()}
        return {**found, **unread}

    def structure(self) -> Structure:
        """Only the numbers of ignored files: files have no foreign keys, and the views are our own."""
        return Structure(ignored=self._ignored)

    def described(self) -> Described:
        """Numbers of rows by the footers; files have no keys."""
        files = {table: [file.name for file in files] for table, files in self._files.items()}
        return Described(rows=lake_rows(self.rows, files, self.dialect.literal))
