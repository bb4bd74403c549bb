"""All kinds of sources. Adding one is a file and a line here; the contract tests pick it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connect, Source
from afschrift.sources.connections import from_environment
from afschrift.sources.duckdb.duckdb_file import DuckDBFile
from afschrift.sources.duckdb.parquet_lake import ParquetLake
from afschrift.sources.mysql.source import Mysql
from afschrift.sources.options import Opening
from afschrift.sources.postgres.source import Postgres
from afschrift.sources.sqlalchemy.source import Alchemy
from afschrift.sources.sqlite.source import Sqlite

SOURCES: dict[str, Callable[[Opening], Source]] = {
    "duckdb": DuckDBFile,
    "mysql": Mysql,
    "parquet": ParquetLake,
    "postgres": Postgres,
    "sqlalchemy": Alchemy,
    "sqlite": Sqlite,
}


def open_source(
    name: str,
    kind: str,
    options: dict[str, Any],
    *,
    connection: str | None = None,
    connect: Connect = from_environment,
    tag: str = "",
) -> Source:
    """A session on a source, not opened yet.

    Args:
        name: of the source in the inventory.
        kind: of the source, one of `SOURCES`.
        options: of the adapter, as the inventory has them.
        connection: id of the connection that the inventory names.
        connect: finds a connection by its id; by default in the environment.
        tag: id of the request, for the database's list of sessions.

    Raises:
        ConfigurationError: the kind, an option or the connection is not known.
    """
    if kind not in SOURCES:
        raise ConfigurationError(
            f"Source {name} is of kind {kind}, which is not known.",
            remedy=f"choose one of {', '.join(sorted(SOURCES))}.",
        )
    return SOURCES[kind](Opening(name, options, connection, connect, tag))
