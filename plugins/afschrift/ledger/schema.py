"""Brings the register's tables up to this version, or back, with the migrations of the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from afschrift.ledger.database import Database

VERSION_TABLE = "afschrift_version"
"""Not Alembic's usual name, so that the register may share a database with Airflow."""


def upgrade(url: str, to: str = "head") -> None:
    """Migrate up, in one transaction: stopped half-way, it leaves nothing. Twice is as good as once.

    Raises:
        RetriableError, ConfigurationError: as `Database.write`.
    """
    config = _config()
    with Database(url).write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def downgrade(url: str, to: str) -> None:
    """Migrate down to a revision, or to `base`: drops every table with everything in it."""
    config = _config()
    with Database(url).write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def is_current(url: str) -> bool:
    """Whether the register has the tables of this version of the software."""
    with Database(url).read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision() == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
