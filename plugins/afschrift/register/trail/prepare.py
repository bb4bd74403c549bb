"""Compiles what a gate asks of the register, once in a process that forks tasks: each of them has it then.

SQLAlchemy keeps compiled statements by address of the register (`Database`), and a fork takes them along.
"""

from __future__ import annotations

from contextlib import closing

from afschrift.register.base import with_value
from afschrift.register.database.database import Database
from afschrift.register.database.tables import request
from afschrift.register.schema import must_be_current, to_be_made
from afschrift.register.trail.replay import check_case
from afschrift.register.trail.schema_check import schema_changed

_NONE = "none"
"""Id of no case and no request."""


def prepare_gates(url: str) -> None:
    """Ask what a gate asks, of a case that is not there; no connection stays open.

    Args:
        url: address of the register; where SQLite has no file yet, none is made.

    Raises:
        ConfigurationError, RetriableError: as `Database.read` and `must_be_current`.
    """
    with closing(Database(url)) as database:
        if to_be_made(database):
            return
        with database.read() as tx:
            must_be_current(tx)
            tx.execute(with_value("id", request), {"value": _NONE})
            schema_changed(tx)
            list(check_case(tx, _NONE, {}))
