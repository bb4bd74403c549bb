"""A folder of CSV files and JSON lines: a file a table, or a folder of files, read by DuckDB."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.reconciliation import Extract, Reconciliation
from afschrift.domain.sources import Described
from afschrift.sources.duckdb.errors import reading_error
from afschrift.sources.duckdb.lake_files import printable
from afschrift.sources.duckdb.lake_stores import KnownFiles, LakeFile, LakeStore
from afschrift.sources.duckdb.parquet_lake import ParquetLake
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.duckdb.text_files import (
    FORM,
    TEXT_FILES,
    TextFiles,
    TextForm,
    csv_fault,
    decoded,
    table_of_file,
)
from afschrift.sources.options import Opening
from afschrift.sources.table_errors import table_of

_LINE = 16 << 20
"""Bytes of the longest line, if the options name no limit."""

_DECODED = 256 << 20
"""Bytes of files in other encodings than UTF-8 in memory: DuckDB reads them there."""


def _reading_error(source: str, statement: str, error: Exception) -> AfschriftError:
    return csv_fault(table_of(source, statement), error) or reading_error(source, statement, error)


class FileFolder(ParquetLake):
    """`kind: files`. Options: `root`; `header`, `delimiter`, `encoding`, `quote`; `tables` has them by table.

    All columns are texts. A table is a file (`patients.csv`) or a folder of files.
    """

    files = TEXT_FILES
    reading_error = staticmethod(_reading_error)

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, *FORM, "tables")
        self._single: dict[str, LakeFile] = {}
        self._line_limit = 4 * self._cell_limit if "cell_limit" in opening.options else _LINE
        self._texts: dict[str, bytes] = {}
        self._memory_files: KnownFiles | None = None
        of_tables = opening.options.get("tables", {})
        unknown = not isinstance(of_tables, dict) or not all(
            isinstance(form, dict) and form.keys() <= set(FORM) for form in of_tables.values()
        )
        if unknown:
            raise ConfigurationError(
                f"Source {self.name} has an option `tables` that cannot be used.",
                remedy=f"write below the name of each table what differs: {', '.join(FORM)}.",
            )
        self._forms = {
            table: TextForm.of(self.name, {**opening.options, **of_tables.get(table, {})})
            for table in (*of_tables, "")
        }

    def _beside(self, file: LakeFile) -> AfschriftError | None:
        """A file is a table of its own; another one of its name is refused."""
        table = table_of_file(file.inside)
        if table is None or file.inside.startswith("."):
            return super()._beside(file)
        if table in self._single:
            self._unread[table] = self._twice(table, file.inside)
        self._single[table] = file
        return None

    def _twice(self, table: str, other: str) -> ConfigurationError:
        return ConfigurationError(
            f"Source {self.name} has two files or folders of the name {table}: "
            f"{printable(self._single[table].inside)} and {printable(other)}.",
            remedy="put the files of one table into one folder, and rename the others.",
        )

    def _tables(self, folders: Sequence[str]) -> Sequence[str]:
        for table in self._forms.keys() - {"", *self._single, *folders}:
            raise ConfigurationError(
                f"Source {self.name} has no table {table}, which its option `tables` names.",
                remedy=did_you_mean(table, (*self._single, *folders)) or "name a file or folder of the root.",
            )
        for table in self._single.keys() & set(folders):
            self._unread[table] = self._twice(table, table)
        return sorted((self._single.keys() | set(folders)) - self._unread.keys())

    def _listed(self, store: LakeStore, table: str) -> Sequence[LakeFile]:
        single = self._single.get(table)
        if single is None:
            return super()._listed(store, table)
        return [file for file in store.top()[1] if file.inside == single.inside]

    def _unite(
        self, con: duckdb.DuckDBPyConnection, table: str, files: Sequence[LakeFile]
    ) -> duckdb.DuckDBPyRelation:
        assert self._store is not None
        form = self._forms.get(table, self._forms[""])
        texts = TextFiles(con, f"{self.name}.{table}", form, self._store.open, self._line_limit)
        if form.encoding != "utf-8":  # DuckDB knows few encodings, so it reads a text that was decoded here
            files = [self._in_memory(con, texts, file) for file in files]
            form = replace(form, encoding="utf-8")
            texts = replace(texts, form=form, open=lambda file: io.BytesIO(self._texts[file.name]))
        return texts.unite(files)

    def _in_memory(self, con: duckdb.DuckDBPyConnection, texts: TextFiles, file: LakeFile) -> LakeFile:
        text = decoded(texts, file, _DECODED - sum(map(len, self._texts.values())))
        if self._memory_files is None:
            self._memory_files = KnownFiles(_Memory())
            con.register_filesystem(self._memory_files)
        inside = file.inside.removesuffix(".gz")
        name = f"{_Memory.protocol}://{len(self._texts)}/{inside}"
        self._texts[name] = text
        self._memory_files.know({name: (len(text), text) for name, text in self._texts.items()})
        return LakeFile(name, inside, len(text))

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with MD5 over DuckDB's own texts."""
        return DuckSession.reconciliation(self, extract)

    def described(self) -> Described:
        """Nothing: files have no keys, and only reading all of them counts their rows."""
        return Described()


class _Memory:
    """The store of decoded files, which are all in memory."""

    protocol = "afschrift-text"

    def open(self, *_: Any) -> Any:
        """No file is read from elsewhere."""
        raise FileNotFoundError
