"""Compiles the statements of a gate in the process that forks tasks, so that each task inherits them.

`Database` caches compiled statements by the register's address.
"""

from __future__ import annotations

from contextlib import closing

from afschrift.register.database.database import Database
from afschrift.register.schema import must_be_current, to_be_made
from afschrift.register.trail.attested_rows import prepare_rows
from afschrift.register.trail.own_events import ends
from afschrift.register.trail.replay import check_case
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.segments import register_id

_NONE = "none"
"""Id of no case and no request."""


def prepare_gates(url: str) -> None:
    """Run the statements of a gate for a case that does not exist; no connection stays open.

    Args:
        url: address of the register; an SQLite file that does not exist is not created.

    Raises:
        ConfigurationError, RetriableError: as `Database.read` and `must_be_current`.
    """
    with closing(Database(url)) as database:
        if to_be_made(database):
            return
        with database.read() as tx:
            must_be_current(tx)
            schema_changed(tx)
            prepare_rows(tx, _NONE)
            ends(tx, {}, _NONE, 0)
            register_id(tx)
            list(check_case(tx, _NONE, {}, rest=True))
