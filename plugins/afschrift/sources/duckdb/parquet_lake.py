"""A lake of Parquet files: one folder a table, Hive partitions below it, read by DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import duckdb
from upath import UPath

from afschrift.app.extras import require_for
from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    NeedsPersonError,
    RetriableError,
    SourceDownError,
)
from afschrift.domain.own_account import Estimate, TableOracle
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.duckdb.described import lake_rows
from afschrift.sources.duckdb.estimate import lake_estimate
from afschrift.sources.duckdb.footers import lost_type
from afschrift.sources.duckdb.lake_oracle import PLACED, LakeOracle, bare_name, with_places
from afschrift.sources.duckdb.lake_table import one_relation, parquet_files, refuse_log
from afschrift.sources.duckdb.session import LIMITS, DuckSession
from afschrift.sources.options import Opening, expand, required
from afschrift.sources.table_errors import Unreadable, relation_of, unquoted


class ParquetLake(DuckSession):
    """`kind: parquet`. Options: `root`, a folder with one folder a table; the limits of `DuckSession`.

    The root may be any URL that fsspec knows (`s3://bucket/lake`); the extra of a connection, if the
    inventory names one, holds fsspec's options for it.

    The files are listed once when the session opens: what is added later belongs to the next
    snapshot. Files of a lake are replaced, never changed, so the listing is the snapshot, and what
    footers say of it is looked at once a session. A table whose files cannot be read, or are not one
    table as they stand (see `lake_table`), stops only the requests that ask for it.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        opening.only(("root", *LIMITS))
        self._opening = opening
        self._root = expand(self.name, required(self.name, opening.options, "root"))
        self._unread: dict[str, AfschriftError] = {}
        self._lost: dict[str, dict[str, str]] = {}
        self._files: dict[str, list[UPath]] = {}
        self._placed: set[str] = set()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An in-memory database with one view a table over the files that are there now.

        Raises:
            RetriableError: the root is not there.
            ConfigurationError: the root itself is a table of Delta Lake, Iceberg or Hudi.
        """
        options = self._opening.address().extra if self._opening.connection else {}
        con = duckdb.connect(":memory:")
        try:
            require_for(self._root, f"Source {self.name}")
            root = UPath(self._root, **options)
            if not isinstance(root, Path):
                con.register_filesystem(root.fs)
            folders = sorted(p for p in root.iterdir() if p.is_dir())
            refuse_log(self.name, root, [*folders, *(root / "metadata").glob("*")])
        except (OSError, ImportError, ValueError) as error:
            con.close()
            raise RetriableError(
                f"Source {self.name} cannot be opened: its root folder is not there.",
                remedy="see whether the lake is mounted and `root` in the inventory is right; of a store, "
                f"whether its fsspec package is installed and the connection fits ({type(error).__name__}).",
                code=type(error).__name__,
            ) from None
        except ConfigurationError:
            con.close()
            raise
        for folder in folders:
            self._view(con, root, folder)
        return con

    def _view(self, con: duckdb.DuckDBPyConnection, root: UPath, folder: UPath) -> None:
        where = f"{self.name}.{folder.name}"
        try:
            files = parquet_files(self.name, root, folder)
            if isinstance(folder, Path):  # DuckDB would not say that it is a matter of rights
                for file in files:
                    file.open("rb").close()
            if files:
                self._files[folder.name] = files
                relation, self._lost[folder.name] = one_relation(con, where, folder, files)
                relation.create_view(folder.name)
        except ConfigurationError as error:
            self._unread[folder.name] = error
        except PermissionError:
            self._unread[folder.name] = NeedsPersonError(
                f"The account that runs the software has no right to read {where}.",
                question="no_right",
                detail={"table": where},
                remedy="let it read the folder and its files, or set `personal: false` where the table "
                "holds nobody's data.",
            )
        except (duckdb.Error, OSError) as error:
            met = RetriableError(
                f"Table {where} cannot be read ({type(error).__name__}).",
                remedy="see whether its Parquet files are whole; the step is tried again.",
                code=type(error).__name__,
            )
            self._unread[folder.name] = SourceDownError(self.name, met)

    def estimate(self, statement: str) -> Estimate:
        """By EXPLAIN, and the sizes of the files."""
        return lake_estimate(partial(self.rows, reads=statement), statement, self._files)

    def oracle(
        self,
        statement: str,
        kinds: Mapping[str, ValueKind | None],
        whole: Collection[str],
        parts: Mapping[str, DocumentPart],
    ) -> TableOracle:
        """A second reading of the files themselves: DuckDB says which of their rows are the person's."""
        relation = relation_of(statement)
        natives = {name: native for name, native, *_ in self.rows(f"DESCRIBE {relation}", reads=statement)}
        table = unquoted(relation)
        files = {bare_name(str(file)): file for file in self._files[table]}
        placed = self.dialect.quote(f"{PLACED}{table}")
        with self._translated(statement):
            self._view_places(table)
        self._placed.add(table)
        return LakeOracle(
            self.rows,
            self.stream,
            self.dialect,
            statement.replace(f"\nFROM {relation} AS t\n", f"\nFROM {placed} AS t\n", 1),
            kinds,
            natives,
            whole,
            lambda name: self._opened(files, name),
            f"{self.name}.{table}",
            placed,
            {name: (part, self.place_of(natives, table, part)) for name, part in parts.items()},
        )

    def _view_places(self, table: str) -> None:
        """A view that names each row's file."""
        files = [str(file) for file in self._files[table]]
        with_places(self.connection, files).create_view(f"{PLACED}{table}")

    def _view_again(self) -> None:
        """The views of places."""
        for table in self._placed:
            self._view_places(table)

    def _opened(self, files: Mapping[str, UPath], name: str) -> BinaryIO:
        if bare_name(name) not in files:
            raise ConfigurationError(
                f"A file of source {self.name} is named otherwise by its store than in its list.",
                remedy="give the lake by a folder, or by a URL as the store itself spells it.",
            )
        return files[bare_name(name)].open("rb")

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Folders as tables."""
        unread = {table: Unreadable(error) for table, error in self._unread.items()}
        found = {table: dict(columns) for table, columns in super().catalogue().items()}
        for table, lost in self._lost.items():
            found[table] |= {column: lost_type(native) for column, native in lost.items()}
        return {**found, **unread}

    def structure(self) -> Structure:
        """Files say nothing of each other, and the views over them are this session's own."""
        return Structure()

    def described(self) -> Described:
        """How many rows the footers count; files say nothing of keys."""
        files = {table: [str(file) for file in files] for table, files in self._files.items()}
        return Described(rows=lake_rows(self.rows, files, self.dialect.literal))
