"""Runs migrations on the connection that `schema` passes; there is no other way in."""

from __future__ import annotations

from alembic import context

from afschrift.register.database import (
    tables,  # noqa: F401  their tables join the metadata
    trail_tables,  # noqa: F401  their tables join the metadata
)
from afschrift.register.database.columns import metadata
from afschrift.register.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
