"""A DuckDB database file, opened read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from afschrift.core.errors import RetriableError
from afschrift.sources.duck import DuckSession
from afschrift.sources.options import expand, required


class DuckDBFile(DuckSession):
    """`kind: duckdb`. Options: `path`; `threads` and `memory` as limits.

    The file is attached READ_ONLY (R80): a statement that writes is turned down by DuckDB.
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name, threads=options.get("threads"), memory=options.get("memory"))
        self._path = Path(expand(name, required(name, options, "path")))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the file.

        Raises:
            RetriableError: not there, locked by a writer, or not a database.
        """
        try:
            return duckdb.connect(str(self._path), read_only=True)
        except duckdb.Error as error:
            raise RetriableError(
                f"Source {self.name} cannot be opened ({type(error).__name__}).",
                way_out="see whether the database file is there and no other process writes to it.",
            ) from None
