"""A lake of Parquet files: one folder a table, Hive partitions below it, read by DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb

from afschrift.core.errors import RetriableError
from afschrift.sources.duck import LIMITS, DuckSession
from afschrift.sources.options import Opening, expand, required


class ParquetLake(DuckSession):
    """`kind: parquet`. Options: `root`, a folder with one folder a table; `threads`, `memory`.

    The files are listed once when the session opens: what is added later belongs to the next
    snapshot. Files of a lake are replaced, never changed, so the listing is the snapshot.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        opening.only(("root", *LIMITS))
        self._root = Path(expand(self.name, required(self.name, opening.options, "root")))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An in-memory database with one view a table over the files that are there now.

        Raises:
            RetriableError: the root is not there or a file cannot be read.
        """
        try:
            folders = sorted(p for p in self._root.iterdir() if p.is_dir())
        except OSError:
            raise RetriableError(
                f"Source {self.name} cannot be opened: its root folder is not there.",
                way_out="see whether the lake is mounted and `root` in the inventory is right.",
            ) from None
        con = duckdb.connect(":memory:")
        for folder in folders:
            files = sorted(str(p) for p in folder.rglob("*.parquet"))
            if not files:
                continue
            try:
                relation = con.read_parquet(files, hive_partitioning=True)
                relation.create_view(folder.name)
            except duckdb.Error as error:
                con.close()
                raise RetriableError(
                    f"Table {self.name}.{folder.name} cannot be read ({type(error).__name__}).",
                    way_out="see whether its Parquet files are whole; the step is tried again.",
                ) from None
        return con
