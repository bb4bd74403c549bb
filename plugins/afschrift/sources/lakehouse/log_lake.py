"""A lake whose tables have a log: it says which files and rows count, and DuckDB reads those."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from afschrift.app.object_stores import of_place
from afschrift.domain.errors import ConfigurationError, RetriableError, VersionGoneError
from afschrift.domain.reconciliation import Estimate
from afschrift.domain.sources import Described, Structure
from afschrift.sources.duckdb.catalogue import lake_estimate
from afschrift.sources.duckdb.lake_files import printable
from afschrift.sources.duckdb.lake_reconciliation import PLACED, LakeReconciliation
from afschrift.sources.duckdb.lake_stores import LakeFile, LakeStore, pattern
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.lakehouse.file_pruning import files_of_a_key, needed, tables_of
from afschrift.sources.lakehouse.log_reconciliation import LogReconciliation
from afschrift.sources.lakehouse.log_table import FILE, NUMBER, LogField, LogTable
from afschrift.sources.lakehouse.stored_fields import OtherTypeError, has_ids, selected, stored_in
from afschrift.sources.lakehouse.versioned_lake import VersionedLake
from afschrift.sources.options import Opening

_MOST_VALUES = 1000
"""Number of keys above which all files are read."""

_GROUPS = """
SELECT list(DISTINCT file_name ORDER BY file_name) FROM (
  SELECT file_name, list((CASE WHEN column_id > 0 THEN name END, type, duckdb_type, converted_type,
                          logical_type, num_children, field_id) ORDER BY column_id) AS footer
  FROM parquet_schema(?) GROUP BY file_name
) GROUP BY footer ORDER BY 1
"""
_EXPLAINED = ("DESCRIBE", "EXPLAIN")


class LogLake(VersionedLake):
    """A lake of tables with a log; a subclass reads the log.

    A statement reads the files that can have rows
    for the bound keys, by the bounds in the log; its view over them is made before it runs.

    Attributes:
        format: name of the tables' format, for errors.
    """

    format = ""

    def __init__(self, opening: Opening, *options: str) -> None:
        super().__init__(opening, *options)
        self._shown: dict[str, bytes] = {}
        """Table -> the files of its view, as bits."""

    def _refuse_root(self, store: LakeStore, folders: Sequence[str]) -> None:  # noqa: ARG002 - of the base class
        if {"_delta_log", "metadata"} & set(folders):
            raise ConfigurationError(
                f"The root of source {self.name} is itself a table.",
                remedy="write the folder above it as `root` in the inventory: each folder in the root is "
                "a table.",
            )

    def _tables(self, folders: Sequence[str]) -> Sequence[str]:
        return [folder for folder in folders if not folder.startswith((".", "_"))]

    def _lay(self, con: duckdb.DuckDBPyConnection, store: LakeStore, table: str) -> None:
        """Make an empty view with the table's columns: files are chosen when a statement reads it."""
        log = self._load(store, table)
        names = [of.name.lower() for of in log.fields]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConfigurationError(
                f"Table {self.name}.{table} has two columns whose names differ in case only: {twice}.",
                remedy="rename one of them: SQL takes them for the same.",
            )
        self._logs[table], self._files[table] = log, log.files
        self._lost[table] = {of.name: of.unknown for of in log.fields if not of.native}
        columns = (
            f"CAST(NULL AS {of.native or 'VARCHAR'}) AS {self.dialect.quote(of.name)}" for of in log.fields
        )
        con.execute(f"CREATE VIEW {self.dialect.quote(table)} AS SELECT {', '.join(columns)} WHERE false")

    def rows(self, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        with self._our_errors(reads or statement):
            self._choose_files(statement)
        return super().rows(statement, reads)

    def _batches(self, statement: str) -> Iterator[Any]:
        self._choose_files(statement)
        return super()._batches(statement)

    def _view_again(self) -> None:
        self._shown.clear()

    def _choose_files(self, statement: str) -> None:
        """Make the views that a statement reads, over the files that it needs."""
        if not self._logs or statement.lstrip().startswith(_EXPLAINED):
            return
        parse = partial(self._value, "SELECT json_serialize_sql(?)")
        read = tables_of(statement, parse)
        values = cache_by_text(self._key_values)
        for table, log in self._logs.items():
            if read is None:
                wanted = np.ones(len(log.files), bool)
            else:
                selects = [(name, read[name]) for name in (table, f"{PLACED}{table}") if name in read]
                if not selects:
                    continue
                masks = [needed(name, log, nodes, values) for name, nodes in selects]
                wanted = np.logical_or.reduce(masks)
            if self._shown.get(table) != wanted.tobytes():
                self._show(table, log, wanted)
                self._shown[table] = wanted.tobytes()

    def _value(self, statement: str, parameter: str) -> str:
        return str(self.connection.execute(statement, [parameter]).fetchall()[0][0])

    def _key_values(self, select: str) -> list[Any] | None:
        """Values of a SELECT over the key table, given as DuckDB's tree of it."""
        statement = self._value("SELECT json_deserialize_sql(?)", select)
        found = self.connection.execute(statement).fetchmany(_MOST_VALUES + 1)
        return None if len(found) > _MOST_VALUES else [value for (value,) in found]

    def _show(self, table: str, log: LogTable, wanted: Any) -> None:
        """Make a table's views over some of its files: as it is, and with each row's place."""
        files = [file for file, is_wanted in zip(log.files, wanted, strict=True) if is_wanted]
        names = ", ".join(self.dialect.quote(of.name) for of in log.fields)
        if files:
            rows = " UNION ALL ".join(self._groups(table, log, files))
        else:
            empty = (f"CAST(NULL AS {of.native or 'VARCHAR'})" for of in log.fields)
            rows = f"SELECT {', '.join(empty)}, '', 0 WHERE false"
        placed = self.dialect.quote(f"{PLACED}{table}")
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {placed}({names}, {FILE}, {NUMBER}) AS {rows}")
        view = self.dialect.quote(table)
        self.connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT {names} FROM temp.{placed}")  # noqa: S608 - quoted

    def _groups(self, table: str, log: LogTable, files: Sequence[LakeFile]) -> Iterator[str]:
        """A SELECT for each group of files with the same columns, with and without deleted rows."""
        self._look_for(table, files)
        number = list(self._logs).index(table)
        names = pa.array([file.name for file in files])
        deleted, equal = self._deletes(table, log, files)
        deleted = deleted.filter(pc.is_in(deleted.column(FILE), names))
        self.connection.register(f"afschrift_deleted_{number}", deleted)
        some = set(pc.unique(deleted.column(FILE)).to_pylist())
        for at, deletes in enumerate(equal):
            self.connection.register(f"afschrift_equal_{number}_{at}", deletes.rows)
            last = pc.max(deletes.rows.column("sequence")).as_py()
            some |= {file.name for file, own in zip(log.files, log.sequences, strict=True) if own < last}
        joined = ""
        if log.partitions or equal:
            self.connection.register(f"afschrift_parts_{number}", _of_files(log, names))
            joined = f" JOIN afschrift_parts_{number} AS h USING ({FILE})"
        of_name = {file.name: file for file in files}
        patterns = [pattern(file.name) for file in files]
        for (group,) in self.connection.execute(_GROUPS, [patterns]).fetchall():
            found = self._columns_in(table, log, of_name[group[0]])
            columns = ", ".join(found(of) for of in log.fields)
            without = [
                f"afschrift_deleted_{number} AS d WHERE d.{FILE} = p.{FILE} AND d.{NUMBER} = p.{NUMBER}"
            ]
            for at, deletes in enumerate(equal):
                same = (
                    f'{found(of)} IS NOT DISTINCT FROM CAST(e."{n}" AS {of.native})'
                    for n, of in enumerate(deletes.fields)
                )
                older = "h.sequence < e.sequence AND (e.part IS NULL OR e.part = h.part)"
                without.append(f"afschrift_equal_{number}_{at} AS e WHERE {older} AND {' AND '.join(same)}")
            gone = " WHERE " + " AND ".join(f"NOT EXISTS (FROM {deletes})" for deletes in without)
            whole = [name for name in group if name not in some]
            for chosen, where in ((whole, ""), ([name for name in group if name in some], gone)):
                listed = ", ".join(self.dialect.literal(pattern(name)) for name in chosen)
                select = (
                    f"SELECT {columns}, p.{FILE}, p.{NUMBER} FROM read_parquet([{listed}], "  # noqa: S608 - quoted
                    f"hive_partitioning = false, filename = '{FILE}', file_row_number = true) AS p"
                )
                if chosen:
                    yield f"{select}{joined}{where}"

    def _columns_in(self, table: str, log: LogTable, file: LakeFile) -> Callable[[LogField], str]:
        """SQL of a column of the table in files like this one.

        Raises:
            ConfigurationError: it has another type there than the log says, or cannot be found.
        """
        assert self._store is not None
        with self._store.open(file) as stream, pq.ParquetFile(stream) as opened:
            schema = opened.schema_arrow
        if (
            isinstance(log.fields[0].stored, int)
            and not has_ids(schema)
            and not any(of.names for of in log.fields)
        ):
            raise ConfigurationError(
                f"The file {printable(file.inside)} of {self.name}.{table} has no ids of columns, and "
                "the table no mapping of names: its columns are not known.",
                remedy="set the table's mapping of names (`schema.name-mapping.default`), or write the file "
                "again.",
            )
        read = self.connection.read_parquet([pattern(file.name)], hive_partitioning=False)
        types = dict(zip(read.columns, read.types, strict=True))
        parts = list(log.partitions)

        def column(of: LogField) -> str:
            here = stored_in(schema, of)
            if of.name in parts and not (log.stored_partitions and here is not None):
                return f"CAST(h.c{parts.index(of.name)} AS {of.native})"
            value = f"p.{self.dialect.quote(here.name)}" if here is not None else ""
            try:
                return selected(of, here, value, types[here.name] if here is not None else None)
            except OtherTypeError as error:
                raise self._other_type(table, file, of.name, error.field.name, error.native) from None
            except KeyError:  # DuckDB added a number to the second of two names that differ in case
                raise self._other_type(table, file, of.name, of.name, "") from None

        return column

    def _other_type(
        self, table: str, file: LakeFile, column: str, inside: str, native: str
    ) -> ConfigurationError:
        place = column if inside == column else f"{column} ({inside})"
        return ConfigurationError(
            f"Column {place} of {self.name}.{table} is {native or 'named twice'} in the file "
            f"{printable(file.inside)}, and its log says another type, which does not hold that exactly.",
            remedy=f"let the engine that writes the table write this file again; a file of {self.format} is "
            "never changed by hand.",
        )

    def _look_for(self, table: str, files: Sequence[LakeFile]) -> None:
        """See that the files exist, and let a store's files be known.

        Raises:
            ConfigurationError: one is gone.
        """
        assert self._store is not None
        try:
            self._store.ends(files)
        except Exception as error:
            if not isinstance(error, FileNotFoundError):
                if of_place(error):
                    raise RetriableError(
                        f"Files of {self.name}.{table} cannot be opened ({type(error).__name__}).",
                        remedy="see whether the store answers and the connection's credentials are valid; "
                        "the step is tried again.",
                        code=type(error).__name__,
                    ) from None
                raise
            if self._plan.versions:
                raise VersionGoneError(self.name, table, self._logs[table].version) from None
            raise ConfigurationError(
                f"A file that the log of {self.name}.{table} names at version {self._logs[table].version} "
                "does not exist.",
                remedy="if old files were removed meanwhile (VACUUM, expired snapshots), repeat the step: it "
                "reads the version of today. Otherwise restore the file.",
            ) from None

    def _require_unchanged(self, table: str) -> None:
        """Files of a log are never changed; one that goes while it is read raises an error itself."""

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN, over the files that the statement needs."""
        with self._our_errors(statement):
            self._choose_files(statement)
        sizes = {
            table: [
                file.size
                for file, read in zip(self._files[table], np.frombuffer(shown, bool), strict=True)
                if read
            ]
            for table, shown in self._shown.items()
        }
        found = lake_estimate(partial(DuckSession.rows, self, reads=statement), statement, sizes)
        readings = (replace(of, of_files=len(self._files[of.table])) for of in found.readings)
        return replace(found, readings=tuple(readings))

    def structure(self) -> Structure:
        """The versions: neither format declares foreign keys."""
        return Structure(versions={table: log.version for table, log in self._logs.items()})

    def described(self) -> Described:
        """Numbers of rows, comments and required columns by the log."""
        counts: dict[str, int] = {}
        for table, log in self._logs.items():
            known = [number for number in log.rows if number is not None]
            if len(known) == len(log.files):
                counts[table] = sum(known)
        comments = {table: log.comments for table, log in self._logs.items()}
        return Described(
            rows=counts,
            spread={
                table: (len(log.files), partial(files_of_a_key, log)) for table, log in self._logs.items()
            },
            required={table: log.required for table, log in self._logs.items() if log.required},
            comments={table: of[""] for table, of in comments.items() if of.get("")},
            column_comments={
                table: {name: text for name, text in of.items() if name}
                for table, of in comments.items()
                if of
            },
        )

    def _place_rows(self, table: str, statement: str) -> None:  # noqa: ARG002
        """The view of the chosen files has them."""
        self._choose_files(statement)

    def _reconciliation_of(self, table: str) -> Callable[..., LakeReconciliation]:
        """Over the files of the log."""
        return partial(LogReconciliation, log=self._logs[table])


def _of_files(log: LogTable, names: pa.Array) -> pa.Table:
    """What the log says of each of some files: values of partitions, sequence, partition."""
    columns = {f"c{at}": values for at, values in enumerate(log.partitions.values())}
    if log.sequences:
        columns |= {"sequence": pa.array(log.sequences, pa.int64()), "part": pa.array(log.parts, pa.string())}
    every = pa.table({FILE: pa.array([file.name for file in log.files]), **columns})
    return every.filter(pc.is_in(every.column(FILE), names))


def cache_by_text(read: Any) -> Any:
    """Run each SELECT over the key table once."""
    known = cache(read)
    return lambda node: known(json.dumps({"error": False, "statements": [{"node": node}]}))
