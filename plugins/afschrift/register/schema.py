"""Makes the register's tables, upgrades them by the package's migrations, and refuses other versions."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, String, column, inspect, select, table
from sqlalchemy.engine import URL

from afschrift.domain.errors import ConfigurationError
from afschrift.register.database import tables, trail_tables  # noqa: F401 (join `metadata`)
from afschrift.register.database.database import Database
from afschrift.register.database.errors import locate
from afschrift.register.database.guards import make_guards
from afschrift.register.database.tables import metadata

_UNRELEASED = {
    **dict.fromkeys((f"{number:04}" for number in range(1, 8)), "the last version that knows it"),
    **dict.fromkeys((f"{number:04}" for number in range(8, 12)), "the version of commit d2c088a2"),
}
"""Revisions from before the first release that are not upgraded here -> the version that does it."""

VERSION_TABLE = "afschrift_version"
"""Not Alembic's default name: the register may share a database with Airflow, which uses that one."""

_REVISION = select(column("version_num", String)).select_from(table(VERSION_TABLE))


def upgrade(url: str) -> None:
    """Make a new register, or migrate one, in a single transaction.

    Raises:
        RetriableError, ConfigurationError: as `Database.write`; or a newer version made the register, or one
            from before the first release.
    """
    config = _config()
    with closing(Database(url)) as database, database.write() as connection:
        found = _revision(connection)
        _must_be_known(database.url, found)
        config.attributes["connection"] = connection
        if found is None:
            metadata.create_all(connection, checkfirst=False)
            make_guards(connection)
            command.stamp(config, "head")
        elif found != revisions()[-1]:
            command.upgrade(config, "head")


@cache
def revisions() -> tuple[str, ...]:
    """All revisions that this version of the software knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def require_current(url: str) -> None:
    """Refuse a register whose tables are of another version.

    Raises:
        ConfigurationError: it has no tables, older ones or newer ones; says which command or version helps.
        RetriableError: the database is down.
    """
    with closing(Database(url)) as database, database.read() as connection:
        must_be_current(connection)


def must_be_current(connection: Connection) -> None:
    """As `require_current`, for a register that is open."""
    url, found = connection.engine.url, _revision(connection)
    _must_be_known(url, found)
    if found != revisions()[-1]:
        what = "has no tables yet" if found is None else f"is at revision {found}"
        raise ConfigurationError(
            f"The register at {locate(url)} {what}; this software needs revision {revisions()[-1]}.",
            remedy="run `afschrift register upgrade`."
            if found
            else "where there was a register before, see that its disk is there and the address right; for a "
            "new one run `afschrift register upgrade`.",
        )


@dataclass(frozen=True)
class Pending:
    """A migration that was not run yet.

    Attributes:
        revision: its number.
        what: what it does, in a line.
        undone: whether it can be undone without a back-up.
    """

    revision: str
    what: str
    undone: bool


def pending(url: str) -> tuple[str | None, tuple[Pending, ...]]:
    """The revision of a register (None: it has no tables), and what `upgrade` would run, in order.

    Nothing is written.

    Raises:
        RetriableError, ConfigurationError: as `require_current`, but not for tables that are older.
    """
    with closing(Database(url)) as database:
        found = None
        if not to_be_made(database):  # opening it would create the file
            with database.read() as connection:
                found = _revision(connection)
    if found is not None and found not in revisions():
        require_current(url)  # raises, and names what helps
    if found is None:
        return None, (Pending(revisions()[-1], "Make the tables of a new register.", undone=False),)
    missing = revisions()[revisions().index(found) + 1 :]
    scripts = ScriptDirectory.from_config(_config())
    return found, tuple(_pending(scripts.get_revision(revision)) for revision in missing)


def to_be_made(database: Database) -> bool:
    """Whether it is an SQLite file that does not exist: opening it would create it."""
    file = database.url.database or ""
    return database.sqlite and not file.startswith("file:") and not Path(file).exists()


def _pending(script: Script) -> Pending:
    return Pending(script.revision, script.doc.splitlines()[0], hasattr(script.module, "downgrade"))


def _must_be_known(url: URL, found: str | None) -> None:
    if found is not None and found in _UNRELEASED:
        raise ConfigurationError(
            f"The register at {locate(url)} is at revision {found}, from before the first release, "
            f"which this software does not bring up to {revisions()[-1]}.",
            remedy=f"run `afschrift register upgrade` with {_UNRELEASED[found]}, and then install "
            "this one again. Nothing was changed.",
        )
    if found is not None and found not in revisions():
        raise ConfigurationError(
            f"The register at {locate(url)} is at revision {found}, which this software does not "
            f"know: a newer version brought it there (the newest known here is {revisions()[-1]}).",
            remedy="install the newer version here too.",
        )


def _revision(connection: Connection) -> str | None:
    """The revision, without Alembic's `MigrationContext`: that takes five times as long, in every task."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalars(_REVISION).one_or_none()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
