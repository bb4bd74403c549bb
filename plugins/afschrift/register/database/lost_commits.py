"""What became of a commit whose answer was lost with the connection."""

from __future__ import annotations

import time

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from afschrift.domain.event import Header
from afschrift.register.database.errors import unknown
from afschrift.register.database.trail_tables import event

BACK_SECONDS = 30
"""How long a server that went away is waited for."""


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
