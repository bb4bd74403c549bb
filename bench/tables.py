"""What each task of a request costs on an inventory of so many tables, in CPU seconds.

    python -m bench.tables [--tables 10,1000]

Each task is a fork of one process that has imported everything and read the inventory, as under
LocalExecutor, so the figures are of the task alone; with `--cold` each reads the inventory itself. The tables
are of SQLite and hold a row each, so that hardly anything but their number counts. Prints a line a task: what
building its services costs, and what the step does; and all of it once more as JSON, for `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from testbed.mini import write_inventory
from testbed.running import store

from afschrift.app.settings import Settings
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build
from afschrift.wiring.warm_up import warm_up

COLUMNS = ("title", "price", "moment", "remark")

Step = Callable[[Services, str], Any]
STEPS: dict[str, Step] = {
    "assess": assess,
    "classify": classify,
    "extract": lambda services, request: extract(services, request, "wide"),
    "validate": validate,
    "package": package,
    "deliver": deliver,
    "close": close,
    "wipe": wipe,
}


def written(folder: Path, tables: int) -> Path:
    """A database of so many tables with a row of one customer each, and an inventory of it."""
    database = folder / "wide.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        for number in range(tables):
            connection.execute(
                f"CREATE TABLE t{number} (id INTEGER, customer_id INTEGER, {' TEXT, '.join(COLUMNS)} TEXT)"
            )
            connection.execute(f"INSERT INTO t{number} VALUES (1, 1, 'a', 2, '2026-01-01', 'b')")
        connection.commit()
    inventory = write_inventory(folder / "inventory")
    (inventory / "shop.yml").write_text("\n".join(_source(database, tables)) + "\n", encoding="utf-8")
    return inventory


def _source(database: Path, tables: int) -> Iterator[str]:
    yield f"source: wide\nkind: sqlite\noptions: {{path: {database}}}\nzone: Europe/Amsterdam\npurposes:"
    yield "  account:\n    basis: A6-1-b\n    title: {nl: Account, en: Account}"
    yield "    retention: {period: P2Y, trigger: {nl: nadat u inlogde, en: after you logged in}}"
    yield "    recipients: []\n    automated_decision: false\ntables:"
    for number in range(tables):
        yield f"  t{number}:\n    title: {{nl: Tabel {number}, en: Table {number}}}"
        yield "    subject: {customer_id: customer_id}\n    key: [id]\n    purposes: [account]\n    columns:"
        yield "      id: {origin: assigned}\n      customer_id: {origin: assigned}"
        for column in COLUMNS:
            yield f"      {column}: {{origin: provided, title: {{nl: Kolom, en: Column}}}}"


def in_a_fork(task: Callable[[], Any]) -> Any:
    """What a task in a child of this process says of itself."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(write, json.dumps(task()).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        found = json.loads(pipe.read() or "null")
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a task failed; it says above why")
    return found


def costs(settings: Settings, request: str) -> dict[str, dict[str, float]]:
    """CPU seconds by task: `build` and `step`."""

    def task(step: Step) -> dict[str, float]:
        began = time.process_time()
        services = build(lambda _line: None, settings)
        built = time.process_time()
        step(services, request)
        return {"build": built - began, "step": time.process_time() - built}

    return {name: in_a_fork(lambda step=step: task(step)) for name, step in STEPS.items()}


def _stored(settings: Settings) -> str:
    return store(build(lambda _line: None, settings), {"customer_id": "1"}, "portability", formats=["json"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", default="10,1000", help="numbers of tables, by commas")
    parser.add_argument("--cold", action="store_true", help="nothing was read before")
    given = parser.parse_args()
    for tables in map(int, given.tables.split(",")):
        with tempfile.TemporaryDirectory(prefix="tables-") as name:
            folder = Path(name)
            environment = {
                "AFSCHRIFT_HOME": str(folder / "home"),
                "AFSCHRIFT_INVENTORY": str(written(folder, tables)),
            }
            settings = Settings.from_environment(environment)
            initialise(settings)
            request = in_a_fork(lambda settings=settings: _stored(settings))
            if not given.cold:
                warm_up(print, settings)
            found = costs(settings, request)
            for task, seconds in found.items():
                print(
                    f"{tables:>6} tables  {task:10} build {seconds['build']:6.3f} "
                    f" step {seconds['step']:6.3f}"
                )
            total = sum(sum(seconds.values()) for seconds in found.values())
            print(f"{tables:>6} tables  {'in all':10} {total:6.3f} CPU s", flush=True)
            print(
                json.dumps(
                    {"seconds": total, "by_task": {t: sum(seconds.values()) for t, seconds in found.items()}}
                )
            )


if __name__ == "__main__":
    sys.exit(main())
