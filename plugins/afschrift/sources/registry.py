"""All kinds of sources. To add one: a folder, and a line here; the contract tests pick it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from afschrift.app.extras import require
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import choose
from afschrift.domain.sources import Connect, Source
from afschrift.inventory.model import SourceFile
from afschrift.sources.options import Opening, from_environment


@dataclass(frozen=True)
class Adapter:
    """How sources of a kind are opened, and what other code must know of the kind.

    Attributes:
        module, name: its class, imported at first use, because its library is heavy and may be missing.
        extra: extra of our package that installs the library; None if it needs none.
        connections: types of Airflow connections that are always of this kind.
        port: default port of its servers, for names of tables in OpenLineage; None: these use the source's
            name.
    """

    module: str
    name: str
    extra: str | None = None
    connections: tuple[str, ...] = ()
    port: int | None = None

    def __call__(self, opening: Opening) -> Source:
        """Make a session that is not opened yet."""
        source: Source = getattr(import_module(self.module), self.name)(opening)
        return source


SOURCES: dict[str, Adapter] = {
    "duckdb": Adapter("afschrift.sources.duckdb.session", "DuckDBFile", "duckdb"),
    "files": Adapter("afschrift.sources.duckdb.file_folder", "FileFolder", "duckdb"),
    "mysql": Adapter("afschrift.sources.mysql.source", "Mysql", "mysql", ("mysql", "mariadb"), 3306),
    "parquet": Adapter("afschrift.sources.duckdb.parquet_lake", "ParquetLake", "duckdb"),
    "postgres": Adapter("afschrift.sources.postgres.source", "Postgres", "postgres", ("postgres",), 5432),
    "sqlalchemy": Adapter("afschrift.sources.sqlalchemy.source", "Alchemy"),
    "sqlite": Adapter("afschrift.sources.sqlite.source", "Sqlite"),
}


def open_source(
    name: str,
    kind: str,
    options: dict[str, Any],
    *,
    connection: str | None = None,
    connect: Connect = from_environment,
    tag: str = "",
    batch_bytes: int = 4_000_000,
    ignored: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Make a session on a source that is not opened yet.

    Args:
        name: name of the source in the inventory.
        kind: kind of the source, one of `SOURCES`.
        options: options of the adapter, from the inventory.
        connection: id of the connection in the inventory.
        connect: finds a connection by its id; by default in the environment.
        tag: id of the request, for the database's list of sessions.
        batch_bytes: size of a batch of rows, if the driver can be asked for one.
        ignored: for a lake, table -> patterns of the files that the inventory skips.

    Raises:
        ConfigurationError: the kind, an option or the connection is not known.
    """
    if kind not in SOURCES:
        raise ConfigurationError(
            f"Source {name} is of kind {kind}, which is not known.",
            remedy=choose(kind, SOURCES),
        )
    if extra := SOURCES[kind].extra:
        require(extra, f"Source {name} of kind {kind}")
    return SOURCES[kind](Opening(name, options, connection, connect, tag, batch_bytes, ignored or {}))


def open_declared(
    declared: SourceFile,
    *,
    options: Mapping[str, Any] | None = None,
    connect: Connect = from_environment,
    tag: str = "",
    batch_bytes: int = 4_000_000,
) -> Source:
    """As `open_source`, for a source in the inventory.

    Args:
        declared: the source.
        options: options in place of its own.
        connect: see `open_source`.
        tag: see `open_source`.
        batch_bytes: see `open_source`.
    """
    return open_source(
        declared.source,
        declared.kind,
        dict(declared.options if options is None else options),
        connection=declared.connection,
        connect=connect,
        tag=tag,
        batch_bytes=batch_bytes,
        ignored=declared.ignored_files,
    )
