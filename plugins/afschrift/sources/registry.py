"""All kinds of sources. Adding one is a folder and a line here; the contract tests pick it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from afschrift.app.extras import require
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connect, Source
from afschrift.inventory.model import SourceFile
from afschrift.sources.options import Opening, from_environment


@dataclass(frozen=True)
class Adapter:
    """How sources of one kind are opened, and what others must know of the kind.

    Attributes:
        module, name: of its class. A library is heavy, and may be missing: imported at the first use.
        extra: of the package, which brings that library; None: it needs none.
        connections: types of Airflow connections that by themselves say that they are read by it.
        port: of its servers; OpenLineage names their tables by host and port. None: it names the source.
    """

    module: str
    name: str
    extra: str | None = None
    connections: tuple[str, ...] = ()
    port: int | None = None

    def __call__(self, opening: Opening) -> Source:
        """A session, not opened yet."""
        source: Source = getattr(import_module(self.module), self.name)(opening)
        return source


SOURCES: dict[str, Adapter] = {
    "duckdb": Adapter("afschrift.sources.duckdb.session", "DuckDBFile", "duckdb"),
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
    """A session on a source, not opened yet.

    Args:
        name: of the source in the inventory.
        kind: of the source, one of `SOURCES`.
        options: of the adapter, as the inventory has them.
        connection: id of the connection that the inventory names.
        connect: finds a connection by its id; by default in the environment.
        tag: id of the request, for the database's list of sessions.
        batch_bytes: of the batches in which rows come, where its driver can be asked for so many.
        ignored: of a lake, table -> patterns of the files that the inventory passes over.

    Raises:
        ConfigurationError: the kind, an option or the connection is not known.
    """
    if kind not in SOURCES:
        raise ConfigurationError(
            f"Source {name} is of kind {kind}, which is not known.",
            remedy=f"choose one of {', '.join(sorted(SOURCES))}.",
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
    """As `open_source`, of a source of the inventory.

    Args:
        declared: the source.
        options: in place of its own ones.
        connect: as there.
        tag: as there.
        batch_bytes: as there.
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
