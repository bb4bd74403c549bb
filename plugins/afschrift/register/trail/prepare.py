"""Compiles what a gate asks of the register, once in a process that forks tasks: each of them has it then.

SQLAlchemy keeps compiled statements by address of the register (`Database`), and a fork takes them along.
"""

from __future__ import annotations

from contextlib import closing

from afschrift.register.database.database import Database
from afschrift.register.schema import must_be_current, to_be_made
from afschrift.register.trail.own_events import ends
from afschrift.register.trail.replay import check_case
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.segments import register_id
from afschrift.register.trail.told_rows import prepare_rows

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
            schema_changed(tx)
            prepare_rows(tx, _NONE)
            ends(tx, {}, _NONE, 0)
            register_id(tx)
            list(check_case(tx, _NONE, {}, rest=True))
