"""Kills a process at a named point: -9, right before or right after it commits an event to the register.

A point is a file in the folder that AFSCHRIFT_TEST_KILLS names: `before packed`, `after extracted shop`. The
process that gets there takes the file away, leaves `<point>.<process id>`, and is gone; so each point kills
once. Python imports a module of this name at its start, so a folder on PYTHONPATH reaches every process of an
Airflow.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

DATABASE = "afschrift.register.database.database"
FOLDER = "AFSCHRIFT_TEST_KILLS"


def _kill_at(point: str, points: Path) -> None:
    with suppress(FileNotFoundError):
        (points / point).rename(points / f"{point}.{os.getpid()}")
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(points: Path) -> None:
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


class _Hook(importlib.abc.MetaPathFinder):
    """Watches from when the register's database is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != DATABASE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.loader is not None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            _watch(Path(os.environ[FOLDER]))

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if FOLDER in os.environ:
    sys.meta_path.insert(0, _Hook())
