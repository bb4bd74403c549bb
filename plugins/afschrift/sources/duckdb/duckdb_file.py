"""A DuckDB database file, opened read-only."""

from __future__ import annotations

from pathlib import Path

import duckdb

from afschrift.domain.errors import RetriableError
from afschrift.sources.duckdb.session import LIMITS, DuckSession
from afschrift.sources.options import Opening, expand, required


class DuckDBFile(DuckSession):
    """`kind: duckdb`. Options: `path`; `threads` and `memory` as limits.

    The file is attached READ_ONLY (R80): a statement that writes is turned down by DuckDB.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        opening.only(("path", *LIMITS))
        self._path = Path(expand(self.name, required(self.name, opening.options, "path")))

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
                remedy="see whether the database file is there and no other process writes to it.",
                code=type(error).__name__,
            ) from None
