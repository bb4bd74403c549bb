"""All kinds of sources. Adding one is a folder and a line here; the contract tests pick it up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from afschrift.app.extras import require
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connect, Source
from afschrift.inventory.model import SourceFile
from afschrift.sources.options import Opening, from_environment

_ADAPTERS = {
    "duckdb": ("duckdb", "afschrift.sources.duckdb.session", "DuckDBFile"),
    "mysql": ("mysql", "afschrift.sources.mysql.source", "Mysql"),
    "parquet": ("duckdb", "afschrift.sources.duckdb.parquet_lake", "ParquetLake"),
    "postgres": ("postgres", "afschrift.sources.postgres.source", "Postgres"),
    "sqlalchemy": (None, "afschrift.sources.sqlalchemy.source", "Alchemy"),
    "sqlite": (None, "afschrift.sources.sqlite.source", "Sqlite"),
}
"""Kind -> its extra, module and class. A library is heavy, and may be missing: imported at the first use."""


def _adapter(kind: str) -> Callable[[Opening], Source]:
    extra, module, name = _ADAPTERS[kind]

    def open_one(opening: Opening) -> Source:
        if extra:
            require(extra, f"Source {opening.name} of kind {kind}")
        source: Source = getattr(import_module(module), name)(opening)
        return source

    return open_one


SOURCES: dict[str, Callable[[Opening], Source]] = {kind: _adapter(kind) for kind in _ADAPTERS}


def extra_of(kind: str) -> str | None:
    """The extra that a kind needs; None where it needs none, or is not known."""
    return _ADAPTERS[kind][0] if kind in _ADAPTERS else None


def module_of(kind: str) -> str | None:
    """The module of a kind's adapter; None where the kind is not known."""
    return _ADAPTERS[kind][1] if kind in _ADAPTERS else None


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
