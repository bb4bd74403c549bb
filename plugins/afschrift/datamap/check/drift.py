"""Compare the inventory with the sources as they are now."""

from __future__ import annotations

import math
from pathlib import Path

from afschrift.app.include import SHIPPED
from afschrift.datamap.check.map_check import MapCheck, MapReport, OpenSource
from afschrift.datamap.check.probe import ProbeDeadline, ProbeLimits
from afschrift.domain.sources import Connect, Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.sources.options import Opening, from_environment, seconds
from afschrift.sources.registry import open_declared

TAG = "inventory check"
"""By which a database's list of sessions knows the check."""


def compare(inventory: Inventory, sql: Path) -> MapReport:
    """Every table and column that is on one side only, types that are not known, keys and joins that fail.

    Args:
        inventory: the data map.
        sql: the folder of statements.
    """
    return MapCheck(inventory, _opens(ProbeDeadline(ProbeLimits())), sql, deep=False).run()


def check_sources(
    inventory: Inventory, limits: ProbeLimits | None = None, connect: Connect = from_environment
) -> MapReport:
    """The whole check: how many persons rows lead to, what columns hold, whether statements are taken.

    Args:
        inventory: the data map.
        limits: how much is looked at.
        connect: finds a connection by its id.
    """
    limits = limits or ProbeLimits()
    deadline = ProbeDeadline(limits)
    opens = _opens(deadline, connect)
    return MapCheck(inventory, opens, SHIPPED / "sql", limits, deadline=deadline).run()


def _opens(deadline: ProbeDeadline, connect: Connect = from_environment) -> OpenSource:
    """Opens sources with the time limit of the check, where their own is not lower."""

    def opens(declared: SourceFile) -> Source:
        name, options = declared.source, declared.options
        own = seconds(Opening(name, options, declared.connection, connect), "statement_timeout", "1h")
        limited = {**options, "statement_timeout": f"{max(1, math.ceil(min(own, deadline.statement)))}s"}
        return open_declared(declared, options=limited, connect=connect, tag=TAG)

    return opens
