"""Runs migrations on the connection that `schema` passes; there is no other way in."""

from __future__ import annotations

from alembic import context

from afschrift.register.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
