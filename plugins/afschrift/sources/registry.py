"""All kinds of sources: ours, and those of other packages by the entry point `afschrift.sources`.

To add one: a folder, and a line here, or an entry point in a package of its own. One suite tests both.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from afschrift.app.extras import require
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import choose
from afschrift.domain.sources import Connect, Source, TableVersions
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
        schema: default of its option `schema`, for these names; empty: its tables have no schema.
        frugal: options with which a scan needs little memory.
        reads_history: it can read former rows of a table with system versioning.
        skips_files: its tables are files, of which the inventory may name some that are not read.
    """

    module: str
    name: str
    extra: str | None = None
    connections: tuple[str, ...] = ()
    port: int | None = None
    schema: str = ""
    frugal: Mapping[str, str] = field(default_factory=dict)
    reads_history: bool = False
    skips_files: bool = False

    def __call__(self, opening: Opening) -> Source:
        """Make a session that is not opened yet."""
        source: Source = getattr(import_module(self.module), self.name)(opening)
        return source


class Kinds(UserDict[str, Adapter]):
    """Kind -> how it is opened. Kinds of other packages are looked for if a name is not one of ours."""

    __hash__ = object.__hash__  # for caches: there is one, and it only grows

    def __contains__(self, kind: object) -> bool:
        return kind in self.data or kind in _brought()

    def __missing__(self, kind: str) -> Adapter:
        return _adapter(_brought()[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self.data, *_brought()}))

    def __len__(self) -> int:
        return len({*self.data, *_brought()})


@cache
def _brought() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group="afschrift.sources")}


@cache
def _adapter(found: EntryPoint) -> Adapter:
    try:
        adapter = found.load()
    except (ImportError, AttributeError) as error:
        adapter = error
    if not isinstance(adapter, Adapter):
        raise ConfigurationError(
            f"The kind {found.name} of package {found.dist.name if found.dist else '?'} cannot be loaded.",
            remedy=f"let its entry point `{found.value}` name an `Adapter`, or remove the package.",
        )
    return adapter


_LITTLE = {"memory": "48MB"}  # DuckDB would fill two gigabytes with pages of the file
_DUCKDB = "afschrift.sources.duckdb"
SOURCES = Kinds(
    delta=Adapter("afschrift.sources.delta.delta_lake", "DeltaLake", "delta", frugal=_LITTLE),
    duckdb=Adapter(f"{_DUCKDB}.session", "DuckDBFile", "duckdb", frugal=_LITTLE),
    files=Adapter(f"{_DUCKDB}.file_folder", "FileFolder", "duckdb", frugal=_LITTLE, skips_files=True),
    iceberg=Adapter("afschrift.sources.iceberg.iceberg_lake", "IcebergLake", "iceberg", frugal=_LITTLE),
    mysql=Adapter(
        "afschrift.sources.mysql.source", "Mysql", "mysql", ("mysql", "mariadb"), 3306, reads_history=True
    ),
    parquet=Adapter(f"{_DUCKDB}.parquet_lake", "ParquetLake", "duckdb", frugal=_LITTLE, skips_files=True),
    postgres=Adapter(
        "afschrift.sources.postgres.source", "Postgres", "postgres", ("postgres",), 5432, "public"
    ),
    sqlalchemy=Adapter("afschrift.sources.sqlalchemy.source", "Alchemy"),
    sqlite=Adapter("afschrift.sources.sqlite.source", "Sqlite"),
)


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
    described: Iterable[str] = (),
    versions: TableVersions | None = None,
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
        described: tables of the source that the inventory has.
        versions: see `Opening`.

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
    opening = Opening(name, options, connection, connect, tag, batch_bytes, ignored or {})
    return SOURCES[kind](replace(opening, described=frozenset(described), versions=versions))


def open_declared(
    declared: SourceFile,
    *,
    options: Mapping[str, Any] | None = None,
    connect: Connect = from_environment,
    tag: str = "",
    batch_bytes: int = 4_000_000,
    versions: TableVersions | None = None,
) -> Source:
    """As `open_source`, for a source in the inventory.

    Args:
        declared: the source.
        options: options in place of its own.
        connect: see `open_source`.
        tag: see `open_source`.
        batch_bytes: see `open_source`.
        versions: see `Opening`.
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
        described=map(declared.in_source, declared.tables),
        versions=versions,
    )
