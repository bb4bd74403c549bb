"""Tables for `afschrift source test` in a folder of a lake: DuckDB has the rows, which are committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
from upath import UPath

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.options import Opening, Scratch, Write, expand, required

Commit = Callable[[str, pa.Table], None]
"""Write a table of a name anew, in a commit of its own."""

_MARK = "_scratch"
"""A file in the folder, which a store has only while something is in it."""


def scratch_folder(committing: Callable[[str, Mapping[str, Any]], Commit]) -> Scratch:
    """How tables are made in a new folder in the root of a lake.

    Args:
        committing: from the folder's path and the extra of the connection, what commits there.
    """

    def place(opening: Opening, schema: str) -> tuple[Opening, Write]:
        if "catalogue" in opening.options:
            raise ConfigurationError(
                f"Source {opening.name} has a catalogue, in which no tables are made here.",
                remedy="test one of the same store without its `catalogue`, or leave `--write-schema` out.",
            )
        root = f"{expand(opening.name, required(opening.name, opening.options, 'root')).rstrip('/')}/{schema}"
        extra = opening.address().extra if opening.connection else {}
        folder, con, commit = UPath(root, **extra), duckdb.connect(), committing(root, extra)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).touch()
        con.execute("SET TimeZone = 'UTC'; SET arrow_lossless_conversion = true")

        def tables() -> set[str]:
            return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

        def write(*statements: str) -> None:
            before = tables()
            for statement in statements:
                con.execute(statement)
            for table in before - (now := tables()):
                with suppress(FileNotFoundError):
                    folder.fs.rm((folder / table).path, recursive=True)
            for table in sorted(now):
                rows = con.table(table).to_arrow_table()
                fields = (of.with_type(pa.bool_()) if of.type == pa.bool8() else of for of in rows.schema)
                commit(table, rows.cast(pa.schema(fields)))
            if not now:
                (folder / _MARK).unlink()
                with suppress(OSError):  # it has something else, or is in a store, which has no folders
                    folder.rmdir()

        return replace(opening, options={**opening.options, "root": root}), write

    return Scratch(place)
