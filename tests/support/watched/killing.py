"""Points right before and right after a commit of an event: `before packed`, `after extracted shop`.

A process that finds a file of that name in the folder of AFSCHRIFT_TEST_KILLS renames it to
`<point>.<process id>` and kills itself with signal 9, so each point kills once.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any


def _kill_at(point: str, points: Path) -> None:
    with suppress(FileNotFoundError):
        (points / point).rename(points / f"{point}.{os.getpid()}")
        os.kill(os.getpid(), signal.SIGKILL)


def watch(_database: ModuleType, points: Path) -> None:
    from sqlalchemy import event

    for target, moment, listener in _listeners(lambda point: _kill_at(point, points)):
        event.listen(target, moment, listener)


@contextmanager
def reached(at: Callable[[str], None]) -> Iterator[None]:
    """While open, `at` is called with the name of each point."""
    from sqlalchemy import event

    listeners = _listeners(at)
    for target, moment, listener in listeners:
        event.listen(target, moment, listener)
    try:
        yield
    finally:
        for target, moment, listener in listeners:
            event.remove(target, moment, listener)


def _listeners(at: Callable[[str], None]) -> list[tuple[Any, str, Callable[..., None]]]:
    from sqlalchemy import Connection, Engine, Insert
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

    def before(connection: Connection) -> None:
        try:
            for name in appended:
                at(f"before {name}")
        except BaseException:  # SQLAlchemy leaves the transaction open where this event raises
            connection.connection.rollback()
            raise
        committed.extend(appended)

    def after(*_: Any) -> None:
        names = [*committed]
        committed.clear()
        for name in names:
            at(f"after {name}")

    return [
        (Engine, "begin", begun),
        (Engine, "before_execute", inserted),
        (Engine, "commit", before),
        (Pool, "checkin", after),  # of the connection, once its transaction is over
    ]
