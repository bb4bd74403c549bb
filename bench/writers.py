"""Many processes append to one trail at once: nothing may be lost, and how many events a second is it?

    python -m bench.writers --processes 8 --events 1000

Prints the figures for SQLite and PostgreSQL and writes them to `bench/results/writers.json`. `floor` is what
the disk allows on SQLite: one process that commits one row a transaction with the same settings.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from testbed import postgres, register_reader
from testbed.register_rows import RegisterRows

from afschrift.domain.event import NewEvent
from afschrift.register import schema
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

RESULTS = Path(__file__).with_name("results")
BACKENDS = ("sqlite", "postgresql")

_FORK = multiprocessing.get_context("fork")


@contextmanager
def new_register(backend: str, folder: Path) -> Iterator[str]:
    """The address of a migrated register without rows, on `sqlite` or `postgresql`."""
    if backend == "sqlite":
        address = f"sqlite:///{folder}/register.db"
        schema.upgrade(address)
        yield address
        return
    with postgres.running() as server:
        database = server.create()
        try:
            schema.upgrade(database.url)
            yield database.url
        finally:
            server.drop(database)


def measure(url: str, keys: Path, processes: int, events: int) -> dict[str, Any]:
    """Append from several processes that start together; checks the trail with the independent reader.

    Returns:
        `events`, `seconds`, `per_second`, `slowest_ms` (longest wait of one append) and `faults`.
    """
    together = _FORK.Barrier(processes + 1)
    slowest = _FORK.Array("d", processes)
    started = [
        _FORK.Process(target=_append, args=(url, keys, me, events, together, slowest))
        for me in range(processes)
    ]
    for process in started:
        process.start()
    together.wait()
    begin = time.perf_counter()
    for process in started:
        process.join()
    seconds = time.perf_counter() - begin
    faults = [f"writer {n} ended with {p.exitcode}" for n, p in enumerate(started) if p.exitcode]
    faults += register_reader.faults(url) + _lost(url, processes, events)
    total = processes * events
    return {
        "events": total,
        "seconds": round(seconds, 2),
        "per_second": round(total / seconds),
        "slowest_ms": round(max(slowest) * 1000),
        "faults": faults,
    }


def floor(folder: Path, rows: int = 500) -> int:
    """Commits a second that SQLite reaches here with one row a transaction and every commit on the disk."""
    with closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (n, v)")
        begin = time.perf_counter()
        for n in range(rows):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO t VALUES (?, ?)", (n, "x" * 400))
            db.execute("COMMIT")
        return round(rows / (time.perf_counter() - begin))


def _append(url: str, keys: Path, me: int, events: int, together: Any, slowest: Any) -> None:
    register = Register(url, KeyStore.open(keys))
    register.trail.head()
    together.wait()
    for n in range(events):
        begin = time.perf_counter()
        register.trail.record(None, NewEvent("counted", f"writer{me}", {"n": n}))
        slowest[me] = max(slowest[me], time.perf_counter() - begin)


def _lost(url: str, processes: int, events: int) -> list[str]:
    """Writers whose events are not all there, each once and in the order in which they were written."""
    written: dict[str, list[int]] = {f"writer{me}": [] for me in range(processes)}
    for row in RegisterRows(url).trail:
        if row.type == "counted" and row.payload is not None:
            written[row.actor].append(row.payload["n"])
    return [
        f"events of {actor} are lost, doubled or out of order"
        for actor, found in written.items()
        if found != list(range(events))
    ]


def main() -> None:
    """Measure both backends, print and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--events", type=int, default=1000, help="of each process")
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    given = parser.parse_args()
    figures: dict[str, Any] = {"processes": given.processes}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        figures["floor"] = floor(folder)
        KeyStore.create(folder / "keys.json")
        for backend in given.backend or BACKENDS:
            with new_register(backend, folder) as url:
                figures[backend] = measure(url, folder / "keys.json", given.processes, given.events)
    text = json.dumps(figures, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "writers.json").write_text(text + "\n")
    print(text)
    if any(figures[backend]["faults"] for backend in given.backend or BACKENDS):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
