"""A lake whose tables have versions: those of a plan, of the receipt of a request, or of today."""

from __future__ import annotations

import re
from abc import abstractmethod
from datetime import datetime

import duckdb
import pyarrow as pa

from afschrift.domain.errors import ConfigurationError, VersionGoneError
from afschrift.domain.sources import TableVersions
from afschrift.sources.duckdb.lake_stores import LakeStore
from afschrift.sources.duckdb.parquet_lake import ParquetLake
from afschrift.sources.lakehouse.log_table import EqualDeletes, Files, LogTable
from afschrift.sources.options import Opening

_NOT_FOUND = re.compile("(?i)not found|no such file")


class VersionedLake(ParquetLake):
    """Opens each table at one version; a subclass reads the log.

    It is the version that the plan chose, else the current one. With `as_of: receipt` it is the one that was
    current at the receipt, if the logs of all described tables have it.
    """

    def __init__(self, opening: Opening, *options: str) -> None:
        super().__init__(opening, "as_of", *options)
        if opening.options.get("as_of") not in (None, "receipt"):
            raise ConfigurationError(
                f"Source {self.name} has an option `as_of` that is not known.",
                remedy="write `as_of: receipt`, or leave it out.",
            )
        self._plan = opening.versions or TableVersions("")
        self._receipt = self._plan.at if "as_of" in opening.options and not self._plan.versions else ""
        self._past: list[str] = []
        """Described tables whose log does not have the state at the receipt."""
        self._logs: dict[str, LogTable] = {}

    @abstractmethod
    def load(self, store: LakeStore, table: str, version: str | None = None) -> LogTable:
        """Read a table's log, at its current version if none is given.

        Raises:
            ConfigurationError: the folder is no such table, or its log cannot be followed.
        """

    @abstractmethod
    def version_at(self, store: LakeStore, table: str, at: datetime) -> str | None:
        """The version that was current at an instant; None: the log does not go back so far."""

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open each table at its version.

        Raises:
            VersionGoneError: the log no longer has the version of a plan.
        """
        con = super().connect()
        if self._past:  # all tables are of one instant
            con.close()
            self._receipt = ""
            self._unread.clear()
            con = super().connect()
        if gone := next((of for of in self._unread.values() if isinstance(of, VersionGoneError)), None):
            con.close()
            raise gone
        return con

    def prepare(self) -> None:
        """Begin to read; the instant is that of the versions."""
        super().prepare()
        self.snapshot = (self._plan.at if self._plan.versions else self._receipt) or self.snapshot

    @property
    def chosen(self) -> TableVersions:
        """The versions that are read of the described tables."""
        described = self._opening.described or self._logs
        versions = {table: log.version for table, log in self._logs.items() if table in described}
        return TableVersions(self.snapshot, versions, self._plan.not_at_receipt or tuple(self._past))

    def _load(self, store: LakeStore, table: str) -> LogTable:
        version = self._plan.versions.get(table)
        if version is not None:
            try:
                return self.load(store, table, version)
            except ConfigurationError:
                self.load(store, table)  # the table as a whole can be read: if not, that is the error
                raise VersionGoneError(self.name, table, version) from None
        now = self.load(store, table)
        if not self._receipt:
            return now
        then = self._at_receipt(store, table, now)
        if then is None and table in (self._opening.described or [table]):
            self._past.append(table)
        return then or now

    def _at_receipt(self, store: LakeStore, table: str, now: LogTable) -> LogTable | None:
        """The version at the receipt, if the log has it and no file of it is gone."""
        version = self.version_at(store, table, datetime.fromisoformat(self._receipt))
        if version is None or version == now.version:
            return None if version is None else now
        names = {file.name for file in now.files}
        try:
            then = self.load(store, table, version)
            store.ends([file for file in then.files if file.name not in names])
            self._deletes(table, then, then.files)
        except (ConfigurationError, FileNotFoundError):
            return None
        return then

    def _deletes(self, table: str, log: LogTable, files: Files) -> tuple[pa.Table, tuple[EqualDeletes, ...]]:
        """The deleted rows of some files.

        Raises:
            VersionGoneError: a file that says which is gone.
        """
        try:
            return log.deleted(files), log.equal()
        except Exception as error:
            if isinstance(error, FileNotFoundError) or _NOT_FOUND.search(str(error)):
                raise VersionGoneError(self.name, table, log.version) from None
            raise
