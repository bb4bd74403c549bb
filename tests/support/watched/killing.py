"""Kills a process at a named point: -9, right before or right after it commits an event to the register.

A point is a file in the folder that AFSCHRIFT_TEST_KILLS names: `before packed`, `after extracted shop`. The
process that gets there takes the file away, leaves `<point>.<process id>`, and is gone; so each point kills
once.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any


def _kill_at(point: str, points: Path) -> None:
    with suppress(FileNotFoundError):
        (points / point).rename(points / f"{point}.{os.getpid()}")
        os.kill(os.getpid(), signal.SIGKILL)


def watch(_database: ModuleType, points: Path) -> None:
    """Kill this process at the points of a folder."""
    from sqlalchemy import Connection, Engine, Insert, event
    from sqlalchemy.pool import Pool

    types: dict[int, str] = {}
    appended: list[str] = []
    committed: list[str] = []

    def begun(_connection: Connection) -> None:
        appended.clear()

    def inserted(_connection: Connection, statement: Any, many: Any, single: Any, _options: Any) -> None:
        rows = many or [single]
        if isinstance(statement, Insert) and statement.table.name == "event":
            types.update((row["seq"], row["type"]) for row in rows)
        elif isinstance(statement, Insert) and statement.table.name == "event_payload":
            for row in rows:
                source = json.loads(row["payload"]).get("source", "")
                appended.append(f"{types[row['seq']]} {source}".strip())

    def before(_connection: Connection) -> None:
        for name in appended:
            _kill_at(f"before {name}", points)
        committed.extend(appended)

    def after(*_: Any) -> None:
        for name in committed:
            _kill_at(f"after {name}", points)
        committed.clear()

    for target, moment, listener in (
        (Engine, "begin", begun),
        (Engine, "before_execute", inserted),
        (Engine, "commit", before),
        (Pool, "checkin", after),  # of the connection, once its transaction is over
    ):
        event.listen(target, moment, listener)
