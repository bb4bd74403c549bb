"""What became of a commit whose answer was lost with the connection."""

from __future__ import annotations

import time

from sqlalchemy import Engine, select
from sqlalchemy.engine import RootTransaction
from sqlalchemy.exc import DBAPIError

from afschrift.domain.event import Header
from afschrift.register.database.errors import unknown
from afschrift.register.database.trail_tables import event

BACK_SECONDS = 30
"""How long a server that went away is waited for."""


def commit(engine: Engine, transaction: RootTransaction, last: Header | None, take_lock: str) -> None:
    """Commit; where the connection is lost before the answer, find out what became of it.

    A change that is there all the same has succeeded: to make it once more would record it twice.

    Args:
        engine: of the register.
        transaction: of one of its connections.
        last: the last event written in it; None: it wrote none.
        take_lock: waits for the writers' lock.

    Raises:
        DBAPIError: nothing was committed.
        RetriableError: the database does not come back, so it is not known.
    """
    try:
        transaction.commit()
    except DBAPIError:
        if last is None or not transaction.connection.invalidated or not is_recorded(engine, last, take_lock):
            raise


def is_recorded(engine: Engine, last: Header, take_lock: str) -> bool:
    """Whether the last event of a transaction is in the trail: a change and its events commit together.

    No other event has the digest of its payload, which is salted.

    Args:
        engine: of the register; it connects anew.
        last: the event.
        take_lock: waits for the writers' lock, which the lost transaction holds until it has ended.

    Raises:
        RetriableError: the database does not come back.
    """
    same = (event.c.seq == last.seq) & (event.c.payload_sha256 == last.payload_sha256)
    until = time.monotonic() + BACK_SECONDS
    while True:
        try:
            with engine.connect() as connection, connection.begin():
                connection.exec_driver_sql(take_lock)
                return connection.execute(select(event.c.seq).where(same)).first() is not None
        except DBAPIError:
            if time.monotonic() > until:
                raise unknown(engine.url) from None
            time.sleep(0.2)
