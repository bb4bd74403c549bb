"""The clock of this machine beside that of the register's server: of many machines, one may be wrong."""

from __future__ import annotations

import socket
import time

from sqlalchemy import Connection

from afschrift.domain.errors import RetriableError

MOST_APART = 60.0
"""Seconds. What NTP keeps is within one; a receipt, a period or a checkpoint may not be off by more."""


def must_agree(connection: Connection) -> None:
    """Check before the first thing is written.

    Args:
        connection: of a database server.

    Raises:
        RetriableError: the clocks are more than a minute apart; a worker whose clock is right may do it.
    """
    there = float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
    apart = _here() - there
    if abs(apart) <= MOST_APART:
        return
    way = "ahead of" if apart > 0 else "behind"
    raise RetriableError(
        f"The clock of {socket.gethostname()} is {abs(apart):.0f} s {way} that of the register's server, and "
        "nothing is recorded at a wrong time.",
        remedy="set the clock right on whichever of the two is wrong (NTP); the step is then tried again.",
    )


def _here() -> float:
    return time.time()
