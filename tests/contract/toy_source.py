"""A further kind of source: a folder in which DuckDB left a whole database (EXPORT DATABASE)."""

from __future__ import annotations

import duckdb

from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.options import Opening, required


class ExportedFolder(DuckSession):
    """`kind: exported`. Options: `folder`."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, "folder")
        self._folder = required(self.name, opening.options, "folder")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Its tables, in memory."""
        con = duckdb.connect(":memory:")
        con.execute(f"IMPORT DATABASE {self.dialect.literal(self._folder)}")
        return con
