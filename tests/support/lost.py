"""A register that is lost: its database is there, with nothing in it."""

from sqlalchemy import text

from afschrift.register.database import (
    tables,  # noqa: F401  their tables join the metadata
    trail_tables,  # noqa: F401  their tables join the metadata
)
from afschrift.register.database.database import Database
from afschrift.register.database.tables import metadata
from afschrift.register.schema import VERSION_TABLE


def lose(url: str) -> None:
    with Database(url).write() as tx:
        if url.startswith("sqlite"):
            metadata.drop_all(tx)
            tx.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        else:
            tx.execute(text("DROP SCHEMA public CASCADE"))
            tx.execute(text("CREATE SCHEMA public"))
