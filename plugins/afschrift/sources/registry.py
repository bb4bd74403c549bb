"""All kinds of sources. Adding one is a file and a line here; the contract tests pick it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.core.errors import ConfigurationError
from afschrift.core.ports import Source
from afschrift.sources.duckdb_file import DuckDBFile
from afschrift.sources.parquet_lake import ParquetLake

SOURCES: dict[str, Callable[[str, dict[str, Any]], Source]] = {
    "duckdb": DuckDBFile,
    "parquet": ParquetLake,
}


def open_source(name: str, kind: str, options: dict[str, Any]) -> Source:
    """A session on a source, not opened yet.

    Raises:
        ConfigurationError: the kind is not known.
    """
    if kind not in SOURCES:
        raise ConfigurationError(
            f"Source {name} is of kind {kind}, which is not known.",
            way_out=f"choose one of {', '.join(sorted(SOURCES))}.",
        )
    return SOURCES[kind](name, options)
